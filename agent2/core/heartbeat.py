"""A job that reports by itself: is it late, did it fail, does it run too long?"""

from __future__ import annotations

import re

from agent2.core.value import replace, value

SAID = ("start", "ok", "fail")
_AHEAD = 60.0  # seconds that two looks at one clock may differ
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", re.ASCII)
_SHOWN = 120  # characters of a job's message


@value
class Beat:
    """All that is remembered of one job, in epoch seconds.

    Attributes:
        since: When it was first asked for: a job that never reported is late from then.
        ok: Its last good end. failed: its last bad end.
        started: The beginning of a run that has not ended yet.
        waiting: The first beginning since the last end: runs that die without a word
            must not excuse each other.
        took: Seconds of the last run whose beginning was reported.
    """

    since: float = 0.0
    ok: float | None = None
    failed: float | None = None
    started: float | None = None
    waiting: float | None = None
    took: float | None = None
    message: str = ""


@value
class Promise:
    """When the next good end is owed: *due*, *grace* seconds later it is late.

    *runtime*: seconds from a start to its end at most.
    """

    due: float
    grace: float
    runtime: float


def is_name(job: str) -> bool:
    """May a job be called that? It stands in a URL and in one line."""
    return _NAME.fullmatch(job) is not None


def reported(beat: Beat, said: str, message: str, now: float) -> Beat:
    """Return *beat* after the job said one of ``SAID``."""
    message = message[:_SHOWN]
    if said == "start":
        waiting = beat.waiting if beat.started is not None else now
        return replace(beat, started=now, waiting=waiting)
    took = None if beat.started is None else max(now - beat.started, 0.0)
    ended = replace(beat, started=None, waiting=None, took=took, message=message)
    return replace(ended, ok=now) if said == "ok" else replace(ended, failed=now)


def last_end(beat: Beat) -> float:
    """Return from when the next run counts: the last good end, else the first ask."""
    return beat.since if beat.ok is None else beat.ok


def is_ahead(beat: Beat, now: float) -> bool:
    """Is what was reported later than *now*: was the clock set back since?"""
    told = (beat.since, beat.ok, beat.failed, beat.started)
    return any(at is not None and at > now + _AHEAD for at in told)


def moved(beat: Beat, at: float, by: float) -> Beat:
    """Return *beat* as if the clock had always shown what it shows since *at*.

    It was set forward by *by* seconds then: what was reported before is older by that
    much on paper, and no job is late for it.
    """

    def shown(then: float | None) -> float | None:
        return then if then is None or then > at - by else then + by

    return replace(
        beat,
        since=shown(beat.since) or 0.0,
        ok=shown(beat.ok),
        failed=shown(beat.failed),
        started=shown(beat.started),
        waiting=shown(beat.waiting),
    )


def wrong(beat: Beat, promise: Promise, now: float) -> str | None:
    """Return what is wrong with the job at *now* in one line; None: nothing is."""
    if beat.failed is not None and beat.failed > (beat.ok or 0.0):
        again = "" if beat.started is None else "; it runs again"
        return f"failed {ago(now - beat.failed)} ago{_quoted(beat.message)}{again}"
    if beat.started is not None and now > beat.started + promise.runtime:
        limit = ago(promise.runtime)
        return f"runs for {ago(now - beat.started)}, more than {limit}"
    owed = promise.due + promise.grace
    if beat.waiting is not None:
        owed = max(owed, beat.waiting + promise.runtime)
    if now <= owed:
        return None
    last = "it never reported a good end"
    if beat.ok is not None:
        last = f"last good end {ago(now - beat.ok)} ago"
    return f"late by {ago(now - promise.due)}: {last}"


def well(beat: Beat, promise: Promise, now: float) -> str:
    """Return one line about a job with which nothing is wrong."""
    if beat.started is not None:
        return f"runs for {ago(now - beat.started)}"
    if beat.ok is None:
        return f"no report yet, due {_when(promise.due - now)}"
    took = "" if beat.took is None else f", took {ago(beat.took)}"
    told = f"ok {ago(now - beat.ok)} ago{took}{_quoted(beat.message)}"
    return f"{told}, due {_when(promise.due - now)}"


def ago(seconds: float) -> str:
    """Return a length of time in its two largest units."""
    left = max(round(seconds), 0)
    parts = [f"{left // 86400} d", f"{left // 3600 % 24} h"]
    if left < 86400:
        parts = [f"{left // 3600} h", f"{left // 60 % 60} min"]
    if left < 3600:
        parts = [f"{left // 60} min", f"{left % 60} s"]
    return " ".join(part for part in parts if not part.startswith("0 ")) or "0 s"


def _when(seconds: float) -> str:
    return f"in {ago(seconds)}" if seconds >= 0 else f"since {ago(-seconds)}"


def _quoted(message: str) -> str:
    return f': "{message}"' if message else ""
