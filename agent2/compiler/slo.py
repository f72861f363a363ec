"""The section ``slo`` of a target as a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from agent2.compiler import word
from agent2.compiler.section import Section, described
from agent2.compiler.words import TEXT_OR_REFERENCE, Scope, Wrong
from agent2.core.slo import DAY, HOUR, Objective

_MADE = Objective()
_MOST = 99.9999


def _percent(node: Any, scope: Scope) -> float:
    given = word.settled(node, scope)
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise Wrong("is no number")
    if given < 1:
        raise Wrong("is too small", "It is in percent: 99.9, not 0.999.")
    if given > _MOST:
        raise Wrong("is too large", "Nothing is up always: leave a budget for errors.")
    return float(given)


PERCENT = word.Word(
    f"a percentage from 1 to {_MOST}",
    _percent,
    {
        "anyOf": [
            {"type": "number", "minimum": 1, "maximum": _MOST},
            TEXT_OR_REFERENCE,
        ]
    },
    "Write 99.9.",
)


class Slo(Section):
    """What is promised of a target; `agent2 report --slo` tells how it stands."""

    objective: Annotated[float, PERCENT] = described(
        _MADE.objective, "Percent of the judged time that it is to be up"
    )
    window: Annotated[float, word.duration(HOUR, 365 * DAY)] = described(
        _MADE.window, "The time that this is counted over"
    )
    latency: Annotated[float, word.SECONDS] = described(
        _MADE.latency,
        "The same share of answers is to come within this time; 0: not promised",
    )


NONE = Slo()


def emitted(model: Any) -> dict[str, Any] | None:
    """Return the promise of a target's *model* as the plan holds it, or None."""
    made: dict[str, Any] = model.slo.model_dump()
    return made if "slo" in model.model_fields_set else None


def shown(model: Any, tell: Callable[[float], str | float]) -> dict[str, Any]:
    """Return the promise for people, under its key; nothing where there is none."""
    made = emitted(model)
    if made is None:
        return {}
    times = {key: tell(made[key]) for key in ("window", "latency")}
    return {"slo": made | times}
