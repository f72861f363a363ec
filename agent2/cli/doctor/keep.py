"""The store, and by it: who is told and whether that arrives."""

from __future__ import annotations

import os
from collections.abc import Iterator

from agent2.cli.doctor.finding import BAD, Case, Finding
from agent2.cli.records import NAME
from agent2.cli.state.machine import duration, memory
from agent2.cli.typed import typed
from agent2.cli.words import say
from agent2.host.clock import stamp
from agent2.store import meta, outbox_view
from agent2.store.errors import StoreError
from agent2.store.glance import Glance, Standing
from agent2.store.outbox_view import NotifierCount

AREA, TOLD = "store", "notifiers"
_WAL = 64 << 20  # bytes; the watcher takes a checkpoint long before
_AHEAD = 60.0
_WAITS = 300.0


def look(case: Case) -> Iterator[Finding]:
    """Open the store for reading, and leave no trace in it."""
    path = case.settings.path(NAME)
    if not os.path.lexists(path):
        if case.watcher:
            text = say("doctor.no_store", path=path)
            yield Finding(AREA, "no_store", text, f"ls -l {path}", BAD)
        yield from _told_of(case, {}, {})
        return
    try:
        with Glance.at(path) as db:
            yield from _standing(case, path, db.standing())
            newest = db.rows("SELECT max(at) FROM journal")[0][0]
            yield from _ahead(case, newest)
            yield from _told_of(case, outbox_view.counts(db), meta.tried(db))
    except StoreError as error:
        what, _, advice = str(error).partition("; ")
        yield Finding(AREA, error.kind, what, advice or f"ls -l {path}", BAD)


def _standing(case: Case, path: str, found: Standing) -> Iterator[Finding]:
    case.note(AREA, version=found.version, bytes=found.size, wal_bytes=found.wal)
    if found.fault:
        text = say("doctor.damaged", path=path, why=found.fault)
        yield Finding(AREA, "damaged", text, typed("restart", case.settings), BAD)
    if found.version > found.newest:
        text = say("doctor.newer", path=path, has=found.version, knows=found.newest)
        yield Finding(AREA, "newer", text, say("doctor.do_newer"), BAD)
    limit = case.plan.store.alert_size if case.plan is not None else 1 << 30
    if limit and found.size + found.wal > limit:
        text = say("doctor.large", path=path, size=memory(found.size + found.wal))
        yield Finding(AREA, "large", text, typed("db stats", case.settings))
    elif found.wal > _WAL:
        text = say("doctor.wal", path=path, size=memory(found.wal))
        yield Finding(AREA, "wal", text, typed("restart", case.settings))


def _ahead(case: Case, newest: object) -> Iterator[Finding]:
    """The journal is ahead of the clock: the clock was set back since."""
    if isinstance(newest, int | float) and newest > case.now + _AHEAD:
        text = say("doctor.ahead", by=duration(newest - case.now), at=stamp(newest))
        yield Finding("clock", "ahead", text, "timedatectl status")


def _told_of(
    case: Case, counts: dict[str, NotifierCount], tried: dict[str, float]
) -> Iterator[Finding]:
    if case.plan is None:
        return
    names = [one.name for one in case.plan.notifiers]
    case.note(TOLD, configured=names)
    if not names:
        yield Finding(TOLD, "none", say("doctor.nobody"), say("doctor.do_nobody"))
    listing = typed("outbox list", case.settings)
    for name in names:
        count = counts.get(name)
        test = typed(f"notify test {name}", case.settings)
        if count is None or not (count.last_success_at or count.last_error):
            if name not in tried:
                text = say("doctor.untried", name=name)
                yield Finding(TOLD, "untried", text, test)
            continue
        if count.dead:
            text = say("doctor.dead", name=name, count=count.dead)
            yield Finding(TOLD, "dead", text, listing, BAD)
        error = count.last_error
        if error is not None and error[2] > (count.last_success_at or 0.0):
            why = f"{error[0].value}: {error[1]}"
            text = say("doctor.failing", name=name, at=stamp(error[2]), why=why)
            yield Finding(TOLD, "failing", text, test, BAD)
        oldest = count.oldest_pending_at
        if oldest is not None and case.now - oldest > _WAITS:
            age = duration(case.now - oldest)
            text = say("doctor.waits", name=name, count=count.pending, age=age)
            yield Finding(TOLD, "waits", text, listing)
