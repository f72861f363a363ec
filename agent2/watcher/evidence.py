"""Have evidence collected at a target's first failure, and lay it beside the incident.

The program (``agent2/evidence``) is started and not waited for: with a threshold of two
its pack is there when the restart is asked for, and no restart is ever later for it.
"""

from __future__ import annotations

import json
import os
import sys

from agent2.core.model import Code, Health
from agent2.core.text import one_line
from agent2.store import journal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from sqlite3 import Connection
    from typing import Any

    from agent2.core.model import TargetState
    from agent2.host.clock import Clock
    from agent2.host.reactor import Reactor
    from agent2.watcher.texts import Texts
    from agent2.watcher.watched import Watched

_PROGRAM = os.path.join(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
    "evidence",
    "__main__.py",
)
_PATIENCE = 10.0  # seconds, then it is killed; it takes one on a machine at rest
_REST = 10.0  # seconds between two packs of one target: it may come and go
_AT_ONCE = 2  # programs: a thousand targets that fail together are no second load
_LINES, _LONGEST = 10, 200  # of a log, that people are told
_SICK = frozenset({Health.FAILING, Health.UNHEALTHY})


class Found:
    """What was collected of one target: *summary* is "" when nothing was named."""

    __slots__ = ("at", "incident", "path", "summary")

    def __init__(self, at: float) -> None:
        """It is asked for; *at* on the steady clock."""
        self.at = at
        self.path = ""
        self.summary = ""
        self.incident = ""  # beside which it was laid


def said(watched: Watched) -> str:
    """Return what was found of the failure that lasts; "" for that of another one."""
    found = watched.evidence
    if found is None or watched.state.failing_since is None:
        return ""
    return found.summary if found.at >= watched.state.failing_since else ""


def lines(watched: Watched) -> tuple[str, ...]:
    """Return the last lines that its logs' checks count against it now, redacted."""
    wrong = {one.check for one in watched.seen if one.finding.code is not Code.OK}
    found: list[str] = []
    for name, check in watched.checks:
        if name in wrong and hasattr(check, "evidence"):
            found += check.evidence()
    return tuple(one_line(line, _LONGEST) for line in found[-_LINES:])


def _began(state: TargetState) -> float:
    return state.failing_since if state.failing_since is not None else 0.0


class Evidence:
    """One for the agent; *save* queues a write and does not wait."""

    def __init__(
        self,
        reactor: Reactor,
        clock: Clock,
        state_dir: str,
        texts: Callable[[], Texts],
        save: Callable[[Callable[[Connection], Any]], object],
    ) -> None:
        """Nothing is started before a target fails."""
        self._reactor = reactor
        self._clock = clock
        self._state_dir = state_dir
        self._texts = texts
        self._save = save
        self._running = 0
        self.enabled = True

    def note(self, watched: Watched, state: TargetState) -> None:
        """See the new *state* of a target: begin, or lay beside its incident."""
        if state.health not in _SICK:
            return
        found, now = watched.evidence, self._clock.now()
        if found is None or found.at < _began(state):
            rested = found is None or now - found.at >= _REST
            if rested and self.enabled and self._running < _AT_ONCE:
                watched.evidence = Found(now)
                self._running += 1
                self._reactor.start(self._collect(watched, watched.evidence), "pack")
        elif state.incident is not None:
            self._lay(watched, found, state.incident)

    async def _collect(self, watched: Watched, found: Found) -> None:
        from agent2.host import spawn  # a watcher whose targets are well needs none

        try:
            ended = await spawn.run(
                self._reactor,
                self._argv(watched),
                spawn.environment({}, spawn.SESSION),
                self._reactor.now() + _PATIENCE,
            )
            told = json.loads(ended.output)
            found.path, found.summary = str(told["path"]), one_line(told["summary"])
        except (OSError, ValueError, LookupError, TypeError) as error:
            self._texts().say("DEBUG", "no_evidence", target=watched.name, detail=error)
            return
        finally:
            self._running -= 1
        incident = watched.state.incident
        if incident is not None and found.at >= _began(watched.state):
            self._lay(watched, found, incident)

    def _argv(self, watched: Watched) -> list[str]:
        argv = [sys.executable, "-I", _PROGRAM, "--state-dir", self._state_dir]
        argv += ["--target", watched.name]
        pid = watched.ref.pid if watched.ref is not None else 0
        if watched.death is not None:
            pid, cause = watched.death
            argv += ["--death", cause or "nobody told how"]
        return [*argv, "--pid", str(pid)]

    def _lay(self, watched: Watched, found: Found, incident: str) -> None:
        """Write down, once, that the pack belongs to *incident*."""
        if not found.path or found.incident:
            return
        found.incident = incident
        body = {"path": found.path, "summary": found.summary}
        name, now = watched.name, self._clock.now()
        shown = found.summary or os.path.basename(found.path)
        self._texts().say("INFO", "evidence", target=name, detail=shown)

        def inside(tx: Connection) -> None:
            journal.append(tx, now, "evidence.collected", name, incident, body)

        self._save(inside)
