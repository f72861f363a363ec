"""What is new of a unit in systemd's journal, by ``journalctl`` and its cursor.

Source: journalctl(1), ``--show-cursor``: the last line is ``-- cursor: …``.
"""

from __future__ import annotations

import os
import select
import signal
import time

from agent2.host import launch
from agent2.host.spawn import environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_MARK = b"-- cursor: "
_MOST = 20_000  # lines at once; of more the newest
_SIZE = 65536


class JournalError(OSError):
    """``journalctl`` said nothing that can be used; ``strerror`` tells why."""


def news(unit: str, cursor: str, seconds: float) -> Iterator[bytes | str]:
    """Yield blocks of whole lines that came after *cursor*, then the new cursor.

    Without a cursor there are no lines: what was before is no news. Blocks.

    Raises:
        JournalError: it cannot be run, took longer than *seconds*, or failed.
    """
    after = ["--after-cursor", cursor] if cursor else []
    argv = ["journalctl", "--no-pager", "-q", "-o", "short-iso", "--show-cursor"]
    argv += ["-u", unit, "-n", str(_MOST if cursor else 1), *after]
    outlet, inlet = launch.open_pipe()
    try:
        pid = launch.start(argv, environment({"LC_ALL": "C"}), inlet)
    except OSError as error:
        os.close(outlet)
        raise JournalError(error.errno, f"journalctl: {error.strerror}") from None
    finally:
        os.close(inlet)
    rest = b""
    try:
        for part in _read(outlet, time.monotonic() + seconds):
            whole = rest + part
            end = whole.rfind(b"\n", 0, max(whole.rfind(b"\n"), 0)) + 1
            rest = whole[end:]  # the last line may be the cursor
            if end and cursor:
                yield whole[:end]
    finally:
        os.close(outlet)
        status = _reaped(pid)
    last = rest.rstrip(b"\n").rpartition(b"\n")[2]
    if status or (rest and not last.startswith(_MARK)):
        why = last.decode("utf-8", "replace")[:200] or f"exit status {status}"
        raise JournalError(5, f"journalctl: {why}")
    yield last[len(_MARK) :].decode("ascii", "replace").strip() or cursor


def _read(outlet: int, end: float) -> Iterator[bytes]:
    door = select.poll()
    door.register(outlet, select.POLLIN)
    while True:
        left = end - time.monotonic()
        if left <= 0 or not door.poll(left * 1000):
            raise JournalError(110, "journalctl: no answer in time")
        part = os.read(outlet, _SIZE)
        if not part:
            return
        yield part


def _reaped(pid: int) -> int:
    """Kill what may be left of it and return its wait status."""
    done, status = os.waitpid(pid, os.WNOHANG)
    if not done:
        time.sleep(0.01)  # it closed its output: its end is near
        done, status = os.waitpid(pid, os.WNOHANG)
    if not done:
        os.killpg(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
    return status
