"""The newest cycles of a target as one short word: how high, and what went wrong."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_BLOCKS = "▁▂▃▄▅▆▇█"
_SIGNS = {"bad": "✕", "unknown": "·"}


def spark(cycles: Iterable[tuple[str, float | None]]) -> str:
    """Return a sign for each of *cycles* (verdict, response time), oldest first.

    A block's height is its response time as a part of the longest one; what has none
    is the lowest, a bad cycle a cross, one that says nothing a dot: no colour needed.
    """
    found = list(cycles)
    times = [spent for word, spent in found if spent and word not in _SIGNS]
    longest = max(times, default=0.0)
    return "".join(_sign(word, spent or 0.0, longest) for word, spent in found)


def _sign(word: str, spent: float, longest: float) -> str:
    if word in _SIGNS:
        return _SIGNS[word]
    height = spent / longest * (len(_BLOCKS) - 1) if longest > 0.0 else 0.0
    return _BLOCKS[min(max(round(height), 0), len(_BLOCKS) - 1)]
