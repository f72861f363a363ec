"""Audit and gates under the documents' names, written with the caller's own cursor.

With a cursor the caller commits; without one each call is a transaction of its own.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from agent2.core.policies import Ruling
from agent2.core.rulings import AUDIT, AUDIT_ERROR
from agent2.store import audits, gates, utc
from agent2.store.commands import Command, write
from agent2.supervisor.documents.inbox import log, opened
from agent2.supervisor.documents.models import Decision, frame

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator


_MOST = 1000


class _Adapter:
    def __init__(self, db_path: str | os.PathLike[str]) -> None:
        self.db_path = db_path

    @contextmanager
    def _writing(self, cursor: Any) -> Iterator[Any]:
        if cursor is not None:
            yield cursor
            return
        with opened(self.db_path) as db, db.transaction() as tx:
            yield tx


class AuditAdapter(_Adapter):
    """The audit of the store at *db_path*."""

    def write_audit_event(
        self,
        task_id: str,
        event_type: str,
        level: str = "info",
        payload: dict[str, Any] | None = None,
        cursor: Any = None,
    ) -> int | None:
        """Write one line and return its number."""
        with self._writing(cursor) as tx:
            about, now = payload or {}, time.time()
            number = audits.append(tx, task_id, level, event_type, about, now)
        log("DEBUG", f"audit {event_type} (task={task_id}): line {number}")
        return number

    def write_decision(
        self, task_id: str, decision: Decision, cursor: Any = None
    ) -> int | None:
        """Write a decision down; None: it stands there already.

        Raises:
            ValueError: there is no such decision.
        """
        tree = frame(decision) | {"decision_id": decision.decision_id}
        kind, level = AUDIT[Ruling(tree["decision_type"])]
        with self._writing(cursor) as tx:
            made = decision.decision_id
            number = audits.append(
                tx, task_id, level, kind, tree, time.time(), None, made
            )
        log("DEBUG", f"audit {kind} (task={task_id}): line {number}")
        return number

    def write_error(
        self,
        task_id: str,
        error_message: str,
        context: dict[str, Any] | None = None,
        cursor: Any = None,
    ) -> int | None:
        """Write down what went wrong."""
        kind, level = AUDIT_ERROR
        about = {"decision_type": "error", "error": error_message}
        told = about | {"context": context or {}}
        return self.write_audit_event(task_id, kind, level, told, cursor)

    def get_audit_trail(
        self, task_id: str, event_type_prefix: str | None = None, limit: int = 100
    ) -> list[dict[str, Any]]:
        """Return the newest lines of a subject, newest first, payloads parsed."""
        with opened(self.db_path) as db:
            found = audits.trail(db, task_id, _MOST if event_type_prefix else limit)
        prefix = event_type_prefix or ""
        return [
            {
                "audit_id": one.id,
                "task_id": one.subject,
                "level": one.level,
                "event_type": one.type,
                "payload": one.payload,
                "created_at": utc.text(one.at),
            }
            for one in found
            if one.type.startswith(prefix)
        ][:limit]


class GateAdapter(_Adapter):
    """The gates of the store at *db_path*."""

    def trigger_pause(
        self, task_id: str, gate_name: str, reason: str, cursor: Any = None
    ) -> None:
        """Hold the actions for a subject until somebody approves."""
        self._command("pause", task_id, gate_name, reason, cursor)

    def approve(
        self, task_id: str, gate_name: str, reason: str = "", cursor: Any = None
    ) -> None:
        """Let the actions for a subject go on."""
        self._command("approve", task_id, gate_name, reason, cursor)

    def reject(
        self, task_id: str, gate_name: str, reason: str = "", cursor: Any = None
    ) -> None:
        """Refuse the actions for a subject until somebody approves."""
        self._command("reject", task_id, gate_name, reason, cursor)

    def get_gates(self, task_id: str) -> list[dict[str, Any]]:
        """Return the gates of a subject and those of all subjects."""
        with opened(self.db_path) as db:
            found = gates.of(db, task_id)
        return [
            {"gate_name": one.name, "state": one.state, "reason": one.reason}
            for one in found
        ]

    def _command(
        self, verb: str, task_id: str, gate_name: str, reason: str, cursor: Any
    ) -> None:
        unique, now = f"api-{uuid4().hex}", time.time()
        order = Command(unique, verb, task_id, gate_name, reason, "script", now, "api")
        with self._writing(cursor) as tx:
            write(tx, order, [gate_name])
        log("DEBUG", f"gate {gate_name} {verb} (task={task_id}): {reason}")
