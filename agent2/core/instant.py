"""Times as whole milliseconds: what a text in the store can tell apart."""

from __future__ import annotations

_LAST = 253_402_300_799_999  # 9999-12-31 23:59:59.999, the end of the calendar


def milliseconds(at: float) -> int:
    """Return epoch seconds as whole milliseconds, 0 to the end of 9999."""
    if not at > 0.0:  # before 1970, or not a number
        return 0
    return int(min(at * 1000.0 + 0.5, float(_LAST)))
