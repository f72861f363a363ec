"""Is the process that the PID file names alive, and is it the one that wrote it?"""

from __future__ import annotations

import os
import re

from agent2.checks.pid_known import Known, is_sure
from agent2.core.model import Code, Facet, Finding, Outcome
from agent2.core.text import one_line, plain
from agent2.core.value import value
from agent2.host.files import OversizeError, UnsafeFileError, read_with_stat
from agent2.host.processes import (
    OUR_TROUBLE,
    PID_MAX,
    ProcessRef,
    open_process,
    read_words,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.host.reactor import Reactor
    from agent2.plugins import Path

_LIMIT = 4096
_FIRST_NUMBER = re.compile(rb"[ \t\r\n]*([1-9][0-9]{0,9})(?=[ \t\r\n]|\Z)")
# Within an execve(2) a process has no command line; seconds, and how often to wait.
_EXCHANGE, _AGAIN = 0.05, 2
_SLACK = 2.0  # seconds: coarse file times and small clock steps are no reuse


class _RefusalError(Exception):
    """The answer is found before a process is: carried to the caller."""

    def __init__(
        self, code: Code, detail: str, outcome: Outcome = Outcome.FAIL
    ) -> None:
        super().__init__(detail)
        self.finding = Finding(outcome, code, one_line(detail))


class _Looked:
    """A slot beside the options, for what the last look found."""

    __slots__ = ("_known",)
    _known: Known | None


@value
class PidCheck(_Looked):
    """Look up the process named in a PID file.

    The first number in the file counts; further words and lines are ignored. A
    process that began after the file was last written is another one with the same
    number (``pid_reused``), and so is one that *match* is not found in.

    Attributes:
        file: The PID file.
        match: Pattern sought in the process's name, program and command line.
    """

    kind = "pid"
    facet = Facet.PROCESS

    file: Path
    match: str = ""

    async def probe(self, reactor: Reactor, deadline: float) -> Finding:
        """Look once, and again before a process is called another program."""
        if self._known is not None and self._known.still(reactor.now()):
            return self._known.finding
        finding, process = self._look()
        for _ in range(_AGAIN if self.match else 0):
            if finding.code is not Code.PID_REUSED:
                break
            await reactor.sleep_until(min(reactor.now() + _EXCHANGE, deadline))
            finding, process = self._look()
        if process is not None:
            process.close()
        return finding

    async def attach(self) -> ProcessRef | None:
        """Return the process now named, to be watched for its death; None if not well.

        The caller closes it.
        """
        finding, process = self._look()
        if process is not None and finding.outcome is not Outcome.OK:
            process.close()
            return None
        return process

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Tell what is wrong with the options."""
        try:
            re.compile(plain(self.match))
        except re.error as error:
            yield "match", f"is no pattern: {error}", "write . for any character"

    def __post_init__(self) -> None:
        """Begin with nothing known."""
        object.__setattr__(self, "_known", None)

    def _look(self) -> tuple[Finding, ProcessRef | None]:
        process = known = None
        try:
            path, pid, there = self._read()
            process = open_process(pid)
            if process is None:
                raise _RefusalError(Code.PID_DEAD, f"process {pid} does not exist")
            finding = self._judge(process, there.st_mtime, there.st_uid)
            # A process may become another program, and a secret name another file.
            lasts = not self.match and type(self.file) is str
            if lasts and is_sure(finding, process, there):
                known = Known(path, there, process, finding)
            return finding, process
        except _RefusalError as refusal:
            if process is not None:
                process.close()
            return refusal.finding, None
        except Exception as error:  # no descriptor, memory or secret: our trouble
            detail = one_line(f"cannot look: {error}")
            return Finding(Outcome.ERROR, Code.INTERNAL, detail), None
        finally:
            object.__setattr__(self, "_known", known)

    def _read(self) -> tuple[str, int, os.stat_result]:
        """Return the file, the number in it and its stat from before it was read."""
        try:
            path = os.path.expanduser(plain(self.file))
            content, found = read_with_stat(path, _LIMIT, trusted=True)
        except UnsafeFileError as error:
            large = isinstance(error, OversizeError)
            code = Code.PID_BAD if large else Code.PID_UNSAFE
            raise _RefusalError(code, f"{self.file} {error.strerror}") from None
        except (FileNotFoundError, NotADirectoryError):
            detail = f"{self.file} does not exist"
            raise _RefusalError(Code.PID_MISSING, detail) from None
        except (OSError, ValueError) as error:
            if getattr(error, "errno", None) in OUR_TROUBLE:
                raise
            why = getattr(error, "strerror", None) or str(error)
            detail = f"{self.file} cannot be read: {why}"
            raise _RefusalError(Code.PID_UNREADABLE, detail) from None
        match = _FIRST_NUMBER.match(content)
        if match is None:
            what = "is empty" if not content.strip() else "does not begin with a PID"
            raise _RefusalError(Code.PID_BAD, f"{self.file} {what}")
        pid = int(match[1])
        if pid == 1 or pid > PID_MAX:
            raise _RefusalError(
                Code.PID_BAD, f"{self.file} names {pid}: no PID of a service"
            )
        if pid == os.getpid():
            raise _RefusalError(Code.PID_BAD, f"{self.file} names {pid}: Agent2 itself")
        return path, pid, found

    def _judge(self, process: ProcessRef, written: float, owner: int) -> Finding:
        pid = process.pid
        if owner not in (0, os.geteuid()) and owner != _owner_of(pid):
            why = f"{self.file} belongs to uid {owner}, process {pid} does not"
            raise _RefusalError(Code.PID_UNSAFE, why)
        state = process.first_state
        if state == "Z":
            raise _RefusalError(
                Code.ZOMBIE, f"process {pid} is a zombie: dead, not reaped"
            )
        if state == "X":
            raise _RefusalError(Code.PID_DEAD, f"process {pid} does not exist")
        if process.start_ticks and written < process.started_at() - _SLACK:
            why = f"process {pid} began after {self.file} was written: another one"
            raise _RefusalError(Code.PID_REUSED, why)
        words = read_words(pid) if self.match else ""  # "" too where /proc hides it
        if words and not re.search(plain(self.match), words):
            why = f"process {pid} is another program: no {self.match!r} in its command"
            raise _RefusalError(Code.PID_REUSED, why)
        if state == "T":
            detail = f"process {pid} is stopped (SIGSTOP): it does nothing"
            return Finding(Outcome.OK, Code.STOPPED, detail, identity=process.identity)
        return Finding(
            Outcome.OK, Code.OK, f"process {pid} runs", identity=process.identity
        )


def _owner_of(pid: int) -> int:
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return -1
