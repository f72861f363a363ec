"""Send a test message through a real outbox and a real courier, and wait for it."""

from __future__ import annotations

import os
import platform
import subprocess
import time

from agent2.cli import settings as paths
from agent2.core.alerting import Facts, address, compose
from agent2.core.effects import Notify
from agent2.core.message import Alert, Delivery, DeliveryState
from agent2.core.model import AlertKind, Code, Facet, Severity
from agent2.host.clock import stamp
from agent2.plan.values import Plan, PluginPlan
from agent2.store import outbox
from agent2.store.database import Database
from agent2.wire.languages import words

_STEP = 0.02  # seconds between two looks at the outbox


def _alert(plan: Plan, now: float, status_path: str) -> Alert:
    """Compose the marked test message in the words of the catalogue."""
    catalogue = words(plan.language)
    facts = Facts(
        words={**catalogue, "issue.health": catalogue["issue.test"]},
        language=plan.language,
        stamp=stamp,
        host=platform.node(),
        instance="test",
        status_path=status_path,
        name=plan.primary.name,
    )
    wish = Notify(
        AlertKind.TEST,
        plan.primary.name,
        f"test@{now:.3f}",
        Severity.INFO,
        now,
        now,
        Facet.HEALTH,
        Code.OK,
        catalogue["issue.test"],
    )
    return compose(wish, facts, catalogue["action.none"])


def send(
    plan: Plan,
    chosen: list[PluginPlan],
    folder: str,
    timeout: float,
    status_path: str,
) -> dict[str, tuple[Delivery, float]]:
    """Queue a test for each of *chosen* in *folder*; return the rows that were tried.

    *folder* holds the compiled plan and goes afterwards, so the message names the
    *status_path* that stays; at most *timeout* seconds are waited. Beside each row
    stands after how many seconds its result was there.
    """
    now = time.time()
    alert = _alert(plan, now, status_path)
    rows = address(alert, [n.name for n in chosen], now)
    db = Database.open(os.path.join(folder, "agent2.db"))
    try:
        with db.transaction() as tx:
            outbox.add(tx, rows)
        argv = [paths.python(), "-I", "-S", paths.COURIER, "--state-dir", folder]
        courier = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            return _results(db, rows, courier, time.monotonic() + timeout)
        finally:
            courier.terminate()
            try:
                courier.wait(5.0)
            except subprocess.TimeoutExpired:
                courier.kill()
                courier.wait()
    finally:
        db.close()


def _results(
    db: Database,
    rows: tuple[Delivery, ...],
    courier: subprocess.Popen[bytes],
    deadline: float,
) -> dict[str, tuple[Delivery, float]]:
    """Wait until each row was tried once."""
    begun = time.monotonic()
    over: dict[str, tuple[Delivery, float]] = {}
    while len(over) < len(rows) and time.monotonic() < deadline:
        ended = courier.poll() is not None
        for row in rows:
            now = outbox.get(db, row.id)
            tried = now is not None and (
                now.state in (DeliveryState.DELIVERED, DeliveryState.DEAD)
                or (now.state is DeliveryState.PENDING and now.cause is not None)
            )
            if now is not None and tried and row.notifier not in over:
                over[row.notifier] = (now, time.monotonic() - begun)
        if ended:
            break
        time.sleep(_STEP)
    return over
