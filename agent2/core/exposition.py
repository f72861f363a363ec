"""A figure out of a page of Prometheus (text format 0.0.4) or OpenMetrics."""

from __future__ import annotations

import re

_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_LABEL = re.compile(
    r'\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*"((?:[^"\\\n]|\\.)*+)"\s*(?:,|\Z)'
)
_REST = r"(?:\{((?:[^\"}\n]|\"(?:[^\"\\\n]|\\.)*+\")*+)\})?[ \t]+(\S+)"
_ESCAPED = re.compile(r"\\(.)")


class FieldError(ValueError):
    """The field is no name of a metric with labels; the text says why."""


def parsed(field: str) -> tuple[str, dict[str, str]]:
    """Return name and labels of ``name`` or ``name{label="value",…}``.

    Raises:
        FieldError: it is neither.
    """
    name, brace, inner = field.partition("{")
    if not _NAME.fullmatch(name):
        raise FieldError(f"{name!r} is no name of a metric")
    if not brace:
        return name, {}
    labels = _labels(inner[:-1]) if inner.endswith("}") else None
    if labels is None:
        raise FieldError(f'{{{inner} are no labels such as {{code="500"}}')
    return name, labels


def total(page: str, name: str, labels: dict[str, str]) -> float | None:
    """Return the sum of all series *name* that have *labels*; None: there is none.

    A value that is no number makes it one that is not a number either.
    """
    found: float | None = None
    for match in re.finditer(rf"^{re.escape(name)}{_REST}", page, re.MULTILINE):
        there = _labels(match[1] or "")
        if there is None or not labels.items() <= there.items():
            continue
        try:
            one = float(match[2])
        except ValueError:
            one = float("nan")
        found = one if found is None else found + one
    return found


def _labels(inner: str) -> dict[str, str] | None:
    found, at = {}, 0
    while inner[at:].strip():
        match = _LABEL.match(inner, at)
        if match is None:
            return None
        found[match[1]] = _ESCAPED.sub(
            lambda one: {"n": "\n"}.get(one[1], one[1]), match[2]
        )
        at = match.end()
    return found
