"""The targets, from the status file."""

from __future__ import annotations

import platform
from datetime import datetime
from typing import TYPE_CHECKING, Any

import agent2
from agent2.metrics.processes import process
from agent2.metrics.table_process import WATCHER
from agent2.wire.snapshot import objects

if TYPE_CHECKING:
    from agent2.metrics.family import Families
    from agent2.wire.snapshot import Snapshot

STATES = ("ok", "warn", "down", "unknown")
MOST = 5_000  # targets x checks; beyond it there are no series per target
_ACTIVE = {"ok": "active", "warn": "degraded", "down": "down"}


def checks_of(seen: Snapshot) -> dict[str, tuple[str, ...]]:
    """Return the names of each target's checks."""
    return {
        str(one.get("name")): tuple(
            str(each.get("name")) for each in objects(one.get("checks"))
        )
        for one in seen.entries("targets")
    }


def is_too_much(checks: dict[str, tuple[str, ...]]) -> bool:
    """Are there more targets x checks than one scrape may tell of?"""
    return sum(max(len(each), 1) for each in checks.values()) > MOST


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
        _maybe(to, name, seen.part("agent", "self", part))
    for part, name in (
        ("in_flight", "agent_task_worker_inflight_current"),
        ("waiting", "agent_task_worker_queue_current"),
    ):
        _maybe(to, name, seen.part("agent", "self", part), "check")
    reload = seen.part("agent", "config", "last_reload")
    if reload is not None:
        to("agent2_config_last_reload_successful").put(reload != "rejected")
    _maybe(
        to,
        "agent2_config_last_reload_success_timestamp_seconds",
        epoch(seen.part("agent", "config", "loaded_at")),
    )
    pid = seen.part("agent", "pid")
    if seen.fresh and isinstance(pid, int):
        process(to, WATCHER, pid)


def targets(to: Families, seen: Snapshot, *, each: bool) -> None:
    """Put how the targets are: how many in which state, and *each* of them."""
    counted = dict.fromkeys(STATES, 0)
    for one in seen.entries("targets"):
        state = str(one.get("state")) if seen.fresh else "unknown"
        state = state if state in STATES else "unknown"
        counted[state] += 1
        if each:
            _target(to, str(one.get("name")), state, one)
    for state, many in counted.items():
        to("agent2_targets").put(many, state)


def _target(to: Families, name: str, state: str, one: dict[str, Any]) -> None:
    if state != "unknown":
        to("agent2_target_up").put(state != "down", name)
    for word in STATES:
        to("agent2_target_state").put(word == state, name, word)
    to("agent_status").put(1, name, _ACTIVE.get(state, "unknown"))
    _maybe(
        to, "agent2_target_consecutive_failures", one.get("consecutive_failures"), name
    )
    to("agent2_target_paused").put(one.get("paused") is True, name)
    to("agent2_target_flapping").put(one.get("flapping") is True, name)
    restarts = one.get("restarts")
    if isinstance(restarts, dict) and restarts.get("enabled"):
        limit, used = restarts.get("limit"), restarts.get("used")
        if isinstance(limit, int) and isinstance(used, int):
            to("agent2_restart_budget_remaining").put(max(limit - used, 0), name)
    at = epoch(one.get("last_check"))
    answered = None
    for check in objects(one.get("checks")):
        which = str(check.get("name"))
        took = check.get("duration_s")
        _maybe(to, "agent2_check_last_duration_seconds", took, name, which)
        _maybe(to, "agent2_check_last_run_timestamp_seconds", at, name, which)
        answered = check.get("response_s", answered)
    _maybe(to, "agent2_response_time_seconds", answered, name)
    _maybe(to, "api_request_duration_seconds", answered, name)


def epoch(moment: object) -> float | None:
    """Return *moment* (RFC 3339) in epoch seconds; None if it is none."""
    if not isinstance(moment, str):
        return None
    try:
        return datetime.fromisoformat(moment).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _maybe(to: Families, name: str, value: object, *labels: str) -> None:
    if isinstance(value, int | float):
        to(name).put(value, *labels)
