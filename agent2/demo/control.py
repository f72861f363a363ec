"""Start, stop and trouble the demo target from outside."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import time

from agent2.demo.server import HOST
from agent2.host.files import read_small, remove
from agent2.host.processes import ProcessRef, open_process, read_words

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "__main__.py")
PATIENCE = 10.0  # seconds until a target that says nothing counts as not started
GRACE = 1.0  # seconds between TERM and KILL: a stopped process hears only KILL
_DIGITS = re.compile(rb"\s*([1-9][0-9]{0,9})\s*$")


class DemoError(Exception):
    """The demo target does not do what was asked; one line says why."""


def find(pid_file: str) -> ProcessRef | None:
    """Return the living demo target of *pid_file*, to be closed; None if there is none.

    A program of another kind with that number is not ours and is left alone.
    """
    try:
        found = _DIGITS.match(read_small(pid_file, 64))
    except OSError:
        return None
    process = open_process(int(found.group(1))) if found else None
    if process is None:
        return None
    words = read_words(process.pid)
    if process.alive() and PROGRAM in words and pid_file in words:
        return process
    process.close()
    return None


def start(port: int, pid_file: str) -> tuple[int, str]:
    """Start the target in the background; return its PID and its address.

    Raises:
        DemoError: it did not come up.
    """
    argv = [sys.executable, PROGRAM, "serve", "--port", str(port)]
    argv += ["--pid-file", pid_file]
    child = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        cwd="/",
    )
    assert child.stdout is not None
    assert child.stderr is not None
    with child.stdout, child.stderr:
        url = child.stdout.readline().decode().strip()
        if not url:
            why = child.stderr.read(4096).decode("utf-8", "replace").strip()
            child.wait()
            raise DemoError(
                why.splitlines()[-1].removeprefix("demo: ")
                if why
                else "it ended at once"
            )
    child.returncode = 0  # it outlives us on purpose
    return child.pid, url


def stop(pid_file: str) -> int:
    """Stop the target: TERM, then KILL; return its PID, or 0 if it did not run.

    Raises:
        DemoError: it is another user's.
    """
    process = find(pid_file)
    if process is None:
        return 0
    try:
        pid = process.pid
        process.signal(signal.SIGTERM)
        if not _gone(process, GRACE):
            process.signal(signal.SIGKILL)
            _gone(process, PATIENCE)
    except PermissionError:
        raise DemoError(f"PID {process.pid} belongs to another user") from None
    finally:
        process.close()
    # A killed one could not do it itself.
    remove(pid_file)
    return pid


def _gone(process: ProcessRef, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while process.alive():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def fault(port: int, word: str) -> str:
    """Make the target on *port* show the fault *word*; return its answer.

    Raises:
        DemoError: it does not answer, or does not know the word.
    """
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("POST", "/fault", word.encode())
        answer = connection.getresponse()
        text = answer.read(4096).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException) as error:
        raise DemoError(
            f"{HOST}:{port}: {str(error) or type(error).__name__}"
        ) from None
    finally:
        connection.close()
    if answer.status != 200:
        raise DemoError(text)
    return text
