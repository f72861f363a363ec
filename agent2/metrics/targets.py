"""The targets, from the status file."""

from __future__ import annotations

import platform
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import agent2
from agent2.metrics.family import Rows
from agent2.metrics.processes import process
from agent2.metrics.table_process import WATCHER
from agent2.wire.snapshot import objects

if TYPE_CHECKING:
    from agent2.metrics.family import Families
    from agent2.wire.snapshot import Snapshot

Checks = list[list[dict[str, Any]]]  # of each target
STATES = ("ok", "warn", "down", "unknown")
MOST = 5_000  # targets x checks; beyond it there are no series per target
_UP = {"ok": 1, "warn": 1, "down": 0, "unknown": None}
_ACTIVE = {"ok": "active", "warn": "degraded", "down": "down"}


@lru_cache(maxsize=4)
def _rows(names: tuple[tuple[str, tuple[str, ...]], ...]) -> Watch:
    return Watch(names)


class Watch:
    """The targets and their checks by name; kept from one scrape to the next.

    Attributes:
        targets, states, checks, results: Rows of the labels target; target, state;
            target, check; target, check, result (ok and fail).
        critical: Of the labels target, severity; that severity alone.
        asked: Of the labels kind, target, code: checks that were ok.
    """

    def __init__(self, names: tuple[tuple[str, tuple[str, ...]], ...]) -> None:
        """*names* are each target with the names of its checks."""
        self.names = names
        self.targets = Rows([(name,) for name, _ in names])
        self.states = Rows([(name, word) for name, _ in names for word in STATES])
        pairs = [(name, check) for name, checks in names for check in checks]
        self.checks = Rows(pairs)
        self.results = Rows([(*pair, how) for pair in pairs for how in ("ok", "fail")])
        self.critical = Rows([(name, "critical") for name, _ in names])
        self.asked = Rows([("check", name, "ok") for name, _ in names])
        self._active: tuple[tuple[str, ...], Rows] | None = None
        self.is_too_much = len(pairs) > MOST or len(names) > MOST

    def active(self, states: tuple[str, ...]) -> Rows:
        """Return rows of each target with the documents' word for its state."""
        if self._active is None or self._active[0] != states:
            told = zip(self.names, states, strict=True)
            labels = [(name, _ACTIVE.get(state, state)) for (name, _), state in told]
            self._active = (states, Rows(labels))
        return self._active[1]


def watch_of(found: list[dict[str, Any]], checks: Checks) -> Watch:
    """Return the targets of a status; *checks* are those of each."""
    return _rows(
        tuple(
            [
                (str(one.get("name")), tuple([str(each.get("name")) for each in told]))
                for one, told in zip(found, checks, strict=True)
            ]
        )
    )


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


def targets(to: Families, seen: Snapshot) -> Watch:
    """Put how the targets are: how many in which state, and each of them."""
    found = seen.entries("targets")
    checks = [objects(one.get("checks")) for one in found]
    watch = watch_of(found, checks)
    to("agent2_metrics_truncated").put(int(watch.is_too_much))
    told = [str(one.get("state")) if seen.fresh else "unknown" for one in found]
    states = [state if state in STATES else "unknown" for state in told]
    for word in STATES:
        to("agent2_targets").put(states.count(word), word)
    if watch.is_too_much:
        return watch
    rows = watch.targets
    to("agent2_target_up").column(rows, [_UP[state] for state in states])
    each_state = [int(state == word) for state in states for word in STATES]
    to("agent2_target_state").column(watch.states, each_state)
    to("agent_status").column(watch.active(tuple(states)), [1] * len(states))
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
    _checks(to, checks, watch)
    return watch


def _checks(to: Families, checks: Checks, watch: Watch) -> None:
    """Put how long each check took, and how long each target took to answer."""
    took = [each.get("duration_s") for told in checks for each in told]
    to("agent2_check_last_duration_seconds").column(watch.checks, _numbers(took))
    for (name, _), told in zip(watch.names, checks, strict=True):
        for each in told:
            if figures := each.get("figures"):
                _figures(to, (name, str(each.get("name"))), figures)
    answered = []
    for told in checks:
        answer = None
        for each in told:
            answer = each.get("response_s", answer)
        answered.append(answer)
    seconds = _numbers(answered)
    for name in ("agent2_response_time_seconds", "api_request_duration_seconds"):
        to(name).column(watch.targets, seconds)


def _figures(to: Families, labels: tuple[str, str], figures: object) -> None:
    """Put what one check measured."""
    for name, amount in figures.items() if isinstance(figures, dict) else ():
        _one(to, "agent2_check_figure", amount, *labels, str(name))


def _left(restarts: object) -> int | None:
    """Return how many restarts may still be asked for; None if it never is."""
    if not isinstance(restarts, dict) or not restarts.get("enabled"):
        return None
    limit, used = restarts.get("limit"), restarts.get("used")
    is_told = isinstance(limit, int) and isinstance(used, int)
    return max(int(limit or 0) - int(used or 0), 0) if is_told else None


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
    kinds = (float, int)  # most are one of these: a truth value is neither
    return [each if type(each) in kinds else _maybe(each) for each in found]


def _one(to: Families, name: str, value: object, *labels: str) -> None:
    number = _maybe(value)
    if number is not None:
        to(name).put(number, *labels)
