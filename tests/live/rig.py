"""The rig of the live tests: real targets, real agents, real clocks.

    rig.target()            a demo target of our own, on a free port
    rig.agent(config)       an agent in a state folder of its own, ready to be asked
    agent.status(), .lines(), .signal(), .journal()      what it says
    wait_for(look, within, what)                         poll with a deadline

Whatever a test does or leaves undone, ``Rig.close`` ends every process, and it fails
the test if an agent left a traceback anywhere.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Self

from agent2.compiler.compile import Compiled, compile_text
from agent2.plan.sources import PLAN_NAME
from tests.ports import reserved

ROOT = Path(__file__).resolve().parents[2]
MONITOR = str(ROOT / "agent2" / "agent2_monitor.py")
DEMO = str(ROOT / "agent2" / "demo" / "__main__.py")
LOOK = 0.02
CHILDREN = tuple(
    f"{n}/__main__.py".encode()
    for n in ("courier", "supervisor", "telemetry", "upkeep")
)
# An answer that a busy machine delays by a second is no failure.
FAST = {"interval": 0.1, "timeout": 5}
IS_ROOT = os.geteuid() == 0


def wait_for(look, within, what, every=LOOK):
    """Return the first true answer of *look*; fail when *within* seconds are over."""
    deadline = time.monotonic() + within
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            said = what() if callable(what) else what
            raise AssertionError(f"not within {within} s: {said}")
        time.sleep(every)


def never(look, during, what):
    """Fail if *look* answers true at any moment of *during* seconds."""
    deadline = time.monotonic() + during
    while time.monotonic() < deadline:
        found = look()
        if found:
            raise AssertionError(f"it happened: {what}: {found}")
        time.sleep(LOOK)


def compiled(path: Path, folder: Path, env: dict[str, str]) -> Compiled:
    """Compile *path* here and now into *folder*, without 0.3 s of a child.

    A configuration that is refused leaves no plan.
    """
    made = compile_text(path.read_bytes(), str(path), str(folder), "", env)
    if made.tree is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / PLAN_NAME).write_text(json.dumps(made.tree))
        (folder / PLAN_NAME).chmod(0o600)
    return made


class Target:
    """A demo target that is our child: its death is reaped at once."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.pid_file = folder / "webui.pid"
        self.port = port or reserved()
        self.process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/health"

    @property
    def pid(self) -> int:
        return self.process.pid

    def start(self) -> Target:
        self.pid_file.parent.mkdir(parents=True, exist_ok=True)
        argv = [sys.executable, "-I", DEMO, "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(
            [*argv, "--pid-file", str(self.pid_file)],
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
        )
        url = self.process.stdout.readline()
        assert url.startswith("http://"), "the demo target did not start"
        self.port = int(url.split(":")[2].partition("/")[0])
        return self

    def send(self, number: int) -> float:
        """Send a signal; return when (epoch seconds). A deadly one is reaped."""
        at = time.time()
        self.process.send_signal(number)
        if number in (signal.SIGKILL, signal.SIGTERM):
            self.process.wait(30)
        return at

    def fault(self, word: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", "/fault", word.encode())
            assert connection.getresponse().status == 200
        except (ConnectionError, http.client.HTTPException):
            assert word == "die"
        finally:
            connection.close()
        if word == "die":
            self.process.wait(30)

    def close(self) -> None:
        if self.process is not None:
            if self.process.poll() is None:
                self.process.kill()
            self.process.wait(30)
            self.process.stdout.close()


class Agent:
    """An agent in *folder*; ``start`` may be called again after its end."""

    def __init__(self, folder: Path, config: dict | None, env: dict[str, str]) -> None:
        self.folder = folder
        self.config = config
        self.env = env
        self.process: subprocess.Popen | None = None
        self.errors = folder.parent / f"{folder.name}.stderr"
        self.output = folder.parent / f"{folder.name}.stdout"
        self.look = LOOK  # seconds between two looks at what it says
        self.extra: list[str] = []
        self.before: list[str] = []

    # -- its life

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def yaml(self) -> Path:
        return self.folder.parent / f"{self.folder.name}.yaml"

    def argv(self) -> list[str]:
        argv = [*self.before, sys.executable, "-I", "-S", MONITOR]
        argv += ["--state-dir", str(self.folder)]
        if self.config is not None:
            argv += ["--config", str(self.yaml)]
        return argv + self.extra

    def start(self, *, wait: float = 60.0, **options) -> Agent:
        """Start it and wait until it says that it is ready."""
        if self.config is not None and not self.yaml.exists():
            self.configure(self.config)
            self.precompile()
        inlet, outlet = os.pipe()
        try:
            with self.errors.open("ab") as errors, self.output.open("ab") as output:
                options = {"stdout": output, "stderr": errors} | options
                self.process = subprocess.Popen(
                    [*self.argv(), "--ready-fd", str(outlet)],
                    env=self.env,
                    pass_fds=(outlet,),
                    cwd="/",
                    **options,
                )
        finally:
            os.close(outlet)
        with os.fdopen(inlet, "rb") as pipe:
            if wait:
                said = _read_within(pipe, wait)
                assert said == b"READY\n", said
        return self

    def configure(self, config: dict) -> None:
        """Write *config* as its configuration, to be read at start or reload."""
        self.config = config
        # JSON is YAML; the compiler's child reads it as any other file.
        text = json.dumps(config, indent=1, ensure_ascii=False)
        part = self.yaml.with_suffix(".part")
        part.write_text(text, encoding="utf-8")
        part.replace(self.yaml)

    def precompile(self) -> None:
        """Compile its plan before it starts."""
        made = compiled(self.yaml, self.folder, self.env)
        assert made.tree is not None, made.problems

    def send(self, number: int) -> float:
        at = time.time()
        self.process.send_signal(number)
        return at

    def stop(self, within: float = 60.0) -> int:
        """Ask it to stop; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(within)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)

    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def close(self) -> None:
        if self.runs():
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        if self.process is not None:
            self.process.wait(30)

    # -- what it says

    @property
    def log_path(self) -> Path:
        return self.folder / "agent2.log"

    @property
    def status_path(self) -> Path:
        return self.folder / "agent2_status.json"

    @property
    def signal_path(self) -> Path:
        return self.folder / "restart_signal"

    def status(self) -> dict:
        return json.loads(self.status_path.read_bytes())

    def word(self) -> str:
        return self.status()["health_status"]

    def log(self) -> str:
        try:
            return self.log_path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""

    def lines(self, part: str = "") -> list[str]:
        return [line for line in self.log().splitlines() if part in line]

    def signal(self) -> dict | None:
        try:
            return json.loads(self.signal_path.read_bytes())
        except FileNotFoundError:
            return None

    def rows(self, sql: str, *facts) -> list[tuple]:
        """Return rows of its store, read as any reader may."""
        path = f"file:{self.folder}/agent2.db?mode=ro"
        connection = sqlite3.connect(path, uri=True, timeout=30)
        try:
            return connection.execute(sql, facts).fetchall()
        finally:
            connection.close()

    def journal(self, kind: str) -> list[tuple[float, dict]]:
        """Return time and body of the journal's entries of *kind*, in order."""
        rows = self.rows(
            "SELECT at, body FROM journal WHERE kind = ? ORDER BY seq", kind
        )
        return [(at, json.loads(body)) for at, body in rows]

    # -- waiting for it

    def until(self, look, within: float, what: str) -> dict:
        """Return the first status of which *look* is true."""

        def there():
            try:
                status = self.status()
            except FileNotFoundError:
                return None
            return status if look(status) else None

        said = lambda: f"{what}\n{self.tail()}"  # noqa: E731
        return wait_for(there, within, said, self.look)

    def until_word(self, word: str, within: float = 60.0) -> dict:
        return self.until(
            lambda status: status["health_status"] == word,
            within,
            f"health_status {word}",
        )

    def until_line(self, part: str, within: float = 60.0, count: int = 1) -> list[str]:
        def there():
            found = self.lines(part)
            return found if len(found) >= count else None

        said = lambda: f"log {part!r}\n{self.tail()}"  # noqa: E731
        return wait_for(there, within, said, self.look)

    def until_signal(self, within: float = 60.0) -> dict:
        return wait_for(self.signal, within, lambda: f"restart_signal\n{self.tail()}")

    def until_no_signal(self, within: float = 60.0) -> None:
        wait_for(
            lambda: not self.signal_path.exists(),
            within,
            lambda: f"no restart_signal\n{self.tail()}",
        )

    def tail(self) -> str:
        return "\n".join(self.lines()[-12:])


class Diary:
    """Writes down, from a thread of its own, every status that agents publish."""

    def __init__(self) -> None:
        self._agents: list[Agent] = []
        self._seen: dict[int, object] = {}
        self.pages: dict[int, list[tuple[float, dict]]] = {}
        self.torn = 0
        self.slowest = 0.0  # the longest time that it had to wait for its next look
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def follow(self, agent: Agent) -> None:
        self.pages[id(agent)] = []
        self._agents.append(agent)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    def _keep(self) -> None:
        looked = time.monotonic()
        while not self._over.wait(LOOK):
            for agent in tuple(self._agents):
                self._look(agent)
            last, looked = looked, time.monotonic()
            self.slowest = max(self.slowest, looked - last)

    def _look(self, agent: Agent) -> None:
        try:
            with agent.status_path.open("rb") as file:
                there = os.fstat(file.fileno())
                stamp = (there.st_ino, there.st_mtime_ns)
                if self._seen.get(id(agent)) == stamp:
                    return
                self._seen[id(agent)] = stamp
                page = json.loads(file.read())
        except FileNotFoundError:
            return
        except ValueError:
            self.torn += 1
            return
        self.pages[id(agent)].append((time.time(), page))

    def words(self, agent: Agent) -> list[str]:
        """Return the health words in their order, without repeats."""
        found: list[str] = []
        for _, page in self.pages[id(agent)]:
            if not found or found[-1] != page["health_status"]:
                found.append(page["health_status"])
        return found


class Rig:
    """Everything that one test starts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = itertools.count()  # drawn by several threads at once
        self._targets: list[Target] = []
        self._agents: list[Agent] = []
        self._others: list[subprocess.Popen] = []

    def target(self, *, start: bool = True, port: int = 0) -> Target:
        target = Target(self.folder / f"target{next(self._numbers)}", port)
        self._targets.append(target)
        return target.start() if start else target

    def agent(
        self,
        config: dict | None,
        *,
        start: bool = True,
        folder: Path | None = None,
        **env: str,
    ) -> Agent:
        home = folder or self.folder / f"agent{next(self._numbers)}" / "state"
        home.parent.mkdir(parents=True, exist_ok=True)
        base = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        agent = Agent(home, config, base | {"LC_ALL": "C.UTF-8"} | env)
        self._agents.append(agent)
        return agent.start() if start else agent

    def run(self, *argv: object, **options) -> subprocess.Popen:
        """Start another program; it is ended with the rest."""
        process = subprocess.Popen([str(a) for a in argv], **options)
        self._others.append(process)
        return process

    def end(self) -> None:
        """End the agents and their targets; what they wrote stays."""
        for part in (*self._agents, *self._targets):
            part.close()

    def close(self) -> None:
        """End everything that was started, then look for tracebacks."""
        self.end()
        for process in self._others:
            if process.poll() is None:
                process.kill()
            process.wait(30)
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()
        for pid in couriers(self.folder) if self._agents or self._others else ():
            os.kill(pid, signal.SIGKILL)  # they outlive a killed agent, as they should
        for agent in self._agents:
            for path in (agent.errors, agent.log_path, agent.output):
                text = path.read_text(errors="replace") if path.exists() else ""
                assert "Traceback" not in text, text[-4000:]


def couriers(folder: Path) -> list[int]:
    """Return the couriers, lanes and supervisors of the state folders in *folder*."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it has just ended
        inside = any(word.startswith(f"{folder}/".encode()) for word in words)
        if inside and any(word.endswith(CHILDREN) for word in words):
            found.append(int(place.name))
    return found


def watching(target: Target, name: str = "webui", **settings) -> dict:
    """Return a target of the configuration: *target* with the three usual checks."""
    entry = {
        "name": name,
        "checks": [
            {"kind": "pid", "file": str(target.pid_file)},
            {"kind": "tcp", "port": target.port},
            {"kind": "http", "url": target.url},
        ],
    }
    return entry | settings


def asking(server, **settings) -> dict:
    """Return a target of which every cycle is one request to the health *server*."""
    check = {"kind": "http", "url": server.url}
    return {"name": "webui", "checks": [check]} | FAST | settings


def config(*targets: dict, **top) -> dict:
    """Return a whole configuration; evidence of each outage would cost a program."""
    base = {"version": 1, "language": "en", "evidence": {"enabled": False}}
    return base | {"targets": list(targets)} | top


def _read_within(pipe, seconds: float) -> bytes:
    import select

    if not select.select([pipe], [], [], seconds)[0]:
        raise AssertionError(f"the agent was not ready within {seconds} s")
    return pipe.readline()
