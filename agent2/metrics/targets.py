"""The targets, from the status file."""

from __future__ import annotations

import platform
from datetime import datetime
from typing import TYPE_CHECKING, Any

import agent2
from agent2.metrics.family import Families
from agent2.metrics.processes import process
from agent2.metrics.table import TABLE
from agent2.metrics.table_process import WATCHER
from agent2.metrics.watch import STATES, watch_of
from agent2.wire.snapshot import objects

if TYPE_CHECKING:
    from agent2.metrics.watch import Watch
    from agent2.wire.snapshot import Snapshot

Checks = list[list[dict[str, Any]]]  # of each target
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
    to, found = Families(TABLE), seen.entries("targets")
    checks = [objects(one.get("checks")) for one in found]
    every = [each for told in checks for each in told]
    watch = watch_of(
        [one.get("name") for one in found],
        [each.get("name") for each in every],
        [len(told) for told in checks],
    )
    to("agent2_metrics_truncated").put(int(watch.is_too_much))
    told = [str(one.get("state")) if seen.fresh else "unknown" for one in found]
    states = [state if state in _UP else "unknown" for state in told]
    for word in STATES:
        to("agent2_targets").put(states.count(word), word)
    if not watch.is_too_much:
        _each(to, found, states, watch)
        _checks(to, checks, every, watch)
    return to, watch


def _each(
    to: Families, found: list[dict[str, Any]], states: list[str], watch: Watch
) -> None:
    rows = watch.targets
    to("agent2_target_up").column(rows, [_UP[state] for state in states])
    ones, active = watch.told(states)
    to("agent2_target_state").column(watch.states, ones)
    to("agent_status").column(active, [1] * len(states))
    for name, key in (
        ("agent2_target_paused", "paused"),
        ("agent2_target_flapping", "flapping"),
    ):
        to(name).column(rows, [int(one.get(key) is True) for one in found])
    failures = _numbers([one.get("consecutive_failures") for one in found])
    to("agent2_target_consecutive_failures").column(rows, failures)
    left = [_left(one.get("restarts")) for one in found]
    to("agent2_restart_budget_remaining").column(rows, left)
    at = [epoch(one.get("last_check")) for one in found]
    to("agent2_check_last_run_timestamp_seconds").column(rows, at)


def _checks(
    to: Families, checks: Checks, every: list[dict[str, Any]], watch: Watch
) -> None:
    """Put how long each check took, and how long each target took to answer."""
    took = _numbers([each.get("duration_s") for each in every])
    to("agent2_check_last_duration_seconds").column(watch.checks, took)
    for labels, each in zip(watch.checks.labels, every, strict=True):
        if "figures" in each:
            _figures(to, labels, each["figures"])
    answered = []
    for told in checks:
        answer = None
        for each in told:
            answer = each.get("response_s", answer)
        answered.append(answer)
    seconds = _numbers(answered)
    for name in ("agent2_response_time_seconds", "api_request_duration_seconds"):
        to(name).column(watch.targets, seconds)


def _figures(to: Families, labels: tuple[str, ...], figures: object) -> None:
    """Put what one check measured."""
    for name, amount in figures.items() if isinstance(figures, dict) else ():
        _one(to, "agent2_check_figure", amount, *labels, str(name))


def _left(restarts: object) -> int | None:
    """Return how many restarts may still be asked for; None if it never is."""
    if not isinstance(restarts, dict) or not restarts.get("enabled"):
        return None
    limit, used = restarts.get("limit"), restarts.get("used")
    is_told = isinstance(limit, int) and isinstance(used, int)
    return max(limit - used, 0) if is_told else None  # type: ignore[operator]


def epoch(moment: object) -> float | None:
    """Return *moment* (RFC 3339) in epoch seconds; None if it is none."""
    if not isinstance(moment, str):
        return None
    try:
        return datetime.fromisoformat(moment).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _maybe(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else None  # type: ignore[return-value]


def _numbers(found: list[Any]) -> list[float | None]:
    is_all = {*map(type, found)} <= {float, int}  # a truth value is neither
    return found if is_all else [_maybe(each) for each in found]


def _one(to: Families, name: str, value: object, *labels: str) -> None:
    number = _maybe(value)
    if number is not None:
        to(name).put(number, *labels)
