"""What one check costs, and what a thousand and ten thousand targets do to the clock.

* ``hot_us``: CPU of one whole cycle of one HTTP target (look, judge, advance, note,
  publish), back to back; beside it one exchange of the floor and one ``requests.get``.
* ``crowds``: a running watcher with so many targets at 5 s. CPU by the scheduler's
  clock; lateness is seen from the service: how far each arrival is from its target's
  own fixed grid (its earliest arrival is taken as the grid).
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
import time

import measure
import plans
import processes
from places import BENCH, Place

WARM = 11.0  # every target has been looked at, and is on its grid


def hot(rounds: int) -> dict[str, dict[str, float]]:
    """Return the CPU microseconds of each way, interleaved in processes of their own."""
    place = Place("agent2")
    found: dict[str, list[float]] = {}
    try:
        for _ in range(rounds):
            for way in ("agent2", "floor", "requests"):
                argv = [sys.executable, os.path.join(BENCH, "hot.py"), way]
                argv += [str(place.service.port), place.folder]
                place.service.forget()
                ended = subprocess.run(argv, capture_output=True, text=True, check=True)
                found.setdefault(way, []).append(float(ended.stdout))
                place.service.forget()
    finally:
        place.close()
    return {way: measure.spread(each, 1) for way, each in found.items()}


def crowd(count: int, seconds: float, every: float = 5.0) -> dict[str, float]:
    """Watch *count* targets; return CPU, memory and lateness."""
    place = Place("agent2", every=every)
    service = place.service
    try:
        with open(place.config, "w") as file:
            file.write("# by hand\n")
        url = f"http://127.0.0.1:{service.port}/t"
        targets = [
            plans.target(
                f"t{number}",
                (plans.check("http", url=f"{url}{number}"),),
                every=every,
                primary=number == 0,
            )
            for number in range(count)
        ]
        plans.write(place.folder, place.config, targets)
        place.start()
        _listen(service, WARM if every == 5.0 else 2.2 * every)
        service.forget()
        cpu = processes.cpu_s(place.pid)
        began = time.monotonic()
        arrivals = _listen(service, seconds)
        took = time.monotonic() - began
        cpu = processes.cpu_s(place.pid) - cpu
        memory = processes.memory_mb(place.pid)
    finally:
        place.close()
    checks = sum(len(times) for times in arrivals.values())
    late = [1000 * gap for times in arrivals.values() for gap in lateness(times, every)]
    expected = count * int(took / every)
    figures = measure.spread(late)
    return {
        "checks": checks,
        "lost": max(expected - checks, 0),
        "cpu_us_per_check": round(1e6 * cpu / max(checks, 1), 1),
        "core_share": round(cpu / took, 4),
        "lateness_ms_p50": figures.get("p50", 0.0),
        "lateness_ms_p99": figures.get("p99", 0.0),
        "lateness_ms_max": figures.get("max", 0.0),
        **memory,
    }


def _listen(service, seconds: float) -> dict[str, list[float]]:
    """Collect the arrivals of each path for *seconds*."""
    arrivals: dict[str, list[float]] = {}
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(0.05)
        service.read()
        while service.lines:
            line = service.lines.popleft()
            if line[0] == "r" and len(line) == 3:
                arrivals.setdefault(line[1], []).append(float(line[2]))
    return arrivals


def lateness(times: list[float], every: float) -> list[float]:
    """Return how far each of *times* lies behind the grid of the earliest."""
    if len(times) < 2:
        return []
    steps = [(at - times[0]) - every * round((at - times[0]) / every) for at in times]
    return [step - min(steps) for step in steps]


def run(counts: list[int], seconds: float, rounds: int) -> dict:
    """Measure; return the document."""
    figures: dict = {"hot_us": hot(rounds), "crowds": {}}
    measure.note(f"hot {figures['hot_us']}")
    for count in counts:
        figures["crowds"][str(count)] = crowd(count, seconds)
        measure.note(f"{count} targets: {figures['crowds'][str(count)]}")
    crowds, ways = figures["crowds"], figures["hot_us"]
    own = ways["agent2"]["p50"]
    measured: dict[str, float | None] = {"check.hot_us": own}
    for count in ("1000", "10000"):
        if count in crowds:
            for figure in ("p99", "max"):
                key = f"check.lateness_{count}_ms.{figure}"
                measured[key] = crowds[count][f"lateness_ms_{figure}"]
    measured["check.lost"] = sum(each["lost"] for each in crowds.values())
    costs = [crowds[str(count)]["cpu_us_per_check"] for count in sorted(counts)]
    if len(costs) > 1:  # flat or falling: no step up from one size to the next
        steps = [b / a for a, b in itertools.pairwise(costs)]
        measured["check.flatness_ratio"] = round(max(steps), 3)
    if "10000" in crowds:
        measured["check.ten_thousand_core"] = crowds["10000"]["core_share"]
        measured["check.ten_thousand_rss_mb"] = crowds["10000"]["rss_mb"]
    return measure.document(
        "check_cost",
        figures,
        measured,
        {
            "hot to floor": measure.ratio(own, ways["floor"]["p50"]),
            "hot to requests": measure.ratio(own, ways["requests"]["p50"]),
        },
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--counts", default="100,1000")
    parser.add_argument("--full", action="store_true", help="also 10,000; 30 s each")
    asked = parser.parse_args()
    wanted = "100,1000,10000" if asked.full else asked.counts
    sizes = [int(word) for word in wanted.split(",")]
    measure.show(run(sizes, 30.5 if asked.full else asked.seconds, asked.rounds))
