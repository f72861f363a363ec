"""Receivers that hang, refuse and never end: does the watch keep its time?

One target is watched by its health page at a fixed rate; another goes and comes all
the while, so that alerts flow to four bad receivers. Lateness is that of the first
target's checks, as the service sees them; memory is the watcher's alone.
"""

from __future__ import annotations

import argparse
import os
import time

import measure
import plans
import processes
from check_cost import lateness
from places import Place
from receiver import Receiver

EVERY = 0.5
MANNERS = ("hang", "endless", "refuse", "ok")


def run(seconds: float) -> dict:
    """Measure; return the document."""
    receivers = {manner: Receiver(manner) for manner in MANNERS}
    place = Place("agent2", every=EVERY)
    flip = os.path.join(place.root, "flip")
    os.makedirs(flip)
    flip = os.path.join(flip, "flip.pid")
    url = f"http://127.0.0.1:{place.service.port}/api/health"
    targets = [
        plans.target(
            "webui", (plans.check("http", url=url),), every=EVERY, primary=True
        ),
        plans.target(
            "flip", (plans.check("pid", file=flip),), threshold=1, every=EVERY
        ),
    ]
    notifiers = tuple(
        plans.values.PluginPlan(
            manner,
            "webhook",
            {"url": {"$secret": f"http://127.0.0.1:{receiver.port}/"}, "timeout": 3.0},
        )
        for manner, receiver in receivers.items()
    )
    try:
        with open(place.config, "w") as file:
            file.write("# by hand\n")
        plans.write(place.folder, place.config, targets, notifiers)
        _put(flip, place.service)
        place.start()
        place.until_ok()
        time.sleep(3.0)
        quiet = _watch(place, flip, seconds / 2, flipping=False)
        before = processes.memory_mb(place.pid)
        loud = _watch(place, flip, seconds, flipping=True)
        after = _own_memory(place.pid)
        told = {manner: each.seen.qsize() for manner, each in receivers.items()}
    finally:
        place.close()
        for receiver in receivers.values():
            receiver.close()
    growth = round(after["rss_mb"] - before["rss_mb"], 2)
    return measure.document(
        "hostile",
        {
            "interval_s": EVERY,
            "quiet": {"lateness_ms": measure.spread(quiet)},
            "with bad receivers": {"lateness_ms": measure.spread(loud)},
            "requests received": told,
            "watcher before": before,
            "watcher after": after,
            "growth_mb": growth,
        },
        {
            "hostile.lateness_ms.p99": measure.spread(loud)["p99"],
            "hostile.growth_mb": growth,
        },
        {
            "p99 lateness to quiet": measure.ratio(
                measure.spread(loud)["p99"], measure.spread(quiet)["p99"]
            )
        },
    )


def _watch(place: Place, flip: str, seconds: float, *, flipping: bool) -> list[float]:
    """Let time pass; return the lateness in ms of each check of the first target."""
    service = place.service
    service.forget()
    times: list[float] = []
    until = time.monotonic() + seconds
    turn = 0
    while time.monotonic() < until:
        time.sleep(2 * EVERY)
        if flipping:
            turn += 1
            if turn % 2:
                os.unlink(flip)
            else:
                _put(flip, service)
        service.read()
        while service.lines:
            line = service.lines.popleft()
            if line[:2] == ["r", "/api/health"]:
                times.append(float(line[-1]))
    _put(flip, service)
    return [1000 * late for late in lateness(times, EVERY)]


def _put(path: str, service) -> None:
    with open(path, "w") as file:
        file.write(f"{service.process.pid}\n")


def _own_memory(pid: int) -> dict[str, float]:
    """Return the memory of the watcher without its courier."""
    found = {}
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith(("VmRSS:", "RssAnon:")):
                name = "rss_mb" if line.startswith("VmRSS") else "anon_mb"
                found[name] = round(int(line.split()[1]) / 1024, 2)
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--full", action="store_true", help="60 s")
    asked = parser.parse_args()
    measure.show(run(60.0 if asked.full else asked.seconds))
