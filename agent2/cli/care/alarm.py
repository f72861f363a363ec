"""Care that fails is told like an outage: once, and its end too."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from agent2 import alarms
from agent2.cli.errors import Failure
from agent2.cli.records import NAME
from agent2.cli.settings import Settings
from agent2.plan import sources, stored
from agent2.store import guarded
from agent2.store.database import Database
from agent2.store.errors import StoreError


@contextlib.contextmanager
def alarmed(settings: Settings, job: str) -> Iterator[None]:
    """Tell people when a copy fails, and when it goes again; the audit has each."""
    try:
        yield
    except Failure as failure:
        tell(settings, job, failure.message)
        written(settings, guarded.FAILED, "error", why=failure.message)
        raise
    tell(settings, job, "")
    written(settings, guarded.MADE, "info")


def written(settings: Settings, kind: str, level: str, **about: object) -> None:
    """Write a line of the audit about the copies, if there is a store that takes it."""
    try:
        db = Database.open(settings.path(NAME), create=False)
    except StoreError:
        return
    try:
        guarded.note(db, kind, level, about, time.time())
    finally:
        db.close()


def tell(settings: Settings, job: str, trouble: str) -> None:
    """Queue an alert when *trouble* begins and when it is over ("").

    Where that cannot be queued, the exit code alone must do.
    """
    try:
        plan = stored.load(settings.path(sources.PLAN_NAME))
        db = Database.open(settings.path(NAME), create=False)
    except (stored.PlanError, StoreError):
        return
    try:
        with contextlib.suppress(StoreError):
            alarms.tell(db, plan, settings.state_dir, job, trouble, time.time())
    finally:
        db.close()
