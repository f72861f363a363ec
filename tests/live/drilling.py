"""The documents' drills, carried out side by side while the other live tests run.

Each has a target and an agent of its own, and all of them mostly wait: twenty crashes
and twenty hangs with the default profile in real time, and the six profiles with every
time a tenth of itself (``bench/drills.py --full`` runs them in real time).
"""

from __future__ import annotations

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait

import yaml
from rig import ROOT, Diary, Rig, config, wait_for, watching

from agent2.compiler.compile import compile_text

TIMES = 20
TENTH = 0.1
CALM = 0.1  # seconds: when it happened is read from files, and fifty threads look

# Seconds to the signal by the documents' arithmetic: latest after a kill, latest after
# a hang. The earliest is proved by the count of failures and not by a clock.
WINDOWS = {
    "dev": (4.1, 14.0),
    "test": (10.1, 20.0),
    "prod": (45.2, 75.0),
    "high_load": (45.2, 75.0),
    "low_latency": (2.2, 5.0),
    "unstable_network": (25.3, 100.0),
}


class Drill:
    """One target, one agent, and what was seen of them."""

    def __init__(self, rig: Rig, diary: Diary, number: int, settings: dict) -> None:
        self.number = number
        self.diary = diary
        self.target = rig.target()
        self.agent = rig.agent(config(watching(self.target, **settings)))
        self.agent.look = CALM
        self.at = 0.0
        self.signal: dict = {}
        self.signal_after = 0.0
        self.down: dict = {}
        self.well_after = 0.0

    def strike(self, *signals: int) -> None:
        """Send *signals* somewhere inside an interval; wait for the restart signal."""
        self.until_noted("ok")
        interval = self.agent.status()["targets"][0]["interval_s"]
        time.sleep(interval * self.number / TIMES)
        for number in signals:
            self.at = self.target.send(number)
        wait_for(self._is_over, 60, self.agent.tail, CALM)
        self.signal_after = self.agent.signal_path.stat().st_mtime - self.at
        self.signal = self.agent.signal()
        self.down = self.agent.until_word("down", 60)
        self.until_noted("down")
        # The deed goes before its line, and both before the page that shows it.
        self.agent.until_line("修复操作: ", 60)
        self.agent.until(lambda page: page["fixes"], 60, "the page shows the signal")

    def until_noted(self, word: str) -> None:
        """Wait until the diary has *word*, too: it looks fifty times a second."""
        noted = lambda: self.diary.words(self.agent)[-1:] == [word]  # noqa: E731
        wait_for(noted, 60, self.agent.tail, CALM)

    def _is_over(self) -> bool:
        assert self.agent.runs(), "the agent was ended"
        return self.agent.signal_path.exists()

    def thaw(self) -> None:
        """Let a stopped target go on; wait until all is well."""
        at = time.time()
        self.target.send(signal.SIGCONT)
        self.agent.until_word("ok", 60)
        self.well_after = time.time() - at
        self.agent.until_no_signal(60)
        self.agent.until_line("restart signal withdrawn", 60)
        self.agent.until(_is_all_told, 60, "the page shows that it is over")


def _is_all_told(page: dict) -> bool:
    taken_back = [fix["withdrawn"] for fix in page["fixes"]]
    return any(taken_back) and not page["incidents"]["open"]


def default_profile() -> dict:
    """Return interval, threshold and timeout of no configuration at all."""
    made = compile_text(None, "", "/nonexistent", "", {})
    target = made.tree["targets"][0]
    found = {name: target[name] for name in ("interval", "timeout")}
    return found | {"failure_threshold": target["policy"]["failure_threshold"]}


def crash(drill: Drill) -> Drill:
    drill.strike((signal.SIGTERM, signal.SIGKILL)[drill.number % 2])
    return drill


def hang(drill: Drill) -> Drill:
    drill.strike(signal.SIGSTOP)
    drill.thaw()
    return drill


class Drills:
    """All of them, running from the moment that this is made."""

    def __init__(self, folder) -> None:
        self._rig = Rig(folder)
        self.diary = Diary()
        self._pool = ThreadPoolExecutor(99)
        # Few at once: a start costs a fifth of a second of a processor.
        self._starting = threading.Semaphore(2)
        usual = default_profile()
        # The longest first.
        self._hangs = [self._begin(hang, n, usual) for n in range(TIMES)]
        self._profiles = {
            (name, work): self._begin(work, 7, numbers)
            for name, numbers in profiles().items()
            for work in (crash, hang)
        }
        self._crashes = [self._begin(crash, n, usual) for n in range(TIMES)]
        self.diary.__enter__()
        self._last = threading.Thread(target=self._end)
        self._last.start()

    def _begin(self, work, number: int, settings: dict):
        def run() -> Drill:
            with self._starting:
                drill = Drill(self._rig, self.diary, number, settings)
            self.diary.follow(drill.agent)
            return work(drill)

        return self._pool.submit(run)

    def _end(self) -> None:
        """End all agents and targets once none is needed: seconds of a processor."""
        wait([*self._hangs, *self._profiles.values(), *self._crashes])
        self.diary.__exit__()
        self._rig.end()

    def crashes(self) -> list[Drill]:
        self._last.join()
        return [future.result() for future in self._crashes]

    def hangs(self) -> list[Drill]:
        self._last.join()
        return [future.result() for future in self._hangs]

    def profile(self, name: str, work) -> Drill:
        self._last.join()
        return self._profiles[name, work].result()

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        try:
            self._rig.close()
        finally:
            self._pool.shutdown()
            self._last.join()


def profiles() -> dict[str, dict]:
    """Return the numbers of the six profiles, every time a tenth of itself."""
    found = {}
    for path in sorted((ROOT / "config").glob("*.yaml")):
        defaults = yaml.safe_load(path.read_text()).get("defaults", {})
        if path.stem in WINDOWS:
            found[path.stem] = {
                "interval": seconds(defaults["interval"]) * TENTH,
                "timeout": seconds(defaults["timeout"]) * TENTH,
                "failure_threshold": defaults["failure_threshold"],
            }
    return found


def seconds(text: str) -> float:
    return float(text.removesuffix("s"))
