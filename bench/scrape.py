"""How long one scrape takes: the store and the status of 500 targets as text.

Prints one JSON document: milliseconds from the question to the text (median of many,
after one that nobody counts), its parts, and its size. ``scrape_ms`` is the usual case:
the status file is new (every figure in it is another one) and, each fourth time, the
counts of the store too (they come once a minute, scrapes each 15 s); ``calm_ms`` when
nothing is new, ``commit_ms`` when all is. ``floor_ms``, measured in turn with them, is
what none can go below who reads that status: ``json.loads`` of its text and the digits
of its new figures. All this is of this process; the way through HTTP comes on top
(``http_ms``, over a real web program).
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


def status(many: int, turn: int = 0) -> dict[str, object]:
    """Return a status of *many* targets, as the watcher writes it at its *turn*."""
    now = time.time() + turn
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
                        "duration_s": round(0.001234 + (n + turn) / 1e5, 6),
                        "response_s": round(0.001234 + (n + turn) / 1e5, 6),
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


class Timed:
    """Milliseconds of many calls: medians of processor and of wall time.

    ``cpu`` is the processor time of this thread, which a busy machine changes least;
    ``wall`` is what the machine made of it.
    """

    def __init__(self, what) -> None:
        self.what = what
        self.cpu: list[float] = []
        self.wall: list[float] = []

    def once(self) -> None:
        """Call it and write down how long it took."""
        began, used = time.perf_counter(), time.thread_time()
        self.what()
        self.cpu.append(time.thread_time() - used)
        self.wall.append(time.perf_counter() - began)

    def told(self) -> dict[str, float]:
        """Return the medians; the first call was for the caches."""
        cpu, wall = self.cpu[1:], self.wall[1:]
        return {
            "cpu": round(statistics.median(cpu) * 1e3, 3),
            "wall": round(statistics.median(wall) * 1e3, 3),
        }


def timed(what, rounds: int) -> dict[str, float]:
    """Return the milliseconds of *rounds* calls, after one for the caches."""
    found = Timed(what)
    for _ in range(rounds + 1):
        found.once()
    return found.told()


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


def turns(folder: str, reader: Reader, many: int, rounds: int) -> dict[str, object]:
    """Return the milliseconds of each case, taken in turn: a busy minute hits all."""
    path, counted = Path(folder, "agent2_status.json"), Counted()
    texts = [json.dumps(status(many, turn)) for turn in range(4)]
    db = Database.open(reader.path)

    def scrape() -> bytes:
        seen = snapshot.read(folder, shown=False)
        return render(gather(reader, seen, counted).all())

    def floor() -> str:
        tree = json.loads(path.read_text())
        checks = [one for each in tree["targets"] for one in each["checks"]]
        return "%s\n" * len(checks) % tuple([one["duration_s"] for one in checks])

    cases = {name: Timed(scrape) for name in ("calm", "scrape", "commit")}
    cases["floor"] = Timed(floor)
    for turn in range(4 * (rounds + 1)):
        path.write_text(texts[turn % 4])
        if turn % 4 == 0:
            count_up(db, many)
        cases["scrape"].once()
        cases["calm"].once()
        cases["floor"].once()
        if turn % 4 == 1:
            path.write_text(texts[turn % 4 + 1])
            count_up(db, many)
            cases["commit"].once()
    db.close()
    return {f"{name}_ms": case.told() for name, case in cases.items()}


def count_up(db: Database, many: int) -> None:
    """Write what a minute's checks of *many* targets add to the counts."""
    with db.transaction() as tx:
        for n in range(many):
            name = f"target-{n:05}"
            totals.add(tx, [("check", name, kind, "ok", 12.0) for kind in CHECKS])


def measure(many: int, rounds: int) -> dict[str, object]:
    """Return the figures for *many* targets."""
    with tempfile.TemporaryDirectory() as folder:
        fill(os.path.join(folder, "agent2.db"), many)
        Path(folder, "agent2_status.json").write_text(json.dumps(status(many)))
        reader = Reader.look(os.path.join(folder, "agent2.db"))
        families = gather(reader, snapshot.read(folder, shown=False)).all()
        text = render(families)
        found: dict[str, object] = {
            "targets": many,
            "checks": len(CHECKS),
            "series": text.count(b"\n") - text.count(b"\n#") - 1,
            "bytes": len(text),
            **turns(folder, reader, many, rounds),
            "status_ms": timed(lambda: snapshot.read(folder, shown=False), rounds),
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
