"""Orders of people to the watcher: look now, restart this, close that.

    waiting --the watcher--> done | refused

An order is taken up in the transaction of what comes of it, so a kill at any moment
leaves it either waiting or answered.
"""

from __future__ import annotations

from agent2.core.value import as_dict, value
from agent2.store.codec import plain
from agent2.store.rows import cells, columns, insert, reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    from agent2.store.database import Database

WAITING, DONE, REFUSED = "waiting", "done", "refused"
CHECK, RESTART, CLOSE = "check", "restart", "close"
_KEPT = 1000  # answered ones that are remembered


@value
class Order:
    """What a person asks of the watcher.

    Attributes:
        verb: ``check``, ``restart`` (a target, for ``check`` also ``*``) or ``close``
            (an incident).
        at, done_at: Wall epoch seconds.
        force: Over a pause, a frozen window, a target that still fails.
        answer: A word for programs; *note* says more to people.
    """

    id: str
    verb: str
    subject: str
    why: str
    who: str
    at: float
    force: bool = False
    state: str = WAITING
    answer: str = ""
    note: str = ""
    done_at: float | None = None


_SELECT = f"SELECT {columns(Order)} FROM orders "  # noqa: S608  (our own names)
_INSERT = insert("orders", columns(Order))
_order = reader(Order)


def add(tx: sqlite3.Connection, order: Order) -> bool:
    """Write an order down; False if it is known already."""
    done = tx.execute(_INSERT, cells(*as_dict(order).values()))
    tx.execute(
        "DELETE FROM orders WHERE state != 'waiting'"
        " AND seq <= (SELECT max(seq) FROM orders) - ?",
        (_KEPT,),
    )
    return done.rowcount == 1


def finish(
    tx: sqlite3.Connection, name: str, state: str, answer: str, note: str, at: float
) -> bool:
    """Write down what came of an order; False if it was answered before."""
    done = tx.execute(
        "UPDATE orders SET state = ?, answer = ?, note = ?, done_at = ?"
        " WHERE id = ? AND state = 'waiting'",
        (state, answer, plain(note), at, plain(name)),
    )
    return done.rowcount == 1


def waiting(db: Database) -> tuple[Order, ...]:
    """Return what nobody has taken up yet, in the order in which it came."""
    return _orders(db, "WHERE state = 'waiting' ORDER BY seq", ())


def latest(db: Database, limit: int = 50) -> tuple[Order, ...]:
    """Return the newest orders, the newest first."""
    return _orders(db, "ORDER BY seq DESC LIMIT ?", (limit,))


def get(db: Database, name: str) -> Order | None:
    """Return one order by its id."""
    found = _orders(db, "WHERE id = ?", (plain(name),))
    return found[0] if found else None


def _orders(db: Database, where: str, params: tuple[object, ...]) -> tuple[Order, ...]:
    rows = db.rows(_SELECT + where, params)
    return tuple(map(_order, rows))
