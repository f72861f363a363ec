"""An HTTP date (RFC 9110, 5.6.7) as epoch seconds, without a calendar library."""

from __future__ import annotations

import re

from agent2.core import civil

_MONTHS = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun",
    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
_IMF = re.compile(
    r"[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT",
    re.ASCII,
)


def parse_http_date(text: str) -> float | None:
    """Return epoch seconds of ``Sun, 06 Nov 1994 08:49:37 GMT``; None if it is none."""
    match = _IMF.fullmatch(text)
    if match is None or match[2] not in _MONTHS:
        return None
    day, year, hour, minute, second = (int(match[i]) for i in (1, 3, 4, 5, 6))
    month = _MONTHS.index(match[2]) + 1
    if not 1 <= day <= 31 or hour > 23 or minute > 59 or second > 60:
        return None
    days = civil.days(year, month, day)
    return float(days * 86400 + hour * 3600 + minute * 60 + second)
