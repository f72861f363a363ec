"""Families as text, for Prometheus (0.0.4) and as OpenMetrics (1.0.0)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent2.metrics.family import Family, Metric, Rows

PLAIN = "text/plain; version=0.0.4; charset=utf-8"
OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"
# In OpenMetrics a counter's family has no _total. This one would then have the name
# that the documents give to a metric of its own.
_TAKEN = frozenset({"agent2_health_check_failures"})


def render(families: Iterable[Family], *, openmetrics: bool = False) -> bytes:
    """Return the text, a family after the other."""
    parts: list[bytes] = []
    for family in families:
        metric = family.metric
        name, kind = metric.name, metric.type
        if openmetrics and kind == "counter":
            name = metric.name.removesuffix("_total")
            if name in _TAKEN:
                name, kind = metric.name, "unknown"
        parts.append(_bytes(f"# HELP {name} {metric.help}\n# TYPE {name} {kind}\n"))
        parts += [_filled(rows, values, metric) for rows, values in family.columns]
        told, names = metric.name, metric.labels
        lines = [
            f"{told}{ending}{labelled(names, labels)} {_number(value)}\n"
            for ending, labels, value in family.samples
        ]
        parts.append(_bytes("".join(lines)))
    parts.append(b"# EOF\n" if openmetrics else b"")
    return b"".join(parts)


def document(families: Iterable[Family]) -> dict[str, Any]:
    """Return the same as a tree for JSON."""
    return {
        family.metric.name: {
            "type": family.metric.type,
            "help": family.metric.help,
            "samples": [
                {
                    "name": family.metric.name + ending,
                    "labels": dict(
                        zip((*family.metric.labels, "le"), labels, strict=False)
                    ),
                    "value": value,
                }
                for ending, labels, value in family.every()
            ],
        }
        for family in families
    }


def _filled(rows: Rows, values: list[Any], metric: Metric) -> bytes:
    """Return the lines of *rows*: what did not change since the last time is kept."""
    holes, before, text = rows.texts.get(metric.name, ("", [], b""))
    if not holes:
        holes = "".join(
            f"{metric.name}{labelled(metric.labels, labels)}".replace("%", "%%")
            + " %s\n"
            for labels in rows.labels
        )
    if values != before:
        text = _bytes(_fill(holes, values))
        rows.texts[metric.name] = holes, values, text
    return text


def _fill(holes: str, values: list[Any]) -> str:
    if None in values:
        told = [
            (line, value)
            for line, value in zip(holes.split("\n"), values, strict=False)
            if value is not None
        ]
        holes = "".join(f"{line}\n" for line, _ in told)
        values = [value for _, value in told]
    return holes % tuple(values)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


@lru_cache(maxsize=4_096)
def labelled(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    """Return the labels in braces: they are the same at each scrape."""
    if not values:
        return ""
    pairs = zip((*names, "le"), values, strict=False)
    return "{" + ",".join(f'{name}="{_quoted(each)}"' for name, each in pairs) + "}"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    if value != value:  # noqa: PLR0124  (NaN alone is not itself)
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    whole = int(value)
    return str(whole) if whole == value else repr(value)
