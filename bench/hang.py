"""``SIGSTOP``: how long until the restart is asked for, against N·I + T.

A stopped process is alive and its port accepts; only the health page is silent. The
stop comes at a random phase. All columns are stopped at the same time.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import time

import measure
from inotify import Folder
from places import KINDS, Place

THRESHOLD = 2


def one_turn(columns: dict[str, Place], patience: float) -> dict[str, float]:
    """Stop all services, then let them go on; return the seconds until the signals."""
    folders = {name: Folder(place.folder) for name, place in columns.items()}
    stopped = {
        name: place.service.kill(signal.SIGSTOP) for name, place in columns.items()
    }
    found: dict[str, float] = {}
    until = time.monotonic() + patience
    while len(found) < len(columns) and time.monotonic() < until:
        for name, folder in folders.items():
            at, names = folder.events(0.0005)
            if name not in found and "restart_signal" in names:
                found[name] = at - stopped[name]
    for name, place in columns.items():
        folders[name].close()
        place.service.kill(signal.SIGCONT)
        if place.kind != "agent2":  # it takes its signal back by itself
            _consume(place)
    return found


def _consume(place: Place) -> None:
    try:
        os.unlink(place.signal_file)
    except FileNotFoundError:
        pass


def run(turns: int, every: float, wait: float) -> dict:
    """Measure; return the document."""
    columns = {k: Place(k, every=every, wait=wait, threshold=THRESHOLD) for k in KINDS}
    bound = THRESHOLD * every + wait
    found: dict[str, list[float]] = {name: [] for name in columns}
    withdrawn: list[float] = []
    try:
        columns["agent2"].plan()
        for place in columns.values():
            place.start()
        for turn in range(turns):
            for place in columns.values():
                place.until_ok(bound + 25)
            time.sleep(random.random() * every)
            for name, seconds in one_turn(columns, bound * 2 + 5).items():
                found[name].append(seconds)
            withdrawn += _withdrawn(columns["agent2"], 2 * every + 1)
            measure.note(f"hang {turn + 1}/{turns}")
    finally:
        for place in columns.values():
            place.close()
    over = [1000 * max(seconds - bound, 0.0) for seconds in found["agent2"]]
    figures = {name: {"seconds": measure.spread(each)} for name, each in found.items()}
    return measure.document(
        "hang",
        {
            "interval_s": every,
            "timeout_s": wait,
            "threshold": THRESHOLD,
            "bound_s": bound,
            "columns": figures,
            "agent2 over the bound": {"ms": measure.spread(over)},
            "agent2 signal withdrawn after CONT": {"s": measure.spread(withdrawn)},
        },
        {"hang.over_bound_ms.max": max(over, default=None)},
        {
            f"p50 to {other}": measure.ratio(
                figures["agent2"]["seconds"].get("p50"),
                figures[other]["seconds"].get("p50"),
            )
            for other in ("floor", "reference")
        },
    )


def _withdrawn(place: Place, patience: float) -> list[float]:
    """Return the seconds until the unconsumed signal is gone, [] if it stays."""
    began = time.monotonic()
    while time.monotonic() - began < patience:
        if not os.path.exists(place.signal_file):
            return [time.monotonic() - began]
        time.sleep(0.01)
    _consume(place)
    return []


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=4)
    parser.add_argument("--full", action="store_true", help="5 s and 9 turns")
    asked = parser.parse_args()
    every = 5.0 if asked.full else 1.0
    measure.show(run(9 if asked.full else asked.turns, every, every))
