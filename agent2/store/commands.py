"""What a person commands: event, gates and audit in one commit, or none of them."""

from __future__ import annotations

from agent2.core import gates as moves
from agent2.core.events import Event, Gate
from agent2.core.policies import Measure, Ruling
from agent2.core.rulings import AUDIT
from agent2.core.value import value
from agent2.store import audits, gates, inbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    from agent2.store.database import Database

# verb: type of the event, the ruling, what is done
_VERBS = {
    "pause": ("GATE_PAUSED", Ruling.PAUSE, Measure.PAUSE_GATE),
    "approve": ("GATE_APPROVED", Ruling.ALLOW, Measure.OPEN_GATE),
    "reject": ("GATE_REJECTED", Ruling.BLOCK, Measure.MARK_BLOCKED),
}


@value
class Command:
    """A person's word about the gates of one subject.

    Attributes:
        id: Unique: who repeats a command repeats its id.
        verb: pause, approve or reject.
        subject: A target, any foreign id, or ``*`` for all of them.
        gate: Its name; "" is ``restart`` to pause, and all that hold to the others.
        at: Epoch seconds.
        source: By which way it came: ``cli``, ``api``.
    """

    id: str
    verb: str
    subject: str
    gate: str
    reason: str
    who: str
    at: float
    source: str


def carry_out(db: Database, command: Command) -> tuple[Gate, ...]:
    """Set the gates and write down who, when and why; return them.

    Raises:
        KeyError: there is no such verb.
        StoreError: it could not be written; then nothing is changed.
    """
    names = _names(db, command)
    with db.transaction() as tx:
        return write(tx, command, names)


def write(
    tx: sqlite3.Connection, command: Command, names: list[str]
) -> tuple[Gate, ...]:
    """Do the same to the gates *names* in somebody's own transaction."""
    kind, ruling, measure = _VERBS[command.verb]
    made = tuple(_moved(command, name) for name in names)
    about = {"gates": names, "who": command.who}
    facts = about | {"reason": command.reason}
    event = Event(command.id, command.source, command.subject, kind, command.at, facts)
    decision_id = f"dec-{command.id}"
    told = {
        "decision_type": ruling.value,
        "decision_id": decision_id,
        "reason": command.reason,
        "findings": [],
        "actions": [
            {"action_type": measure.value, "target": name, "result": "done"}
            for name in names
        ],
        "event_type": kind,
    }
    audit, level = AUDIT[ruling]
    if inbox.add(tx, [event], command.at, "completed"):
        for gate in made:
            gates.put(tx, gate)
        row = (audit, told | about, command.at, event.id, decision_id)
        audits.append(tx, command.subject, level, *row)
    return made


def _names(db: Database, command: Command) -> list[str]:
    if command.gate:
        return [command.gate]
    if command.verb == "pause":
        return [moves.RESTART]
    there = (g for g in gates.of(db, command.subject) if g.subject == command.subject)
    return [g.name for g in there if g.state in moves.HELD] or [moves.RESTART]


def _moved(command: Command, name: str) -> Gate:
    how = (command.reason, command.who, command.at)
    gate = moves.pause(command.subject, name, *how)
    if command.verb == "pause":
        return gate
    return (moves.approve if command.verb == "approve" else moves.reject)(gate, *how)
