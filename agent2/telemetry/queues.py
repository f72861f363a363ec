"""What waits to be sent: read from the store after a mark, in batches, within a bound.

The journal and the outbox are the queue. Here is one batch at a time, with the mark
that counts once the batch was taken; a mark that is not used costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent2.store import actions, incidents, journal, outcomes
from agent2.telemetry import records, spans

if TYPE_CHECKING:
    from agent2.store.database import Database
    from agent2.store.journal import Entry
    from agent2.telemetry.marks import Mark
    from agent2.telemetry.shapes import Record, Span

    Batch = tuple[list[Any], Mark]

_READ = 500  # entries at a time while some are passed over


def begin(db: Database, mark: Mark, most: int) -> Mark:
    """Return a mark that is in *db*: at first, the newest *most* entries are news.

    One beyond the end is of a store that was put back to an older state.
    """
    newest, made = journal.last(db), mark.copy()
    if made.seq < 0:
        made.seq = max(newest - most, 0)
        made.deliveries = max(outcomes.last(db) - most, 0)
    made.seq = min(made.seq, newest)
    made.deliveries = min(made.deliveries, outcomes.last(db))
    return made


class Logs:
    """The journal as log records."""

    kind = "logs"

    def __init__(self, db: Database, store: str) -> None:
        """Read *db*, whose name is *store*."""
        self._db, self._store = db, store

    def bounded(self, mark: Mark, most: int) -> Mark:
        """Return *mark*, moved on so that at most *most* wait; the rest is dropped."""
        over = journal.last(self._db) - mark.seq - most
        if over <= 0:
            return mark
        made = mark.copy()
        made.seq, made.dropped = mark.seq + over, mark.dropped + over
        return made

    def batch(self, mark: Mark, most: int) -> Batch:
        """Return up to *most* records after *mark*, and the mark behind them."""
        entries = journal.read(self._db, mark.seq, most)
        found: list[Record] = [records.of_entry(e, self._store) for e in entries]
        made = mark.copy()
        if entries:
            made.seq = entries[-1].seq
        return found, made


class Traces:
    """The journal and the outbox as spans."""

    kind = "traces"

    def __init__(self, db: Database) -> None:
        self._db = db

    def bounded(self, mark: Mark, most: int) -> Mark:
        """Return *mark*, moved on so that at most *most* entries wait."""
        made = mark.copy()
        upto = journal.last(self._db) - most
        while made.seq < upto:
            entries = journal.read(self._db, made.seq, _READ)
            entries = [each for each in entries if each.seq <= upto]
            if not entries:
                made.seq = upto
            for entry in entries:
                made.dropped += len(self._take(entry, made))
        low = outcomes.last(self._db) - most
        if made.deliveries < low:
            gone = low - made.deliveries - sum(seq <= low for seq in made.done)
            made.dropped += gone
            made.done = [seq for seq in made.done if seq > low]
            made.deliveries = low
        return made

    def batch(self, mark: Mark, most: int) -> Batch:
        """Return about *most* spans after *mark*, and the mark behind them."""
        made, found = mark.copy(), list[Any]()
        for entry in journal.read(self._db, made.seq, most):
            if len(found) >= most:
                break
            found += self._take(entry, made)
        if len(found) < most:
            found += self._deliveries(made, most - len(found))
        return found, made

    def _take(self, entry: Entry, mark: Mark) -> list[Span]:
        """Return what *entry* completes; *mark* moves behind it."""
        mark.seq, target = entry.seq, entry.target or ""
        if entry.kind == "health.changed":
            if entry.body.get("new") == "failing":
                mark.failing[target] = entry.at
            elif entry.body.get("new") != "unhealthy":
                mark.failing.pop(target, None)
        found = spans.of_entry(
            entry,
            mark.failing.get(target),
            lambda action: actions.get(self._db, action),
            lambda incident: incidents.get(self._db, incident),
        )
        if entry.kind == "incident.opened":
            mark.failing.pop(target, None)
        return found

    def _deliveries(self, mark: Mark, most: int) -> list[Span]:
        """Return spans of deliveries that ended since, whatever their order."""
        done, found = set(mark.done), list[Any]()
        low, contiguous = mark.deliveries, True
        for one in self._waiting(low):
            if one.seq not in done and one.state in spans.ENDED and len(found) < most:
                done.add(one.seq)
                if one.incident:
                    found.append(spans.of_outcome(one))
            contiguous = contiguous and one.seq in done
            low = one.seq if contiguous else low
        mark.deliveries, mark.done = low, sorted(seq for seq in done if seq > low)
        return found

    def _waiting(self, low: int) -> list[outcomes.Outcome]:
        """Return all after *low*: no more than the bound, which was seen to before."""
        return outcomes.after(self._db, low, 1_000_000)
