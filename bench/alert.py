"""From the crash to the first byte of the alert at a receiver on this machine.

Cold: no courier runs; warm: it still waits for more. Each channel has a watcher and a
receiver of its own; threshold 1. ``durable_1000_ms``: a thousand alerts queued in one
transaction of the store. ``floor``: a fresh interpreter sends one message with the
same library (``oneshot.py``), taken in turn with the others.
"""

from __future__ import annotations

import argparse
import os
import queue
import signal
import subprocess
import sys
import tempfile
import time

import measure
import plans
import processes
from places import BENCH, Place
from receiver import Receiver

CHANNELS = {
    "webhook": lambda port: {"url": _secret(f"http://127.0.0.1:{port}/hook")},
    "pagerduty": lambda port: {
        "routing_key": _secret("0123456789abcdef0123456789abcdef"),
        "url": f"http://127.0.0.1:{port}/v2/enqueue",
    },
    "slack": lambda port: {"webhook_url": _secret(f"http://127.0.0.1:{port}/T/B/x")},
    "apprise": lambda port: {"url": _secret(f"json://127.0.0.1:{port}/")},
}


def _secret(text: str) -> dict[str, str]:
    return {"$secret": text}


class Channel:
    """A place whose watcher tells one receiver."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.receiver = Receiver(kind=kind)
        self.place = Place("agent2", every=1.0, threshold=1)
        options = CHANNELS[kind](self.receiver.port)
        self.place.plan((plans.values.PluginPlan(kind, kind, options),))
        self.place.start()
        self.place.until_ok()

    def crash(self) -> float | None:
        """Kill the service; return milliseconds until the first byte."""
        self.place.until_ok()
        time.sleep(0.3)
        self._forget()
        died = self.place.service.kill()
        at = self._next(20.0)
        self.place.service.gone()
        try:
            os.unlink(self.place.signal_file)
        except FileNotFoundError:
            pass
        self.place.service.start()
        self._next(10.0)  # the recovery is told too
        return None if at is None else 1000 * (at - died)

    def _next(self, patience: float) -> float | None:
        try:
            return self.receiver.seen.get(timeout=patience)[0]
        except queue.Empty:
            return None

    def _forget(self) -> None:
        while not self.receiver.seen.empty():
            self.receiver.seen.get()

    def floor(self) -> float | None:
        """Send once from a fresh interpreter; milliseconds until the first byte."""
        self._forget()
        scheme = "json" if self.kind == "apprise" else "http"
        url = f"{scheme}://127.0.0.1:{self.receiver.port}/x"
        argv = [sys.executable, os.path.join(BENCH, "oneshot.py"), self.kind, url]
        began = time.monotonic()
        with subprocess.Popen(argv) as process:
            at = self._next(20.0)
            process.wait(20)
        return None if at is None else 1000 * (at - began)

    def cool(self) -> None:
        """End the courier, which is a descendant of our own watcher."""
        own = processes.tree(self.place.pid)[1:]
        for pid in own[:1]:
            os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + 10
        while processes.tree(self.place.pid)[1:] and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(1.1)  # a courier is not started again within a second

    def close(self) -> None:
        self.place.close()
        self.receiver.close()


def durable(count: int, tries: int = 5) -> list[float]:
    """Queue *count* alerts in one transaction; return the milliseconds of each try."""
    from agent2.core import alerting
    from agent2.core.message import Alert
    from agent2.core.model import AlertKind, Severity
    from agent2.store import outbox
    from agent2.store.database import Database

    found = []
    with tempfile.TemporaryDirectory() as folder:
        db = Database.open(os.path.join(folder, "agent2.db"))
        for turn in range(tries):
            alerts = [
                Alert(
                    f"{turn}-{number}",
                    AlertKind.FIRING,
                    f"t{number}@{turn}",
                    f"agent2/x/t{number}/{turn}",
                    f"t{number}",
                    Severity.CRITICAL,
                    *("subject", "issue", "action", "process_not_alive", "pid_dead"),
                    *("detail", "2026-01-01T00:00:00.000+00:00", "", None),
                    *(1.0, "host", "instance", "agent2 status", ("a", "b", "c")),
                )
                for number in range(count)
            ]
            rows = [row for one in alerts for row in alerting.address(one, ("a",), 1.0)]
            began = time.monotonic()
            with db.transaction() as tx:
                outbox.add(tx, rows)
            found.append(1000 * (time.monotonic() - began))
        db.close()
    return found


def run(turns: int) -> dict:
    """Measure; return the document."""
    channels = [Channel(kind) for kind in CHANNELS]
    cold: dict[str, list[float]] = {each.kind: [] for each in channels}
    warm: dict[str, list[float]] = {each.kind: [] for each in channels}
    floor: dict[str, list[float]] = {each.kind: [] for each in channels}
    try:
        for turn in range(turns):
            for channel in channels:
                channel.cool()
                for found, way in (
                    (floor, channel.floor),
                    (cold, channel.crash),
                    (warm, channel.crash),
                ):
                    ms = way()
                    if ms is None:
                        measure.note(f"{channel.kind}: nothing came")
                    else:
                        found[channel.kind].append(ms)
            measure.note(f"alert {turn + 1}/{turns}")
    finally:
        for channel in channels:
            channel.close()
    queued = durable(1000)
    figures = {
        kind: {
            "cold_ms": measure.spread(cold[kind]),
            "warm_ms": measure.spread(warm[kind]),
            "floor_ms": measure.spread(floor[kind]),
        }
        for kind in cold
    }
    goals: dict[str, float | None] = {
        f"alert.{kind}_ms.p50": each["cold_ms"].get("p50")
        for kind, each in figures.items()
    }
    goals["alert.durable_1000_ms"] = measure.median(queued)
    return measure.document(
        "alert",
        figures | {"durable_1000_ms": measure.spread(queued)},
        goals,
        {
            f"{kind} to floor": measure.ratio(
                each["cold_ms"].get("p50"), each["floor_ms"].get("p50")
            )
            for kind, each in figures.items()
        },
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--full", action="store_true", help="9 turns")
    asked = parser.parse_args()
    measure.show(run(9 if asked.full else asked.turns))
