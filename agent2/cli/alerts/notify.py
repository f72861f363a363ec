"""``agent2 notify list | test``: who can be told, and does it arrive?

A test goes the real way: queued in an outbox, leased and sent by a real courier
with the configured notifier. It has a store of its own for that, so that it neither
waits behind real alerts nor is tried again tomorrow.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from typing import Any

import click

from agent2.cli import codes
from agent2.cli.alerts.trial import send
from agent2.cli.command import Group, with_json
from agent2.cli.configuration.plans import obtain, put
from agent2.cli.errors import Failure
from agent2.cli.records import NAME, print_json, print_rows
from agent2.cli.settings import Settings
from agent2.cli.words import say
from agent2.core.message import Delivery, DeliveryState
from agent2.plan.values import Plan, PluginPlan
from agent2.store import meta
from agent2.store.database import Database
from agent2.store.errors import StoreError

notify = Group("notify", help=say("help.notify"))


@notify.command("list", help=say("help.notify.list"))
@with_json
def listing(settings: Settings, as_json: bool) -> None:
    """List the configured notifiers."""
    found = obtain(settings).notifiers
    if as_json:
        print_json({"notifiers": [{"name": n.name, "kind": n.kind} for n in found]})
    else:
        rows: list[Any] = [(n.name, n.kind) for n in found]
        columns = ("notifier", "kind")
        print_rows(columns, rows, say("notify.none"), settings.color)


@notify.command("test", help=say("help.notify.test"))
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--timeout", type=click.FloatRange(1), default=30.0, help=say("option.timeout")
)
@with_json
def test(
    settings: Settings, names: tuple[str, ...], timeout: float, as_json: bool
) -> int:
    """Send a test message to each notifier and show what became of it."""
    plan = obtain(settings)
    chosen = _choose(plan, names)
    with tempfile.TemporaryDirectory(prefix="agent2-") as folder:
        put(settings, folder)
        status = settings.path("agent2_status.json")
        results = send(plan, chosen, folder, timeout, status)
    told = [_result(n, results.get(n.name), timeout) for n in chosen]
    _keep(settings, [one["name"] for one in told if one["delivered"]])
    if as_json:
        print_json({"notifiers": told})
    else:
        click.echo("\n".join(one["text"] for one in told))
    return codes.OK if all(one["delivered"] for one in told) else codes.FAILED


def _keep(settings: Settings, names: list[str]) -> None:
    """Write down what arrived, where a store is: the doctor asks who was ever tried."""
    if names and os.path.exists(settings.path(NAME)):
        with contextlib.suppress(StoreError):
            db = Database.open(settings.path(NAME))
            try:
                meta.try_done(db, names, time.time())
            finally:
                db.close()


def _choose(plan: Plan, names: tuple[str, ...]) -> list[PluginPlan]:
    if not plan.notifiers:
        raise Failure(codes.USAGE, say("notify.none"), say("notify.try_add"))
    known = {n.name: n for n in plan.notifiers}
    for name in names:
        if name not in known:
            message = say("notify.unknown", name=name)
            raise Failure(codes.USAGE, message, "agent2 notify list")
    return [known[name] for name in names] if names else list(plan.notifiers)


def _result(
    plan: PluginPlan, told: tuple[Delivery, float] | None, timeout: float
) -> dict[str, Any]:
    base = {"name": plan.name, "kind": plan.kind}
    if told is None:
        text = say("notify.silent", **base, seconds=f"{timeout:g}")
        return base | {"delivered": False, "cause": "timeout", "text": text}
    row, spent = told
    if row.state is DeliveryState.DELIVERED:
        took = f"{spent:.1f}"
        text = say("notify.sent", **base, seconds=took, detail=row.receipt)
        return base | {"delivered": True, "detail": row.receipt, "text": text}
    cause = row.cause.value if row.cause else "unknown"
    text = say("notify.failed", **base, cause=cause, detail=row.detail)
    return base | {
        "delivered": False,
        "cause": cause,
        "detail": row.detail,
        "text": text,
    }
