"""What every benchmark shares: the machine's facts, statistics, goals, one document.

Times are seconds on ``time.monotonic`` (one clock for all processes of a machine);
figures are printed in the unit that their name ends with.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# A benchmark that is asked to end still ends what it started.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

# The goals of docs/design.md, "Budgets": figure -> (the most it may be, in words).
GOALS: dict[str, float] = {
    "idle.rss_mb": 17.0,
    "idle.anon_mb": 8.5,
    "idle.cpu_s_per_hour": 0.9,
    "idle.neighbours_ratio": 1.5,
    "start.unchanged_ms.p50": 45.0,
    "start.compiling_ms.p50": 350.0,
    "crash.signal_ms.p50": 3.0,
    "crash.signal_ms.p99": 15.0,
    "crash.journal_ms.p50": 3.0,
    "crash.journal_ms.p99": 15.0,
    "crash.warn_ms.p50": 3.0,
    "crash.warn_ms.p99": 15.0,
    "crash.attached_ms.p99": 5.0,
    "crash.thousand_dead_ms": 500.0,
    "hang.over_bound_ms.max": 50.0,
    "alert.webhook_ms.p50": 60.0,
    "alert.slack_ms.p50": 300.0,
    "alert.pagerduty_ms.p50": 300.0,
    "alert.apprise_ms.p50": 300.0,
    "alert.durable_1000_ms": 50.0,
    "hostile.lateness_ms.p99": 100.0,
    "hostile.growth_mb": 2.0,
    "beside.lateness_ms.p50": 5.0,
    "beside.lateness_ms.p90": 25.0,
    "beside.growth_mb": 2.0,
    "kills.lost": 0.0,
    "kills.doubled_keys": 0.0,
    "kills.torn": 0.0,
    "kills.missed": 0.0,
    "kills.resumed_ms.p99": 1000.0,
    "check.hot_us": 83.0,
    "check.ten_thousand_core": 0.22,
    "check.ten_thousand_rss_mb": 38.0,
    "check.lost": 0.0,
    "check.lateness_1000_ms.p99": 2.0,
    "check.lateness_1000_ms.max": 25.0,
    "check.lateness_10000_ms.p99": 2.0,
    "check.lateness_10000_ms.max": 25.0,
    "check.flatness_ratio": 1.0,
    "inbox.event_ms": 1.0,
    "inbox.push_ms.p99": 100.0,
    "inbox.kills_wrong": 0.0,
    "listeners.web_mb": 90.0,
    "dashboard.first_paint_ms": 1000.0,
    "dashboard.render_ms": 300.0,
    "dashboard.on_screen_ms": 1000.0,
}

# The same goals as ratios to a ruler of the same run, for a machine that is not the one
# on which the goals were set (a bare loop: 0.49 s/h, first check in 14 ms, signal in
# 2.0 ms; a sender of its own: 35 ms, with Apprise 220): "bench.ratio" -> the most.
GOALS_BY_RATIO: dict[str, float] = {
    "idle.rss_mb to reference": 0.6,
    "idle.anon_mb to reference": 0.5,
    "idle.cpu_s_per_hour to floor": 1.8,
    "start.to reference": 0.5,
    "start.to floor": 3.2,
    "crash.to floor": 1.5,
    "alert.webhook to floor": 1.7,
    "alert.apprise to floor": 1.4,
}


def spread(values: Iterable[float], digits: int = 3) -> dict[str, float]:
    """Return count, least, median, 99th percentile (nearest rank) and most."""
    ordered = sorted(values)
    if not ordered:
        return {"n": 0}

    def rank(share: float) -> float:
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]

    return {
        "n": len(ordered),
        "min": round(ordered[0], digits),
        "p50": round(rank(0.5), digits),
        "p99": round(rank(0.99), digits),
        "max": round(ordered[-1], digits),
    }


def median(values: Sequence[float]) -> float:
    """Return the middle value."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load": [round(n, 2) for n in os.getloadavg()],
        "fsync_ms": spread(1000 * s for s in fsync_cost()),
        "commit": _commit(),
    }


def fsync_cost(tries: int = 20) -> list[float]:
    """Return the seconds of writing 4 KiB and fsync, where the state folders are."""
    costs = []
    with tempfile.TemporaryFile() as file:
        for _ in range(tries):
            began = time.monotonic()
            os.pwrite(file.fileno(), b"x" * 4096, 0)
            os.fsync(file.fileno())
            costs.append(time.monotonic() - began)
    return costs


def document(
    name: str,
    figures: Mapping[str, Any],
    measured: Mapping[str, float | None],
    ratios: Mapping[str, float | None] | None = None,
) -> dict[str, Any]:
    """Return the one document of a benchmark.

    *measured* gives the figures that have a goal; a goal missed is told, never an
    error: the machine may be busy. Ratios are of figures taken in this very run.
    """
    by_ratio = {f"{name}.{key}": value for key, value in (ratios or {}).items()}
    return {
        "bench": name,
        "taken_at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "machine": machine(),
        "figures": figures,
        "ratios": ratios or {},
        "goals": [
            *(_verdict(GOALS, key, value) for key, value in measured.items()),
            *(
                _verdict(GOALS_BY_RATIO, key, value)
                for key, value in by_ratio.items()
                if key in GOALS_BY_RATIO
            ),
        ],
    }


def show(found: Mapping[str, Any]) -> None:
    """Print the document."""
    print(json.dumps(found, indent=2, ensure_ascii=False))


def note(text: str) -> None:
    """Say on stderr what goes on."""
    sys.stderr.write(f"bench: {text}\n")
    sys.stderr.flush()


def ratio(one: float | None, other: float | None) -> float | None:
    """Return one divided by the other, None when there is nothing to divide."""
    if one is None or not other:
        return None
    return round(one / other, 3)


def _verdict(
    goals: Mapping[str, float], key: str, value: float | None
) -> dict[str, Any]:
    goal = goals[key]
    met = None if value is None else value <= goal
    return {"figure": key, "goal": goal, "measured": value, "met": met}


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.machine()


def _commit() -> str:
    found = subprocess.run(
        ["git", "-C", ROOT, "rev-parse", "--short", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip()
