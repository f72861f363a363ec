"""The log file: one event, one line; safe under every kind of rotation.

``%(asctime)s - Agent2 - LEVEL - message`` in the words of the standard library, but
without it (2.4 MB). The file is opened for appending, its inode is looked at before
each line, so it may be renamed, removed or truncated by anybody at any time.
"""

from __future__ import annotations

import errno
import json
import os
import time

from agent2.host.clock import stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
_BAD = {code: f"\\x{code:02x}" for code in (*range(32), 127, *range(128, 160))}
# Line ends of other worlds, marks that turn the writing direction, what has no width.
_UNSEEN = (0x61C, *range(0x200B, 0x2010), *range(0x2028, 0x202F))
_UNSEEN += (*range(0x2060, 0x2070), 0xFEFF)
_BAD.update({code: f"\\u{code:04x}" for code in _UNSEEN})


class LogFile:
    """Append lines to *path*. A line that cannot be written is lost, never raised."""

    def __init__(
        self, path: str, *, name: str = "Agent2", echo: int | None = None
    ) -> None:
        """Open nothing yet. *echo* is a descriptor that gets every line too.

        A line that its reader (a journal, a pipe) has no room for is in the file alone.
        """
        self.path = path
        self.level = LEVELS["INFO"]
        self.max_bytes = 0
        self.backups = 10
        self.json = False
        self.json_path = ""  # "": beside the log
        self.json_calm = False
        self.ids: Callable[[str], dict[str, str]] = _none  # a sid's, in a trace
        self.lost = 0
        self._name = name
        self._echo = echo
        if echo is not None and not os.isatty(echo):
            os.set_blocking(echo, False)
        self._fd = -1
        self._id = (0, 0)
        self._minute = -1  # whose words are in ``_day``
        self._day = ""
        self._cut = False
        self._json_cut = False
        self._run = f"{name.lower()}@{time.time():.3f}"

    def __call__(
        self, level: str, message: str, sid: str = "", *, ahead: bool = False
    ) -> None:
        """Write one line of *level*; control characters in it are escaped.

        *sid* is the incident that it belongs to: it stands at the end, in brackets, or
        *ahead* of a message whose end others read.
        """
        if LEVELS[level] < self.level:
            return
        now = time.time()
        # Nearly every line is printable: the table costs Chinese text 20 us.
        text = message if message.isprintable() else message.translate(_BAD)
        sid = sid if sid.isprintable() else sid.translate(_BAD)
        minute, second = divmod(int(now), 60)
        if minute != self._minute:
            self._minute = minute
            self._day = time.strftime("%Y-%m-%d %H:%M", time.localtime(now))
        clock = f"{self._day}:{second:02d},{int(now * 1000) % 1000:03d}"
        said = text
        if sid:
            said = f"[{sid}] {text}" if ahead else f"{text} [{sid}]"
        line = f"{clock} - {self._name} - {level} - {said}\n".encode("utf-8", "replace")
        try:
            self._ensure(len(line))
            self._write(line)
            if self.json:
                self._write_json(now, level, text, sid)
        except OSError:
            self.lost += 1
        if self._echo is not None and not self._is_echo_the_file():
            try:
                os.write(self._echo, line)
            except BlockingIOError:
                pass
            except OSError:
                self._echo = None

    def _write(self, line: bytes) -> None:
        """Write *line*; on a full disk a part of it may stay, and is ended later.

        Raises:
            OSError: nothing, or not all of it, could be written.
        """
        whole = b"\n" + line if self._cut else line
        written = os.write(self._fd, whole)
        if written:
            self._cut = written < len(whole)
        if self._cut or not written:
            raise OSError(errno.ENOSPC, "no room for the whole line")

    def reopen(self) -> None:
        """Open the file anew at the next line (SIGHUP)."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            self._cut = False

    def _ensure(self, size: int) -> None:
        """Hold the file that *path* names now, turned over if it grew too long."""
        try:
            there = os.stat(self.path, follow_symlinks=False)
            known = (there.st_dev, there.st_ino)
        except FileNotFoundError:
            there, known = None, (0, 0)
        full = there is not None and there.st_size + size > self.max_bytes
        if full and self.max_bytes:
            self._turn_over(self.path)
            known = (0, 0)
        if self._fd >= 0 and known == self._id != (0, 0):
            return
        self.reopen()
        self._fd = os.open(self.path, _FLAGS, 0o644)
        made = os.fstat(self._fd)
        self._id = (made.st_dev, made.st_ino)
        _readable(self._fd, made)

    def _turn_over(self, path: str) -> None:
        for number in range(self.backups - 1, 0, -1):
            older = f"{path}.{number}"
            if os.path.lexists(older):
                os.replace(older, f"{path}.{number + 1}")
        os.replace(path, f"{path}.1")

    def _write_json(self, now: float, level: str, text: str, sid: str) -> None:
        """Write the line to the JSON-lines file too; of no incident: of this run."""
        of = {"sid": sid} | self.ids(sid) if sid else {"sid": self._run}
        record = {"timestamp": stamp(now), "level": level, "name": self._name} | of
        record["message"] = text
        line = json.dumps(record, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        self.record(line)

    def record(self, line: bytes) -> None:
        """Append *line* to the JSON-lines file; its size has the same limit.

        It is opened for each line, so it may be renamed, removed or truncated too.

        Raises:
            OSError: nothing, or not all of it, could be written.
        """
        path = self.json_path or self.path.removesuffix(".log") + ".jsonl"
        fd = os.open(path, _FLAGS, 0o644)
        try:
            there = os.fstat(fd)
            _readable(fd, there)
            whole = b"\n" + line if self._json_cut else line
            written = os.write(fd, whole)
        finally:
            os.close(fd)
        if written:
            self._json_cut = written < len(whole)
        if self._json_cut or not written:
            raise OSError(errno.ENOSPC, "no room for the whole line")
        if self.max_bytes and there.st_size + len(line) > self.max_bytes:
            self._turn_over(path)

    def _is_echo_the_file(self) -> bool:
        """Launchd may point our stdout at the very log file: say nothing twice."""
        assert self._echo is not None
        try:
            there = os.fstat(self._echo)
        except OSError:
            return True
        return (there.st_dev, there.st_ino) == self._id

    def close(self) -> None:
        """Close the file."""
        self.reopen()


def _readable(fd: int, there: os.stat_result) -> None:
    """Give our own file its documented mode, whatever the umask was."""
    if there.st_uid == os.geteuid() and there.st_mode & 0o777 != 0o644:
        os.fchmod(fd, 0o644)


def _none(_sid: str) -> dict[str, str]:
    return {}
