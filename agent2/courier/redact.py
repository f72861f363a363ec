"""No secret of a notifier leaves its lane, whatever an error's text quotes."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Compiled when they are first used: never before the first byte has left.
_UNPRINTABLE = "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"
_CUT = r"[/?&=:@#]"
_SHORTEST = 6  # shorter parts of an address are words such as "api"
_LONGEST_DETAIL = 300


def scrub(text: str, secrets: Iterable[str]) -> str:
    """Return *text* as one short clean line with each of *secrets* as ``***``.

    Of a secret address its path, its query and its login are hidden wherever they
    stand; its host is not.
    """
    hidden = {part for secret in secrets for part in _parts(secret)}
    for part in sorted(hidden, key=len, reverse=True):
        text = text.replace(part, "***")
    return re.sub(_UNPRINTABLE, " ", text)[:_LONGEST_DETAIL]


def _parts(secret: str) -> Iterator[str]:
    if secret:
        yield secret
    _scheme, there, rest = secret.partition("://")
    if not there:
        return
    login, at, place = rest.rpartition("@")
    _host, slash, path = place.partition("/")
    pieces = [login, slash + path, *re.split(_CUT, path)]
    pieces += re.split(_CUT, login) if at else []
    yield from (piece for piece in pieces if len(piece) >= _SHORTEST)
