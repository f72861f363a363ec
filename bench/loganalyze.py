"""How fast and in how much memory logs are analysed, beside what reads the same bytes.

Makes a log of each form, runs ``agent2 logs analyze`` on it as a user does, and prints
one JSON document: MB/s by the clock and by the processor, peak memory of the process,
and the floors ``wc -l``, ``grep -c`` and (for JSON) ``json.loads`` of each line.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:120.0) Gecko/20100101 Firefox/120.0",
)
GOALS = {"nginx": 200.0, "json": 60.0, "rss_mb": 60.0}


def nginx(chance: random.Random, number: int) -> str:
    """Return a line in nginx's format ``main``; 3,000 addresses, some often."""
    a, b = divmod(min(int(chance.paretovariate(0.7)), 3000), 250)
    status = chance.choice([200] * 20 + [304, 404, 502])
    what = chance.choice(["GET", "GET", "POST"])
    path = chance.choice(
        ["/api/v1/agents", "/static/app.js", f"/api/v1/chat?x={number}"]
    )
    hour = number // 100_000 % 24
    return (
        f"10.0.{a}.{b} - - [21/Nov/2026:{hour:02d}:00:00 +0000] "
        f'"{what} {path} HTTP/1.1" {status} {chance.randrange(90000)} '
        f'"https://www.example.com/app/overview" "{chance.choice(AGENTS)}" "-"\n'
    )


def application(chance: random.Random, number: int) -> str:
    """Return a JSON line as the guide's service writes it; a third tells a time."""
    said, level, context = "Request started", "INFO", {"url": "/api/v1/agents"}
    if number % 3 == 1:
        said = "api.request_duration"
        context["execution_time"] = round(chance.expovariate(2), 3)
    if number % 50 == 7:
        level = "ERROR"
        said = chance.choice(["Model API error", f"Workflow execution failed {number}"])
    entry = {
        "log_id": f"{number:032x}",
        "timestamp": f"2026-11-21T{number // 50_000 % 24:02d}:00:00.{number % 10**6:06d}",
        "level": level,
        "category": "api",
        "message": said,
        "logger_name": "service",
        "line_number": 10,
        "context": context,
        "tags": [],
        "correlation_id": f"{number:016x}",
        "user_id": None,
    }
    return json.dumps(entry) + "\n"


def cost(words: list[str]) -> dict[str, float]:
    """Run *words*; return seconds by clock and processor, and peak MB."""
    began, peak = time.monotonic(), 0
    # A pipe: grep looks no further than the first hit when nobody reads it.
    child = subprocess.Popen(words, stdout=subprocess.PIPE)
    status = Path(f"/proc/{child.pid}/status")
    while True:
        # Not ru_maxrss: a child begins with the peak of its parent.
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM"):
                peak = max(peak, int(line.split()[1]))
        pid, code, used = os.wait4(child.pid, os.WNOHANG)
        if pid:
            break
        time.sleep(0.01)
    child.returncode = code
    if child.stdout is not None:
        child.stdout.close()
    if code:
        sys.exit(f"{words[:3]} ended with {code}")
    return {
        "wall": time.monotonic() - began,
        "cpu": used.ru_utime + used.ru_stime,
        "rss_mb": peak / 1024,
    }


def measured(kind: str, path: Path, rounds: int) -> dict[str, object]:
    """Return the figures of one log: the best of *rounds*."""
    size = path.stat().st_size / 1e6
    agent2 = [sys.executable, str(ROOT / "agent2" / "__main__.py")]
    loads = "import json,sys\nfor l in open(sys.argv[1],'rb'): json.loads(l)"
    columns = {
        "agent2": [*agent2, "logs", "analyze", str(path), "--json"],
        "wc": ["wc", "-l", str(path)],
        "grep": ["grep", "-c", "api", str(path)],
    }
    if kind == "json":
        columns["json_loads"] = [sys.executable, "-c", loads, str(path)]
    found: dict[str, object] = {"mb": round(size, 1)}
    for name, words in columns.items():
        runs = [cost(words) for _ in range(rounds)]
        found[name] = {
            "mb_s": round(size / min(run["wall"] for run in runs), 1),
            "mb_s_cpu": round(size / max(min(run["cpu"] for run in runs), 0.001), 1),
            "rss_mb": round(max(run["rss_mb"] for run in runs), 1),
        }
    return found


def run(megabytes: int, rounds: int) -> dict[str, object]:
    """Measure; return the document."""
    document: dict[str, object] = {"benchmark": "loganalyze", "goals": GOALS}
    chance = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        for kind, make in (("nginx", nginx), ("json", application)):
            path = Path(folder) / f"{kind}.log"
            part = "".join(make(chance, number) for number in range(50_000))
            with path.open("w") as log:
                while log.tell() < megabytes * 1_000_000:
                    log.write(part)
            document[kind] = measured(kind, path, rounds)
            path.unlink()
    document["load_average"] = os.getloadavg()[0]
    return document


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    print(json.dumps(run(given.megabytes, given.rounds), indent=1))
