"""The targets, from the status file."""

from __future__ import annotations

import platform
from datetime import datetime
from typing import TYPE_CHECKING

import agent2
from agent2.metrics.facts import Facts, facts, number
from agent2.metrics.family import Families
from agent2.metrics.processes import process
from agent2.metrics.table import TABLE
from agent2.metrics.table_process import WATCHER
from agent2.metrics.watch import STATES, watch_of
from agent2.wire.snapshot import objects

if TYPE_CHECKING:
    from agent2.metrics.watch import Watch
    from agent2.wire.snapshot import Snapshot

PARTS = ("store", "status", "courier", "supervisor", "telemetry", "upkeep")
_UP = {"ok": 1, "warn": 1, "down": 0, "unknown": None}


def agent(to: Families, seen: Snapshot) -> None:
    """Put what is known of the watcher itself."""
    to("agent2_build_info").put(1, agent2.__version__, platform.python_version())
    to("agent2_up").put(seen.fresh and seen.tree.get("status") != "stopped")
    if seen.age is not None:
        to("agent2_status_age_seconds").put(max(seen.age, 0.0))
    for part, name in (
        ("lateness_s", "agent2_loop_lag_seconds"),
        ("log_lines_lost", "agent2_log_lines_lost"),
    ):
        _one(to, name, seen.part("agent", "self", part))
    troubles = seen.part("agent", "self", "troubles")
    if isinstance(troubles, dict):
        for part in PARTS:
            to("agent2_trouble").put(int(part in troubles), part)
    for part, name in (
        ("in_flight", "agent_task_worker_inflight_current"),
        ("waiting", "agent_task_worker_queue_current"),
    ):
        _one(to, name, seen.part("agent", "self", part), "check")
    reload = seen.part("agent", "config", "last_reload")
    if reload is not None:
        to("agent2_config_last_reload_successful").put(reload != "rejected")
    _one(
        to,
        "agent2_config_last_reload_success_timestamp_seconds",
        epoch(seen.part("agent", "config", "loaded_at")),
    )
    pid = seen.part("agent", "pid")
    if seen.fresh and isinstance(pid, int):
        process(to, WATCHER, pid)


def targets(seen: Snapshot) -> tuple[Families, Watch]:
    """Return how the targets are: how many in which state, and each of them."""
    to, found = Families(TABLE), told(seen)
    watch = watch_of(
        tuple([one.name for one in found]),
        tuple([name for one in found for name in one.checks]),
        tuple([len(one.checks) for one in found]),
    )
    to("agent2_metrics_truncated").put(int(watch.is_too_much))
    words = [str(one.state) if seen.fresh else "unknown" for one in found]
    states = [word if word in _UP else "unknown" for word in words]
    for word in STATES:
        to("agent2_targets").put(states.count(word), word)
    if not watch.is_too_much:
        _each(to, found, states, watch)
        _checks(to, found, watch)
    return to, watch


def told(seen: Snapshot) -> list[Facts]:
    """Return what is known of each target."""
    found = seen.part("targets")
    if isinstance(found, list) and found and type(found[0]) is Facts:
        return found
    return [facts(entry) for entry in objects(found)]


def _each(to: Families, found: list[Facts], states: list[str], watch: Watch) -> None:
    rows = watch.targets
    to("agent2_target_up").column(rows, [_UP[state] for state in states])
    ones, active = watch.told(states)
    to("agent2_target_state").column(watch.states, ones)
    to("agent_status").column(active, [1] * len(states))
    for name, values in (
        ("agent2_target_paused", [one.paused for one in found]),
        ("agent2_target_flapping", [one.flapping for one in found]),
        ("agent2_target_consecutive_failures", [one.failures for one in found]),
        ("agent2_restart_budget_remaining", [one.left for one in found]),
        (
            "agent2_check_last_run_timestamp_seconds",
            [epoch(one.at) for one in found],
        ),
    ):
        to(name).column(rows, values)


def _checks(to: Families, found: list[Facts], watch: Watch) -> None:
    """Put how long each check took, and how long each target took to answer."""
    took = [seconds for one in found for seconds in one.took]
    to("agent2_check_last_duration_seconds").column(watch.checks, took)
    for one in found:
        for check, name, amount in one.figures:
            to("agent2_check_figure").put(float(amount), one.name, check, name)
    answered = [one.answered for one in found]
    for name in ("agent2_response_time_seconds", "api_request_duration_seconds"):
        to(name).column(watch.targets, answered)


def epoch(moment: object) -> float | None:
    """Return *moment* (RFC 3339) in epoch seconds; None if it is none."""
    if not isinstance(moment, str):
        return None
    try:
        return datetime.fromisoformat(moment).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _one(to: Families, name: str, value: object, *labels: str) -> None:
    amount = number(value)
    if amount is not None:
        to(name).put(amount, *labels)
