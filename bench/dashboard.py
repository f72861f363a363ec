"""The dashboard in a real Chromium: first paint, 200 targets, a change on the screen.

The processor time of the page's main thread is what its own work costs (script, style,
layout); a busy machine changes it least. The wall times beside it are what a person on
this machine waits for.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import measure
from followers import Writer, serving
from scrape import status

from agent2.store import history
from agent2.wire.snapshot import MARK

PARTS = ("ScriptDuration", "RecalcStyleDuration", "LayoutDuration", "TaskDuration")
# In the page: the longest task of its main thread, and when the first row said "Down".
WATCH = """
window.longest = 0;
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) window.longest = Math.max(longest, one.duration);
}).observe({ type: "longtask", buffered: true });
"""
SHOWN = """(word) => new Promise((done) => {
  const look = () => {
    const rows = document.querySelectorAll("table.targets tbody tr");
    if (rows.length && [...rows].every((row) => row.classList.contains(word))) {
      requestAnimationFrame(() => done(performance.timeOrigin + performance.now()));
    } else requestAnimationFrame(look);
  };
  look();
})"""


def fill(writer: Writer, many: int) -> None:
    """Write two hours of looks at each of *many* targets, and an entry."""
    now = time.time()
    writer.add()
    with writer.db.transaction() as tx:
        points = [
            (f"target-{n:05}", now - 60 * i, "good" if i % 9 else "bad", "ok", 0.01)
            for n in range(many)
            for i in range(120)
        ]
        history.add(tx, points)


def publish(folder: str, many: int, word: str) -> None:
    """Write the status in which every target is in the state *word*."""
    tree: dict[str, Any] = json.loads(status(many))
    tree["incidents"], tree["notifiers"], tree["gates"] = {"open": []}, [], []
    for one in tree["targets"]:
        one["state"] = word
    path = Path(folder, "agent2_status.json")
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(tree), encoding="utf-8")
    beside.replace(path)


@contextlib.contextmanager
def standing_in(folder: str) -> Iterator[None]:
    """Hold the agent's PID file, so that its status is believed."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from agent2.host.instance import Instance\n"
        "held = Instance.acquire(sys.argv[2]); print('held', flush=True)\n"
        "sys.stdin.read()"
    )
    path = os.path.join(folder, "agent2.pid")
    argv = [sys.executable, "-c", code, measure.ROOT, path, MARK]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(argv, **pipes) as child:
        assert child.stdout is not None
        child.stdout.readline()
        yield


class Screen:
    """One page of a browser and what its main thread has used."""

    def __init__(self, browser: Any, url: str) -> None:
        """Open the page and wait until every row is there."""
        self.context = browser.new_context(viewport={"width": 1280, "height": 800})
        self.page = self.context.new_page()
        self.page.add_init_script(WATCH)
        self.devtools = self.context.new_cdp_session(self.page)
        self.devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
        self.page.goto(url)
        self.page.evaluate(SHOWN, "is-ok")

    def spent(self) -> dict[str, float]:
        """Return milliseconds of the main thread since the page began."""
        told = self.devtools.send("Performance.getMetrics")["metrics"]
        found = {one["name"]: one["value"] * 1000 for one in told}
        return {name: found[name] for name in PARTS}

    def first_paint(self) -> float:
        """Return milliseconds from the address to the first text on the screen."""
        asked = 'performance.getEntriesByName("first-contentful-paint")[0].startTime'
        return float(self.page.evaluate(asked))

    def longest(self) -> float:
        """Return the longest task since the last call."""
        return float(self.page.evaluate("const all = longest; longest = 0; all"))


def opened(
    browser: Any, url: str, rounds: int
) -> tuple[list[float], list[dict[str, float]]]:
    """Open the page so often; return first paints and what the whole start used."""
    paints, used = [], []
    for _ in range(rounds):
        screen = Screen(browser, url)
        paints.append(screen.first_paint())
        used.append(screen.spent() | {"longest task": screen.longest()})
        screen.context.close()
    return paints, used


def changed(
    browser: Any, url: str, folder: str, writer: Writer, many: int, rounds: int
) -> tuple[list[float], list[dict[str, float]]]:
    """Let every target change so often; return how late it shows, and what it used."""
    screen = Screen(browser, url)
    screen.page.wait_for_selector('.stream[data-mode="live"]')
    late, used = [], []
    for turn in range(rounds):
        time.sleep(1.5)
        screen.longest()
        word = ("down", "ok")[turn % 2]
        before = screen.spent()
        began = time.time()
        writer.add()
        publish(folder, many, word)
        late.append(screen.page.evaluate(SHOWN, f"is-{word}") - 1000 * began)
        screen.page.wait_for_timeout(300)
        after = screen.spent()
        used.append({name: after[name] - before[name] for name in PARTS})
        used[-1]["longest task"] = screen.longest()
    screen.context.close()
    return late, used


def middle(rows: list[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure, in ms."""
    return {
        name: round(statistics.median(one[name] for one in rows), 1) for name in rows[0]
    }


def measured(many: int, rounds: int) -> dict[str, Any]:
    """Measure; return the figures."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))))
    flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        writer = Writer(folder)
        fill(writer, many)
        publish(folder, many, "ok")
        with standing_in(folder), serving(folder, "{rate_limit: 10000}") as web:
            url = f"http://127.0.0.1:{web.port}/"
            browser = driver.chromium.launch(executable_path=path, args=flags)
            opened(browser, url, 1)
            paints, first = opened(browser, url, rounds)
            late, later = changed(browser, url, folder, writer, many, rounds)
            browser.close()
        writer.db.close()
    return {
        "targets": many,
        "first_paint_ms": measure.spread(paints, 1),
        "the whole start, ms of the main thread": middle(first),
        "all targets change, ms of the main thread": middle(later),
        "on_screen_ms": measure.spread(late, 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    found = measured(asked.targets, asked.rounds)
    first = found["the whole start, ms of the main thread"]
    goals = {
        "dashboard.first_paint_ms": found["first_paint_ms"]["p50"],
        "dashboard.render_ms": round(sum(first[name] for name in PARTS[:3]), 1),
        "dashboard.on_screen_ms": found["on_screen_ms"]["p50"],
    }
    measure.show(measure.document("dashboard", found, goals))


if __name__ == "__main__":
    main()
