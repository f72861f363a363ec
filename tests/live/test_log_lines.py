"""What a log said last stands in the incident, in the alert and in the evidence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rig import config, wait_for

from tests.live.cli_kit import Cli

pytestmark = pytest.mark.slow


def test_the_last_lines_go_into_incident_alert_and_evidence_without_secrets(
    rig, tmp_path
):
    log = tmp_path / "app.log"
    log.write_text("".join(f"ERROR no {n} password=hunter22\n" for n in range(15)))
    check = {"kind": "logfile", "file": str(log), "from_start": True}
    check |= {"patterns": {"bad": "ERROR no"}, "critical": ["bad"]}
    target = {"name": "app-log", "checks": [check], "interval": 0.1, "timeout": 5}
    hook = {"name": "hook", "kind": "webhook", "url": "http://127.0.0.1:9/"}
    agent = rig.agent(config(target, notifiers=[hook], evidence={"enabled": True}))

    wait_for(lambda: agent.journal("evidence.collected"), 60, agent.tail)
    [(alert,)] = agent.rows("SELECT alert FROM deliveries")
    lines = json.loads(alert)["lines"]
    begin = lines.index("Last lines of the log:") + 1
    wanted = [f"ERROR no {n} password=***" for n in range(5, 15)]
    assert [line.strip() for line in lines[begin : begin + 10]] == wanted
    [(_, body)] = agent.journal("log.lines")
    assert body["lines"] == wanted
    [(_, body)] = agent.journal("evidence.collected")
    pack = json.loads(Path(body["path"]).read_text())
    assert pack["logs"][str(log)][-1] == wanted[-1]
    assert "hunter22" not in json.dumps([alert, pack])

    [(incident,)] = agent.rows("SELECT id FROM incidents")
    cli = Cli(tmp_path, AGENT2_HOME=str(agent.folder))
    shown = cli("incidents", "show", incident).out
    assert f"    {wanted[-1]}" in shown.splitlines()
