"""The inbox: how many events are judged per second, and how soon after the push.

* ``events_per_s``: inbox -> policy -> audit, batches of 50, with the log written.
* ``push_ms``: from the call of push to the decision that another connection reads, with
  a supervisor of its own, at ``--rate`` events per second.
* ``--kills N``: ``kill -9`` of processors in the middle of their batches instead.

    python bench/inbox.py --events 5000 --rate 100 --seconds 10
    python bench/inbox.py --kills 500
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
import threading
import time

import measure

sys.path[:0] = [os.path.join(measure.ROOT, "tests", "crash"), measure.ROOT]

import inbox_campaign  # noqa: E402

from agent2.core.events import Event  # noqa: E402
from agent2.host.logfile import LogFile  # noqa: E402
from agent2.store import inbox  # noqa: E402
from agent2.store.database import Database  # noqa: E402
from agent2.supervisor.documents.inbox import Inlet  # noqa: E402
from agent2.supervisor.processor import Processor  # noqa: E402

PROGRAM = os.path.join(measure.ROOT, "agent2", "supervisor", "__main__.py")
COMPILER = os.path.join(measure.ROOT, "agent2", "compiler", "__main__.py")
PAYLOAD = {"goal": "upgrade", "risk_level": "low", "steps": [1, 2, 3]}


def throughput(folder: str, events: int, batch: int = 50) -> dict:
    """Judge *events* events that wait; one processor."""
    db = Database.open(os.path.join(folder, "agent2.db"))
    now = time.time()
    many = [
        Event(f"e{n}", "eventbus", f"t{n}", "TASK_CREATED", now, PAYLOAD)
        for n in range(events)
    ]
    with db.transaction() as tx:
        inbox.add(tx, many, now)
    log = LogFile(os.path.join(folder, "supervisor.log"), name="supervisor")
    processor = Processor(db, log=log, batch=batch)
    began, costs = time.monotonic(), []
    while True:
        at = time.monotonic()
        if not processor.process_pending_events():
            break
        costs.append(1000 * (time.monotonic() - at))
    taken = time.monotonic() - began
    processor.close()
    db.close()
    log.close()
    return {
        "events": processor.books.processed,
        "events_per_s": round(processor.books.processed / taken),
        "batch_ms": measure.spread(costs),
    }


def latency(folder: str, rate: float, seconds: float) -> dict:
    """Push at *rate* per second to a running supervisor; time each decision."""
    config = os.path.join(folder, "agent2.yaml")
    with open(config, "w", encoding="utf-8") as file:
        file.write("targets: [{name: a, checks: [{kind: tcp, port: 1}]}]\n")
    plan = os.path.join(folder, "plan.json")
    argv = ["--state-dir", folder, "--config", config, "--out", plan]
    subprocess.run([sys.executable, "-I", COMPILER, *argv], check=True)
    argv = [sys.executable, "-I", "-S", PROGRAM, "--state-dir", folder]
    child = subprocess.Popen(argv, stderr=subprocess.DEVNULL)
    try:
        socket = os.path.join(folder, "supervisor.sock")
        until = time.monotonic() + 10.0
        while not os.path.exists(socket) and time.monotonic() < until:
            time.sleep(0.01)
        found = _timed(folder, rate, int(rate * seconds))
        found["rss_mb"] = _rss(child.pid)
        asked = time.monotonic()
        child.send_signal(signal.SIGTERM)
        found["exit"] = child.wait(10)
        found["stop_ms"] = round(1000 * (time.monotonic() - asked), 1)
    finally:
        child.kill()
        child.wait()
    return found


def _timed(folder: str, rate: float, events: int) -> dict:
    path = os.path.join(folder, "agent2.db")
    pushed: dict[str, float] = {}
    seen: dict[str, float] = {}

    def push() -> None:
        db = Database.open(path)
        inlet = Inlet(db, folder, lambda *_: None)
        began = time.monotonic()
        for n in range(events):
            time.sleep(max(began + n / rate - time.monotonic(), 0.0))
            pushed[f"e{n}"] = time.monotonic()
            made = Event(f"e{n}", "eventbus", f"t{n}", "TASK_CREATED", 1.7e9, PAYLOAD)
            inlet.push((made,))
        db.close()

    reader = Database.open(path)
    pusher = threading.Thread(target=push)
    pusher.start()
    last, until = 0, time.monotonic() + events / rate + 30.0
    sql = "SELECT audit_id, event_id FROM task_audits WHERE audit_id > ?"
    while len(seen) < events and time.monotonic() < until:
        for number, event_id in reader.rows(sql, (last,)):
            last = max(last, number)
            seen[event_id] = time.monotonic()
        time.sleep(0.001)
    pusher.join()
    reader.close()
    costs = [1000 * (seen[one] - at) for one, at in pushed.items() if one in seen]
    return {"push_ms": measure.spread(costs), "lost": events - len(seen)}


def _rss(pid: int) -> float:
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        lines = dict(line.split(":", 1) for line in file)
    return round(int(lines["VmRSS"].split()[0]) / 1024, 1)


def figures(events: int, rate: float, seconds: float) -> dict:
    folder = tempfile.mkdtemp(prefix="agent2-inbox-")
    try:
        os.mkdir(os.path.join(folder, "a"))
        os.mkdir(os.path.join(folder, "b"))
        found = throughput(os.path.join(folder, "a"), events)
        return found | latency(os.path.join(folder, "b"), rate, seconds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def killed(kills: int, seed: int) -> dict:
    folder = tempfile.mkdtemp(prefix="agent2-inbox-")
    try:
        path = os.path.join(folder, "agent2.db")
        return inbox_campaign.conduct(path, kills, seed)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=5000)
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    if asked.kills:
        chosen = asked.seed or random.SystemRandom().randrange(1, 1 << 31)
        made = killed(asked.kills, chosen)
        goals = {"inbox.kills_wrong": float(len(made["wrong"]))}
    else:
        made = figures(asked.events, asked.rate, asked.seconds)
        goals = {
            "inbox.event_ms": round(1000.0 / max(made["events_per_s"], 1), 4),
            "inbox.push_ms.p99": made["push_ms"].get("p99"),
        }
    measure.show(measure.document("inbox", made, goals))
