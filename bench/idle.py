"""What a watcher costs while nothing happens: memory, CPU, wake-ups.

All columns idle side by side, each on a service of its own, at the default interval.
CPU is the scheduler's exact clock over the whole process tree, from after the second
check on, over a multiple of 65 s: with each thirteenth check the history is committed.
What a child took that came and went (the upkeep, a minute after the start and then each
hour) counts once an hour: ``hourly_s``, in whole ticks of 10 ms. Then once more with 500
more sleeping processes and 2,000 more sockets on the machine: the ratio to itself tells
whether a check walks over its neighbours.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time

import measure
import processes
import start
from places import BENCH, KINDS, Place

SETTLE = 7.0  # the first two checks are past
BATCH = 65.0  # seconds from one commit of the history to the next, at one check in 5
NEIGHBOURS, SOCKETS = 500, 2000
_SEEN = (processes.alive_s, processes.ended_s, processes.wakeups)


def window(columns: dict[str, Place], seconds: float) -> dict[str, dict[str, float]]:
    """Let all idle for *seconds*; return the cost of each."""
    before = {
        name: [seen(place.pid) for seen in _SEEN] for name, place in columns.items()
    }
    began = time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - began
    found = {}
    for name, place in columns.items():
        cpu, ended, woken = (
            seen(place.pid) - then
            for seen, then in zip(_SEEN, before[name], strict=True)
        )
        found[name] = processes.memory_mb(place.pid) | {
            "cpu_s_per_hour": round(cpu / took * 3600, 3),
            "cpu_ms_per_check": round(1000 * cpu / (took / place.every), 3),
            "hourly_s": round(ended, 2),
            "wakeups_per_s": round(woken / took, 2),
        }
    return found


def run(seconds: float) -> dict:
    """Measure; return the document."""
    columns = {kind: Place(kind) for kind in KINDS}
    start.configure(columns["agent2"])
    crowd = None
    try:
        for place in columns.values():
            place.start()
        for name, place in columns.items():
            if not place.until_ok(20):
                sys.exit(f"{name} did not become well")
        time.sleep(SETTLE)
        measure.note(f"idle for {seconds} s")
        figures = window(columns, seconds)
        program = os.path.join(BENCH, "crowd.py")
        crowd = subprocess.Popen(
            [sys.executable, "-I", "-S", program, str(NEIGHBOURS), str(SOCKETS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert crowd.stdout is not None
        crowd.stdout.readline()
        time.sleep(2.0)
        measure.note(f"idle for {seconds} s among neighbours")
        crowded = window(columns, seconds)
    finally:
        if crowd is not None:
            crowd.communicate(b"")
        for place in columns.values():
            place.close()
    return _document(seconds, figures, crowded)


def _document(seconds: float, figures: dict, crowded: dict) -> dict:
    own, floor, old = (figures[kind] for kind in KINDS)
    among = {
        name: measure.ratio(crowded[name]["cpu_s_per_hour"], each["cpu_s_per_hour"])
        for name, each in figures.items()
    }
    ratios = {}
    for key in ("rss_mb", "anon_mb", "cpu_s_per_hour"):
        ratios[f"{key} to floor"] = measure.ratio(own[key], floor[key])
        ratios[f"{key} to reference"] = measure.ratio(own[key], old[key])
    return measure.document(
        "idle",
        {
            "seconds": seconds,
            "alone": figures,
            f"with {NEIGHBOURS} processes and {SOCKETS} sockets": crowded,
            "neighbours_ratio": among,
        },
        {
            "idle.rss_mb": own["rss_mb"],
            "idle.anon_mb": own["anon_mb"],
            "idle.cpu_s_per_hour": own["cpu_s_per_hour"]
            + max(own["hourly_s"], crowded["agent2"]["hourly_s"]),
            "idle.neighbours_ratio": among["agent2"],
        },
        ratios,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=BATCH)
    parser.add_argument("--full", action="store_true", help="two batches")
    asked = parser.parse_args()
    measure.show(run(2 * BATCH if asked.full else asked.seconds))
