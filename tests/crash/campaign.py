"""A campaign of kills: outages come and go, people must be told, everything dies.

    python tests/crash/campaign.py --kills 40 --seed 7 [--package FOLDER]

An agent with six targets and three receivers (PagerDuty, Slack, SMTP), each in a
process that is not killed. At random moments the watcher, the courier, one of its
lanes or all of them get ``kill -9`` (now and then TERM), and the watcher is started
again. Beside it a status reader runs all the time, ``agent2 outbox list`` is asked,
the store's lock is held, receivers hang up, hang or answer 503, and restart signals
are taken up. At the end everything is left to settle; ``ledgers.check`` then proves
from what is written down that nothing was lost or doubled.
"""

from __future__ import annotations

import argparse
import heapq
import http.client
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT)]  # also as a program of its own

import ledgers  # noqa: E402
import ours  # noqa: E402

from agent2.store.lock import FileLock  # noqa: E402
from tests.live.rig import Agent  # noqa: E402

INTERVAL = 0.1
MEAN_GAP = 0.35  # seconds between two kills, on average
LONGEST_GAP = 1.5
SETTLE = 300.0
STOP = 60.0
TIMEOUT = 4.0  # seconds for a send: a receiver that is well is never that slow
SHOWN = 5
PATIENCE = 30  # looks for a victim that is not there
PAGER_KEY = "0123456789abcdef0123456789abcdef"
SLACK_PATH = "/services/T00000000/B00000000/XXXXsecretXXXXsecretXXXX"
VICTIMS = {"watcher": 35, "courier": 25, "lane": 12, "all": 18, "TERM": 10}
GOOD = {"always": False, "mode": None}
OFF = {"remediation": False}
QUICK = {"settle": 0.1, "proof": 1, "backoff": 0.2, "backoff_max": 1}


def targets(ports: list[int]) -> list[dict]:
    """Return six targets: each of another threshold and manner."""
    manners: list[dict] = [
        {"failure_threshold": 2, "restart": QUICK | {"intensity": 1000}},
        {"failure_threshold": 1, "restart": OFF},
        {
            "failure_threshold": 3,
            "success_threshold": 2,
            "restart": QUICK | {"intensity": 2, "period": 20},
        },
        {"failure_threshold": 2, "restart": OFF},
        {"failure_threshold": 2, "restart": OFF, "flapping": True},
        {"failure_threshold": 2, "restart": OFF},
    ]
    found = []
    for n, (port, manner) in enumerate(zip(ports, manners, strict=True)):
        check = {"kind": "http", "url": f"http://127.0.0.1:{port}/", "slow": 0}
        checks = [{"kind": "tcp", "port": port}] if n == ledgers.SHUT else []
        usual = {"interval": INTERVAL, "timeout": 1, "flapping": False}
        found.append(
            {"name": f"t{n}", "checks": [*checks, check]} | usual | manner,
        )
    return found


def notifiers(ports: dict[str, int]) -> list[dict]:
    local = "http://127.0.0.1"
    return [
        {
            "name": "pager",
            "kind": "pagerduty",
            "routing_key": "${PAGER_KEY}",
            "url": f"{local}:{ports['pagerduty']}/v2/enqueue",
            "timeout": TIMEOUT,
        },
        {
            "name": "chat",
            "kind": "slack",
            "webhook_url": f"{local}:{ports['slack']}{SLACK_PATH}",
            "timeout": TIMEOUT,
        },
        {
            "name": "mail",
            "kind": "email",
            "host": "127.0.0.1",
            "port": ports["smtp"],
            "to": ["admin@example.com"],
            "timeout": TIMEOUT,
        },
    ]


