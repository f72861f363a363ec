"""Kill the demo target and tell, with times, what follows.

The times are those of the deeds themselves: the journal's for what the watcher did,
the moment of seeing for files of others. All count from the kill, and none goes back:
what the journal shows only after a file was seen has the time of the line before it.
"""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING, Any

import click

from agent2.cli import codes
from agent2.cli.errors import Failure
from agent2.cli.life import program as programs
from agent2.cli.records import Store
from agent2.cli.typed import typed
from agent2.cli.words import say
from agent2.demo import control
from agent2.host.files import read_small
from agent2.store import journal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.cli.demo.setup import Demo
    from agent2.cli.settings import Settings
    from agent2.store.database import Database
    from agent2.store.journal import Entry

_PATIENCE = 60.0
_STEP = 0.01  # seconds between two looks


def kill_and_watch(settings: Settings, demo: Demo) -> int:
    """Kill the target, print each step, return 0 when it is well again.

    Raises:
        Failure: the target does not run, so there is nothing to kill.
    """
    if not programs.find(programs.WATCHER, settings).running:
        raise Failure(codes.UNREACHABLE, say("demo.not_running"), "agent2 demo")
    with Store(settings) as db:
        watch = _Watch(settings, demo, db)
        process = control.find(demo.pid_file)
        if process is None:
            message = say("demo.no_target", why=demo.pid_file)
            raise Failure(codes.UNREACHABLE, message, "agent2 demo target start")
        begun = time.time()
        process.signal(signal.SIGKILL)
        process.close()
        _tell(latest := 0.0, say("demo.event.killed", pid=process.pid))
        while time.time() < begun + _PATIENCE:
            for at, text in watch.news():
                _tell(latest := max(latest, at - begun), text)
            if watch.held:
                return codes.FAILED  # nothing follows until a person says so
            if watch.over:
                click.echo(say("demo.recovered", seconds=f"{watch.well - begun:.1f}"))
                return codes.OK
            time.sleep(_STEP)
    click.echo(say("demo.failed", seconds=f"{_PATIENCE:.0f}"))
    return codes.FAILED


def _tell(after: float, text: str) -> None:
    click.echo(f"  {after:7.3f} s  {text}")


class _Watch:
    """Looks at the journal and at the files, and says what is new in them."""

    def __init__(self, settings: Settings, demo: Demo, db: Database) -> None:
        self._settings = settings
        self._demo = demo
        self._db = db
        self._after = journal.last(db)
        self._signal = ""
        self._restarts = self._restart_count()
        self._pid = _read(demo.pid_file)
        self._proved = False
        self.well = 0.0
        self.held = False

    @property
    def over(self) -> bool:
        """Is the target well again, and its restart proved?"""
        return self.well > 0 and self._proved

    def news(self) -> Iterator[tuple[float, str]]:
        """Yield (time, sentence) for what happened since the last call."""
        found = [*self._from_journal(), *self._from_files()]
        yield from sorted(found, key=lambda one: one[0])  # of one look: cause first

    def _from_journal(self) -> Iterator[tuple[float, str]]:
        for entry in journal.read(self._db, self._after):
            self._after = entry.seq
            text = self._sentence(entry, entry.body)
            if text:
                yield entry.at, text

    def _sentence(self, entry: Entry, body: dict[str, Any]) -> str:
        found = {"code": body.get("code"), "detail": body.get("detail")}
        if entry.kind == "health.changed" and body.get("new") == "failing":
            return say("demo.event.noticed", **found)
        if entry.kind == "health.changed" and body.get("new") == "unhealthy":
            return say("demo.event.unhealthy", **found)
        if entry.kind == "health.changed" and body.get("new") == "healthy":
            self.well = entry.at
            return say("demo.event.healthy", name=entry.target)
        if entry.kind == "restart.withheld":
            self.held = True
            why, paused = body.get("note"), body.get("why") == "paused"
            words = f"{'gate approve' if paused else 'audit'} {entry.target}"
            command = typed(words, self._settings)
            return say("demo.event.withheld", why=why, command=command)
        if entry.kind == "action.proved":
            self._proved = True
            return say("demo.event.fix", result=body.get("result"))
        return ""

    def _from_files(self) -> Iterator[tuple[float, str]]:
        now = time.time()
        path = self._settings.path("restart_signal")
        content = _read(path) or _read(f"{path}.taken")
        if content and content != self._signal:
            yield now, say("demo.event.signal", content=_one_line(content))
        elif self._signal and not content:
            yield now, say("demo.event.taken")
        self._signal = content
        count = self._restart_count()
        if count != self._restarts:
            self._restarts = count
            yield now, say("demo.event.agent1", count=count)
        pid = _read(self._demo.pid_file)
        if pid and pid != self._pid:
            self._pid = pid
            yield now, say("demo.event.process", pid=pid.strip())

    def _restart_count(self) -> int:
        try:
            found = json.loads(_read(self._settings.path("agent1_status.json")))
            return int(found["restart_count"])
        except (ValueError, KeyError, TypeError):
            return 0


def _one_line(content: str) -> str:
    return " ".join(content.split())


def _read(path: str) -> str:
    try:
        return read_small(path, 16384).decode("utf-8", "replace")
    except OSError:
        return ""
