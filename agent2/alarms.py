"""What is wrong with Agent2's own keep is told like an outage: once, and its end too.

What was told stands in the store, so that programs that come and go tell it once.
"""

from __future__ import annotations

import os

from agent2.core.alerting import Facts, address, compose, routed
from agent2.core.effects import Notify
from agent2.core.model import AlertKind, Code, Facet, Severity
from agent2.host.clock import stamp
from agent2.host.wake import wake
from agent2.store import meta, outbox
from agent2.wire.languages import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.core.message import Delivery
    from agent2.plan.values import Plan
    from agent2.store.database import Database

_TARGET = "agent2"
_KEY = "care.failing."


def tell(
    db: Database, plan: Plan, state_dir: str, job: str, trouble: str, now: float
) -> str:
    """Queue an alert when *trouble* with *job* begins and when it is over ("").

    Returns what is (or was) wrong in words if that is news, else "". *now* is steady
    epoch seconds.

    Raises:
        StoreError: nothing is queued.
    """
    known = meta.get(db, _KEY + job) or ""
    if bool(known) == bool(trouble):
        return ""
    since, _, detail = known.partition(" ")
    begun = now if trouble else float(since)
    kind = AlertKind.DEGRADED if trouble else AlertKind.RESOLVED
    wish = Notify(
        kind,
        _TARGET,
        f"{_TARGET}~{job}@{begun:.3f}",
        Severity.WARNING,
        now,
        begun,
        Facet.HEALTH,
        Code.COMMAND_FAILED,
        trouble or detail,
    )
    rows = _deliveries(db, plan, state_dir, job, wish)
    with db.transaction() as tx:
        outbox.add(tx, rows)
        meta.put(tx, _KEY + job, f"{now!r} {trouble}" if trouble else "")
    wake(state_dir)  # the watcher starts the courier
    return words(plan.language)[_words(job)[0]].format(detail=trouble or detail)


def _deliveries(
    db: Database, plan: Plan, state_dir: str, job: str, wish: Notify
) -> tuple[Delivery, ...]:
    catalogue = words(plan.language)
    facts = Facts(
        words={**catalogue, "issue.degraded": catalogue[_words(job)[0]]},
        language=plan.language,
        stamp=stamp,
        host=os.uname().nodename,
        instance=meta.instance(db),
        status_path=os.path.join(state_dir, "agent2_status.json"),
        name=_TARGET,
    )
    over = wish.kind is AlertKind.RESOLVED
    todo = catalogue["action.none" if over else _words(job)[1]]
    alert = compose(wish, facts, todo)
    pairs = ((route.match, route.notifiers) for route in plan.routes)
    names = routed(alert, pairs, tuple(n.name for n in plan.notifiers), {})
    return address(alert, names, wish.at)


def _words(job: str) -> tuple[str, str]:
    """Return the ids of the sentences that say what is wrong and what to do."""
    return {
        "backup": ("issue.backup", "action.backup"),
        "backup_age": ("issue.backup_age", "action.backup_age"),
        "check": ("issue.store", "action.check"),
        "size": ("issue.size", "action.size"),
        "capacity": ("issue.capacity", "action.capacity"),
        "source": ("issue.source", "action.source"),
    }[job]
