"""How long one scrape takes: the store and the status of 500 targets as text.

The status is written by the watcher's own code, each target looked at in a millisecond
of its own, and an ``http`` check tells its phases.

Prints one JSON document: milliseconds from the question to the text (median of many,
after one that nobody counts), its parts, and its size. ``scrape_ms`` is the usual case:
the status file is new (every figure in it is another one) and, each fourth time, the
counts of the store too (they come once a minute, scrapes each 15 s); ``calm_ms`` when
nothing is new, ``commit_ms`` when all is. ``floor_ms``, measured in turn with them, is
what none can go below who reads that status: ``json.loads`` of its text and the digits
of its new figures. All this is of this process; ``http_ms`` is the usual case of a real
web program: its own processor time with all that HTTP takes, and the client's wait.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
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
from agent2.host.clock import stamp  # noqa: E402
from agent2.metrics.gather import gather  # noqa: E402
from agent2.metrics.kept import Kept  # noqa: E402
from agent2.metrics.text import render  # noqa: E402
from agent2.store import incidents, totals  # noqa: E402
from agent2.store.database import Database  # noqa: E402
from agent2.store.reading import Reader  # noqa: E402
from agent2.wire import snapshot  # noqa: E402
from agent2.wire.status import render as render_status  # noqa: E402

CHECKS: tuple[str, ...] = ("pid", "tcp", "http")
BEGAN = time.time() - 3600.0
WEB = ROOT / "agent2" / "web" / "__main__.py"


def took(n: int) -> float:
    """Return seconds, others for each *n*."""
    return round(0.001234 + n / 1e5, 6)


def phases(kind: str, n: int) -> dict[str, object]:
    """Return what an HTTP check tells beyond the others."""
    if kind != "http":
        return {}
    return {"timings": {"connect": took(n), "first_byte": took(n + 3)}}


def status(many: int, turn: int = 0) -> bytes:
    """Return a status of *many* targets, as the watcher writes it at its *turn*."""
    now = time.time() + turn
    tree: dict[str, object] = {
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
                "since": stamp(BEGAN),
                "consecutive_failures": 0,
                "failure_threshold": 2,
                "last_check": stamp(now + n / 1e3),
                "interval_s": 5.0,
                "checks": [
                    {
                        "name": kind,
                        "kind": kind,
                        "outcome": "ok",
                        "code": "ok",
                        "detail": f"127.0.0.1:{8000 + n} answers",
                        "duration_s": took(n + turn),
                        "response_s": took(n + turn),
                        **phases(kind, n + turn),
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
    return render_status(tree)


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
    """A real web program over *folder*: its address and its PID."""
    argv = [sys.executable, "-I", str(WEB), "--state-dir", folder, "--port=0"]
    child = subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        said = child.stdout.readline().strip()
        if "http://" not in said:
            rest = child.communicate(timeout=30)[0]
            raise SystemExit(f"scrape: the web program did not start: {said}\n{rest}")
        yield said[said.index("http://") :], child.pid
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(30)


def used(pid: int) -> float:
    """Return the processor time of all threads of *pid*, in ms; 0 if nobody tells."""
    spent = 0
    for thread in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        spent += int(thread.read_text().split()[0])
    return spent / 1e6


def over_http(folder: str, many: int, rounds: int) -> dict[str, float]:
    """Return medians of one scrape through HTTP, each of a new status: the processor
    time of the web program, and the wall time of who asks."""
    path, cpu, wall = Path(folder, "agent2_status.json"), [], []
    with web(folder) as (url, pid):
        for turn in range(rounds + 1):
            path.write_bytes(status(many, turn))
            began, before = time.perf_counter(), used(pid)
            try:
                with urllib.request.urlopen(f"{url}metrics", timeout=30) as answer:
                    answer.read()
            except OSError as error:
                raise SystemExit(f"scrape: {url}metrics: {error}") from None
            wall.append((time.perf_counter() - began) * 1e3)
            cpu.append(used(pid) - before)
    middle = statistics.median
    return {"cpu": round(middle(cpu[1:]), 3), "wall": round(middle(wall[1:]), 3)}


def turns(folder: str, reader: Reader, many: int, rounds: int) -> dict[str, object]:
    """Return the milliseconds of each case, taken in turn: a busy minute hits all."""
    path, kept = Path(folder, "agent2_status.json"), Kept()
    texts = [status(many, turn) for turn in range(4)]
    db = Database.open(reader.path)

    def scrape() -> bytes:
        return render(gather(reader, kept.look(folder), kept).all())

    def floor() -> str:
        tree = json.loads(path.read_text())
        checks = [one for each in tree["targets"] for one in each["checks"]]
        return "%s\n" * len(checks) % tuple([one["duration_s"] for one in checks])

    cases = {name: Timed(scrape) for name in ("calm", "scrape", "commit")}
    cases["floor"] = Timed(floor)
    for turn in range(4 * (rounds + 1)):
        path.write_bytes(texts[turn % 4])
        if turn % 4 == 0:
            count_up(db, many)
        cases["scrape"].once()
        cases["calm"].once()
        cases["floor"].once()
        if turn % 4 == 1:
            path.write_bytes(texts[turn % 4 + 1])
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
        Path(folder, "agent2_status.json").write_bytes(status(many))
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
        # No faster than a client may ask: the rate limit is 50 a second.
        found["http_ms"] = over_http(folder, many, min(rounds, 20))
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--checks", type=int, default=3, help="per target, 1 to 3")
    asked = parser.parse_args()
    if asked.targets < 1 or asked.rounds < 1 or not 1 <= asked.checks <= 3:
        parser.error("--targets and --rounds are at least 1, --checks 1 to 3")
    gc.freeze()  # as the web program does (web/server.py)
    gc.set_threshold(10_000)
    globals()["CHECKS"] = CHECKS[-asked.checks :]
    found = measure(asked.targets, asked.rounds)
    print(json.dumps({"bench": "scrape", "goal_ms": 10.0, **found}, indent=2))


if __name__ == "__main__":
    main()
