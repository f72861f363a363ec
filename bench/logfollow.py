"""What it costs a watcher to follow logs, and whether any check waits for it.

Two watchers side by side, each with one HTTP target at one second; one of them follows
fifty logs as well, each with a thousand new lines a second (JSON lines, and nginx's in
one of five), with four patterns, error rate, response times and addresses. Prints one
JSON document: the difference of CPU as a share of a core, how late the HTTP checks of
both began, and the floor: ``grep -c`` of the same bytes.
"""

from __future__ import annotations

import argparse
import http.server
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TICK = os.sysconf("SC_CLK_TCK")
PATTERNS = (
    "{model: Model API error, routing: Agent routing failed,"
    " workflow: Workflow execution failed, database: Database connection}"
)
LIMITS = "{model: 100000, routing: 100000, workflow: 100000, database: 100000}"


class Health(http.server.BaseHTTPRequestHandler):
    """Answers, and notes when it was asked."""

    asked: dict[str, list[float]] = {}  # noqa: RUF012

    def do_GET(self) -> None:
        """Answer that all is well."""
        self.asked.setdefault(self.path, []).append(time.monotonic())
        self.send_response(200)
        self.send_header("Content-Length", "15")
        self.end_headers()
        self.wfile.write(b'{"status":"ok"}')

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def lines(kind: str, count: int) -> bytes:
    """Return *count* lines of an application or of nginx."""
    made = []
    for number in range(count):
        if kind == "nginx":
            status = 503 if number % 500 == 0 else 200
            made.append(
                f"10.0.{number % 7}.{number % 90} - - [21/Nov/2026:10:00:00 +0000] "
                f'"{("GET", "POST")[number % 3 == 0]} /api/v1/x?n={number} HTTP/1.1" '
                f'{status} 512 "-" "Mozilla/5.0 (X11; Linux x86_64) Firefox/120.0"\n'
            )
            continue
        said, context = "Request started", {"url": "/api/v1/x"}
        if number % 10 == 1:
            said = "api.request_duration"
            context |= {"execution_time": round(random.expovariate(5), 3)}
        entry = {
            "timestamp": "2026-11-21T10:00:00.123456",
            "level": "ERROR" if number % 500 == 3 else "INFO",
            "message": "Model API error" if number % 500 == 3 else said,
            "context": context,
        }
        made.append(json.dumps(entry) + "\n")
    return "".join(made).encode()


def config(folder: Path, port: int, logs: list[Path]) -> Path:
    """Write a configuration of one HTTP target and *logs* as others."""
    name = "following" if logs else "alone"
    text = "version: 1\nlanguage: en\ntargets:\n"
    text += "- {name: web, interval: 1s, timeout: 1s, checks: [{kind: http, url: "
    text += f"'http://127.0.0.1:{port}/{name}'}}]}}\n"
    for number, path in enumerate(logs):
        text += f"- name: log{number}\n  interval: 5s\n  checks:\n  - kind: logfile\n"
        text += f"    file: {path}\n    patterns: {PATTERNS}\n    limits: {LIMITS}\n"
        text += (
            "    suspicious: 100000\n    error_rate_crit: 0\n    error_rate_warn: 90\n"
        )
    file = folder / f"{name}.yaml"
    file.write_text(text)
    return file


def cpu(pid: int) -> float:
    """Return the CPU-seconds of a process."""
    parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / TICK


def started(folder: Path, file: Path) -> subprocess.Popen[bytes]:
    """Start a watcher."""
    program = ROOT / "agent2" / "agent2_monitor.py"
    words = ["-c", str(file), "--state-dir", str(folder / file.stem)]
    return subprocess.Popen(
        [sys.executable, str(program), *words], stdout=subprocess.DEVNULL
    )


def late(asked: list[float]) -> dict[str, float]:
    """Return how far gaps between questions were from a second, in ms."""
    gaps = sorted(abs(b - a - 1.0) * 1000 for a, b in itertools.pairwise(asked[2:]))
    if not gaps:
        return {"n": 0}
    return {
        "n": len(gaps),
        "p50": round(gaps[len(gaps) // 2], 2),
        "p99": round(gaps[min(int(len(gaps) * 0.99), len(gaps) - 1)], 2),
        "max": round(gaps[-1], 2),
    }


def floor(blocks: dict[str, bytes], files: int) -> float:
    """Return the CPU share of ``grep -c`` over what is written in a second."""
    whole = b"".join(blocks["nginx" if n % 5 == 4 else "json"] for n in range(files))
    before = os.times()
    for _ in range(5):
        subprocess.run(["grep", "-c", "ERROR"], input=whole, stdout=-3, check=False)
    after = os.times()
    took = after.children_user + after.children_system
    return (took - before.children_user - before.children_system) / 5


def run(files: int, rate: int, seconds: float) -> dict[str, object]:
    """Measure; return the document."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Health)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    blocks = {kind: lines(kind, rate) for kind in ("json", "nginx")}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        logs = [folder / f"{number}.log" for number in range(files)]
        for path in logs:
            path.touch()
        port = server.server_address[1]
        both = [config(folder, port, logs), config(folder, port, [])]
        watchers = [started(folder, file) for file in both]
        try:
            began, spent, written = 0.0, [0.0, 0.0], 0
            end = time.monotonic() + seconds + 12
            while time.monotonic() < end:
                tick = time.monotonic()
                for number, path in enumerate(logs):
                    kind = "nginx" if number % 5 == 4 else "json"
                    with path.open("ab") as log:
                        written += log.write(blocks[kind])
                if not began and tick > end - seconds:
                    began, written = tick, 0
                    spent = [cpu(watcher.pid) for watcher in watchers]
                time.sleep(max(tick + 1 - time.monotonic(), 0))
            took = time.monotonic() - began
            used = [cpu(w.pid) - s for w, s in zip(watchers, spent, strict=True)]
            status = json.loads((folder / "following/agent2_status.json").read_text())
        finally:
            for watcher in watchers:
                watcher.send_signal(signal.SIGTERM)
                watcher.wait(20)
            server.shutdown()
    states = {target["state"] for target in status["targets"]}
    return {
        "benchmark": "logfollow",
        "files": files,
        "lines_per_s": files * rate,
        "mb_per_s": round(written / took / 1e6, 2),
        "states": sorted(states),
        "core_share": round((used[0] - used[1]) / took, 4),
        "grep_floor_share": round(floor(blocks, files), 4),
        "lateness_ms": {name[1:]: late(at) for name, at in Health.asked.items()},
        "load_average": os.getloadavg()[0],
        "goal": {"core_share": 0.05},
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=50)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=30.0)
    given = parser.parse_args()
    print(json.dumps(run(given.files, given.rate, given.seconds), indent=1))
