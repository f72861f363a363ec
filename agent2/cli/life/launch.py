"""Start a program in the background and return only when it is ready, or is not.

The child says so itself: ``READY`` (or ``ERROR <exit code> <text>``) on a pipe.
Nobody guesses by sleeping, and a child that fails shows its own words here.
"""

from __future__ import annotations

import os
import select
import subprocess
import time
from dataclasses import dataclass

from agent2.cli.codes import CANNOT_CREATE, INTERNAL, UNREACHABLE
from agent2.cli.errors import Failure
from agent2.cli.life import program as programs
from agent2.cli.life.program import Program
from agent2.cli.settings import Settings
from agent2.cli.words import say

PATIENCE = 10.0  # seconds until a child that says nothing counts as failed


@dataclass(frozen=True, slots=True)
class Launched:
    """How a start ended: exit code 0 and a PID, or a code and the child's words."""

    code: int
    pid: int
    text: str


def launch(program: Program, settings: Settings) -> Launched:
    """Start *program* in a session of its own and wait until it is ready.

    Raises:
        Failure: its files cannot be made.
    """
    programs.need_script(program)
    programs.make_folder(settings.state_dir)
    errors = settings.path(program.error_file)
    before = os.path.getsize(errors) if os.path.exists(errors) else 0
    inlet, outlet = os.pipe()
    argv = programs.argv(program, settings)
    passed: tuple[int, ...] = ()
    if program.ready:
        argv += ["--ready-fd", str(outlet)]
        passed = (outlet,)
    with open(_error_log(errors), "ab") as sink:
        child = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=sink,
            start_new_session=True,
            pass_fds=passed,
            cwd="/",  # a background program must not hold a file system
        )
    os.close(outlet)
    try:
        if program.ready:
            answer = _hear(child, inlet)
        else:
            answer = _see(child, program, settings)
    finally:
        os.close(inlet)
    # The child outlives us on purpose: Popen must not warn that it runs.
    child.returncode = child.returncode or 0
    if answer.code and not answer.text:
        return Launched(answer.code, 0, _tail(errors, before))
    return answer


def _error_log(path: str) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o600)
    except OSError as error:
        message = say("error.write", path=path, why=error.strerror)
        raise Failure(CANNOT_CREATE, message, say("try.folder")) from None


def _hear(child: subprocess.Popen[bytes], inlet: int) -> Launched:
    """Read the child's one line from the pipe."""
    deadline = time.monotonic() + PATIENCE
    told = b""
    while b"\n" not in told:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([inlet], [], [], left)[0]:
            child.terminate()
            text = say("error.not_ready", seconds=f"{PATIENCE:.0f}")
            return Launched(UNREACHABLE, 0, text)
        more = os.read(inlet, 4096)
        if not more:
            break
        told += more
    line = told.decode(errors="replace").strip()
    if line == "READY":
        return Launched(0, child.pid, "")
    code, _, text = line.removeprefix("ERROR").strip().partition(" ")
    ended = _ended(child)
    if code.isdigit() and int(code):
        return Launched(int(code), 0, text)
    return Launched(ended or INTERNAL, 0, "")


def _see(
    child: subprocess.Popen[bytes], program: Program, settings: Settings
) -> Launched:
    """Wait until the child holds its PID file."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        ended = child.poll()
        if ended is not None:
            return Launched(ended if ended > 0 else INTERNAL, 0, "")
        if programs.find(program, settings).pid == child.pid:
            return Launched(0, child.pid, "")
        time.sleep(0.02)
    child.terminate()
    return Launched(UNREACHABLE, 0, say("error.not_ready", seconds=f"{PATIENCE:.0f}"))


def _ended(child: subprocess.Popen[bytes]) -> int:
    try:
        return max(child.wait(2.0), 0)
    except subprocess.TimeoutExpired:
        child.terminate()
        return INTERNAL


def _tail(path: str, start: int) -> str:
    """Return what the child wrote to its error log: at most its last 20 lines."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            file.seek(start)
            lines = file.read(65536).strip().splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-20:])
