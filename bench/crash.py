"""``kill -9`` of the watched process: when is it written down, and who follows?

* ``signal_ms``: kill -> ``restart_signal`` visible (threshold 1), random phases.
* ``journal_ms``, ``warn_ms``: kill -> a commit in the store, the status says ``warn``
  (threshold 2, the first failed check).
* ``attached_ms``: the new PID stands in the PID file -> its pidfd is held.
* ``all_dead_ms``: so many processes die at once -> all their signals are there.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import measure
import plans
import processes
from inotify import MODIFY, Folder
from places import BENCH, Place


def kill_until_signal(place: Place, folder: Folder) -> float | None:
    """Kill the service; return the milliseconds until the signal, whole."""
    folder.drain()
    died = place.service.kill()
    seen = folder.wait(lambda name: name == "restart_signal", 30)
    place.service.gone()
    return None if seen is None else 1000 * (seen - died)


def kill_until_warn(place: Place, folder: Folder) -> dict[str, float]:
    """Kill it; return milliseconds until the commit and until the status warns."""
    wal = Folder(os.path.join(place.folder, "agent2.db-wal"), MODIFY)
    folder.drain()
    died = place.service.kill()
    seen = folder.wait(lambda _: place.status().get("health_status") == "warn", 5)
    place.service.gone()
    found = {}
    if seen is not None:
        found["warn_ms"] = 1000 * (seen - died)
        if wal.events(0)[1]:  # the commit stands before the status is written
            found["committed_before_status"] = 1.0
    wal.close()
    return found


def come_back(place: Place) -> float | None:
    """Start the service again; return milliseconds until its pidfd is held."""
    try:
        os.unlink(place.signal_file)
    except FileNotFoundError:
        pass
    written = place.service.start()
    assert place.service.process is not None
    if place.kind != "agent2":
        return None
    pid = place.service.process.pid
    while time.monotonic() - written < 2 * place.every:
        if processes.holds(place.pid, pid):
            return 1000 * (time.monotonic() - written)
    return None


def trials(kills: int, every: float) -> dict[str, dict[str, list[float]]]:
    """Kill each column's service *kills* times, in turn."""
    columns = {
        "agent2": Place("agent2", every=every, threshold=1),
        "agent2 threshold 2": Place("agent2", every=every, threshold=2),
        "floor": Place("floor", every=every, threshold=1),
        "floor durable": Place("floor durable", every=every, threshold=1),
        "reference": Place("reference", every=every, threshold=1),
    }
    found: dict[str, dict[str, list[float]]] = {name: {} for name in columns}
    folders = {name: Folder(place.folder) for name, place in columns.items()}

    def put(name: str, figure: str, figure_ms: float | None) -> None:
        if figure_ms is not None:
            found[name].setdefault(figure, []).append(figure_ms)

    try:
        for place in columns.values():
            if place.kind == "agent2":
                place.plan()
            place.start()
            place.until_ok()
        for turn in range(kills):
            for name, place in columns.items():
                if name == "reference" and turn % 10:
                    continue  # it is blind for ten seconds after each
                if not place.until_ok(2 * every + 12):
                    measure.note(f"{name} is not well again; left out once")
                    continue
                time.sleep(random.random() * every)
                if place.threshold == 2:
                    for figure, value in kill_until_warn(place, folders[name]).items():
                        put(name, figure, value)
                else:
                    ms = kill_until_signal(place, folders[name])
                    put(name, "signal_ms" if ms is not None else "missed", ms or 0.0)
                put(name, "attached_ms", come_back(place))
            if turn % 10 == 9:
                measure.note(f"crash {turn + 1}/{kills}")
    finally:
        for name, place in columns.items():
            folders[name].close()
            place.close()
    return found


