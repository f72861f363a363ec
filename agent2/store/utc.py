"""Times as the tables of the user's documents hold them: text, UTC, milliseconds.

``YYYY-MM-DD HH:MM:SS.sss`` sorts by time and compares with SQLite's ``datetime()``.
The calendar is counted by hand: ``calendar`` and ``datetime`` cost the watcher 1 MB.
"""

from __future__ import annotations

from time import gmtime

from agent2.core.civil import days
from agent2.core.instant import milliseconds

_LENGTH = len("YYYY-MM-DD HH:MM:SS")


def text(at: float) -> str:
    """Return epoch seconds as text; what no calendar holds goes to its nearest end."""
    ms = milliseconds(at)
    t = gmtime(ms // 1000)
    return (
        f"{t.tm_year:04}-{t.tm_mon:02}-{t.tm_mday:02}"
        f" {t.tm_hour:02}:{t.tm_min:02}:{t.tm_sec:02}.{ms % 1000:03}"
    )


def seconds(written: object) -> float | None:
    """Return the epoch seconds of a text, or None if it is not a time.

    ``T`` between day and hour, a missing fraction and a ``Z`` or ``+HH:MM`` at the end
    (ISO 8601, as other programs write it) are read as well.
    """
    if not isinstance(written, str) or len(written) < _LENGTH or not written.isascii():
        return None
    rest = written[_LENGTH:]
    zone = rest.lstrip(".0123456789")
    fraction, offset = rest[: len(rest) - len(zone)], _offset(zone)
    whole = _whole(written[:_LENGTH])
    if whole is None or offset is None:
        return None
    if fraction and (fraction[0] != "." or not fraction[1:].isdigit()):
        return None
    return whole - offset + (float("0" + fraction) if fraction else 0.0)


def moment(written: object) -> float:
    """Return the epoch seconds of a text, 0 if it is not a time."""
    return seconds(written) or 0.0


def _offset(zone: str) -> int | None:
    """Return how many seconds a zone is ahead of UTC."""
    if zone in ("", "Z"):
        return 0
    hours, colon, minutes = zone[1:3], zone[3:4], zone[4:]
    if zone[0] not in "+-" or colon != ":" or not (hours + minutes).isdigit():
        return None
    if len(zone) != len("+HH:MM"):
        return None
    ahead = int(hours) * 3600 + int(minutes) * 60
    return ahead if zone[0] == "+" else -ahead


def _whole(written: str) -> float | None:
    """Return the epoch seconds of ``YYYY-MM-DD HH:MM:SS``."""
    marks = written[4] + written[7] + written[10] + written[13] + written[16]
    if marks not in ("-- ::", "--T::"):
        return None
    parts = written[:4], *(written[i : i + 2] for i in (5, 8, 11, 14, 17))
    if not all(part.isdigit() for part in parts):
        return None
    year, month, day, hour, minute, second = map(int, parts)
    whole = ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
    # A day that no calendar has (02-30, 25:00) does not come back as it went in.
    back = text(whole)[:_LENGTH]
    return float(whole) if back == written.replace("T", " ") else None
