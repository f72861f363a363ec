"""The metrics: those of ``/metrics``, from the same source, in OpenTelemetry's form.

``agent2_check_duration_seconds`` is ``agent2.check.duration`` in ``s``; what only grows
loses its ``_total``; labels are attributes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent2.metrics.gather import gather as families
from agent2.telemetry.shapes import Attributes, Figure, Spread
from agent2.wire import snapshot

if TYPE_CHECKING:
    from collections.abc import Collection

    from agent2.metrics.family import Family
    from agent2.store.database import Database
    from agent2.telemetry.marks import Marks

_UNITS = {"seconds": "s", "bytes": "By", "ratio": "1"}


def gather(db: Database, state_dir: str, marks: Marks) -> list[Figure]:
    """Return what stands now."""
    found = families(db, snapshot.read(state_dir)).all()
    names = frozenset(each.metric.name for each in found)
    return [*(_mirrored(each, names) for each in found), *_of_ourselves(marks)]


def called(name: str, names: Collection[str] = ()) -> tuple[str, str]:
    """Return the dotted name and the unit of Prometheus' *name*, one of *names*."""
    stem = name.removesuffix("_total")
    stem = name if stem in names else stem  # there both would be the same metric
    head, _, last = stem.rpartition("_")
    unit = _UNITS.get(last, "1")
    return (head if last in _UNITS else stem).replace("_", "."), unit


def _mirrored(family: Family, names: Collection[str]) -> Figure:
    metric = family.metric
    total = metric.type == "counter"
    name, unit = called(metric.name, names)
    if metric.type == "histogram":
        return Figure(name, unit, metric.help, (), spreads=_spreads(family))
    points: list[tuple[Attributes, float]] = []
    for _, labels, value in family.every():
        facts: Attributes = dict(zip(metric.labels, labels, strict=False))
        points.append((facts, float(value)))
    return Figure(name, unit, metric.help, tuple(points), total)


def _spreads(family: Family) -> tuple[Spread, ...]:
    """Return a histogram's samples: counts below each bound, back to per bucket."""
    keys, made = family.metric.labels, list[Spread]()
    bounds: list[float] = []
    below: list[float] = []
    many = 0.0
    for ending, labels, value in family.every():
        if ending == "_bucket":
            if labels[-1] != "+Inf":
                bounds.append(float(labels[-1]))
            below.append(value)
        elif ending == "_count":
            many = value
        elif ending == "_sum":
            facts: Attributes = dict(zip(keys, labels, strict=False))
            pairs = zip(below, [0.0, *below], strict=False)
            counts = tuple(int(upto - before) for upto, before in pairs)
            made.append(Spread(facts, tuple(bounds), counts, int(many), value))
            bounds, below = [], []
    return tuple(made)


def _of_ourselves(marks: Marks) -> list[Figure]:
    all_ = {"traces": marks.traces, "logs": marks.logs, "metrics": marks.metrics}
    sent = tuple(_point(key, mark.sent) for key, mark in all_.items())
    gone = tuple(_point(key, mark.dropped) for key, mark in all_.items())
    name = "agent2.telemetry"
    return [
        Figure(f"{name}.sent", "1", "Records that were taken.", sent, total=True),
        Figure(f"{name}.dropped", "1", "Records that are lost.", gone, total=True),
    ]


def _point(signal: str, many: int) -> tuple[Attributes, float]:
    return {"signal": signal}, float(many)
