"""The chain of execution: who claims, does, writes back, and who lost his lease."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent2.core.spans import LATE, TOOK
from agent2.store import tallies

if TYPE_CHECKING:
    from agent2.metrics.family import Families
    from agent2.store.database import Database
    from agent2.store.tallies import Totals

_COUNTED = ("poll", "claim", "heartbeat", "claimed_update", "expired_running")
CHECK, DELIVERY, EVENT = "check", "delivery", "event"


def chain(
    to: Families, db: Database, totals: Totals, done: dict[str, float], now: float
) -> None:
    """Put all of it; *done* is how often checks ended in each way."""
    _checks(to, totals, done)
    sums = {
        (name, queue, how): many
        for name in _COUNTED
        for queue, how, _, many in totals.get(name, ())
    }
    for queue in (DELIVERY, EVENT):
        _leases(to, queue, sums)
    failed = {DELIVERY: 0.0, EVENT: 0.0}
    timeout = told = 0.0
    for _, cause, _, many in totals.get("attempt", ()):
        if cause == "timeout":
            timeout += many
        else:
            failed[DELIVERY] += many
    for _, _, result, many in totals.get("delivery", ()):
        told += many if result == "delivered" else 0.0
    decided = {status: many for status, _, _, many in totals.get("event", ())}
    failed[EVENT] = decided.get("failed", 0.0)
    total = to("agent_task_execution_total")
    total.put(told + failed[DELIVERY] + timeout, DELIVERY)
    total.put(decided.get("completed", 0.0) + failed[EVENT], EVENT)
    for queue, many in failed.items():
        to("agent_task_execution_failure_total").put(many, queue)
    to("agent_task_execution_timeout_total").put(timeout, DELIVERY)
    _kinds(to, totals)
    _now(to, db, now)


def _kinds(to: Families, totals: Totals) -> None:
    """Put the claims by kind, and what became of timeouts."""
    again = {queue: many for queue, _, _, many in totals.get("again", ())}
    for queue in (CHECK, DELIVERY, EVENT):
        more = again.get(queue, 0.0)
        to("agent_task_claim_refining_count_total").put(more, queue)
    for _, labels, many in to("agent_task_claim_success_total").samples:
        ready = max(many - again.get(labels[0], 0.0), 0.0)
        to("agent_task_claim_ready_count_total").put(ready, *labels)
    late = {(queue, how): many for queue, how, _, many in totals.get("timeout", ())}
    for queue in (CHECK, DELIVERY):
        for how, word in (("retry", "retry"), ("final", "final_fail")):
            many = late.get((queue, how), 0.0)
            to(f"agent_task_execution_timeout_{word}_total").put(many, queue)


def _checks(to: Families, totals: Totals, done: dict[str, float]) -> None:
    """A check is claimed, given to the loop and begun in one step, by one watcher."""
    late = {bound: many for _, bound, _, many in totals.get("late", ())}
    took: dict[str, float] = {}
    for _, bound, _, many in totals.get("took", ()):
        took[bound] = took.get(bound, 0.0) + many
    ran = sum(done.values())
    cycles = sum(many for bound, many in late.items() if bound != "sum")
    to("agent_task_claim_poll_total").put(cycles, CHECK)
    to("agent_task_claim_empty_total").put(0, CHECK)
    for name in ("claim_success", "dispatch_success", "execution"):
        to(f"agent_task_{name}_total").put(ran, CHECK)
    put_off = sum(many for _, _, _, many in totals.get("reject", ()))
    to("agent_task_dispatch_reject_total").put(put_off, CHECK)
    to("agent_task_execution_failure_total").put(done.get("fail", 0.0), CHECK)
    to("agent_task_execution_timeout_total").put(done.get("timeout", 0.0), CHECK)
    to("agent_task_claim_to_start_latency_seconds").spread(LATE, late, CHECK)
    to("agent_task_execution_duration_seconds").spread(TOOK, took, CHECK)


def _leases(to: Families, queue: str, sums: dict[tuple[str, str, str], float]) -> None:
    def many(name: str, how: str) -> float:
        return sums.get((name, queue, how), 0.0)

    again = many("claim", "reclaimed")
    claimed = many("claim", "fresh") + again
    told = {
        "claim_poll": many("poll", "found") + many("poll", "empty"),
        "claim_empty": many("poll", "empty"),
        "claim_success": claimed,
        "claim_reclaimed": again,
        "dispatch_success": claimed,
        "dispatch_reject": many("claimed_update", "released"),
        "heartbeat_success": many("heartbeat", "success"),
        "heartbeat_guard_reject": many("heartbeat", "guard_reject"),
        "heartbeat_error": many("heartbeat", "error"),
        "claimed_update_error": many("claimed_update", "error"),
        "expired_running_check_error": many("expired_running", "error"),
        "claimed_update_success": many("claimed_update", "success"),
        "claimed_update_guard_reject": many("claimed_update", "guard_reject"),
        "expired_running_detected": (
            again if queue == DELIVERY else many("claimed_update", "expired")
        ),
    }
    for name, value in told.items():
        to(f"agent_task_{name}_total").put(value, queue)


def _now(to: Families, db: Database, now: float) -> None:
    sends, events = tallies.outbox(db, now), tallies.inbox(db, now)
    for queue, flying, waits, expired in (
        (DELIVERY, sends.sending, sends.due, sends.expired),
        (EVENT, events.processing, events.pending, events.expired),
    ):
        to("agent_task_worker_inflight_current").put(flying, queue)
        to("agent_task_worker_queue_current").put(waits, queue)
        to("agent_task_expired_running_current").put(expired, queue)
