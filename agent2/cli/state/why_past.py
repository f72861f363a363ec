"""What the store knows of a target's incident: found, done, told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agent2.store import actions, incidents, journal, outcomes
from agent2.store.actions import ActionRow
from agent2.store.database import Database
from agent2.store.incidents import Incident
from agent2.store.outcomes import Outcome
from agent2.wire.records import moment
from agent2.wire.status import RESULTS

_MOST = 1000


@dataclass(frozen=True, slots=True)
class Past:
    """One incident, open or the last one, with all that belongs to it.

    Attributes:
        evidence, path: What the pack of evidence names, and where it lies.
        withheld: Why no restart was asked for, newest, with a note.
        told: The newest delivery of each kind to each notifier, in order.
    """

    incident: Incident | None = None
    evidence: str = ""
    path: str = ""
    withheld: tuple[str, str] = ("", "")
    done: tuple[ActionRow, ...] = ()
    told: tuple[Outcome, ...] = ()

    def tree(self) -> dict[str, Any]:
        """Return it as JSON."""
        one = self.incident
        return {
            "incident": None if one is None else one.id,
            "open": one is not None and one.resolved_at is None,
            "found": {"summary": self.evidence or None, "path": self.path or None},
            "done": [
                {
                    "at": moment(row.planned_at),
                    "action": row.label,
                    "attempt": row.attempt,
                    "result": row.result.value,
                    "shown_as": RESULTS[row.result],
                }
                for row in self.done
            ],
            "withheld": self.withheld[0] or None,
            "told": [
                {
                    "notifier": each.notifier,
                    "kind": kind(each),
                    "state": each.state,
                    "attempts": each.attempts,
                    "cause": each.cause or None,
                    "at": moment(each.finished_at or each.created_at),
                }
                for each in self.told
            ],
        }


def read(db: Database, target: str, incident: object) -> Past:
    """Read the story of *incident*, or of the last one of *target*."""
    found = incidents.get(db, incident) if isinstance(incident, str) else None
    if found is None:
        found = next(iter(incidents.latest(db, 1, target)), None)
    if found is None:
        return Past()
    evidence = path = ""
    withheld = ("", "")
    for entry in journal.read(db, limit=_MOST, incident=found.id):
        body = entry.body
        if entry.kind == "evidence.collected":
            evidence, path = str(body.get("summary", "")), str(body.get("path", ""))
        elif entry.kind == "restart.withheld":
            withheld = (str(body.get("why", "")), str(body.get("note", "")))
        elif entry.kind == "restart.requested":
            withheld = ("", "")
    done = (row for row in actions.of_incident(db, found.id) if row.kind != "warn")
    newest = {
        (each.notifier, kind(each)): each
        for each in outcomes.of_incident(db, found.id)
        if each.state != "superseded"
    }
    told = tuple(newest.values())
    return Past(found, evidence, path, withheld, tuple(done), told)


def kind(one: Outcome) -> str:
    """Return what a delivery tells: an id is ``{incident}/{kind}/{count}/…``."""
    return one.id.removeprefix(f"{one.incident}/").partition("/")[0]
