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
    lines: list[str] = []
    for family in families:
        metric = family.metric
        name, kind = metric.name, metric.type
        if openmetrics and kind == "counter":
            name = metric.name.removesuffix("_total")
            if name in _TAKEN:
                name, kind = metric.name, "unknown"
        lines.append(f"# HELP {name} {metric.help}")
        lines.append(f"# TYPE {name} {kind}")
        told, names = metric.name, metric.labels
        for rows, values in family.columns:
            lines.append(_filled(rows, values, metric))
        lines += [
            f"{told}{ending}{labelled(names, labels)} {_number(value)}"
            for ending, labels, value in family.samples
        ]
    lines.append("# EOF\n" if openmetrics else "")
    return "\n".join(lines).encode("utf-8", "replace")


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


def _filled(rows: Rows, values: list[Any], metric: Metric) -> str:
    """Return the lines of *rows*: what did not change since the last time is kept."""
    holes, before, text = rows.texts.get(metric.name, ("", [], ""))
    if not holes:
        holes = "\n".join(
            f"{metric.name}{labelled(metric.labels, labels)}".replace("%", "%%") + " %s"
            for labels in rows.labels
        )
    if values != before:
        text = holes % tuple(values)
        rows.texts[metric.name] = holes, values, text
    return text


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
