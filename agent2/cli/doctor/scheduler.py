"""``agent2 doctor scheduler``: do the queues keep up, or turn without work?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import click

from agent2.cli import codes
from agent2.cli.command import Command, with_json
from agent2.cli.errors import Failure
from agent2.cli.records import CODES, NAME, print_json
from agent2.cli.settings import Settings
from agent2.cli.state import snapshot
from agent2.cli.typed import typed
from agent2.cli.words import say
from agent2.core.spans import LATE
from agent2.store import tallies, totals
from agent2.store.errors import StoreError
from agent2.store.glance import Glance

Totals = dict[str, list[tuple[str, str, str, float]]]


_IDLE = 0.9  # of the looks found nothing
_GUARD = 0.05  # of the writes were those of an old writer (the documents' number)
_WAITING = 50  # due at this instant: a batch of the documents
_AGAIN = 0.1  # of the targets were due before their last look had ended
_QUEUES = ("delivery", "event")


@click.command(cls=Command, help=say("help.doctor.scheduler"))
@with_json
def scheduler(settings: Settings, as_json: bool) -> int:
    """Print claims, empty looks and lateness, with a verdict for each."""
    tree = examine(settings, time.time())
    found = list(verdicts(tree, settings))
    late = any(key != "idle" for key, _ in found)
    code = codes.FAILED if late else codes.OK
    if as_json:
        told = [{"code": key, "text": text} for key, text in found]
        print_json(tree | {"verdict": told})
        return code
    for name in _QUEUES:
        one = tree["queues"][name]
        shown = {k: _percent(one[k]) for k in ("claim_success_rate", "empty_rate")}
        waits = {"waits": one["due"], "polls": f"{one['polls']:.0f}"}
        click.echo(say("scheduler.queue", name=name, **shown, **waits))
    checks = tree["checks"]
    click.echo(
        say("scheduler.checks", count=f"{checks['cycles']:.0f}", **_late(checks))
    )
    click.echo("\n".join(text for _, text in found) or say("scheduler.well"))
    return code


def examine(settings: Settings, now: float) -> dict[str, Any]:
    """Return the figures since the store began, as JSON.

    Raises:
        Failure: the store cannot be read.
    """
    try:
        with Glance.at(settings.path(NAME)) as db:
            found = totals.read(db)
            sends, events = tallies.outbox(db, now), tallies.inbox(db, now)
    except StoreError as error:
        what, _, advice = str(error).partition("; ")
        code = CODES.get(error.kind, codes.IO)
        raise Failure(code, say("error.store", why=what), advice) from None
    due = {"delivery": sends.due, "event": events.pending}
    expired = {"delivery": sends.expired, "event": events.expired}
    seen = snapshot.read(settings)
    return {
        "queues": {
            name: _queue(found, name)
            | {"due": due[name], "expired_running": expired[name]}
            for name in _QUEUES
        },
        "checks": lateness(found)
        | {
            name: seen.part("agent", "self", key) if seen.fresh else None
            for name, key in (("now_s", "lateness_s"), ("waiting", "waiting"))
        }
        | {"targets": len(seen.entries("targets"))},
    }


def _queue(found: Totals, queue: str) -> dict[str, Any]:
    def many(name: str, how: str) -> float:
        rows = found.get(name, ())
        return sum(n for one, two, _, n in rows if (one, two) == (queue, how))

    hits, empty = many("poll", "found"), many("poll", "empty")
    polls = hits + empty
    wrote = many("claimed_update", "success")
    guarded = many("claimed_update", "guard_reject")
    return {
        "polls": polls,
        "claimed": many("claim", "fresh") + many("claim", "reclaimed"),
        "claim_success_rate": hits / polls if polls else None,
        "empty_rate": empty / polls if polls else None,
        "guard_reject_rate": guarded / (wrote + guarded) if wrote + guarded else None,
    }


def lateness(found: Totals) -> dict[str, Any]:
    """Return by how much cycles began late: bounds of half and of 99 in 100."""
    counts = {bound: many for _, bound, _, many in found.get("late", ())}
    total = sum(many for bound, many in counts.items() if bound != "sum")
    return {
        "cycles": total,
        "p50_s": _quantile(counts, 0.5 * total),
        "p99_s": _quantile(counts, 0.99 * total),
    }


def _quantile(counts: dict[str, float], rank: float) -> float | None:
    """Return the least bound below which *rank* cycles are; None: there are none."""
    below = 0.0
    for bound in (*LATE, float("inf")):
        below += counts.get("+Inf" if bound == float("inf") else str(bound), 0.0)
        if rank and below >= rank:
            return min(bound, 2 * LATE[-1])
    return None


def verdicts(tree: dict[str, Any], settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield what the figures of ``examine`` mean: a word for it, and the advice."""
    checks = tree["checks"]
    late = checks["p99_s"]
    if (late is not None and late > 1.0) or (checks["now_s"] or 0.0) > 1.0:
        yield "late", say("scheduler.late", **_late(checks))
    if (checks["waiting"] or 0) > _AGAIN * checks["targets"]:
        yield "overload", say("scheduler.overload", count=checks["waiting"])
    for name in _QUEUES:
        one = tree["queues"][name]
        looks = "outbox stats" if name == "delivery" else "inbox doctor"
        command = typed(looks, settings)
        if one["due"] > _WAITING:
            text = say("scheduler.behind", name=name, count=one["due"], command=command)
            yield "congested", text
        elif one["polls"] and one["empty_rate"] > _IDLE:
            share = _percent(one["empty_rate"])
            yield "idle", say("scheduler.idle", name=name, share=share)
        if one["expired_running"]:
            count = one["expired_running"]
            yield (
                "expired",
                say("scheduler.expired", name=name, count=count, command=command),
            )
        if (one["guard_reject_rate"] or 0.0) > _GUARD:
            share = _percent(one["guard_reject_rate"])
            yield "old_writers", say("scheduler.guard", name=name, share=share)


def _late(checks: dict[str, Any]) -> dict[str, str]:
    return {
        name: "-" if checks[key] is None else f"{1000 * checks[key]:g} ms"
        for name, key in (("half", "p50_s"), ("most", "p99_s"))
    }


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"
