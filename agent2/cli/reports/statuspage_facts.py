"""What a public page may tell: names, states, times, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One target: its state word, the uptime of each day (None: not known).

    *windows* has per name of a time its uptime and the p95 of its answers in seconds.
    """

    name: str
    state: str
    days: tuple[float | None, ...]
    windows: dict[str, tuple[float | None, float | None]]

    @property
    def uptime(self) -> float | None:
        """The mean of the days that are known."""
        known = [each for each in self.days if each is not None]
        return sum(known) / len(known) if known else None


@dataclass(frozen=True, slots=True)
class Trouble:
    """One incident: epoch seconds; *resolved_at* None while it is open.

    *state* is what it meant: down or warn.
    """

    id: str
    target: str
    opened_at: float
    resolved_at: float | None
    state: str = "down"


@dataclass(frozen=True, slots=True)
class Facts:
    """The whole page at *now* (epoch seconds), in *language*."""

    title: str
    language: str
    now: float
    parts: tuple[Part, ...]
    troubles: tuple[Trouble, ...]

    @property
    def worst(self) -> str:
        """The worst state of all parts."""
        found = {one.state for one in self.parts}
        order = ("down", "warn", "unknown", "ok")
        return next((word for word in order if word in found), "unknown")
