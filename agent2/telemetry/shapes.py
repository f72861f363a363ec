"""What is sent, as plain values: OpenTelemetry's classes are made of them at the door.

Times are epoch seconds (steady ones: the journal's), as in the store.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Attributes = dict[str, "str | bool | int | float"]


@dataclass(frozen=True, slots=True)
class Event:
    """A moment within a span."""

    name: str
    at: float
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Span:
    """One piece of an incident's trace; *parent* 0 is none, *error* "" is none."""

    trace: int
    id: int
    parent: int
    name: str
    start: float
    end: float
    attributes: Attributes
    events: tuple[Event, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One log record; *level* is a word such as ``INFO``; *trace* 0 is none."""

    at: float
    level: str
    name: str
    body: str
    attributes: Attributes
    trace: int = 0
    span: int = 0


@dataclass(frozen=True, slots=True)
class Spread:
    """One histogram: *counts* per bucket, one more than there are *bounds*."""

    attributes: Attributes
    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    many: int
    sum: float


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric with its points, ``(attributes, value)`` each, or its histograms.

    *total*: it only goes up since the store was made; else it is what stands now.
    """

    name: str
    unit: str
    told: str
    points: tuple[tuple[Attributes, float], ...]
    total: bool = False
    spreads: tuple[Spread, ...] = ()
