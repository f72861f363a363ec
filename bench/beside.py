"""The web program with 200 followers, telemetry, scrapes: does the watch keep its time?

One target is watched by its health page at a fixed rate; another goes and comes all the
while, so that the journal has news. By turns nobody else is there, and then the web
program, a follower of its stream 200 times (50 of them never read), a scrape each second
and the telemetry program are. Lateness is that of the first target's checks, as the
service sees them. Whatever else the machine does hits both kinds of turns.
"""

from __future__ import annotations

import argparse
import contextlib
import http.server
import os
import selectors
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request

import measure
import plans
import processes
from hostile import EVERY, _own_memory, _put, _watch
from places import Place

FOLLOWERS, MUTE = 200, 50
PROGRAMS = os.path.join(measure.ROOT, "agent2")


class Collector(http.server.BaseHTTPRequestHandler):
    """Takes whatever is sent to it."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()
        self.server.taken += 1

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Crowd:
    """Followers of the stream at *port*, and one who scrapes."""

    def __init__(self, port: int) -> None:
        self.taken = self.scraped = self.lost = 0
        self._port, self._over = port, threading.Event()
        self._mute, self._eyes = [], selectors.DefaultSelector()
        for number in range(FOLLOWERS):
            client = socket.create_connection(("127.0.0.1", port), 10)
            client.sendall(
                b"GET /api/v1/events HTTP/1.1\r\n"
                b"Host: 127.0.0.1:%d\r\nAccept: text/event-stream\r\n\r\n" % port
            )
            if number < MUTE:
                self._mute.append(client)
            else:
                client.setblocking(False)
                self._eyes.register(client, selectors.EVENT_READ)
        self._threads = [
            threading.Thread(target=each) for each in (self._read, self._scrape)
        ]
        for each in self._threads:
            each.start()

    def _read(self) -> None:
        while not self._over.is_set():
            for key, _ in self._eyes.select(0.5):
                client = key.fileobj
                got = client.recv(65536)
                self.taken += len(got)
                if not got:
                    self.lost += 1
                    self._eyes.unregister(client)
                    client.close()

    def _scrape(self) -> None:
        while not self._over.wait(1.0):
            url = f"http://127.0.0.1:{self._port}/metrics"
            with urllib.request.urlopen(url, timeout=10) as answer:
                self.scraped += bool(answer.read())

    def close(self) -> None:
        self._over.set()
        for each in self._threads:
            each.join()
        for client in (
            *self._mute,
            *(k.fileobj for k in self._eyes.get_map().values()),
        ):
            client.close()


@contextlib.contextmanager
def company(folder: str, totals: dict[str, float]):
    """Have all of them there; count in *totals* what they did."""
    argv = [sys.executable, "-I"]
    state = ["--state-dir", folder]
    web = subprocess.Popen(
        [*argv, os.path.join(PROGRAMS, "web", "__main__.py"), *state, "--port=0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    otlp = subprocess.Popen(
        [*argv, os.path.join(PROGRAMS, "telemetry", "__main__.py"), *state]
    )
    try:
        port = int(web.stdout.readline().rsplit(":", 1)[1].strip(" /\n"))
        crowd = Crowd(port)
        time.sleep(2.0)
        try:
            yield
        finally:
            rss = processes.memory_mb(web.pid)["rss_mb"]
            totals["web_rss_mb"] = max(totals.get("web_rss_mb", 0.0), rss)
            crowd.close()
            for name in ("taken", "scraped", "lost"):
                totals[name] = totals.get(name, 0) + getattr(crowd, name)
    finally:
        for program in (web, otlp):
            program.terminate()
            program.wait(30)


def run(seconds: float, pairs: int) -> dict:
    """Measure; return the document."""
    sink = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    sink.taken = 0
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    os.environ["AGENT2_TELEMETRY_UNIT"] = "1"  # the watcher leaves it to us
    place = Place("agent2", every=EVERY)
    flip = os.path.join(place.root, "flip", "flip.pid")
    os.makedirs(os.path.dirname(flip))
    page = f"http://127.0.0.1:{place.service.port}/api/health"
    one = plans.target(
        "webui", (plans.check("http", url=page),), every=EVERY, primary=True
    )
    other = plans.target(
        "flip", (plans.check("pid", file=flip),), threshold=1, every=EVERY
    )
    quiet: list[float] = []
    loud: list[float] = []
    ratios: list[float] = []
    totals: dict[str, float] = {}
    try:
        with open(place.config, "w") as file:
            file.write("# by hand\n")
        plans.write(
            place.folder,
            place.config,
            [one, other],
            web={"enabled": True, "max_clients": 512, "rate_limit": 10_000.0},
            telemetry={
                "enabled": True,
                "endpoint": f"http://127.0.0.1:{sink.server_port}",
                "schedule_delay": 1.0,
                "metrics_interval": 5.0,
            },
        )
        _put(flip, place.service)
        place.start()
        place.until_ok()
        time.sleep(3.0)
        before = _own_memory(place.pid)
        for _ in range(pairs):
            alone = _watch(place, flip, seconds, flipping=True)
            with company(place.folder, totals):
                among = _watch(place, flip, seconds, flipping=True)
            quiet += alone
            loud += among
            middle = statistics.median(among), statistics.median(alone)
            ratios.append(measure.ratio(*middle) or 0.0)
            measure.note(f"p50 {middle[1]:.3f} ms alone, {middle[0]:.3f} ms in company")
        after = _own_memory(place.pid)
    finally:
        place.close()
        sink.shutdown()
    return measure.document(
        "beside",
        {
            "interval_s": EVERY,
            "pairs": pairs,
            "alone": {"lateness_ms": measure.spread(quiet)},
            "in company": {"lateness_ms": measure.spread(loud)},
            "followers": {"all": FOLLOWERS, "never read": MUTE},
            "bytes read": totals.get("taken"),
            "followers dropped while they read": totals.get("lost"),
            "scrapes": totals.get("scraped"),
            "otlp requests": sink.taken,
            "web_rss_mb": totals.get("web_rss_mb"),
            "watcher before": before,
            "watcher after": after,
        },
        {
            "beside.lateness_ms.p50": measure.spread(loud)["p50"],
            "beside.lateness_ms.p90": round(statistics.quantiles(loud, n=10)[8], 3),
            "beside.growth_mb": round(after["rss_mb"] - before["rss_mb"], 2),
        },
        {
            "p50 lateness to alone, median of the pairs": measure.median(ratios),
            "p90 lateness to alone": measure.ratio(
                statistics.quantiles(loud, n=10)[8],
                statistics.quantiles(quiet, n=10)[8],
            ),
        },
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="of one turn")
    parser.add_argument("--pairs", type=int, default=4)
    parser.add_argument("--full", action="store_true", help="30 s, 6 pairs")
    asked = parser.parse_args()
    found = (30.0, 6) if asked.full else (asked.seconds, asked.pairs)
    measure.show(run(*found))