class Campaign:
    """One run in *folder*; what happened stays there as ledgers."""

    def __init__(
        self,
        folder: Path,
        seed: int,
        kills: int,
        package: Path = ROOT,
        settle: float = SETTLE,
        told: tuple[str, ...] = ledgers.NOTIFIERS,
        gap: float = MEAN_GAP,
        victims: tuple[str, ...] = tuple(VICTIMS),
    ) -> None:
        self.told = told
        self.gap = gap
        self.victims = victims
        self.folder = folder
        self.settle = settle
        self.state = folder / "state"
        self.chance = random.Random(seed)
        self.wanted = kills
        self.package = package
        self.struck: dict[str, int] = dict.fromkeys(VICTIMS, 0)
        self.starts: list[dict] = []
        self.wrong: list[str] = []
        self.flips = 0
        self.slowest = 0.0  # seconds that a sleep of 20 ms took
        self.listed = 0
        self._others: list[subprocess.Popen] = []
        self._clients: list[subprocess.Popen] = []
        self._agenda: list[tuple[float, int, str, tuple]] = []
        self._entries = 0
        self._down: dict[int, float] = {}
        self._unseen: set[int] = set()
        self._ports: dict[str, int] = {}

    @property
    def kills(self) -> int:
        return sum(count for name, count in self.struck.items() if name != "TERM")

    @property
    def _late(self) -> bool:
        """Would a send that fails now wait long after the last kill?"""
        return self.kills > 0.5 * self.wanted

    # -- the stage

    def _helper(self, *argv: object, **options) -> subprocess.Popen:
        child = subprocess.Popen(
            [sys.executable, *map(str, argv)], stdin=subprocess.PIPE, **options
        )
        self._others.append(child)
        return child

    def _set_up(self) -> None:
        folder = self.folder
        port_file = folder / "ports.json"
        fakes = ROOT / "tests" / "fakes" / "receivers.py"
        self._helper(
            fakes,
            "--log",
            folder / "receipts.log",
            "--port-file",
            port_file,
            "--leash",
            stdout=subprocess.DEVNULL,
        )
        self._stage = self._helper(
            HERE / "outages.py",
            ledgers.TARGETS,
            "--log",
            folder / "answers.log",
            stdout=subprocess.PIPE,
        )
        ports = json.loads(self._stage.stdout.readline())
        self._until(port_file.exists, 60, "the receivers listen")
        self._ports = json.loads(port_file.read_text())
        config = {
            "version": 1,
            "language": "en",
            # A program for each outage, of which no planted fault is seen.
            "evidence": {"enabled": self.package == ROOT},
            "targets": targets(ports),
            "notifiers": [n for n in notifiers(self._ports) if n["name"] in self.told],
        }
        env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"}
        self.agent = Agent(self.state, config, env | {"PAGER_KEY": PAGER_KEY})
        self.agent.configure(config)
        self.agent.precompile()
        self._helper(
            HERE / "reader.py",
            self.agent.status_path,
            "--log",
            folder / "pages.log",
            stdout=subprocess.DEVNULL,
        )

    def _start(self) -> None:
        argv = self.agent.argv()
        argv[argv.index("-S") + 1] = str(self.package / "agent2" / "agent2_monitor.py")
        with (self.folder / "watcher.err").open("ab") as errors:
            at = time.time()
            self.agent.process = subprocess.Popen(
                argv,
                env=self.agent.env,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
            )
        self.starts.append({"at": at, "pid": self.agent.pid})

    def _until(self, look, within: float, what: str) -> bool:
        deadline = time.monotonic() + within
        while not look():
            if time.monotonic() > deadline:
                self.wrong.append(f"not within {within:g} s: {what}")
                return False
            self._alive()
            time.sleep(0.02)
        return True

    def _alive(self) -> None:
        """Start the watcher if it ended; by itself it must not."""
        agent = getattr(self, "agent", None)
        if agent is None or agent.process is None or agent.runs():
            return
        self.wrong.append(f"the watcher ended by itself with {agent.process.wait()}")
        self._start()

    # -- what happens

    def run(self) -> dict:
        """Do it all; return what ``ledgers.check`` is given."""
        began = time.monotonic()
        try:
            self._set_up()
            self._start()
            for n in range(ledgers.TARGETS):
                self._plan(self.chance.uniform(0.1, 0.8), "flip", n)
            self._plan(self._gap(), "strike")
            self._plan(0.3, "misbehave")
            self._plan(0.5, "contend")
            self._plan(0.2, "take_up")
            while self.kills < self.wanted and len(self.wrong) < 20:
                self._step()
            struck = time.monotonic() - began
            self._last_outage()
            self._settle()
            self._stop()
        finally:
            self._close()
        return {
            "kills": self.struck,
            "starts": self.starts,
            "outages": self.flips,
            "listed": self.listed,
            "slowest": self.slowest,
            "notifiers": self.told,
            "seconds": [round(struck, 1), round(time.monotonic() - began, 1)],
            "wrong": self.wrong,
        }

    def _plan(self, after: float, what: str, *facts: object) -> None:
        self._entries += 1
        due = time.monotonic() + after
        heapq.heappush(self._agenda, (due, self._entries, what, facts))

    def _gap(self) -> float:
        return min(self.chance.expovariate(1 / self.gap), LONGEST_GAP)

    def _step(self) -> None:
        due, _, what, facts = self._agenda[0]
        wait = due - time.monotonic()
        if wait > 0:
            asleep = time.monotonic()
            time.sleep(min(wait, 0.02))
            self.slowest = max(self.slowest, time.monotonic() - asleep)
            self._alive()
            self._look()
            return
        heapq.heappop(self._agenda)
        getattr(self, f"_{what}")(*facts)

    def _look(self) -> None:
        """End the outages that wait to be seen, once they are."""
        if not self._unseen:
            return
        try:
            shown = self.agent.status()
        except FileNotFoundError:
            return
        except ValueError:
            return  # torn: the reader has it too
        names = {one["name"] for one in shown["targets"] if one["state"] == "down"}
        for n in [n for n in self._unseen if f"t{n}" in names]:
            self._unseen.discard(n)
            self._plan(self.chance.uniform(0, 0.5), "flip", n)

    def _flip(self, n: int) -> None:
        if n in self._down:
            del self._down[n]
            self._unseen.discard(n)
            self._tell(n, "ok")
            self._plan(self.chance.uniform(0.3, 1.5), "flip", n)
            return
        self._down[n] = time.monotonic()
        self.flips += 1
        usual = "shut" if n == ledgers.SHUT else "bad"
        self._tell(n, self.chance.choice((usual, usual, "cut")))
        if self.chance.random() < 0.6:
            self._unseen.add(n)  # it lasts until the status shows it
        else:
            self._plan(self.chance.uniform(0.05, 1.0), "flip", n)

    def _tell(self, n: int, mode: str) -> None:
        self._stage.stdin.write(f"{n} {mode}\n".encode())
        self._stage.stdin.flush()

    def _strike(self, name: str = "", tries: int = 0) -> None:
        if not name:
            weights = [VICTIMS[one] for one in self.victims]
            name = self.chance.choices(self.victims, weights)[0]
            name = "courier" if name == "lane" and self._late else name
        found = ours.of(self.state)
        if name in {"courier", "lane"}:
            those = [one for one in found if one.role == name]
            if those and ours.kill(self.chance.choice(those)):
                self.struck[name] += 1
                self._plan(self._gap(), "strike")
                return
            if tries < PATIENCE:  # there is none just now
                self._plan(0.03, "strike", name, tries + 1)
                return
            name = "watcher"
        if name == "TERM":
            self._terminate()
        else:
            self.agent.kill()
            if name == "all":
                for one in found:
                    ours.kill(one)
        self.struck[name] += 1
        time.sleep(self.chance.choice((0.0, 0.0, self.chance.uniform(0, 0.15))))
        self._start()
        self._plan(self._gap(), "strike")

    def _terminate(self) -> None:
        self.agent.process.terminate()
        try:
            code = self.agent.process.wait(STOP)
        except subprocess.TimeoutExpired:
            self.wrong.append("the watcher does not stop at TERM")
            self.agent.kill()
            return
        if code not in {0, -signal.SIGTERM}:  # before it could listen, TERM ends it
            self.wrong.append(f"the watcher ended at TERM with {code}")

    def _misbehave(self) -> None:
        if self._late:
            return
        name = self.chance.choice(("pagerduty", "slack", "smtp"))
        told: dict = {"mode": self.chance.choice(("cut", "hang", "answer"))}
        if name == "smtp":
            told["mode"] = self.chance.choice(("slam", "hang", "answer"))
        if told["mode"] == "answer":
            told["status"] = 451 if name == "smtp" else 503
        self._control(name, GOOD)  # one at a time, or a row could wait for minutes
        self._control(name, told)
        self._plan(self.chance.uniform(0.2, 1.2), "misbehave")

    def _control(self, name: str, told: dict) -> None:
        link = http.client.HTTPConnection("127.0.0.1", self._ports["control"])
        link.request("POST", f"/{name}", json.dumps(told))
        link.getresponse().read()
        link.close()

    def _contend(self) -> None:
        """Ask for the outbox, or keep the store to ourselves for a moment."""
        for client in [each for each in self._clients if each.poll() is not None]:
            self._clients.remove(client)
            self._judge(client)
        if self.chance.random() < 0.3:
            lock = FileLock(str(self.state / "agent2.db.lock"))
            lock.acquire()
            time.sleep(self.chance.uniform(0, 0.3))
            lock.close()
        elif len(self._clients) < 2 and (self.state / "agent2.db").exists():
            argv = [sys.executable, str(self.package / "agent2" / "__main__.py")]
            argv += ["outbox", "list", "--json", "--state-dir", str(self.state)]
            self._clients.append(
                subprocess.Popen(
                    argv,
                    env=self.agent.env,
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                )
            )
        self._plan(self.chance.uniform(0.5, 3.0), "contend")

    def _judge(self, client: subprocess.Popen) -> None:
        said = client.communicate()[1].decode()
        self.listed += 1
        if client.returncode != 0 or said:
            text = f"outbox list ended with {client.returncode}: {said[-300:]}"
            self.wrong.append(text)

    def _take_up(self) -> None:
        """Do what a restarter does: now and then a signal is taken away."""
        for path in (self.state / "restart_signal", *self._signals()):
            if self.chance.random() < 0.5:
                path.unlink(missing_ok=True)
        self._plan(self.chance.uniform(0.1, 0.8), "take_up")

    def _signals(self) -> list[Path]:
        return list((self.state / "restart_signal.d").glob("t*"))

    # -- the end

    def _last_outage(self) -> None:
        """One more outage of everything, with nobody killed: it works after all."""
        for name in ("pagerduty", "slack", "smtp"):
            self._control(name, GOOD)
        for n in range(ledgers.TARGETS):
            self._tell(n, "ok")
        self._until(lambda: self._shown(set()), self.settle, "everything is well")
        left = self.state / "restart_signal"
        self._until(
            lambda: not left.exists() and not self._signals(),
            self.settle,
            "no signal is left",
        )
        everything = {f"t{n}" for n in range(ledgers.TARGETS)}
        for n in range(ledgers.TARGETS):
            self._tell(n, "shut" if n == ledgers.SHUT else "bad")
        self.flips += ledgers.TARGETS
        self._until(lambda: self._shown(everything), self.settle, "everything is down")
        for n in range(ledgers.TARGETS):
            self._tell(n, "ok")

    def _shown(self, down: set[str]) -> bool:
        try:
            shown = self.agent.status()
        except (FileNotFoundError, ValueError):
            return False
        states = {one["name"]: one["state"] for one in shown["targets"]}
        ours = shown["agent"]["pid"] == self.agent.pid
        return ours and all(
            state == ("down" if name in down else "ok")
            for name, state in states.items()
        )

    def _settle(self) -> None:
        self._until(self._settled, self.settle, "everything is told")

    def _settled(self) -> bool:
        # Told first: what is queued is counted after nothing more can be queued.
        ((lasting,),) = self.agent.rows(
            "SELECT (SELECT count(*) FROM incidents WHERE resolved_at IS NULL)"
            " + (SELECT count(*) FROM targets"
            " WHERE json_extract(state, '$.flap') IS NOT NULL)"
        )
        ((waiting,),) = self.agent.rows(
            "SELECT count(*) FROM deliveries WHERE state IN ('pending', 'sending')"
        )
        return not lasting and not waiting and self._shown(set())

    def _stop(self) -> None:
        for client in self._clients:
            self._judge(client)
        self._clients = []
        code = self.agent.stop(STOP)
        if code != 0:
            self.wrong.append(f"the watcher ended with {code}")
        deadline = time.monotonic() + STOP
        while left := ours.of(self.state):
            if time.monotonic() > deadline:
                self.wrong.append(f"left running: {[one.role for one in left]}")
                return
            time.sleep(0.02)

    def _close(self) -> None:
        if hasattr(self, "agent"):
            self.agent.close()
            for one in ours.of(self.state):
                ours.kill(one)
        for child in (*self._clients, *self._others):
            if child.stdin is not None:
                child.stdin.close()
            try:
                child.wait(STOP)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            for pipe in (child.stdout, child.stderr):
                if pipe is not None:
                    pipe.close()


