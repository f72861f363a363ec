"""A length of time as people type it: ``90s``, ``30m``, ``24h``, ``7d``."""

from __future__ import annotations

import re

from agent2.cli import codes
from agent2.cli.errors import Failure
from agent2.cli.words import say
from agent2.core.text import visible

_SPAN = re.compile(r"(\d{1,9})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def span(given: str, option: str = "--since") -> float:
    """Return the seconds that were *given* with *option*.

    Raises:
        Failure: it is no length of time.
    """
    found = _SPAN.fullmatch(given.strip())
    if found is None:
        message = say("inbox.since", given=visible(given))
        raise Failure(codes.USAGE, message, say("span.hint", option=option))
    return float(int(found[1]) * _SECONDS[found[2]])
