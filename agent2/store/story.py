"""All that the store knows of one incident: what led to it, and what followed."""

from __future__ import annotations

from agent2.core.value import value
from agent2.store import audits, incidents, journal, outcomes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.store.audits import Audit
    from agent2.store.database import Database
    from agent2.store.incidents import Incident
    from agent2.store.journal import Entry
    from agent2.store.outcomes import Outcome

_MOST = 2000  # entries of one incident
_AFTER = 5000  # entries of all targets after its end among which a proof is looked for


@value
class Story:
    """One incident with its entries of the journal, audit lines and deliveries.

    Attributes:
        entries: In order; also the changes of its target's health from the first
            failure on, and whether its restarts helped.
        audited: In order: decisions, and what came of them.
    """

    incident: Incident
    entries: list[Entry]
    audited: list[Audit]
    deliveries: list[Outcome]


def read(db: Database, sid: str) -> Story | None:
    """Return the story of the incident *sid*, or of the newest one of a target."""
    found = incidents.get(db, sid)
    if found is None:
        newest = incidents.latest(db, 1, sid)
        if not newest:
            return None
        found = newest[0]
    own = journal.read(db, limit=_MOST, incident=found.id)
    entries = _with_others(db, found, own)
    audited = [
        line for one in _events(own) for line in audits.of_event(db, f"ev-{one}")
    ]
    audited.sort(key=lambda line: line.id)
    return Story(found, entries, audited, outcomes.of_incident(db, found.id))


def _with_others(db: Database, of: Incident, own: list[Entry]) -> list[Entry]:
    """Return *own* with what its target did that bears no incident's id."""
    if not own:
        return own
    first, last = own[0].seq, own[-1].seq
    begun = journal.failing(db, of.target, first)
    tried = _events(own)
    entries = {one.seq: one for one in own}
    for one in journal.of_target(db, of.target, begun, last + _AFTER, _MOST):
        is_health = one.kind == "health.changed" and one.seq <= last + 1
        if is_health or str(one.body.get("action", "")) in tried:
            entries[one.seq] = one
    return [entries[seq] for seq in sorted(entries)]


def _events(own: list[Entry]) -> list[str]:
    """Return what the watcher made the ids of its events of: actions, refusals."""
    found: dict[str, None] = {}
    for one in own:
        if one.kind == "restart.withheld":
            found[f"{one.incident}/{one.body.get('why')}/{one.at:.3f}"] = None
        elif one.body.get("action"):
            found[str(one.body["action"])] = None
    return list(found)
