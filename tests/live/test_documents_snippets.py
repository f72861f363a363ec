"""The runbook's Python, with ``agentos`` read as ``agent2``, in processes of its own."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing

import pytest

from agent2.store.database import Database
from tests.live.cli_kit import ROOT, Cli, until

START = """
    from pathlib import Path
    from agent2.core.supervisor.supervisor import (
        SupervisorService,
        SupervisorProcessor,
        PolicyRouter
    )
    from agent2.core.supervisor.subscriber import setup_supervisor_subscription
    from agent2.core.supervisor.policies.on_task_created import OnTaskCreatedPolicy
    from agent2.core.supervisor.policies.on_step_completed import OnStepCompletedPolicy
    from agent2.core.supervisor.policies.on_task_failed import OnTaskFailedPolicy

    db_path = Path(sys.argv[1])
    policy_router = PolicyRouter()
    policy_router.register("TASK_CREATED", OnTaskCreatedPolicy(db_path))
    policy_router.register("TASK_STEP_COMPLETED", OnStepCompletedPolicy(db_path))
    policy_router.register("TASK_FAILED", OnTaskFailedPolicy(db_path))
    processor = SupervisorProcessor(
        db_path=db_path, policy_router=policy_router, batch_size=50
    )
"""
SERVE = """
    supervisor = SupervisorService(
        db_path=db_path, processor=processor, poll_interval=10
    )
    supervisor.start()
    subscriber = setup_supervisor_subscription(supervisor, db_path)
    print("✅ Supervisor started successfully")
"""
LOGGING = """
    import logging
    logging.basicConfig(
        level=logging.DEBUG,
        format='%(asctime)s - %(name)s - %(levelname)s - %(message)s'
    )
"""
INBOX = """
    from pathlib import Path
    from agent2.core.supervisor.inbox import InboxManager
    inbox_manager = InboxManager(Path(sys.argv[1]))
"""
ADAPTERS = """
    import sqlite3, json
    from agent2.core.supervisor.adapters import AuditAdapter, GateAdapter
    db_path = sys.argv[1]
    audit_adapter, gate_adapter = AuditAdapter(db_path), GateAdapter(db_path)
    conn = sqlite3.connect(db_path)
    cursor = conn.cursor()
