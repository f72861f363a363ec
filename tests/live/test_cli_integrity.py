"""``agent2 integrity`` as people type it."""

from __future__ import annotations

import pytest

from tests.live.cli_kit import Cli

pytestmark = pytest.mark.slow


def test_a_list_is_written_compared_and_shown(tmp_path):
    cli = Cli(tmp_path)
    app = tmp_path / "app"
    app.mkdir()
    (app / "a.py").write_text("a = 1\n")
    cli.config(
        "targets:\n"
        "  - name: code\n"
        "    checks:\n"
        f"      - {{kind: integrity, paths: [{app}], baseline: {tmp_path}/list}}\n"
        "  - {name: other, checks: [{kind: tcp, port: 1}]}\n"
    )

    none = cli("integrity", "check")
    assert none.code == 2
    assert "agent2 integrity baseline" in none.err
    made = cli("integrity", "baseline", "--json")
    assert made.json["baselines"][0]["files"] == 1
    assert (tmp_path / "list").stat().st_mode & 0o777 == 0o600
    assert cli("integrity", "check", "code").out == "Nothing differs.\n"
    assert cli("check", "code").code == 0
    (app / "a.py").write_text("a = 2\n")
    differs = cli("integrity", "check")
    assert differs.code == 2
    assert f"code\tchanged\t{app}/a.py" in differs.out
    assert "changed a.py" in cli("check", "code").out
    assert str(app / "a.py") in cli("integrity", "show").out
    stranger = cli("integrity", "check", "other")
    assert stranger.code == 2
    assert "there are: code" in stranger.err
