"""Telemetry of a real outage at a collector that decodes what it gets."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from pathlib import Path

import pytest
from rig import asking, config, wait_for

from tests.fakes.base import Behaviour
from tests.fakes.collector import Collector, plain
from tests.fakes.health_server import document, http
from tests.fakes.web import FakeHook

pytestmark = pytest.mark.slow
LONG = 60.0


def section(collector, **more):
    told = {"enabled": True, "endpoint": f"http://127.0.0.1:{collector.port}"}
    return told | {"schedule_delay": 0.1, "metrics_interval": 0.2, "timeout": 2} | more


def telemetry_pid(agent):
    """The PID of the telemetry program that runs, 0 for none."""
    try:
        pid = int((agent.folder / "telemetry.pid").read_text())
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return 0
    return pid if b"telemetry" in words else 0


def marks(agent):
    try:
        return json.loads((agent.folder / "telemetry_marks.json").read_bytes())
    except OSError:
        return None


def outage(agent, server):
    """Let the target be down and well again; return the incident's id."""
    before = len(agent.journal("incident.resolved"))
    server.answers[:] = [http("", 500)]
    agent.until_word("down", LONG)
    incident = agent.rows("SELECT id FROM incidents ORDER BY opened_at DESC")[0][0]
    server.answers[:] = [http(document())]
    agent.until_word("ok", LONG)
    wait_for(
        lambda: len(agent.journal("incident.resolved")) > before, LONG, "no recovery"
    )
    return incident


def of_trace(spans, incident):
    trace = hashlib.sha256(incident.encode()).digest()[:16]
    return {one.name: one for one in spans if one.trace_id == trace}


def unique(spans):
    ids = [(one.trace_id, one.span_id) for one in spans]
    return len(ids) == len(set(ids))


def test_a_real_outage_arrives_as_one_trace_with_logs_and_metrics(rig, server):
    with Collector() as collector, FakeHook() as hook:
        notifier = {"name": "hook", "kind": "webhook", "url": hook.url("/in")}
        agent = rig.agent(
            config(
                asking(server, failure_threshold=1),
                notifiers=[notifier],
                telemetry=section(collector),
            )
        )
        incident = outage(agent, server)

        wanted = {"incident", "incident opened", "detection", "decision", "delivery"}
        wait_for(
            lambda: wanted <= of_trace(collector.spans(), incident).keys(),
            LONG,
            lambda: f"{sorted(of_trace(collector.spans(), incident))} {marks(agent)}",
        )
        found = of_trace(collector.spans(), incident)
        root = found["incident"]
        opened, resolved = agent.rows("SELECT opened_at, resolved_at FROM incidents")[0]
        assert (root.start_time_unix_nano, root.end_time_unix_nano) == (
            round(opened * 1e9),
            round(resolved * 1e9),
        )
        assert not root.parent_span_id
        assert root.span_id == hashlib.sha256(f"{incident}/root".encode()).digest()[:8]
        assert found["delivery"].parent_span_id == root.span_id
        assert found["detection"].parent_span_id == root.span_id
        assert plain(root.attributes)["sid"] == incident
        assert unique(collector.spans())

        newest = agent.rows("SELECT max(seq) FROM journal")[0][0]
        wait_for(lambda: marks(agent)["logs"]["seq"] >= newest, LONG, "logs")
        records = [plain(one.attributes) for one in collector.records()]
        assert all(one["sid"] for one in records)
        assert sorted(one["agent2.seq"] for one in records) == list(
            range(1, len(records) + 1)
        )
        told = [r for r in collector.records() if r.trace_id == root.trace_id]
        assert {r.event_name for r in told} >= {
            "agent2.incident.opened",
            "agent2.incident.resolved",
        }

        wanted = {"agent2.target.up", "agent2.check.last.duration", "agent2.incidents"}
        wanted |= {"agent2.notifications", "agent2.outbox.pending", "agent2.up"}
        wait_for(
            lambda: wanted <= collector.metrics().keys(),
            LONG,
            lambda: sorted(collector.metrics()),
        )

        def up():
            (point,) = collector.metrics()["agent2.target.up"].gauge.data_points
            return (plain(point.attributes), point.as_double)

        wait_for(lambda: up() == ({"target": "webui"}, 1.0), LONG, up)
        assert agent.stop() == 0
        wait_for(lambda: not telemetry_pid(agent), LONG, "it outlives its watcher")


def assert_all_arrives_once(collector, agent, incidents):
    for incident in incidents:
        wait_for(
            lambda i=incident: "incident" in of_trace(collector.spans(), i),
            LONG,
            lambda: marks(agent),
        )
    newest = agent.rows("SELECT max(seq) FROM journal")[0][0]
    wait_for(lambda: marks(agent)["logs"]["seq"] >= newest, LONG, "logs")
    assert unique(collector.spans())
    seqs = [plain(one.attributes)["agent2.seq"] for one in collector.records()]
    assert sorted(seqs) == list(range(1, len(seqs) + 1))


def test_a_collector_that_fails_in_every_way_costs_nothing_and_gets_it_all(rig, server):
    with Collector() as collector:
        loud = {"Grpc-Status-Word": "\x9b2J" + "x" * 5000}
        collector.always = Behaviour(status=500, headers=loud)
        told = section(collector, timeout=0.5, metrics=False)
        agent = rig.agent(config(asking(server, failure_threshold=1), telemetry=told))
        incidents = [outage(agent, server)]
        wait_for(
            lambda: (marks(agent) or {}).get("logs", {}).get("error"), LONG, "silent"
        )
        assert len(marks(agent)["logs"]["error"]) <= 240
        assert marks(agent)["logs"]["error"].isprintable()
        for behaviour in (
            Behaviour(mode="hang"),
            Behaviour(mode="drip", every=0.05),
            Behaviour(mode="reset"),
            Behaviour(status=429, headers={"Retry-After": "1"}),
        ):
            collector.always = behaviour
            before = len(collector.received)
            wait_for(lambda b=before: len(collector.received) > b, LONG, behaviour)
        incidents.append(outage(agent, server))
        assert collector.spans() == []

        collector.always = None
        assert_all_arrives_once(collector, agent, incidents)
        assert marks(agent)["traces"]["dropped"] == marks(agent)["logs"]["dropped"] == 0


def test_killed_at_any_moment_it_sends_no_span_twice_and_loses_none(rig, server):
    with Collector() as collector:
        told = section(collector, metrics=False, schedule_delay=0.05)
        agent = rig.agent(config(asking(server, failure_threshold=1), telemetry=told))
        incidents = []
        for behaviour in (None, Behaviour(mode="hang"), None):
            collector.always = behaviour
            before = len(collector.received)
            incidents.append(outage(agent, server))
            wait_for(lambda b=before: len(collector.received) > b, LONG, "no request")
            pid = wait_for(lambda: telemetry_pid(agent), LONG, "it does not run")
            if behaviour is None:
                newest = agent.rows("SELECT max(seq) FROM journal")[0][0]
                wait_for(lambda n=newest: marks(agent)["traces"]["seq"] >= n, LONG, "")
                wait_for(lambda n=newest: marks(agent)["logs"]["seq"] >= n, LONG, "")
            os.kill(pid, signal.SIGKILL)
            wait_for(lambda p=pid: telemetry_pid(agent) not in (0, p), LONG, "no new")
        collector.always = None
        assert_all_arrives_once(collector, agent, incidents)
