"""Marks of what people changed, in the journal: a deployment, a setting, a move."""

from __future__ import annotations

from agent2.core.value import value
from agent2.store.codec import load_object
from agent2.store.spoken import note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.store.database import Database
    from agent2.store.spoken import Word

KIND = "deployment.marked"
_EVERY = "agent2"  # the subject of a mark that is about all targets


@value
class Mark:
    """One change. *target* is "" where it is about all; *watch* is in seconds."""

    at: float
    what: str
    who: str
    target: str
    watch: float


def add(db: Database, word: Word, target: str, watch: float) -> Mark:
    """Write down that something changes now; *word* says what and who.

    Raises:
        StoreError: it could not be written.
    """
    about = {"target": target, "watch_s": watch}
    with db.transaction() as tx:
        note(tx, word, target or _EVERY, "DEPLOYMENT_MARKED", KIND, about)
    return Mark(word.at, word.why, word.who, target, watch)


def between(db: Database, since: float, till: float) -> list[Mark]:
    """Return the marks of a time, in order."""
    rows = db.rows(
        "SELECT at, body FROM journal WHERE kind = ? AND at >= ? AND at < ?"
        " ORDER BY seq",
        (KIND, since, till),
    )
    return [_mark(float(at), load_object(body)) for at, body in rows]


def _mark(at: float, body: dict[str, object]) -> Mark:
    watch = body.get("watch_s")
    return Mark(
        at,
        str(body.get("why", "")),
        str(body.get("who", "")),
        str(body.get("target", "")),
        float(watch) if isinstance(watch, int | float) else 0.0,
    )
