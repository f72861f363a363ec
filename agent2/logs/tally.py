"""How often each of many things came, in bounded memory."""

from __future__ import annotations

from collections import Counter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Counts = Counter[bytes]
else:
    Counts = Counter


class Tally:
    """Counts of keys; over *most* of them the rarest are forgotten and ``cut`` is set.

    What comes often enough to stand at the top is counted right all the same, unless
    it began late among a flood of others.
    """

    __slots__ = ("_most", "counts", "cut")

    def __init__(self, most: int = 50_000) -> None:
        """Begin with none."""
        self.counts: Counts = Counter()
        self.cut = False
        self._most = most

    def add(self, keys: Iterable[bytes]) -> None:
        """Count each of *keys*, or take the counts that are given."""
        self.counts.update(keys)
        if len(self.counts) > self._most:
            self.counts = Counter(dict(self.counts.most_common(self._most // 2)))
            self.cut = True

    def in_order(self) -> list[tuple[str, int]]:
        """Return all, in the order in which they first came."""
        return [(key.decode("utf-8", "replace"), n) for key, n in self.counts.items()]

    def top(self, most: int) -> list[tuple[str, int]]:
        """Return the *most* frequent, in the order of ``sort | uniq -c | sort -nr``."""
        ordered = sorted(self.counts.items(), key=lambda item: item[::-1], reverse=True)
        return [(key.decode("utf-8", "replace"), n) for key, n in ordered[:most]]
