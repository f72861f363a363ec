"""Tells people when the inbox itself is not well, through the notifiers, once.

What was told stands in the store, with the incident that it belongs to: the next
supervisor tells of its end, and not of its beginning again.
"""

from __future__ import annotations

import json
import os

from agent2.core import alerting
from agent2.core.levels import Grade
from agent2.core.message import Alert, Delivery
from agent2.core.model import AlertKind, Code, Severity
from agent2.host.clock import stamp
from agent2.host.wake import wake
from agent2.store import meta, outbox
from agent2.supervisor.metrics import Change, Levels
from agent2.wire.languages import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from agent2.plan.values import Plan
    from agent2.store.database import Database
    from agent2.store.inbox import Backlog

_KEY = "supervisor/level/"
_TARGET = "agent2"
_LOOK = "agent2 inbox stats"


class Telling:
    """The supervisor's word to people. Times are steady epoch seconds.

    Attributes:
        plan: Whose notifiers and routes count; None: nobody is told.
    """

    nothing = Levels(Grade.NORMAL, Grade.NORMAL, Grade.NORMAL)

    def __init__(self, db: Database, state_dir: str, now: Callable[[], float]) -> None:
        self.plan: Plan | None = None
        self._db = db
        self._state_dir = state_dir
        self._now = now

    def told(self) -> Levels:
        """Return the levels that people were told last."""
        grades = {each.value: each for each in Grade}
        found = (self._known(name).get("grade") for name in Levels.__match_args__)
        return Levels(*(grades.get(str(each), Grade.NORMAL) for each in found))

    def tell(self, changes: tuple[Change, ...], found: Backlog) -> None:
        """Queue an alert for each of *changes*, in one transaction.

        Raises:
            StoreError: nothing of it is queued.
        """
        if self.plan is None:
            return
        now, instance = self._now(), meta.instance(self._db)
        known = [self._next(self._known(each.name), each, now) for each in changes]
        with self._db.transaction() as tx:
            for change, state in zip(changes, known, strict=True):
                alert = self._alert(change, state, found, instance, now)
                outbox.add(tx, self._deliveries(alert, now))
                meta.put(tx, _KEY + change.name, json.dumps(state))
        wake(self._state_dir)  # the watcher starts the courier

    def _known(self, name: str) -> dict[str, Any]:
        try:
            tree = json.loads(meta.get(self._db, _KEY + name) or "{}")
        except ValueError:
            return {}
        return tree if isinstance(tree, dict) else {}

    def _next(
        self, known: dict[str, Any], change: Change, now: float
    ) -> dict[str, Any]:
        """Return what is known after *change*: a new incident, or a turn of the old."""
        fresh = change.before is Grade.NORMAL or "incident" not in known
        if fresh:
            incident = f"inbox-{change.name}-{int(now * 1000):x}"
            known = {"incident": incident, "opened_at": now, "count": -1}
        # Who was told of the worst is told of the end: routes may ask for severity.
        grave = known.get("grave") is True or change.grade is Grade.CRITICAL
        count = int(known.get("count", 0)) + 1
        return known | {"grade": change.grade.value, "count": count, "grave": grave}

    def _alert(
        self,
        change: Change,
        state: dict[str, Any],
        found: Backlog,
        instance: str,
        now: float,
    ) -> Alert:
        assert self.plan is not None
        over = change.grade is Grade.NORMAL
        kind = AlertKind.RESOLVED if over else AlertKind.FIRING
        incident, opened = str(state["incident"]), float(state["opened_at"])
        catalogue = words(self.plan.language)
        detail = _shown(found)
        return Alert(
            id=f"{incident}/{kind.value}/{state['count']}",
            kind=kind,
            incident=incident,
            dedup_key=f"agent2/{instance}/{_TARGET}/{incident}",
            target=_TARGET,
            severity=Severity.CRITICAL if state["grave"] else Severity.WARNING,
            subject=catalogue[f"subject.{kind.value}"].format(issue=change.issue),
            issue=change.issue,
            action="",
            reason="health_check_failed",
            code=Code.INTERNAL.value,
            detail=detail,
            at=stamp(now),
            opened_at=stamp(opened),
            closed_at=stamp(now) if over else None,
            duration_s=round(max(now - opened, 0.0), 3),
            host=os.uname().nodename,
            instance=instance,
            look=_LOOK,
            lines=(change.issue, detail, "", catalogue["line.look"], f"  {_LOOK}"),
            language=self.plan.language,
            count=int(state["count"]),
        )

    def _deliveries(self, alert: Alert, now: float) -> tuple[Delivery, ...]:
        assert self.plan is not None
        routes = ((each.match, each.notifiers) for each in self.plan.routes)
        every = tuple(each.name for each in self.plan.notifiers)
        names = alerting.routed(alert, routes, every, {})
        return alerting.address(alert, names, now)


def _shown(found: Backlog) -> str:
    return (
        f"pending {found.pending}, processing {found.processing},"
        f" failed {found.failed}, completed {found.completed}"
    )