def all_at_once(count: int) -> tuple[float | None, int]:
    """Kill *count* watched processes at once; milliseconds until all are signalled."""
    root = tempfile.mkdtemp(prefix="bench-dead-")
    state, pids = os.path.join(root, "state"), os.path.join(root, "pids")
    os.makedirs(state)
    os.makedirs(pids)
    signals = os.path.join(state, "restart_signal.d")
    os.makedirs(signals)
    argv = [sys.executable, "-I", "-S", os.path.join(BENCH, "victims.py")]
    crowd = subprocess.Popen(
        [*argv, pids, str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    place = Place("agent2")
    place.folder = state
    place.status_file = os.path.join(state, "agent2_status.json")
    try:
        assert crowd.stdout is not None
        group = int(crowd.stdout.readline())
        checks = [
            (plans.check("pid", file=f"{pids}/{number}.pid"),)
            for number in range(count)
        ]
        some = [plans.target("first", checks[0], threshold=1, primary=True)]
        some += [
            plans.target(f"t{number}", each, threshold=1)
            for number, each in enumerate(checks[1:], 1)
        ]
        with open(place.config, "w") as file:
            file.write("# by hand\n")
        plans.write(state, place.config, some)
        place.start()
        _until_all_held(place, count)
        folder = Folder(signals)
        died = time.monotonic()
        os.killpg(group, signal.SIGKILL)
        seen = 0
        while seen < count - 1 and time.monotonic() - died < 20:
            at, _ = folder.events(1)
            seen = sum(1 for n in os.listdir(signals) if n.startswith("t"))
        folder.close()
        return (1000 * (at - died) if seen == count - 1 else None), seen
    finally:
        crowd.communicate(b"")
        place.close()
        shutil.rmtree(root, ignore_errors=True)


def _until_all_held(place: Place, count: int) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        held = sum(
            1
            for name in os.listdir(f"/proc/{place.pid}/fd")
            if "pidfd" in _link(f"/proc/{place.pid}/fd/{name}")
        )
        if held >= count:
            time.sleep(0.5)
            return
        time.sleep(0.1)
    measure.note(f"only {held} of {count} are held")


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def run(kills: int, every: float, crowds: list[int]) -> dict:
    """Measure; return the document."""
    found = trials(kills, every)
    figures: dict = {
        name: {figure: measure.spread(values) for figure, values in each.items()}
        for name, each in found.items()
    }
    attached = [ms for each in found.values() for ms in each.get("attached_ms", [])]
    figures["attached_ms"] = measure.spread(attached)
    dead = {}
    for count in crowds:
        ms, seen = all_at_once(count)
        dead[f"{count} dead at once"] = {"all_dead_ms": ms, "signals": seen}
        measure.note(f"{count} dead at once: {ms} ms")
    figures |= dead
    one, two = figures["agent2"]["signal_ms"], figures["agent2 threshold 2"]["warn_ms"]
    floor, old = figures["floor"]["signal_ms"], figures["reference"]["signal_ms"]
    thousand = dead.get("1000 dead at once", {}).get("all_dead_ms")
    return measure.document(
        "crash",
        figures,
        {
            "crash.signal_ms.p50": one["p50"],
            "crash.signal_ms.p99": one["p99"],
            "crash.warn_ms.p50": two["p50"],
            "crash.warn_ms.p99": two["p99"],
            "crash.attached_ms.p99": figures["attached_ms"]["p99"],
            "crash.thousand_dead_ms": thousand,
        },
        {
            "to floor": measure.ratio(one["p50"], floor["p50"]),
            "to floor durable": measure.ratio(
                one["p50"], figures["floor durable"]["signal_ms"]["p50"]
            ),
            "to reference": measure.ratio(one["p50"], old["p50"]),
        },
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--interval", type=float, default=1.0)
    parser.add_argument("--full", action="store_true", help="5 s, 1,000 dead at once")
    asked = parser.parse_args()
    measure.show(
        run(
            asked.kills,
            5.0 if asked.full else asked.interval,
            [100, 1000] if asked.full else [100],
        )
    )
