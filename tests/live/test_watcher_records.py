"""The JSON log: each incident as a chain that one search finds, and quiet otherwise."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from datetime import datetime

import pytest
from rig import asking, config, wait_for

from agent2.core.effects import Step
from agent2.core.model import (
    Code,
    Facet,
    Finding,
    Judgement,
    Observation,
    Outcome,
    Policy,
    TargetState,
    Verdict,
)
from agent2.core.value import replace
from agent2.host.clock import Clock
from agent2.host.logfile import LogFile
from agent2.plan.secret import Secret
from agent2.plan.values import PluginPlan, TargetPlan
from agent2.watcher import records
from agent2.wire import log_records
from tests.fakes.health_server import document, http

FIELDS = (
    "sid",
    "node_id",
    "node_type",
    "node_name",
    "start_time",
    "end_time",
    "duration",
)
NOW = 1_790_000_000.0


def jq(path, *asked):
    """Ask a real jq; its answers, line by line."""
    done = subprocess.run(
        [shutil.which("jq"), "-c", *asked, str(path)],
        check=True, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    return [json.loads(line) for line in done.stdout.splitlines()]


class Target:
    name = "webui"
    seen = ()
    plan = TargetPlan("webui", (), (), Policy(), 5.0, 5.0)


def seen(count, detail="refused"):
    finding = Finding(Outcome.FAIL, Code.REFUSED, detail, 0.25, (("connect", 0.2),))
    return tuple(
        Observation(f"c{n}", "tcp", Facet.PORT, finding, NOW, 0.5) for n in range(count)
    )


def write(log, count=1, detail="refused", **options):
    target = Target()
    if options:
        checks = (PluginPlan("c0", "tcp", options),)
        target.plan = replace(target.plan, checks=checks)
    target.seen = seen(count, detail)
    bad = Judgement(Verdict.BAD, Facet.PORT, Code.REFUSED, detail)
    state = TargetState(incident="webui@1.000")
    records.note(log, Clock(), target, bad, state, Step(state), NOW, (NOW, NOW, NOW))


@pytest.fixture
def log(tmp_path):
    made = LogFile(str(tmp_path / "agent2.log"))
    made.json = True
    return made


@pytest.mark.skipif(not shutil.which("jq"), reason="no jq here")
def test_an_outage_is_one_chain_of_records_and_calm_cycles_are_none(rig, server):
    agent = rig.agent(config(asking(server), log={"json": True, "level": "ERROR"}))
    path = agent.folder / "agent2.jsonl"
    agent.until_word("ok")
    calm = 'select(.type == "cycle" and .verdict == "good" and .logs == [])'

    server.answers[:] = [http("", 500)]
    agent.until_word("down")
    server.answers[:] = [http(document())]
    agent.until_word("ok")
    ended = 'select(.type == "incident" and .state == "resolved")'
    (done,) = wait_for(lambda: jq(path, ended), 60, "the end of the incident")

    assert jq(path, calm) == []
    chain = jq(path, "--arg", "s", done["sid"], "select(.sid == $s)")
    assert {one.get("type") for one in chain} == {None, "cycle", "incident"}
    (down,) = [one for one in chain if one.get("level") == "ERROR"]
    assert "is down" in down["message"]
    traces = {one["trace_id"] for one in chain}  # the lines of the log have it too
    assert traces == {hashlib.sha256(done["sid"].encode()).hexdigest()[:32]}
    (begun,) = [one for one in chain if one.get("state") == "opened"]
    assert (begun["code"], done["code"]) == ("http_status", "http_status")
    times = [datetime.fromisoformat(done[key]) for key in ("start_time", "end_time")]
    spent = (times[1] - times[0]).total_seconds() * 1000
    assert done["duration"] == pytest.approx(spent, abs=2)
    nodes = jq(path, f'select(.type == "cycle") | .node_logs[] | [{",".join("." + f for f in FIELDS)}]')  # fmt: skip
    assert nodes
    assert all(None not in node for node in nodes)
    said = jq(path, 'select(.type == "cycle") | .node_logs[].logs[] | .level')
    assert "ERROR" in said
    effects = jq(path, 'select(.type == "cycle") | .logs[].message')
    assert {"OpenIncident", "ResolveIncident", "Notify"} <= set(effects)


def test_a_record_holds_what_was_asked_what_came_of_it_and_under_which_rules(
    log, tmp_path
):
    headers = {"Authorization": "Bearer abcdef", "X-Key": Secret("${KEY}"), "a": "b"}
    asked = {"url": "http://me:secret@h/?token=abc&x=1", "headers": headers, "port": 80}
    asked["argv"] = ["dump", "--password", "hunter2", "all"]
    for options in (asked, asked, asked | {"port": 81}):
        write(log, detail="x" * 900, **options)

    lines = (tmp_path / "agent2.jsonl").read_text().splitlines()
    first, second, third = map(json.loads, lines)
    (node,) = first["node_logs"]
    assert node["input_data"] == {
        "url": "http://***@h/?token=***&x=1",
        "headers": {"Authorization": "***", "X-Key": "***", "a": "b"},
        "port": 80,
        "argv": "dump --password *** all",
    }
    assert node["output_data"]["answer"] == "x" * 300
    assert first["config"] == second["config"] != third["config"]


@pytest.mark.slow
def test_of_two_hundred_targets_the_newest_look_at_any_can_be_followed(rig, server):
    names = [f"t{n}" for n in range(200)]
    targets = [asking(server, name=name, interval=3, timeout=3) for name in names]
    agent = rig.agent(config(*targets, log={"json_calm": True, "level": "ERROR"}))
    records = agent.folder / "agent2.jsonl"
    wanted = {f'"target": "{name}"' for name in names}
    wait_for(
        lambda: records.exists() and all(w in records.read_text() for w in wanted),
        60,
        "a record of each",
    )

    def trace(name, *words):
        argv = [sys.executable, "-m", "agent2", "--state-dir", str(agent.folder)]
        argv += ["--config", str(agent.yaml), "trace", name, "--look", *words]
        return subprocess.run(
            argv, capture_output=True, text=True, timeout=60, env=agent.env, check=False
        )

    tree = json.loads(trace("t13", "--json").stdout)
    assert tree["look"]["target"] == "t13"
    chain = [step["station"] for step in tree["steps"]]
    assert chain == ["due", "claimed", "started", "detection", "done", "stored"]
    assert min(step["since_previous_s"] for step in tree["steps"]) >= 0
    assert tree["steps"][3]["about"]["code"] == "ok"
    lines = trace("t199").stdout.splitlines()
    assert lines[0].startswith("t199#")
    assert [line.split(" s  ")[2].split()[0] for line in lines[2:]] == chain
    assert trace("nobody").returncode == 2
    agent.kill()
    records.unlink()
    said = trace("t13", "--json")
    assert (said.returncode, "config set log.json_calm true" in said.stderr) == (
        1,
        True,
    )


def test_without_the_switch_there_is_no_file(rig, server):
    agent = rig.agent(config(asking(server)))
    server.answers[:] = [http("", 500)]
    agent.until_word("down")

    assert not (agent.folder / "agent2.jsonl").exists()


def test_a_line_that_is_too_long_is_cut_and_points_to_the_whole(log, tmp_path):
    write(log, 200, "x" * 290)

    (line,) = (tmp_path / "agent2.jsonl").read_bytes().splitlines(keepends=True)
    assert len(line) <= 10 * 1024
    record = json.loads(line)
    assert (record["nodes"], len(record["node_logs"])) == (200, 40)
    with open(record["artifact"], encoding="utf-8") as file:
        whole = json.load(file)
    assert len(whole["node_logs"]) == 200
    assert os.stat(record["artifact"]).st_mode & 0o777 == 0o600
    assert whole["sid"] == record["sid"] == "webui@1.000"


def test_a_line_stays_short_whatever_its_record_holds():
    long = {
        "type": "cycle",
        "detail": "界" * 9000,
        "logs": [{"message": "x" * 5000}] * 9,
    }

    assert len(log_records.line(log_records.cut(long, "/a/b.json"))) <= 10 * 1024


def test_the_artifacts_do_not_pile_up(log, tmp_path):
    folder = tmp_path / "artifacts"
    folder.mkdir()
    for number in range(150):
        (folder / f"old{number}.json").write_text("{}")
        os.utime(folder / f"old{number}.json", (number, number))
    write(log, 200, "x" * 290)

    left = {one.name for one in folder.iterdir()}
    assert len(left) == 100
    assert {"webui#1790000000.000.json", "old149.json"} <= left
    assert "old0.json" not in left


def test_the_file_may_be_renamed_or_truncated_and_turns_over(log, tmp_path):
    path = tmp_path / "agent2.jsonl"
    write(log)
    path.rename(tmp_path / "agent2.jsonl.kept")
    write(log)
    assert len(path.read_text().splitlines()) == 1
    os.truncate(path, 0)
    write(log)
    assert json.loads(path.read_text())["type"] == "cycle"

    log.max_bytes, log.backups = 4000, 2
    for _ in range(20):
        write(log)
    assert sorted(one.name for one in tmp_path.glob("agent2.jsonl*")) == [
        "agent2.jsonl", "agent2.jsonl.1", "agent2.jsonl.2", "agent2.jsonl.kept",
    ]  # fmt: skip


def test_a_full_disk_loses_lines_and_nothing_else(log, tmp_path):
    """The limit on the size of files stands for the disk: a write fails or is torn."""
    write(log)
    path = tmp_path / "agent2.jsonl"
    first = path.stat().st_size
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (first + 100, hard))
        write(log)
        write(log)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, old)
    assert log.lost == 2

    write(log)
    lines = path.read_text().splitlines()
    assert [json.loads(lines[n])["type"] for n in (0, -1)] == ["cycle", "cycle"]
    assert len(lines) == 3  # the torn one is a line of its own


def test_a_path_may_be_given(log, tmp_path):
    log.json_path = str(tmp_path / "elsewhere.json")
    write(log)

    assert json.loads((tmp_path / "elsewhere.json").read_text())["target"] == "webui"
    assert not (tmp_path / "agent2.jsonl").exists()
