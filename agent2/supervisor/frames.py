"""A decision on its way out of a policy's process: plain JSON, read with suspicion."""

from __future__ import annotations

import json
from math import isnan

from agent2.core.policies import Concern, Decision, Level, Measure, Ruling
from agent2.core.rulings import MEASURES
from agent2.core.text import one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST = 100  # concerns, measures and evidence of one decision that are kept
_LONGEST = 1000  # characters of a text
_LAST = 253_402_300_799.0  # the end of 9999, epoch seconds
_NONSENSE = (LookupError, TypeError, ValueError, AttributeError, RecursionError)


class FrameError(ValueError):
    """What a policy returned is no decision; the text says why."""


def tree_of(decision: Decision) -> dict[str, Any]:
    """Return *decision* as what JSON can hold; also the core of an audit's payload."""
    return {
        "decision_type": decision.ruling.value,
        "reason": decision.reason,
        "findings": [_finding(each) for each in decision.concerns],
        "actions": [each.value for each in decision.measures],
        "until": decision.until,
    }


def _finding(concern: Concern) -> dict[str, Any]:
    return {
        "id": concern.id,
        "category": concern.category,
        "severity": concern.level.value,
        "description": concern.description,
        "evidence": list(concern.evidence),
        "source": concern.source,
    }


def packed(found: object) -> bytes:
    """Return as a line what a policy returned: a Decision, a mapping like one, None.

    Raises:
        FrameError: it is nothing of that.
    """
    if found is not None and not isinstance(found, Decision):
        found = decision_of(found)
    tree = None if found is None else tree_of(found)
    return json.dumps({"decision": tree}, default=str).encode() + b"\n"


def decision_of(tree: Any) -> Decision:
    """Return the decision that *tree* stands for.

    Raises:
        FrameError: it stands for none.
    """
    if not isinstance(tree, dict):
        raise FrameError(f"a policy returns a Decision, not {type(tree).__name__}")
    try:
        until = tree.get("until")
        ruling = Ruling(tree["decision_type"])
        actions = [Measure(each) for each in list(tree.get("actions") or ())[:_MOST]]
        return Decision(
            ruling,
            _said(tree.get("reason")),
            None if until is None else _moment(until),
            tuple(map(_concern, list(tree.get("findings") or ())[:_MOST])),
            # A pause that pauses nothing is not what anybody means.
            tuple(actions) or MEASURES[ruling],
        )
    except (
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        RecursionError,
    ) as error:
        raise FrameError(f"no decision: {type(error).__name__}: {error}") from None


def _moment(given: Any) -> float:
    """Return a time of the calendar, epoch seconds; what lies beyond is its end.

    Raises:
        ValueError: it is not a number, or NaN.
    """
    try:
        found = float(given)
    except OverflowError:
        found = _LAST
    if isnan(found):
        raise ValueError("until is no time")
    return min(max(found, 0.0), _LAST)


def _concern(tree: Any) -> Concern:
    return Concern(
        _said(tree["id"]),
        _said(tree["category"]),
        Level(tree["severity"]),
        _said(tree["description"]),
        tuple(_said(each) for each in list(tree.get("evidence") or ())[:_MOST]),
        _said(tree.get("source")),
    )


def _said(text: object) -> str:
    """Return what stands in a log, in an audit, on a screen: one line, not endless."""
    return one_line(str(text or ""), _LONGEST)