"""


def run(path, *parts):
    """Run the snippets *parts* on the store at *path* and return the ended process."""
    code = "import sys\n" + "".join(map(textwrap.dedent, parts))
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code, str(path)],
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture
def store(tmp_path):
    """A store that the agent has open."""
    with closing(Database.open(str(tmp_path / "agentos.db"))) as db:
        yield db


def fill(db, *rows, kind="TASK_CREATED"):
    """Put (id, status, days ago) into the inbox."""
    with db.transaction() as tx:
        for name, status, days in rows:
            tx.execute(
                "INSERT INTO supervisor_inbox (event_id, task_id, event_type, source,"
                " status, received_at) VALUES (?, 't', ?, 'polling', ?,"
                " strftime('%Y-%m-%d %H:%M:%f', 'now', ?))",
                (name, kind, status, f"-{days} days"),
            )


def states(db):
    return dict(db.rows("SELECT event_id, status FROM supervisor_inbox"))


def test_the_start_script_starts_and_a_published_event_is_decided(tmp_path):
    path = tmp_path / "agentos.db"
    publish = """
        import time, sqlite3
        from agent2.core.events.bus import get_event_bus
        from agent2.core.events.models import Event, EventType
        class MockEntity:
            def __init__(self, id): self.id = id
        event_bus = get_event_bus()
        print(f"Subscribers: {len(event_bus._subscribers)}")
        test_event = Event(
            type=EventType.TASK_CREATED, entity=MockEntity(id="test_task"),
            ts="2025-01-28T10:00:00Z", payload={}
        )
        event_bus.publish(test_event)
        event_bus.publish(test_event)
        cursor = sqlite3.connect(db_path).cursor()
        until = time.monotonic() + 60
        while time.monotonic() < until:
            cursor.execute('''
                SELECT * FROM supervisor_inbox
                WHERE task_id = 'test_task' AND source = 'eventbus'
            ''')
            row = dict(zip([c[0] for c in cursor.description], cursor.fetchone()))
            if row["status"] == "completed": break
            time.sleep(0.01)
        print(row["status"], row["ts"])
        supervisor.stop()
        subscriber.unsubscribe()
        print(len(event_bus._subscribers))
    """

    done = run(path, LOGGING, START, SERVE, publish)

    assert done.stdout.splitlines() == [
        "✅ Supervisor started successfully",
        "Subscribers: 1",
        "completed 2025-01-28 10:00:00.000",
        "0",
    ]
    log = done.stderr
    for phrase in (
        "INFO - ✅ SupervisorService started",
        "INFO - ✅ Subscribed to EventBus",
        "INFO - ✅ Supervisor subscription setup complete",
        "DEBUG - Event received from EventBus: TASK_CREATED (task=test_task)",
        "INFO - Processing 1 pending events",
        "INFO - Processing event: TASK_CREATED for task test_task",
        "INFO - TASK_CREATED decision: allow (findings=0)",
        "INFO - ✅ Processed 1/1 events",
        "WARNING - Duplicate event from EventBus (deduped): ev-",
    ):
        assert phrase in log, phrase
    assert all(len(line.split(" - ", 3)) == 4 for line in log.splitlines())


def test_the_batches_of_120_events_are_50_50_20(store):
    fill(store, *((f"e{n}", "pending", 0) for n in range(120)))
    drain = """
        for _ in range(4): print(processor.process_pending_events())
    """

    done = run(store.path, START, drain)

    assert done.stdout.split() == ["50", "50", "20", "0"]
    assert set(states(store).values()) == {"completed"}


def test_the_metrics_have_the_runbooks_names_and_numbers(store):
    fill(store, ("f", "failed", 0), ("c", "completed", 0), ("d", "completed", 0))
    empty = run(store.path, INBOX, "print(inbox_manager.get_backlog_metrics())")
    assert "'oldest_pending_age_seconds': None" in empty.stdout
    fill(store, *((f"p{n}", "pending", 1) for n in range(3)))
    use = """
        metrics = inbox_manager.get_backlog_metrics()
        for name in ('pending', 'processing', 'failed', 'completed'):
            print(metrics[f'{name}_count'])
        total = sum(metrics[f'{n}_count'] for n in ('pending', 'processing', 'failed', 'completed'))
        print(f"Failed rate: {metrics['failed_count'] / total:.2%}")
        print(int(metrics.get('oldest_pending_age_seconds')) // 3600)
    """

    done = run(store.path, INBOX, use)

    assert done.stdout.split("\n")[:6] == [
        "3",
        "0",
        "1",
        "2",
        "Failed rate: 16.67%",
        "24",
    ]


def test_the_cleanup_takes_old_completed_events_and_no_others(store):
    rows = [("c8", "completed", 8), ("c6", "completed", 6)]
    fill(store, *rows, ("p8", "pending", 8), ("f8", "failed", 8))
    use = """
        deleted = inbox_manager.cleanup_old_events(days=7)
        print(f"Cleaned up {deleted} old events")
    """

    assert run(store.path, INBOX, use).stdout == "Cleaned up 1 old events\n"
    assert states(store).keys() == {"c6", "p8", "f8"}


def test_a_pause_by_hand_holds_and_says_who_and_why(store):
    use = """
        task_id = "webui"
        gate_adapter.trigger_pause(task_id, "open_plan", "Manual test", cursor)
        conn.commit()
        cursor.execute('''
            SELECT gate_name, state, reason
            FROM task_gates
            WHERE task_id = ?
        ''', (task_id,))
        print(cursor.fetchall())
        for event in audit_adapter.get_audit_trail(task_id="webui"):
            print(event['event_type'], event['payload']['reason'])
    """

    done = run(store.path, ADAPTERS, use)

    assert done.stdout.splitlines() == [
        "[('open_plan', 'AWAITING_APPROVAL', 'Manual test')]",
        "SUPERVISOR_PAUSED Manual test",
    ]


def test_a_pause_that_is_not_committed_leaves_nothing_behind(store):
    use = """
        gate_adapter.trigger_pause("webui", "open_plan", "Manual test", cursor)
        conn.rollback()
    """

    run(store.path, ADAPTERS, use)

    for table in ("task_gates", "task_audits", "supervisor_inbox"):
        assert store.rows(f"SELECT count(*) FROM {table}") == [(0,)]


def test_an_audit_written_by_hand_is_found(store):
    use = """
        audit_adapter.write_audit_event(
            task_id="test_task",
            event_type="TEST_EVENT",
            level="info",
            payload={"test": "data"},
            cursor=cursor
        )
        conn.commit()
        cursor.execute("SELECT * FROM task_audits WHERE task_id = 'test_task'")
        print(cursor.fetchone()[1:5])
        audit_adapter.write_error("test_task", "broken", {"step": 1})
        audit_adapter.write_audit_event("test_task", "OTHER")
        trail = audit_adapter.get_audit_trail("test_task", event_type_prefix="SUPERVISOR_")
        print([(one['event_type'], one['payload']['error']) for one in trail])
        print([one['event_type'] for one in audit_adapter.get_audit_trail("test_task", limit=2)])
    """

    done = run(store.path, ADAPTERS, use)

    assert done.stdout.splitlines() == [
        "('test_task', 'info', 'TEST_EVENT', '{\"test\":\"data\"}')",
        "[('SUPERVISOR_ERROR', 'broken')]",
        "['OTHER', 'SUPERVISOR_ERROR']",
    ]


OWN = """
    from agent2.core.supervisor.policies.base import BasePolicy
    from agent2.core.supervisor.models import Decision, DecisionType, Finding
    class MyPolicy(BasePolicy):
        def evaluate(self, event, cursor):
            if event.event_id == "uses": cursor.execute("SELECT 1")
            if event.event_id == "raises": event.payload.missing.evaluate
            if event.event_id == "silent": return None
            if event.event_id == "nonsense": return 7
            if event.event_id == "hangs": import time; time.sleep(60)
            high = Finding("risk", "high", "it is " + event.payload.get("x", "odd"))
            return Decision(DecisionType.BLOCK, "Policy evaluation passed", [high])
    policy_router.register("MY_EVENT_TYPE", MyPolicy(db_path))
    print(processor.process_pending_events())
"""


def test_a_policy_of_the_documents_decides_and_one_that_fails_stops_nobody(store):
    names = ("uses", "raises", "silent", "nonsense", "blocks", "hangs")
    fill(store, *((name, "pending", 0) for name in names), kind="MY_EVENT_TYPE")

    done = run(store.path, LOGGING, START, OWN)

    assert done.stdout == "6\n"
    failed = dict(
        store.rows(
            "SELECT event_id, error_message FROM supervisor_inbox WHERE status = 'failed'"
        )
    )
    assert "runs apart from the store" in failed["uses"]
    assert (
        failed["raises"] == "AttributeError: 'dict' object has no attribute 'missing'"
    )
    assert "not int" in failed["nonsense"]
    assert "no answer within 1 s" in failed["hangs"]
    assert "Policy execution failed for MY_EVENT_TYPE: AttributeError" in done.stderr
    assert "Error processing event raises: AttributeError" in done.stderr
    rows = store.rows(
        "SELECT event_type, json_extract(payload, '$.decision_type'),"
        " json_extract(payload, '$.findings[0].description') FROM task_audits"
        " WHERE event_id IN ('blocks', 'silent')"
    )
    assert rows == [("SUPERVISOR_BLOCKED", "block", "it is odd")]
    assert states(store)["silent"] == "completed"


def test_a_router_answers_at_once_and_writes_nothing(store):
    use = """
        from agent2.core.supervisor.models import SupervisorEvent, EventSource
        event = SupervisorEvent(
            event_id="e", source=EventSource.EVENTBUS, task_id="t",
            event_type="TASK_FAILED", ts="2026-01-31T12:00:00Z",
            payload={"error_type": "network_timeout"}
        )
        decision = policy_router.route(event, None)
        print(decision.decision_type.value, decision.reason)
        event.event_type = "SOMETHING"
        print(policy_router.route(event))
        from agent2.core.supervisor.inbox import InboxManager
        manager = InboxManager(db_path)
        print(manager.insert_event(event), manager.insert_event(event))
        print(manager.get_pending_count())
    """

    done = run(store.path, START, use)

    lines = done.stdout.splitlines()
    assert lines[0].startswith("retry network_timeout may pass")
    assert lines[1:] == ["None", "True False", "1"]


def test_a_subscriber_that_raises_is_told_of_and_stops_nobody(tmp_path):
    use = """
        from agent2.core.events.bus import get_event_bus
        from agent2.core.events.models import Event
        heard = []
        get_event_bus().subscribe(lambda event: 1 / 0)
        get_event_bus().subscribe(heard.append)
        get_event_bus().publish(Event("X", "t"))
        print(len(heard), len(get_event_bus()._subscribers))
    """

    done = run(tmp_path / "x.db", LOGGING, use)

    assert done.stdout == "1 2\n"
    assert "ERROR - Error in subscriber" in done.stderr
    assert "ZeroDivisionError" in done.stderr


def test_the_module_of_the_unit_runs_until_it_is_asked_to_stop(tmp_path):
    path = tmp_path / "new" / "agentos.db"
    environment = {
        "PYTHONPATH": str(ROOT),
        "PATH": "/usr/bin:/bin",
        "AGENTOS_DB_PATH": str(path),
        "SUPERVISOR_POLL_INTERVAL": "0.05",
        "SUPERVISOR_BATCH_SIZE": "7",
    }
    argv = [sys.executable, "-X", "utf8", "-m", "agent2.core.supervisor.main"]
    with subprocess.Popen(
        argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as unit:
        until(path.exists)
        with closing(Database.open(str(path))) as db:
            fill(db, *((f"e{n}", "pending", 0) for n in range(20)))
            until(lambda: set(states(db).values()) == {"completed"})
        unit.send_signal(signal.SIGTERM)
        out, log = unit.communicate(timeout=60)

    assert (unit.returncode, out) == (0, "Stopping Supervisor...\n")
    assert "✅ Processed 7/7 events" in log
    assert not re.search("Processing (8|9|1.|20) pending", log)


def test_a_wrong_number_in_the_environment_is_said(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "agent2.core.supervisor.main"],
        env={
            "PYTHONPATH": str(ROOT),
            "PATH": "/usr/bin:/bin",
            "AGENTOS_DB_PATH": str(tmp_path / "a.db"),
            "SUPERVISOR_BATCH_SIZE": "many",
        },
        capture_output=True,
        text=True,
    )

    assert done.returncode == 78
    assert (
        "SUPERVISOR_BATCH_SIZE: a number above 0 is needed, got 'many'" in done.stderr
    )
    assert "Traceback" not in done.stderr


def test_what_the_snippets_write_is_seen_by_the_command_line(tmp_path):
    cli = Cli(tmp_path)
    cli.state.mkdir(exist_ok=True)
    path = cli.state / "agent2.db"
    Database.open(str(path)).close()
    use = 'gate_adapter.trigger_pause("webui", "restart", "by script")\n'

    run(path, ADAPTERS, use)

    (gate,) = cli("gate", "list", "webui", "--json").json["gates"]
    assert (gate["reason"], gate["who"]) == ("by script", "script")
    assert os.stat(path).st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(path)) as user:
        rows = user.execute(
            "SELECT event_type, source FROM supervisor_inbox"
        ).fetchall()
    assert rows == [("GATE_PAUSED", "api")]
