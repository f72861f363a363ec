"""Run the command line as a user does: a process, a home of its own, a clean environment."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.live import rig, warm

ROOT = Path(__file__).resolve().parents[2]
MAIN = ROOT / "agent2" / "__main__.py"


@dataclass
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


class Cli:
    """``cli("status", "--json")``; whatever runs at the end is stopped by ``close``."""

    def __init__(self, tmp_path, **environment):
        self.home = tmp_path / "home"
        self.home.mkdir(exist_ok=True)
        self.state = tmp_path / "state"
        self.env = {
            "HOME": str(self.home),
            "PATH": f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "AGENT2_HOME": str(self.state),
            "AGENT2_PYTHON": sys.executable,
        } | environment

    def __call__(self, *words, env=None, cwd=None, input_text=None):
        """Run a command as a process of its own, forked from a warm interpreter."""
        words, env = [*map(str, words)], self.env | (env or {})
        told = warm.ask(words, env, cwd or self.home, input_text, 120)
        answer = Answer(*told)
        assert "Traceback" not in answer.err, answer.err
        return answer

    def cold(self, *words, env=None, cwd=None):
        """Run a command as a user does, from the start of the interpreter on."""
        done = subprocess.run(
            [sys.executable, str(MAIN), *map(str, words)],
            env=self.env | (env or {}),
            cwd=cwd or self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Answer(done.returncode, done.stdout, done.stderr)

    def script(self, name, *words, env=None, cwd=None):
        done = subprocess.run(
            ["bash", str(ROOT / "scripts" / name), *map(str, words)],
            env=self.env | (env or {}),
            cwd=cwd or self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def on_terminal(self, *words, env=None):
        """Run with a terminal for stdout; return (exit code, what it shows)."""
        ours, theirs = pty.openpty()
        child = subprocess.Popen(
            [sys.executable, str(MAIN), *map(str, words)],
            env=self.env | {"TERM": "xterm-256color", "COLUMNS": "160"} | (env or {}),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # EIO: the other end is closed
            while select.select([ours], [], [], 30)[0] and (
                part := os.read(ours, 65536)
            ):
                shown += part
        os.close(ours)
        return child.wait(), shown.decode()

    def write(self, name, content):
        self.state.mkdir(exist_ok=True)
        path = self.state / name
        path.write_text(content, encoding="utf-8")
        return path

    def config(self, text):
        """Write the configuration, and the plan that the first command would make."""
        path = self.home / "agent2.yaml"
        path.write_text(text, encoding="utf-8")
        self.env["AGENT2_CONFIG"] = str(path)
        rig.compiled(path, self.state, self.env)
        return path

    def status(self):
        return json.loads((self.state / "agent2_status.json").read_text())

    def pid(self, name="agent2.pid"):
        return int((self.state / name).read_text())

    def close(self):
        """End what runs of ours: asked to, and then by force."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            ours = self.running()
            for pid in ours:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
                    os.kill(pid, signal.SIGCONT)
            if not ours:
                return
            with contextlib.suppress(AssertionError):
                until(lambda: not self.running(ours), 60)  # noqa: B023

    def running(self, pids=()):
        """Return the processes, of *pids* or of all, that were started for this home."""
        mark, found = os.fsencode(f"{self.home.parent}/"), []
        for pid in pids or filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):  # it has just ended
                if mark in Path(f"/proc/{pid}/environ").read_bytes():
                    found.append(int(pid))
        return found


def until(what, seconds=60.0):
    """Return the first true answer of *what*; fail when none comes in time."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError, ValueError, KeyError):
            if found := what():
                return found
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@contextlib.contextmanager
def holding(path, *words):
    """A process that holds the PID file *path* as our programs do.

    *words* stand in its command line; with ``deaf`` it does not hear TERM.
    """
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from agent2.host.instance import Instance\n"
        "import signal\n"
        "if 'deaf' in sys.argv: signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "held = Instance.acquire(sys.argv[2]); print('held', flush=True)\n"
        "import time; time.sleep(600)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(ROOT), str(path), *words],
        stdout=subprocess.PIPE,
    )
    with child.stdout as out:
        assert out.readline() == b"held\n"
        try:
            yield child
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait()
