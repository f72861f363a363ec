"""A dry run decides, writes down and tells what it would restart, and restarts nothing."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.fakes.health_server import HealthServer, document, http
from tests.live.cli_kit import Cli, until

pytestmark = pytest.mark.slow
SICK = http("", 500)


def rows(state: Path, sql: str) -> list[tuple]:
    with closing(sqlite3.connect(f"file:{state}/agent2.db?mode=ro", uri=True)) as db:
        return db.execute(sql).fetchall()


@pytest.fixture(scope="module")
def page():
    with HealthServer(SICK) as made:
        yield made


@pytest.fixture(scope="module")
def cli(tmp_path_factory, page):
    folder = tmp_path_factory.mktemp("dry")
    made = Cli(folder, RESTART_KEY="hunter22")
    made.note = folder / "note"
    made.config(
        f"""
language: en
evidence: {{enabled: false}}
targets:
  - name: webui
    interval: 100ms
    timeout: 30s
    checks: [{{kind: http, url: '{page.url}'}}]
    restart:
      dry_run: true
      actions:
        - {{kind: command, argv: [/bin/touch, '{made.note}', '${{RESTART_KEY}}', '{folder}/token=a']}}
        - {{kind: signal_file}}
notifiers: [{{name: hook, kind: webhook, url: 'http://127.0.0.1:9/'}}]
"""
    )
    assert made("start").code == 0
    until(lambda: made.status()["health_status"] == "down")
    until(lambda: "dry run" in (made.state / "agent2.log").read_text())
    yield made
    made("stop")


def test_it_is_decided_written_down_and_told_and_nothing_is_done(cli):
    would = f"would restart: step 1 of 2: command, argv /bin/touch {cli.note} ***"
    would += f" {cli.note.parent}/token=***"
    state = cli.state / "agent2.log"
    seen = cli.status()["targets"][0]["consecutive_failures"]
    until(lambda: cli.status()["targets"][0]["consecutive_failures"] > seen + 5)

    lines = [line for line in state.read_text().splitlines() if "dry run" in line]
    assert len(lines) == 1  # said once, not at each look
    assert would in lines[0]
    assert not cli.note.exists()
    assert not (cli.state / "restart_signal").exists()
    entry = cli.status()["targets"][0]
    assert (entry["restarts"]["used"], entry["restarts"]["dry_run"]) == (0, True)
    assert cli.status()["fixes"] == []
    assert rows(cli.state, "SELECT count(*) FROM actions") == [(0,)]

    kinds = "SELECT body FROM journal WHERE kind = 'restart.withheld'"
    [(body,)] = rows(cli.state, kinds)
    assert json.loads(body)["why"] == "dry_run"
    assert json.loads(body)["note"] == would
    [(alert,)] = rows(cli.state, "SELECT alert FROM deliveries")
    assert f"nothing (dry run): {would}" in alert
    assert "hunter22" not in alert
    [line] = [
        a for a in cli("audit", "webui", "--json").json["audit"] if would in str(a)
    ]
    assert "hunter22" not in str(line)
    told = cli("why", "webui").out
    assert would in told
    assert "The next restart comes" not in told
    assert "these are not restarted: webui" in cli("status").out


def test_a_person_is_refused_too_unless_that_is_what_is_wanted(cli):
    got = cli("restart-target", "webui", "--why", "x")
    assert (got.code, "is in dry run" in got.err) == (1, True), got
    assert not cli.note.exists()

    got = cli("restart-target", "webui", "--why", "x", "--dry-run", "--json")
    assert (got.code, got.json["reason"], got.json["allowed"]) == (1, "dry_run", False)
    assert (got.json["budget"]["used"], got.json["by_hand"]) == (0, False)


def test_the_command_says_step_budget_and_what_stands_in_the_way(cli, page):
    refused = cli("restart-target", "webui")
    assert (refused.code, "--why is missing" in refused.err) == (2, True)
    assert cli("restart-target", "nobody", "--dry-run").code == 2
    config = Path(cli.env["AGENT2_CONFIG"]).read_text(encoding="utf-8")
    cli.config(config.replace("dry_run: true", "dry_run: false\n      intensity: 1"))
    assert cli("reload").code == 0
    until(cli.note.exists)  # the same outage, in earnest

    page.answers[:] = [http(document())]
    until(lambda: cli.status()["health_status"] == "ok")
    spent = cli("restart-target", "webui", "--dry-run", "--json").json
    assert (spent["reason"], spent["until"] is not None) == ("exhausted", True)
    assert (spent["allowed"], spent["by_hand"]) == (False, True)
    told = cli("restart-target", "webui", "--dry-run").out
    assert "a person may at any time: agent2 restart-target webui --why TEXT" in told
    cli("gate", "pause", "webui", "--why", "moving house")
    held = cli("restart-target", "webui", "--dry-run")
    assert held.code == 1
    assert "not now, paused" in held.out
    assert "its health is healthy" in held.out
    assert "restarts in the budget: 1 of 1 within 30m" in held.out
