"""Does a job still report when it should? A dead-man check: silence is the failure.

    targets:
      - name: nightly-backup
        interval: 1m
        restart: {remediation: off}
        checks:
          - kind: heartbeat
            job: backup
            schedule: "0 2 * * *"
            timezone: Europe/Berlin
            grace: 30m
            runtime: 2h

The job says so itself: `agent2 ping backup start` when it begins, `agent2 ping backup`
when it ended well, `agent2 ping backup fail --message "disk full"` when not; or over
HTTP with `POST /api/v1/ping/backup`, `…/start`, `…/fail`. `every: 24h` in place of
`schedule` counts from its last good end. All that is wrong has the code
`stale_heartbeat`. A clock that is set forward while Agent2 looks makes no job late.
"""

from __future__ import annotations

import os
import time

from agent2.checks import net
from agent2.core import cron, heartbeat
from agent2.core.heartbeat import Beat, Promise
from agent2.core.model import Code, Facet, Finding, Outcome
from agent2.core.text import one_line
from agent2.core.value import value
from agent2.host.clock import Clock, boottime
from agent2.store import heartbeats
from agent2.store.database import Database, StoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from agent2.host.reactor import Reactor
    from agent2.plugins import Seconds

_STORE = "agent2.db"
_STEPS = 8  # of the clock that are remembered


class _Place:
    """Where the store lies, may it be written, and when was the clock set forward?"""

    __slots__ = ("_clock", "_keeps", "_state_dir", "_steps")
    _state_dir: str
    _keeps: bool
    _clock: Clock
    _steps: tuple[
        tuple[float, float], ...
    ]  # when, on the clock as it is now; by how much


@value
class HeartbeatCheck(_Place):
    """Wait for the reports of a job: late, failed or running too long is a failure.

    Attributes:
        job: The name under which it reports.
        schedule: When it runs, as cron says it: five fields, or a word such as @daily.
        every: The longest time from one good end to the next, in place of a schedule.
        timezone: Whose clock the schedule means; without it, this machine's.
        grace: How much later it may end before it is late.
        runtime: How long a run may take; 0 is as long as grace.
    """

    kind = "heartbeat"
    facet = Facet.HEALTH
    restartable = False

    job: str
    schedule: str = ""
    every: Seconds = 0.0
    timezone: str = ""
    grace: Seconds = 3600.0
    runtime: Seconds = 0.0

    async def probe(self, reactor: Reactor, deadline: float) -> Finding:
        """Look what the job reported; asks nobody."""
        now = self._now()
        try:
            # A thread: the store may be busy, and a zone is loaded by the first look.
            known = await reactor.thread(self._known, now, deadline=deadline)
        except StoreError as error:
            what = f"cannot look for reports: {error}"
            return Finding(Outcome.ERROR, Code.INTERNAL, one_line(what))
        except Exception as error:  # no thread, no time, no such zone: our trouble
            return net.own_trouble(error).finding
        return self._finding(*known, now)

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Tell what is wrong with the options."""
        if not heartbeat.is_name(self.job):
            yield "job", "cannot be a name", "it stands in a URL: letters and digits"
        if bool(self.schedule) == bool(self.every):
            what = "stands beside every" if self.every else "is missing"
            yield "schedule", what, 'either schedule: "0 2 * * *", or every: 24h'
        try:
            if self.schedule:
                cron.parse(self.schedule)
        except cron.CronError as error:
            yield "schedule", str(error), "five fields, for example 0 2 * * *"
        if self.timezone and not _zone(self.timezone):
            yield "timezone", "is not known here", "for example Europe/Berlin, or UTC"

    def __post_init__(self) -> None:
        """Begin without a store."""
        self.settle_in("", keeps=False)

    def settle_in(
        self, state_dir: str, *, keeps: bool, clock: Clock | None = None
    ) -> None:
        """Say where the store lies, may a look be noted there, and by what *clock*."""
        object.__setattr__(self, "_state_dir", state_dir)
        object.__setattr__(self, "_keeps", keeps)
        object.__setattr__(self, "_clock", clock or Clock(mono=boottime))
        object.__setattr__(self, "_steps", ())

    def _now(self) -> float:
        """Return the time on the wall; remember by how much it was set forward."""
        now, by = self._clock.wall(), self._clock.stepped()
        if by > 0.0:
            object.__setattr__(self, "_steps", (*self._steps, (now, by))[-_STEPS:])
        elif by < 0.0:  # set back: what was reported is right again, or ahead
            object.__setattr__(self, "_steps", ())
        return now

    def _finding(self, beat: Beat, promise: Promise, now: float) -> Finding:
        if heartbeat.is_ahead(beat, now):
            what = "the clock was set back since the last report"
            return Finding(Outcome.ERROR, Code.INTERNAL, what)
        timings = () if beat.took is None else (("run", beat.took),)
        outcome, code = Outcome.FAIL, Code.STALE_HEARTBEAT
        told = heartbeat.wrong(beat, promise, now)
        if told is None:
            outcome, code = Outcome.OK, Code.OK
            told = heartbeat.well(beat, promise, now)
        detail = one_line(f"job {self.job} {told}")
        return Finding(outcome, code, detail, None, timings)

    def _known(self, now: float) -> tuple[Beat, Promise]:
        beat = self._remembered(now)
        due = self._due(heartbeat.last_end(beat))
        for at, by in self._steps:
            if heartbeat.last_end(beat) <= at - by:
                if self.every or due <= at - by:
                    due += by
                elif due < at:  # what was left out is not owed: the next one is
                    due = self._due(at)
            beat = heartbeat.moved(beat, at, by)
        return beat, Promise(due, self.grace, self.runtime or self.grace)

    def _remembered(self, now: float) -> Beat:
        if not self._state_dir:
            raise StoreError("io", "no state folder is known")
        db = Database.open(os.path.join(self._state_dir, _STORE), create=False)
        try:
            if self._keeps:
                return heartbeats.expected(db, self.job, now)
            return heartbeats.of(db, self.job) or Beat(since=now)
        finally:
            db.close()

    def _due(self, after: float) -> float:
        if self.every:
            return after + self.every
        return cron.after(cron.parse(self.schedule), after, _offsets(self.timezone))


def _zone(name: str) -> ZoneInfo | None:
    """Return the zone *name*, None if there is none; 1.4 MB, loaded by the first."""
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return None


def _offsets(name: str) -> cron.Offset:
    """Return how far clocks of the zone *name* are ahead of UTC; "": this machine's."""
    if not name:
        return lambda at: time.localtime(at).tm_gmtoff
    zone = _zone(name)
    if zone is None:
        raise OSError(0, f"no time zone {name}")
    from datetime import datetime

    def ahead(at: float) -> int:
        shift = datetime.fromtimestamp(at, zone).utcoffset()
        return 0 if shift is None else int(shift.total_seconds())

    return ahead
