"""What every channel does to text before a receiver sees it: clean and clip.

Alerts carry words that came from a sick target: a health body may hold control
characters, an attempt at a header, or 100 kB of emoji.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.core.message import Alert

# Control characters, line and paragraph separators, marks that turn the reading
# direction, and halves of a surrogate pair, which no encoder takes.
_UNPRINTABLE = (
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufeff]"
)
# A cut must not leave the glue of a joined emoji at the end.
_GLUE = "\u200d\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
_LINES = 60  # with 1,000 characters each: what a person may still read
_REPEAT = {"en": "possible repeat", "zh": "可能重复"}


def clean(text: str) -> str:
    """Return *text* as one line without anything that a receiver may act on."""
    return text if text.isprintable() else re.sub(_UNPRINTABLE, " ", text)


def clip(text: str, characters: int) -> str:
    """Return *text* in at most *characters*, cut between two of them."""
    if len(text) <= characters:
        return text
    return text[: characters - 1].rstrip(_GLUE) + "…"


def line(text: str, characters: int = 1000) -> str:
    """Return *text* clean and clipped."""
    return clip(clean(text[: 4 * characters]), characters)


def body_lines(alert: Alert, *, repeat: bool) -> list[str]:
    """Return the alert's body, cleaned; a possible repeat says so at its head."""
    found = [line(each) for each in alert.lines[:_LINES]]
    return [f"({repeated(alert)})", "", *found] if repeat else found


def repeated(alert: Alert) -> str:
    """Return the words for an alert that may have arrived before."""
    return _REPEAT.get(alert.language, _REPEAT["en"])
