"""What the shipped examples are about, at places of a test: service, nginx, PostgreSQL."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

import pytest
from rig import IS_ROOT, ROOT, Rig, wait_for

from tests.fakes.docker_socket import ENDED, RUNNING, DockerSocket

EXAMPLES = ROOT / "config" / "examples"
SERVICE = Path(__file__).with_name("example_service.py")
_SERVERS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
_INITDB = shutil.which("initdb") or (_SERVERS[-1] if _SERVERS else None)
POSTGRESQL = Path(_INITDB).resolve().parent if _INITDB else None
needs_postgresql = pytest.mark.skipif(
    POSTGRESQL is None, reason="PostgreSQL is not installed"
)


def service(port: int, place: Path) -> list[str]:
    """Return the command of the service."""
    return [sys.executable, "-I", "-S", str(SERVICE), str(port), str(place)]


def until_listening(*ports: int) -> None:
    """Wait until all *ports* take connections."""

    def look() -> bool:
        for port in ports:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)):
                    return False
        return True

    wait_for(look, 60, f"{ports} listen")


def ask(port: int, path: str, times: int = 1, body: str | None = None) -> None:
    """Ask *times* on one connection after the other, as clients of the service do."""
    for _ in range(times):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("POST" if body is not None else "GET", path, body)
        connection.getresponse().read()
        connection.close()


class Example:
    """An agent of the example *name*, with *changes* for the places of a test.

    *told* returns the texts of all alerts that came so far.
    """

    def __init__(
        self,
        rig: Rig,
        name: str,
        changes: dict[str, str],
        told: Callable[[], list[str]],
        **env: str,
    ) -> None:
        text = (EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8")
        for theirs, ours in changes.items():
            assert theirs in text, f"{name}.yaml has no {theirs!r} any more"
            text = text.replace(theirs, ours)
        self.text = text.replace("version: 1", "version: 1\nlanguage: en")
        self._told = told
        self.agent = rig.agent({}, start=False, **env)
        self.agent.yaml.write_text(self.text)
        self.agent.precompile()
        self.agent.start()

    def state(self, target: str) -> dict:
        """Return what the status says of *target*."""
        targets = self.agent.status()["targets"]
        return next(one for one in targets if one["name"] == target)

    def repairs(self, target: str) -> list[str]:
        """Return the results of the restarts of *target*, oldest first."""
        fixes = self.agent.status()["fixes"]
        found = [fix["result"] for fix in fixes if fix["target"] == target]
        return [result for result in found if result != "warning_logged"]

    def until(self, look: Callable[[], object]) -> None:
        """Wait for what *look* finds."""
        wait_for(look, 60, self._seen)

    def well(self, *targets: str) -> None:
        """Wait until all *targets* are well."""
        self.until(lambda: all(self.state(t)["state"] == "ok" for t in targets))

    def finds(
        self, target: str, code: str, words: str = "", state: str = "down"
    ) -> None:
        """Wait until a check of *target* says so, and the target is in *state*."""

        def look() -> bool:
            now = self.state(target)
            return now["state"] == state and any(
                check["code"] == code and words in check["detail"]
                for check in now["checks"]
            )

        self.until(look)

    def restarted(self, target: str, times: int) -> None:
        """Wait until *target* was restarted so often with proof, and is well."""
        self.until(lambda: self.repairs(target).count("success") >= times)
        self.well(target)

    def tells(self, *words: str) -> None:
        """Wait for an alert that has all the *words*."""
        self.until(lambda: any(all(w in text for w in words) for text in self._told()))

    def _seen(self) -> str:
        targets = self.agent.status()["targets"]
        found = [f"{t['name']}: {t['state']} {t['checks']}" for t in targets]
        return "\n".join([*found, self.agent.tail(), *self._told()])


class Container(DockerSocket):
    """Docker's socket, with a program of ours as the container *name*."""

    def __init__(self, path: Path, name: str, run: Callable[[], Popen]) -> None:
        super().__init__(str(path))
        self._name, self._run = name, run
        self.process = run()

    def answer(self, verb: str, path: str) -> bytes:
        if verb == "POST":
            self.process.kill()
            self.process.wait(30)
            self.process = self._run()
        runs = self.process.poll() is None
        self.state = (RUNNING if runs else ENDED) | {"Pid": self.process.pid}
        return super().answer(verb, path.replace(self._name, "web"))


@contextmanager
def postgresql(folder: Path) -> Iterator[dict[str, str]]:
    """Run a server that only listens in *folder*; yield the environment of its clients.

    It refuses to run as root.
    """
    who = {"user": "nobody", "group": "nogroup", "extra_groups": ()} if IS_ROOT else {}
    if IS_ROOT:
        shutil.chown(folder, "nobody", "nogroup")
    at = f"{folder}/db"
    made = ["initdb", "-D", at, "-A", "trust", "-U", "postgres", "--no-sync", "-N"]
    subprocess.run(
        [f"{POSTGRESQL}/{made[0]}", *made[1:], "--locale=C", "-E", "UTF8"],
        check=True, capture_output=True, cwd="/", **who,
    )  # fmt: skip
    quick = [x for o in ("fsync=off", "listen_addresses=") for x in ("-c", o)]
    with subprocess.Popen(
        [f"{POSTGRESQL}/postgres", "-D", at, "-k", str(folder), *quick],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **who,
    ) as server:  # fmt: skip
        try:
            path = f"{POSTGRESQL}:{os.environ['PATH']}"
            env = {"PATH": path, "PGHOST": str(folder), "PGUSER": "postgres"}
            ready = [f"{POSTGRESQL}/pg_isready", "--quiet"]
            wait_for(
                lambda: subprocess.run(ready, env=env, check=False).returncode == 0,
                60, "PostgreSQL answers",
            )  # fmt: skip
            yield env
        finally:
            server.send_signal(signal.SIGINT)  # a fast shutdown
            server.wait(60)
