"""What a person says of alerts and targets: event, row, journal, audit in one commit.

The gates have a room of their own (``commands.py``); the way is the same.
"""

from __future__ import annotations

from agent2.core.events import Event
from agent2.core.policies import Ruling
from agent2.core.rulings import AUDIT
from agent2.core.silences import Silence, ended
from agent2.core.value import value
from agent2.store import audits, inbox, incidents, journal, orders, silences

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from typing import Any

    from agent2.store.database import Database
    from agent2.store.orders import Order

_ORDERED = {
    orders.CHECK: "CHECK_REQUESTED",
    orders.RESTART: "RESTART_REQUESTED",
    orders.CLOSE: "CLOSE_REQUESTED",
}


@value
class Word:
    """Who says it, when and why.

    Attributes:
        id: Unique: who repeats a word repeats its id.
        at: Wall epoch seconds.
        source: By which way it came: ``cli``, ``api``.
    """

    id: str
    who: str
    why: str
    at: float
    source: str


def acknowledge(db: Database, incident: str, word: Word) -> bool:
    """Acknowledge an open incident; False if there is none of that id.

    Raises:
        StoreError: it could not be written; then nothing is changed.
    """
    with db.transaction() as tx:
        if not incidents.ack(tx, incident, word.at, word.who, word.why):
            return False
        note(tx, word, incident, "INCIDENT_ACKNOWLEDGED", "incident.acknowledged", {})
    return True


def unacknowledge(db: Database, incident: str, word: Word) -> bool:
    """Take an acknowledgement back; False if there is none."""
    with db.transaction() as tx:
        if not incidents.ack(tx, incident, None, "", ""):
            return False
        kind, entry = "INCIDENT_UNACKNOWLEDGED", "incident.unacknowledged"
        note(tx, word, incident, kind, entry, {})
    return True


def silence(db: Database, given: Silence, source: str) -> None:
    """Begin *given*, which was found to be a silence (``core.silences.refusal``)."""
    word = Word(given.id, given.who, given.why, given.at, source)
    about = {
        "silence": given.id,
        "match": dict(given.match),
        "starts_at": given.starts_at,
        "until": given.until,
    }
    with db.transaction() as tx:
        silences.put(tx, given)
        note(tx, word, _about(given), "SILENCE_ADDED", "silence.added", about)


def end_silence(db: Database, name: str, word: Word) -> Silence | None:
    """End the silence *name* now; None if there is none. One that is over stays."""
    found = silences.get(db, name)
    if found is None:
        return None
    over = ended(found, word.who, word.at)
    if over is not found:
        with db.transaction() as tx:
            silences.put(tx, over)
            about = {"silence": name}
            note(tx, word, _about(over), "SILENCE_ENDED", "silence.ended", about)
    return over


def give(db: Database, order: Order, source: str) -> None:
    """Write *order* down for the watcher."""
    word = Word(order.id, order.who, order.why, order.at, source)
    about = {"order": order.id, "verb": order.verb, "force": order.force}
    with db.transaction() as tx:
        if orders.add(tx, order):
            kind = _ORDERED[order.verb]
            note(tx, word, order.subject, kind, "order.given", about)


def answered(
    tx: sqlite3.Connection, order: Order, state: str, answer: str, note: str, at: float
) -> None:
    """Write down what came of *order*, in the transaction of that (*at*: wall)."""
    if not orders.finish(tx, order.id, state, answer, note, at):
        return
    about = {"order": order.id, "verb": order.verb, "who": order.who, "why": order.why}
    about |= {"state": state, "answer": answer, "note": note}
    ruling = Ruling.ALLOW if state == orders.DONE else Ruling.BLOCK
    audit, level = AUDIT[ruling]
    told: dict[str, Any] = about | {"decision_type": ruling.value}
    told |= {"reason": note or answer, "forced": order.force}
    told["event_type"] = _ORDERED.get(order.verb, "ORDER_REFUSED")
    audits.append(tx, order.subject, level, audit, told, at, order.id)
    journal.append(tx, at, "order.answered", *_where(order), about)


def _where(order: Order) -> tuple[str | None, str | None]:
    if order.verb == orders.CLOSE:
        return None, order.subject
    return order.subject, None


def _about(given: Silence) -> str:
    return given.match.get("target", given.id)


def note(
    tx: sqlite3.Connection,
    word: Word,
    subject: str,
    kind: str,
    entry: str,
    about: dict[str, Any],
) -> None:
    """Write *word* down as event, audit line and journal entry."""
    told = about | {"who": word.who, "why": word.why}
    event = Event(word.id, word.source, subject, kind, word.at, told)
    inbox.add(tx, [event], word.at, "completed")
    audit = told | {"event_type": kind, "reason": word.why}
    audits.append(tx, subject, "info", kind, audit, word.at, word.id)
    incident = subject if kind.startswith(("INCIDENT", "CLOSE")) else None
    target = None if incident else subject
    journal.append(tx, word.at, entry, target, incident, told)
