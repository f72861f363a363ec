"""Alerts and deliveries for the tests of the store, in few words."""

from __future__ import annotations

import os
import signal

import pytest

from agent2.core.message import Alert, Delivery
from agent2.core.model import AlertKind, Severity
from agent2.store import meta
from agent2.store.database import Database, StoreError

NOW = 1_700_000_000.0


def alert(incident="i1", kind=AlertKind.FIRING, count=0, **more) -> Alert:
    fields = {
        "id": f"{incident}/{kind.value}/{count}",
        "kind": kind,
        "incident": incident,
        "dedup_key": f"agent2/abc/webui/{incident}",
        "target": "webui",
        "severity": Severity.CRITICAL,
        "subject": "[Agent2 Alert] WebUI 进程不存在",
        "issue": "WebUI 进程不存在",
        "action": "创建重启信号",
        "reason": "process_not_alive",
        "code": "pid_dead",
        "detail": "PID 42 is dead",
        "at": "2026-01-01T00:00:00+00:00",
        "opened_at": "2026-01-01T00:00:00+00:00",
        "closed_at": None,
        "duration_s": 1.5,
        "host": "box",
        "instance": "abc",
        "look": "cat x",
        "lines": ("one", "", "two"),
        "count": count,
    }
    return Alert(**fields | more)


def delivery(
    incident="i1", notifier="mail", kind=AlertKind.FIRING, count=0, at=NOW, **more
) -> Delivery:
    told = alert(incident, kind, count, **more)
    return Delivery(f"{told.id}/{notifier}", notifier, told, created_at=at, next_at=at)


def put(db, key, value="x"):
    """Write one pair into the table ``meta``."""
    with db.transaction() as tx:
        meta.put(tx, key, value)


def refusal(path, **how):
    """Return the kind of the one-line error with which the store is refused."""
    with pytest.raises(StoreError) as caught:
        Database.open(path, **how).close()
    assert "\n" not in str(caught.value)
    assert path in str(caught.value)
    return caught.value.kind


def programs(count, work, patience=60):
    """Run *work(number)* in processes of their own; all must end well and in time."""
    pids = []
    for number in range(count):
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                signal.alarm(patience)
                work(number)
                status = 0
            finally:
                os._exit(status)
        pids.append(pid)
    ends = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    assert ends == [0] * count
