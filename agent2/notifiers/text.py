"""What every channel does to text before a receiver sees it: clean, clip, hide.

Alerts carry words that came from a sick target: a health body may hold control
characters, an attempt at a header, or 100 kB of emoji.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent2.core.message import Alert

# Control characters, line and paragraph separators, marks that turn the reading
# direction, and halves of a surrogate pair, which no encoder takes.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufeff]"
)
# A cut must not leave the glue of a joined emoji at the end.
_GLUE = "\u200d\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
_REPEAT = {"en": "possible repeat", "zh": "可能重复"}
_SHORTEST_SECRET = 4


def clean(text: str) -> str:
    """Return *text* as one line without anything that a receiver may act on."""
    return _UNPRINTABLE.sub(" ", text)


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
    found = [line(each, 2000) for each in alert.lines[:100]]
    return [f"({repeated(alert)})", "", *found] if repeat else found


def repeated(alert: Alert) -> str:
    """Return the words for an alert that may have arrived before."""
    return _REPEAT.get(alert.language, _REPEAT["en"])


def scrub(text: str, secrets: Iterable[str]) -> str:
    """Return *text* clean, as one short line, with each of *secrets* as ``***``.

    Of a secret address its path and query are hidden too, wherever they stand.
    """
    hidden = {part for secret in secrets for part in _parts(secret)}
    for part in sorted(hidden, key=len, reverse=True):
        text = text.replace(part, "***")
    return line(text, 300)


def _parts(secret: str) -> list[str]:
    _scheme, there, rest = secret.partition("://")
    parts = [secret]
    if there:
        parts += re.split(r"[/?&=:@]", rest.partition("/")[2])
        parts += [rest.partition("/")[2], rest.rpartition("@")[0]]
        parts += rest.rpartition("@")[0].split(":")
    return [part for part in parts if len(part) >= _SHORTEST_SECRET]
