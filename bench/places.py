"""A place: one state folder, one service to watch, one program that watches it."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque

import plans
from measure import ROOT

BENCH = os.path.dirname(os.path.abspath(__file__))
WATCHER = os.path.join(ROOT, "agent2", "agent2_monitor.py")
KINDS = ("agent2", "floor", "reference")


class Service:
    """The watched service: started, killed and started again on one port."""

    def __init__(self, folder: str, port: int = 0) -> None:
        self.pid_file = os.path.join(folder, "service", "webui.pid")
        os.makedirs(os.path.dirname(self.pid_file), exist_ok=True)
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None
        self._inlet, self._outlet = os.pipe()
        os.set_blocking(self._outlet, False)
        os.set_inheritable(self._outlet, True)
        self._rest = b""
        self.lines: deque[list[str]] = deque()

    def start(self) -> float:
        """Start it and wait until it listens; return when its PID file was there."""
        argv = [sys.executable, "-I", "-S", os.path.join(BENCH, "target.py")]
        argv += [str(self.port), self.pid_file, str(self._outlet)]
        self.process = subprocess.Popen(argv, pass_fds=(self._outlet,))
        written = float(self.wait("p")[-1])
        self.port = int(self.wait("port")[-1])
        return written

    def wait(self, *start: str, patience: float = 10.0) -> list[str]:
        """Return the next report that begins with the words *start*.

        Raises:
            TimeoutError: it did not come.
        """
        until = time.monotonic() + patience
        while True:
            while self.lines:
                line = self.lines.popleft()
                if tuple(line[: len(start)]) == start:
                    return line
            if not select.select([self._inlet], [], [], until - time.monotonic())[0]:
                raise TimeoutError(f"the service reported no {start}")
            self.read()

    def read(self) -> None:
        """Take what it reported."""
        while select.select([self._inlet], [], [], 0)[0]:
            whole, _, self._rest = (
                self._rest + os.read(self._inlet, 1 << 20)
            ).rpartition(b"\n")
            self.lines.extend(line.split() for line in whole.decode().splitlines())

    def forget(self) -> None:
        """Drop what it reported so far."""
        self.read()
        self.lines.clear()

    def kill(self, number: int = signal.SIGKILL) -> float:
        """Send a signal; return when."""
        assert self.process is not None
        at = time.monotonic()
        self.process.send_signal(number)
        return at

    def gone(self) -> None:
        """Reap it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def close(self) -> None:
        self.gone()
        os.close(self._inlet)
        os.close(self._outlet)


class Place:
    """One program (*kind* of ``KINDS``) at work on one service."""

    def __init__(
        self,
        kind: str,
        *,
        every: float = 5.0,
        wait: float = 5.0,
        threshold: int = 2,
    ) -> None:
        self.kind = kind
        self.every, self.wait, self.threshold = every, wait, threshold
        self.root = tempfile.mkdtemp(prefix=f"bench-{kind.replace(' ', '-')}-")
        self.folder = os.path.join(self.root, "state")
        os.makedirs(self.folder)
        self.config = os.path.join(self.root, "agent2.yaml")
        self.signal_file = os.path.join(self.folder, "restart_signal")
        self.status_file = os.path.join(self.folder, "agent2_status.json")
        self.service = Service(self.root)
        self.service.start()
        self.process: subprocess.Popen[bytes] | None = None

    def plan(self, notifiers: tuple[plans.values.PluginPlan, ...] = ()) -> None:
        """Write the compiled plan of this place (agent2 only)."""
        with open(self.config, "w", encoding="utf-8") as file:
            file.write("# compiled by hand, see bench/plans.py\n")
        checks = plans.three_checks(self.service.pid_file, self.service.port)
        one = plans.target(
            "webui",
            checks,
            threshold=self.threshold,
            every=self.every,
            wait=self.wait,
            primary=True,
        )
        plans.write(self.folder, self.config, [one], notifiers)

    def start(self) -> float:
        """Start the program; return the time just before."""
        log = os.path.join(self.folder, "bench.out")
        with open(log, "ab") as out:
            began = time.monotonic()
            self.process = subprocess.Popen(
                self._argv(), stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        return began

    def _argv(self) -> list[str]:
        if self.kind == "agent2":
            own = [sys.executable, "-I", "-S", WATCHER, "--state-dir", self.folder]
            return [*own, "-c", self.config]
        service = self.service
        words = [self.folder, service.pid_file, service.port, self.every]
        words += [self.wait, self.threshold]
        name, _, durable = self.kind.partition(" ")
        bare = ["-I", "-S"] if name == "floor" else []
        words += [durable] if durable else []
        program = os.path.join(BENCH, f"{name}.py")
        return [sys.executable, *bare, program, *map(str, words)]

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def stop(self) -> None:
        """End the program."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def status(self) -> dict[str, object]:
        """Return the status file, {} while there is none or it is torn."""
        try:
            with open(self.status_file, encoding="utf-8") as file:
                found: dict[str, object] = json.load(file)
                return found
        except (OSError, ValueError):
            return {}

    def until_ok(self, patience: float = 15.0) -> bool:
        """Wait until the program believes that the service is well."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if self.status().get("health_status") == "ok":
                return True
            time.sleep(0.02)
        return False

    def close(self) -> None:
        self.stop()
        self.service.close()
        shutil.rmtree(self.root, ignore_errors=True)
