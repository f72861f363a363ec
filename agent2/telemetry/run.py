"""One run of the telemetry program, from its start to its leaving."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import time
from typing import TYPE_CHECKING

from agent2 import __version__
from agent2.host.logfile import LogFile
from agent2.plan import secret, stored, values
from agent2.plan import telemetry as telemetry_plan
from agent2.plan.sources import PLAN_NAME
from agent2.store import meta
from agent2.store.errors import StoreError
from agent2.store.reading import Reader
from agent2.telemetry import phrases
from agent2.telemetry.leave import LeaveError
from agent2.telemetry.marks import Marks

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent2.host.instance import Instance
    from agent2.telemetry.sender import Sender

STORE = "agent2.db"
LOG = "telemetry.log"
_BYTES, _BACKUPS = 10 * 1024 * 1024, 3
_LAST_WORDS_S = 2.0
_NAME = re.compile(r"[A-Za-z0-9_.-]+")  # what HTTP and gRPC both take
_LOOK_S = 5.0  # is the plan still the same, is our parent still there?


class Run:
    """Holds the sender; it is made anew when the plan changes."""

    def __init__(
        self,
        state_dir: str,
        instance: Instance,
        *,
        ours: bool,
    ) -> None:
        """Send nothing yet; *ours*: a watcher started it, and it stays no longer."""
        self._state_dir, self._instance = state_dir, instance
        self._parent = os.getppid() if ours else 0
        self._file = LogFile(os.path.join(state_dir, LOG), name="telemetry")
        self._file.max_bytes, self._file.backups = _BYTES, _BACKUPS
        self._asked = False
        self._waits: Callable[[], bool] = lambda: False
        self._plan_seen: tuple[int, ...] = ()
        self._sender: Sender | None = None
        self._db: Reader | None = None
        self._said = ""
        self._inlet, self._outlet = os.pipe()
        os.set_blocking(self._inlet, False)
        os.set_blocking(self._outlet, False)
        signal.set_wakeup_fd(self._outlet, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)
        signal.signal(signal.SIGURG, lambda *_: None)
        signal.signal(signal.SIGHUP, lambda *_: None)

    def run(self) -> int:
        """Send until somebody asks to leave; return the exit code."""
        try:
            while not self._asked and self._look():
                self._listen()
            self._end()
        except LeaveError:
            pass  # the collector kept us waiting; the marks say what it has
        finally:
            self._file.close()
        return 0

    def _ask(self, _number: int, _frame: object) -> None:
        self._asked = True
        if self._waits():
            raise LeaveError

    def _look(self) -> bool:
        """Send what is due; is there a reason to go on?"""
        if self._parent and os.getppid() != self._parent:
            return False  # who started us is gone; the next one starts another
        if not self._configure():
            return not self._parent
        assert self._sender is not None
        try:
            db = self._open()
            self._sender.look(db, time.monotonic())
            self._say("")
        except StoreError as error:
            self._close_store()
            self._say(str(error))
        return True

    def _configure(self) -> bool:
        """Take the plan as it is now; is anything to be sent?

        Raises:
            PlanError: there is none that can be read.
        """
        path = os.path.join(self._state_dir, PLAN_NAME)
        try:
            found = os.stat(path)
            seen: tuple[int, ...] = (found.st_ino, found.st_mtime_ns, found.st_size)
        except OSError:
            seen = self._plan_seen  # it is just being written anew
        if seen == self._plan_seen and seen:
            return self._sender is not None
        plan = stored.load(path)
        self._plan_seen = seen
        self._words = phrases.of(plan.language)
        self._use(plan)
        return self._sender is not None

    def _use(self, plan: values.Plan) -> None:
        try:
            told = telemetry_plan.from_tree(plan.telemetry)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise stored.PlanError(f"telemetry: {error}") from None
        self._sender = None
        if not told.enabled:
            self._file("INFO", self._words["off"])
            return
        from agent2.telemetry.door import Door
        from agent2.telemetry.sender import Sender

        marks = Marks.load(self._state_dir)
        facts = {
            "service.name": told.service_name,
            "service.version": __version__,
            "service.instance.id": self._marked(marks),
            "host.name": socket.gethostname(),
        }
        door = Door(told, facts, self._headers(told.headers_file))
        self._waits = lambda: door.waits
        self._sender = Sender(told, door, marks, self._state_dir, self._file)
        self._file("INFO", self._words["begins"].format(endpoint=told.endpoint))

    def _marked(self, marks: Marks) -> str:
        """Return the store's name; marks of another store are none of this one."""
        try:
            name = meta.instance(self._open())
        except StoreError:
            return marks.store
        if marks.store != name:
            fresh = Marks(name)
            marks.traces, marks.logs = fresh.traces, fresh.logs
            marks.store = name
        return name

    def _headers(self, path: str) -> dict[str, str]:
        if not path:
            return {}
        try:
            lines = secret.read_secret(path)[0].splitlines()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            told = self._words["headers"].format(path=path, why=why)
            self._file("WARNING", told)
            return {}
        pairs = [line.partition(":") for line in lines if ":" in line]
        found = {name.strip(): text.strip() for name, _, text in pairs}
        for name, text in found.items():
            if not (_NAME.fullmatch(name) and text.isascii() and text.isprintable()):
                raise stored.PlanError(self._words["bad_header"].format(path=path))
        return found

    def _open(self) -> Reader:
        if self._db is None:
            self._db = Reader.look(os.path.join(self._state_dir, STORE))
        return self._db

    def _close_store(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _say(self, trouble: str) -> None:
        if trouble and trouble != self._said:
            self._file("WARNING", trouble)
        self._said = trouble

    def _listen(self) -> None:
        """Wait for what is due next, or for a signal."""
        wait = _LOOK_S
        if self._sender is not None:
            wait = min(wait, self._sender.wait(time.monotonic()))
        poller = select.poll()
        poller.register(self._inlet, select.POLLIN)
        if not self._asked and poller.poll(wait * 1000.0 + 1.0):
            os.read(self._inlet, 4096)

    def _end(self) -> None:
        """Send the last news, for a moment."""
        if self._sender is None or self._db is None:
            return
        try:
            self._sender.last_words(self._db, _LAST_WORDS_S)
        except StoreError as error:
            self._say(str(error))
        self._file("INFO", self._words["ends"])
        self._close_store()
