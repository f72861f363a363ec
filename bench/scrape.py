"""How long one scrape takes: the store and the status of 500 targets as text.

Prints one JSON document: milliseconds from the question to the text (median of many,
after one that nobody counts), its parts, and its size. The figures are made in this
process; the way through HTTP comes on top (``http_ms``, over a real web program).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from agent2.core.effects import OpenIncident, ResolveIncident  # noqa: E402
from agent2.core.model import Code, Facet, Severity  # noqa: E402
from agent2.metrics.gather import gather  # noqa: E402
from agent2.metrics.text import render  # noqa: E402
from agent2.store import incidents, totals  # noqa: E402
from agent2.store.database import Database  # noqa: E402
from agent2.store.reading import Reader  # noqa: E402
from agent2.store.tallies import Counted  # noqa: E402
from agent2.wire import snapshot  # noqa: E402

CHECKS: tuple[str, ...] = ("pid", "tcp", "http")
WEB = ROOT / "agent2" / "web" / "__main__.py"


def stamp(at: float) -> str:
    """Return epoch seconds as RFC 3339."""
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(at))


def status(many: int) -> dict[str, object]:
    """Return a status of *many* targets, as the watcher writes it."""
    now = time.time()
    return {
        "status": "monitoring",
        "last_check": stamp(now),
        "health_status": "ok",
        "consecutive_failures": 0,
        "fixes": [],
        "schema": "agent2.status/1",
        "seq": 1,
        "updated_at": stamp(now),
        "valid_until": stamp(now + 3600),
        "agent": {"pid": os.getpid(), "self": {"lateness_s": 0.001}},
        "targets": [
            {
                "name": f"target-{n:05}",
                "state": "ok",
                "health": "healthy",
                "degraded": False,
                "since": stamp(now),
                "consecutive_failures": 0,
                "failure_threshold": 2,
                "last_check": stamp(now),
                "interval_s": 5.0,
                "checks": [
                    {
                        "name": kind,
                        "kind": kind,
                        "outcome": "ok",
                        "code": "ok",
                        "detail": f"127.0.0.1:{8000 + n} answers",
                        "duration_s": 0.001234,
                        "response_s": 0.001234,
                    }
                    for kind in CHECKS
                ],
                "restarts": {"enabled": True, "used": 0, "limit": 5},
                "incident": None,
                "flapping": False,
                "paused": False,
                "labels": {},
            }
            for n in range(many)
        ],
        "incidents": {"open": []},
        "notifiers": [{"name": "ops", "kind": "slack"}],
    }


def fill(path: str, many: int) -> None:
    """Write what a year of *many* targets leaves: counts, and 5,000 incidents."""
    db = Database.open(path)
    with db.transaction() as tx:
        for n in range(many):
            name = f"target-{n:05}"
            totals.add(tx, [("check", name, kind, "ok", 1e6) for kind in CHECKS])
        for n in range(5_000):
            facts = (Severity.CRITICAL, float(n), Facet.PORT, Code.PORT_REFUSED, "x")
            name = f"target-{n % many:05}"
            incidents.open_incident(tx, OpenIncident(f"i-{n}", name, *facts))
            incidents.resolve(tx, ResolveIncident(f"i-{n}", name, n + 1.0))
    db.close()


def timed(what, rounds: int) -> dict[str, float]:
    """Return the milliseconds of *rounds* calls, after one for the caches.

    ``cpu`` is the processor time of this thread, which a busy machine changes least;
    ``wall`` is what the machine made of it. Both are medians.
    """
    what()
    cpu, wall = [], []
    for _ in range(rounds):
        began, used = time.perf_counter(), time.thread_time()
        what()
        cpu.append(time.thread_time() - used)
        wall.append(time.perf_counter() - began)
    return {
        "cpu": round(statistics.median(cpu) * 1e3, 3),
        "wall": round(statistics.median(wall) * 1e3, 3),
    }


@contextlib.contextmanager
def web(folder: str):
    """A real web program over *folder*; its address."""
    argv = [sys.executable, "-I", str(WEB), "--state-dir", folder, "--port=0"]
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    try:
        yield child.stdout.readline().split(": ", 1)[1].strip()
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(30)


def measure(many: int, rounds: int) -> dict[str, object]:
    """Return the figures for *many* targets."""
    with tempfile.TemporaryDirectory() as folder:
        fill(os.path.join(folder, "agent2.db"), many)
        Path(folder, "agent2_status.json").write_text(json.dumps(status(many)))
        reader = Reader.look(os.path.join(folder, "agent2.db"))
        counted = Counted()
        seen = snapshot.read(folder, shown=False)
        families = gather(reader, seen).all()
        text = render(families)
        found: dict[str, object] = {
            "targets": many,
            "checks": len(CHECKS),
            "series": text.count(b"\n") - text.count(b"\n#") - 1,
            "bytes": len(text),
            "status_ms": timed(lambda: snapshot.read(folder, shown=False), rounds),
            "gather_ms": timed(lambda: gather(reader, seen, counted), rounds),
            "render_ms": timed(lambda: render(families), rounds),
            "scrape_ms": timed(
                lambda: render(
                    gather(reader, snapshot.read(folder, shown=False), counted).all()
                ),
                rounds,
            ),
        }
        reader.close()
        with web(folder) as url:

            def over_http() -> bytes:
                with urllib.request.urlopen(f"{url}metrics", timeout=30) as answer:
                    return answer.read()

            # No faster than a client may ask: the rate limit is 50 a second.
            found["http_ms"] = timed(over_http, min(rounds, 20))
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--checks", type=int, default=3, help="per target, 1 to 3")
    asked = parser.parse_args()
    globals()["CHECKS"] = CHECKS[-asked.checks :]
    found = measure(asked.targets, asked.rounds)
    print(json.dumps({"bench": "scrape", "goal_ms": 10.0, **found}, indent=2))


if __name__ == "__main__":
    main()
