"""The restarter's round: look for signals, take them up one after the other."""

from __future__ import annotations

import os
import time

from agent2.core.text import one_line
from agent2.host.clock import stamp
from agent2.plan import stored
from agent2.plan.sources import PLAN_NAME
from agent2.restarter import desk
from agent2.restarter.restart import Recipe, Result, restart
from agent2.wire.signal import Signal, SignalError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent2.host.reactor import Reactor
    from agent2.plan.values import Plan
    from agent2.restarter.desk import Waiting
    from agent2.restarter.report import Report

POLL = 0.2  # seconds between two looks
BEAT = 10.0  # seconds between two status writes when nothing happens
_LOG_LIMIT = 10_000_000  # bytes of what a restarted target may leave in its log


class Round:
    """Takes signals up until it is told to stop; ``busy`` is the one in work."""

    def __init__(
        self,
        state_dir: str,
        reactor: Reactor,
        report: Report,
        lost: Callable[[], bool],
    ) -> None:
        """Know where to look and where to tell; *lost*: is our PID file gone?"""
        self.busy: Waiting | None = None
        self.homeless = False
        self._lost = lost
        self._dir = state_dir
        self._reactor = reactor
        self._report = report
        self._said: set[str] = set()
        self._plan: Plan | None = None
        self._plan_id: object = None

    async def run(self) -> None:
        """Go round for ever."""
        self._tell_left_behind()
        self._keep_logs_short()
        self._report.set(status="waiting")
        if not self._argv():
            self._once(self._nothing())
        beat = self._reactor.now() + BEAT
        while not self._lost():
            for place in desk.waiting(self._dir):
                try:
                    await self._take(place)
                except OSError as error:
                    self._once(f"{place.path}: {error.strerror}", "ERROR")
            if self._reactor.now() >= beat:
                beat = self._reactor.now() + BEAT
                self._report.set()
                self._keep_logs_short()
            await self._reactor.sleep_until(self._reactor.now() + POLL)
        self.homeless = True
        self._reactor.stop()

    async def _take(self, place: Waiting) -> None:
        argv = self._argv()
        if not argv:
            self._once(f"{place.path} is left: {self._nothing()}")
            return
        if place.target and not any("{target}" in word for word in argv):
            hint = "restarter.argv has no {target}"
            self._once(f"{place.path} is left, only the primary is restarted: {hint}")
            return
        try:
            if not desk.claim(place):
                return
        except SignalError as error:
            self._once(f"{place.path} {error}")
            return
        try:
            wish = desk.read(place)
        except SignalError as error:
            aside = desk.put_aside(place)
            line = one_line(f"refused: {place.path} {error}; moved to {aside}")
            self._report.say("ERROR", line)
            self._report.set(last_result="refused", last_detail=line)
            return
        self.busy = place
        self._finish(
            place, await restart(self._reactor, self._begin(place, wish, argv))
        )
        self.busy = None

    def _begin(self, place: Waiting, wish: Signal, argv: tuple[str, ...]) -> Recipe:
        assert self._plan is not None  # argv comes from it
        target = place.target or wish.target or self._plan.primary.name
        line = f"restart of {target} begins: {wish.reason}"
        self._report.say("INFO", one_line(f"{line} (by {wish.requested_by or '?'})"))
        self._report.set(
            status="restarting",
            target=target,
            restart_count=self._report.tree["restart_count"] + 1,
            last_restart=stamp(time.time()),
            last_result="running",
            last_detail="",
            last_signal=wish.id,
        )
        options = self._plan.restarter
        return Recipe(
            argv=[word.replace("{target}", target) for word in argv],
            env={
                "AGENT2_TARGET": target,
                "AGENT2_REASON": wish.reason.replace("\0", ""),
                "AGENT2_CODE": wish.code.replace("\0", ""),
                "AGENT2_INCIDENT": wish.incident_id.replace("\0", ""),
                "AGENT2_ATTEMPT": str(wish.attempt),
            },
            verify=options.verify,
            timeout=options.timeout,
            log=self._log_of(place),
        )

    def _finish(self, place: Waiting, result: Result) -> None:
        desk.done(place)
        target = self._report.tree["target"]
        word = "success" if result.done else "failed"
        level = "INFO" if result.done else "ERROR"
        self._report.say(level, f"restart of {target}: {word}, {result.detail}")
        running = result.running
        self._report.set(
            status="waiting",
            last_result=word,
            last_detail=result.detail,
            service_running=result.done if running is None else running,
        )

    def _tell_left_behind(self) -> None:
        for place in desk.left_behind(self._dir):
            aside = desk.put_aside(place, desk.UNKNOWN)
            line = "the last restarter died within a restart: its result is unknown, "
            line += f"it is not repeated; its signal is kept as {aside}"
            self._report.say("WARNING", line)
            self._report.set(last_result="unknown", last_detail=line)

    def _argv(self) -> tuple[str, ...]:
        """Return the command of the plan as it is now; () when there is none."""
        path = f"{self._dir}/{PLAN_NAME}"
        try:
            found = os.stat(path)
            known = (found.st_ino, found.st_mtime_ns, found.st_size)
            if known != self._plan_id:
                self._plan = stored.load(path)
                self._plan_id = known
        except (OSError, stored.PlanError) as error:
            if not isinstance(error, FileNotFoundError):
                self._once(one_line(f"the plan cannot be read: {error}"), "ERROR")
            if self._plan is None:
                return ()
        assert self._plan is not None
        return self._plan.restarter.argv

    def _nothing(self) -> str:
        """Say why there is no command: it may be configured and not compiled yet."""
        if self._plan is None:
            return "the watcher left no plan here yet: agent2 start"
        return "nothing to run, restarter.argv is not configured"

    def _log_of(self, place: Waiting) -> str:
        ending = f"-{place.target}" if place.target else ""
        return f"{self._dir}/agent1_command{ending}.log"

    def _keep_logs_short(self) -> None:
        """Empty a log that a restarted target fills: it appends, so it goes on."""
        try:
            names = os.listdir(self._dir)
        except OSError:
            return  # the folder went away just now
        for name in names:
            path = f"{self._dir}/{name}"
            ours = name.startswith("agent1_command") and not os.path.islink(path)
            if ours and os.path.getsize(path) > _LOG_LIMIT:
                os.truncate(path, 0)

    def _once(self, line: str, level: str = "WARNING") -> None:
        if line not in self._said:
            self._said.add(line)
            self._report.say(level, line)
