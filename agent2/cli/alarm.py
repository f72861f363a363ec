"""Care that fails is told like an outage: once, and its end too."""

from __future__ import annotations

import contextlib
import platform
import time
from typing import TYPE_CHECKING

from agent2 import plan as plans
from agent2 import planfile
from agent2.cli.errors import Failure
from agent2.cli.records import NAME
from agent2.core.alerting import Facts, address, compose, routed
from agent2.core.effects import Notify
from agent2.core.model import AlertKind, Code, Facet, Severity
from agent2.host.clock import stamp
from agent2.host.wake import wake
from agent2.store import meta, outbox
from agent2.store.database import Database
from agent2.store.errors import StoreError
from agent2.wire.languages import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.cli.settings import Settings
    from agent2.core.message import Delivery
    from agent2.plan import Plan

_TARGET = "agent2"


@contextlib.contextmanager
def alarmed(settings: Settings, job: str) -> Iterator[None]:
    """Tell people when the work inside ends in a Failure, and when it goes again."""
    try:
        yield
    except Failure as failure:
        tell(settings, job, failure.message)
        raise
    tell(settings, job, "")


def tell(settings: Settings, job: str, trouble: str) -> None:
    """Queue an alert when *trouble* begins and when it is over ("").

    Where that cannot be queued, the exit code alone must do.
    """
    try:
        plan = plans.load(settings.path(planfile.PLAN_NAME))
        db = Database.open(settings.path(NAME), create=False)
    except (plans.PlanError, StoreError):
        return
    try:
        with contextlib.suppress(StoreError):
            if _queue(db, plan, settings, job, trouble, time.time()):
                wake(settings.state_dir)
    finally:
        db.close()


def _queue(
    db: Database, plan: Plan, settings: Settings, job: str, trouble: str, now: float
) -> bool:
    key = f"care.failing.{job}"
    known = meta.get(db, key) or ""
    if bool(known) == bool(trouble):
        return False
    since, _, detail = known.partition(" ")
    begun = now if trouble else float(since)
    rows = _deliveries(db, plan, settings, job, trouble or detail, (now, begun))
    with db.transaction() as tx:
        outbox.add(tx, rows)
        meta.put(tx, key, f"{now!r} {trouble}" if trouble else "")
    return True


def _deliveries(
    db: Database,
    plan: Plan,
    settings: Settings,
    job: str,
    detail: str,
    times: tuple[float, float],
) -> tuple[Delivery, ...]:
    now, begun = times
    catalogue = words(plan.language)
    issue = catalogue["issue.backup" if job == "backup" else "issue.store"]
    facts = Facts(
        words={**catalogue, "issue.degraded": issue},
        language=plan.language,
        stamp=stamp,
        host=platform.node(),
        instance=meta.instance(db),
        status_path=settings.path("agent2_status.json"),
        name=_TARGET,
    )
    wish = Notify(
        AlertKind.DEGRADED if now == begun else AlertKind.RESOLVED,
        _TARGET,
        f"{_TARGET}~{job}@{begun:.3f}",
        Severity.WARNING,
        now,
        begun,
        Facet.HEALTH,
        Code.COMMAND_FAILED,
        detail,
    )
    alert = compose(wish, facts, catalogue["action.none"])
    pairs = ((route.match, route.notifiers) for route in plan.routes)
    names = routed(alert, pairs, tuple(n.name for n in plan.notifiers), {})
    return address(alert, names, now)
