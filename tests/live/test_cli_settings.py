"""--set, config set, status --validate: with the real watcher, as a user types them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import jsonschema
import pytest

from agent2.cli.configuration.config import SECTIONS
from agent2.cli.conform import KEYWORDS, SILENT, faults
from tests.live.cli_kit import ROOT, Cli, until
from tests.ports import reserved

FILE = """\
# mine
defaults: {{interval: 200ms, timeout: 1s}}  # both
targets:
  - name: webui
    checks:
      - {{kind: tcp, port: {port}}}
"""
SCHEMA = json.loads((ROOT / "agent2" / "schemas" / "status.json").read_text())


@pytest.fixture
def cli(tmp_path):
    made = Cli(tmp_path)
    made.path = made.config(FILE.format(port=reserved()))
    yield made
    made.close()


def interval(cli):
    return cli.status()["targets"][0]["interval_s"]


def debugs(cli):
    return (cli.state / "agent2.log").read_text().count(" - DEBUG - ")


# -- --set


def test_a_set_holds_over_reload_and_restart_and_each_says_so(cli):
    told = cli("start", "--set", "defaults.interval=300ms")
    assert told.code == 0
    assert "In force until it is stopped: --set defaults.interval=300ms" in told.out
    assert interval(cli) == 0.3

    plan = (cli.state / "plan.json").stat()
    assert cli("reload").code == 0
    assert (cli.state / "plan.json").stat().st_ino == plan.st_ino  # nothing changed

    cli.path.write_text(cli.path.read_text().replace("200ms", "250ms"))
    told = cli("reload")
    assert (told.code, interval(cli)) == (0, 0.3)
    assert "Changed: nothing" in told.out  # --set covers it
    assert "--set defaults.interval=300ms" in told.out

    told = cli("restart", "--set", "targets[webui].failure_threshold=7")
    assert told.code == 0, told.err
    assert "--set defaults.interval=300ms" in told.out
    target = cli.status()["targets"][0]
    assert (target["interval_s"], target["failure_threshold"]) == (0.3, 7)
    shown = cli("config", "show").out
    assert "    interval: 300ms  # --set" in shown
    assert "    failure_threshold: 7  # --set" in shown

    assert cli("stop").code == 0
    assert cli("start").code == 0
    assert interval(cli) == 0.25


@pytest.mark.parametrize("form", [("--set", "profile=prdo"), ("--set=profile=prdo",)])
def test_a_bad_set_starts_nothing_and_says_why(cli, form):
    told = cli("start", *form)
    assert told.code == 78
    assert "--set: profile: is not known" in told.err
    assert "Did you mean prod?" in told.err
    assert not (cli.state / "agent2_status.json").exists()


def test_a_set_that_could_not_be_started_again_stops_nothing(cli):
    assert cli("start").code == 0
    pid = cli.pid()
    told = cli("restart", "--set", "defaults.interval=soon")
    assert told.code == 78
    assert "defaults.interval: is no duration" in told.err
    assert cli.pid() == pid


def test_a_running_agent_takes_no_set_from_start_or_reload(cli):
    assert cli("start").code == 0
    told = cli("start", "--set", "defaults.interval=300ms")
    assert told.code == 0
    assert "--set does not reach an agent that runs already" in told.out
    told = cli("reload", "--set", "defaults.interval=300ms")
    assert told.code == 2
    assert "restart --set defaults.interval=300ms" in told.err
    assert interval(cli) == 0.2


def test_every_command_takes_it_before_and_after_its_words(cli):
    for words in (
        ("--set", "defaults.interval=300ms", "config", "check"),
        ("config", "check", "--set=defaults.interval=300ms"),
    ):
        assert "within 2.3 s (300ms + 1 × 1s + 1s)" in cli(*words).out
    other = reserved()
    told = cli("check", "--json", "--set", f"targets[webui].checks[tcp].port={other}")
    assert told.json["targets"][0]["checks"][0]["asked"] == f"127.0.0.1:{other}"
    told = cli("check", "--set", "log.level")
    assert (told.code, "KEY=VALUE" in told.err) == (2, True)


def test_the_watcher_run_by_path_takes_it_too(cli):
    script = ROOT / "agent2" / "agent2_monitor.py"
    sets = ("--set", "defaults.interval=300ms", "--set=log.level=debug")
    child = subprocess.Popen(
        [sys.executable, script, *sets],
        env=cli.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        until(lambda: interval(cli) == 0.3)
        assert "level: DEBUG  # --set" in cli("config", "show").out
        child.send_signal(signal.SIGHUP)
        until(lambda: cli.status()["agent"]["config"]["last_reload_at"])
        assert interval(cli) == 0.3
    finally:
        child.terminate()
        assert child.wait(30) == 0


def test_the_environment_is_read_anew_by_a_restart(cli):
    env = {"AGENT2_RETRY_INTERVAL": "400ms", "AGENT2_RESTART_INTENSITY": "9"}
    assert cli("start", env=env).code == 0
    assert cli.status()["targets"][0]["restarts"]["limit"] == 9
    shown = cli("config", "show", env=env).out
    assert "retry_interval: 400ms  # environment AGENT2_RETRY_INTERVAL" in shown


# -- config set


def test_debug_lines_appear_in_a_live_agent_without_editing_a_file(cli):
    assert cli("start").code == 0
    before = cli.path.read_text()
    told = cli("config", "set", "log.level", "debug")
    assert told.code == 0
    assert told.out.splitlines() == [
        f"{cli.path}: log.level: (not set) → DEBUG",
        "To make it count: agent2 reload",
    ]
    assert cli.path.read_text() == before + "log:\n  level: DEBUG\n"
    assert debugs(cli) == 0

    pid = cli.pid()
    assert cli("reload").code == 0
    until(lambda: debugs(cli) > 2)
    assert cli.pid() == pid

    told = cli("config", "set", "log.level", "INFO", "--reload")
    assert (told.code, "Reloaded" in told.out) == (0, True)
    quiet = debugs(cli)
    seq = cli.status()["seq"]
    until(lambda: cli.status()["seq"] > seq)
    assert debugs(cli) == quiet

    assert cli("config", "set", "log.level", "--unset", "--reload").code == 0
    assert cli.path.read_text() == before


def test_a_refused_change_leaves_file_and_agent_alone(cli):
    assert cli("start").code == 0
    before = cli.path.read_text()
    told = cli("config", "set", "log.level", "LOUD", "--reload")
    assert told.code == 78
    assert "log.level: is not known" in told.err
    assert cli.path.read_text() == before
    assert cli.status()["agent"]["config"]["last_reload_at"] is None
    for words in (("log.level",), ("log.level", "INFO", "--unset")):
        told = cli("config", "set", *words)
        assert (told.code, "--unset" in told.err) == (2, True)


def test_without_a_file_one_is_made_where_it_is_sought(cli):
    del cli.env["AGENT2_CONFIG"]
    path = cli.home / ".config" / "agent2" / "agent2.yaml"
    told = cli("config", "set", "defaults.interval", "9s")
    assert told.code == 0
    assert told.out.splitlines() == [
        f"New configuration file: {path}",
        f"{path}: defaults.interval: 5s → 9s",
        "It counts from the next start: agent2 start",
    ]
    assert "interval: 9s  # line" in cli("config", "show").out


def test_an_agent_without_the_file_is_told_to_restart(cli):
    config = cli.env.pop("AGENT2_CONFIG")
    assert cli("start", "--set", "targets[webui].checks[tcp].port=1").code == 0
    told = cli("config", "set", "defaults.interval", "9s", "--reload")
    assert told.code == 69
    assert "was not started with" in told.err
    assert "agent2 restart" in told.err
    assert cli("restart").code == 0
    assert interval(cli) == 9.0
    assert os.path.exists(config)


def test_what_wins_over_the_change_is_told_in_both_languages(cli):
    words = ("config", "set", "log.level", "DEBUG")
    env = {"AGENT2_LOG_LEVEL": "ERROR"}
    assert "! environment AGENT2_LOG_LEVEL wins over it now" in cli(*words, env=env).out
    assert "优先" in cli(*words, "--lang", "zh", env=env).out


# -- status --validate


def test_the_live_status_is_valid(cli):
    assert cli("status", "--validate").code == 69
    assert cli("start").code == 0
    told = cli("status", "--validate")
    assert (told.code, told.err) == (0, "")
    assert told.out == f"{cli.state}/agent2_status.json is valid\n"


def test_each_fault_of_a_status_is_a_line(cli):
    assert cli("start").code == 0
    tree = cli.status()
    assert cli("stop").code == 0
    tree["status"] = "dreaming"
    tree["fixes"] = None
    del tree["seq"]
    tree["targets"][0]["checks"] = [{"name": 7}]
    tree["updated_at"] = "2026-11-21T14:00:00"
    cli.write("agent2_status.json", json.dumps(tree))
    told = cli("status", "--validate")
    assert told.code == 1
    places = [line.partition(": ")[0] for line in told.out.splitlines()]
    assert sorted(set(places)) == [
        "/", "/fixes", "/status", "/targets/0/checks/0", "/targets/0/checks/0/name",
        "/updated_at",
    ]  # fmt: skip
    assert "lacks seq" in told.out

    cli.write("agent2_status.json", "{broken")
    assert cli("status", "--validate").code == 1


BENT = [
    lambda t: t.update(consecutive_failures=True),
    lambda t: t.update(consecutive_failures=-1),
    lambda t: t.update(consecutive_failures=1.0),
    lambda t: t.update(consecutive_failures="1"),
    lambda t: t.update(fixes=[{"timestamp": 1}]),
    lambda t: t.update(fixes=[{}] * 51),
    lambda t: t.update(last_check=None),
    lambda t: t.update(last_check=5),
    lambda t: t.update(last_check="yesterday"),
    lambda t: t.update(primary=""),
    lambda t: t.update(targets=[]),
    lambda t: t.update(targets=[7]),
    lambda t: t.update(summary={"ok": "many"}),
    lambda t: t.update(summary=[]),
    lambda t: t.update(schema="agent2.status/2"),
    lambda t: t.update(more={"that": "nobody knows"}),
    lambda t: t["agent"]["config"].update(last_reload="perhaps"),
    lambda t: t.pop("agent"),
    lambda t: t["targets"][0].update(labels={"a": 1}),
    lambda t: t["targets"][0].update(incident=7),
    lambda t: t["notifiers"].append({"name": "a", "kind": "b", "pending": 0, "dead": 0,
                                     "last_error": {"cause": "x"}}),
    lambda t: t["fixes"].append({"timestamp": t["updated_at"], "issue": "", "action": "a,b",
                                 "result": "success"}),
]  # fmt: skip


def test_it_judges_as_the_reference_implementation_does(cli):
    assert cli("start").code == 0
    text = json.dumps(cli.status())
    judge = jsonschema.Draft202012Validator(SCHEMA)
    verdicts = []
    for bend in (lambda _tree: None, *BENT):
        tree = json.loads(text)
        bend(tree)
        verdicts.append(judge.is_valid(tree))
        assert (faults(tree, SCHEMA) == []) == verdicts[-1], faults(tree, SCHEMA)
    assert verdicts.count(True) == 4


def test_no_keyword_of_the_schema_is_unknown_to_it():
    known = {*KEYWORDS, *SILENT, "$ref", "anyOf", "not", "properties"}
    known |= {"additionalProperties", "items"}

    def words(schema):
        for word, asked in schema.items():
            yield word
            if word in {"properties", "$defs"}:
                for inner in asked.values():
                    yield from words(inner)
            elif isinstance(asked, dict):
                yield from words(asked)
            elif word == "anyOf":
                for inner in asked:
                    yield from words(inner)

    assert set(words(SCHEMA)) - known == set()


def test_one_section_is_shown_alone_also_under_the_name_of_the_documents(cli):
    everything = cli("config", "show", "--json").json
    named = {key for key, node in everything.items() if isinstance(node, dict | list)}
    assert {*SECTIONS} - {"otlp"} == named - {"origins"}

    part = cli("config", "show", "otlp", "--json").json
    text = cli("config", "show", "otlp").out

    assert part.keys() == {"telemetry", "origins"}
    assert part["telemetry"] == everything["telemetry"]
    assert all(at.startswith("telemetry.") for at in part["origins"])
    for key in ("timeout", "max_queue_size", "schedule_delay", "export_timeout"):
        assert f"  {key}: " in text
    assert "targets:" not in text
