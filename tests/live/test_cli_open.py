"""``agent2 open``: the page with the token in it, and in nobody's process list."""

from __future__ import annotations

import stat
import sys

import pytest

from tests.live.cli_kit import Cli, until
from tests.ports import reserved

pytestmark = pytest.mark.slow
CONFIG = (
    "targets: [{{name: a, checks: [{{kind: tcp, port: 1}}]}}]\nweb: {{port: {port}}}\n"
)
# A browser that writes down what it was asked to open.
BROWSER = "#!{python}\nimport sys\nopen({note!r}, 'w').write(' '.join(sys.argv[1:]))\n"


def test_the_browser_is_led_to_the_page_and_the_token_to_nobody_else(tmp_path):
    cli = Cli(tmp_path)
    cli.config(CONFIG.format(port=reserved()))
    try:
        assert cli("start").code == 0
        told = cli("open", "--print")
        token = cli("web", "token").out.strip()
        url, _, fragment = told.out.strip().partition("#token=")
        assert (told.code, fragment) == (0, token)
        assert cli("open", "--json").json == {"url": f"{url}#token={token}"}

        note, browser = tmp_path / "note", tmp_path / "browser"
        browser.write_text(BROWSER.format(python=sys.executable, note=str(note)))
        browser.chmod(0o755)
        shown = cli("open", env={"BROWSER": str(browser)})

        assert (shown.code, token in shown.out) == (0, False)
        page = cli.state / "open.html"
        assert until(note.read_text) == page.as_uri()
        assert f"#token={token}" in page.read_text()
        assert stat.S_IMODE(page.stat().st_mode) == 0o600
        nobody = cli("open", env={"BROWSER": "/bin/false"})
        assert nobody.out.strip().endswith(f"#token={token}")
    finally:
        cli("web", "stop")
        cli("stop")