def conduct(folder: Path, seed: int, kills: int, **more) -> dict:
    """Run a campaign in *folder*; return figures and what is wrong (``wrong``)."""
    folder.mkdir(parents=True, exist_ok=True)
    done = Campaign(folder, seed, kills, **more).run()
    found = ledgers.check(folder, done)
    return {"seed": seed, **found}


def shortened(wrong: list[str]) -> list[str]:
    """Return the first few things that each rule found."""
    count: Counter[str] = Counter()
    shown = []
    for what in wrong:
        rule = what.partition(":")[0]
        count[rule] += 1
        if count[rule] <= SHOWN:
            shown.append(what)
    return shown + [f"{rule}: {n} in all" for rule, n in count.items() if n > SHOWN]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--package", default=str(ROOT))
    parser.add_argument("--settle", type=float, default=SETTLE, help="seconds")
    parser.add_argument("--gap", type=float, default=MEAN_GAP, help="seconds")
    parser.add_argument("--victim", action="append", help="who dies; else all of them")
    parser.add_argument("--only", action="append", help="a notifier; else all")
    parser.add_argument("--folder", default="", help="kept; else a temporary one")
    asked = parser.parse_args()
    folder = Path(asked.folder or tempfile.mkdtemp(prefix="agent2-kills-"))
    seed = asked.seed or random.SystemRandom().randrange(1, 1 << 31)
    try:
        found = conduct(
            folder,
            seed,
            asked.kills,
            package=Path(asked.package),
            settle=asked.settle,
            gap=asked.gap,
            victims=tuple(asked.victim or VICTIMS),
            told=tuple(asked.only or ledgers.NOTIFIERS),
        )
    finally:
        if not asked.folder:
            shutil.rmtree(folder, ignore_errors=True)
    found["wrong"] = shortened(found["wrong"])
    print(json.dumps(found, indent=2))
    return 1 if found["wrong"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
