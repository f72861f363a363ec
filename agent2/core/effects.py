"""What may be asked of the world: a closed union of values.

The watcher writes them down (``watcher/executor.py``) and does them
(``watcher/deeds.py``); a new effect makes mypy fail in both until it is handled.
"""

from __future__ import annotations

from agent2.core.model import (
    ActionResult,
    AlertKind,
    Code,
    Facet,
    Health,
    Severity,
    TargetState,
)
from agent2.core.policies import Ruling
from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias


@value
class Record:
    """Put a change of health into the journal."""

    target: str
    old: Health
    new: Health
    at: float
    facet: Facet
    code: Code
    detail: str


@value
class OpenIncident:
    """An incident begins; *incident* is its id, made of target and time."""

    incident: str
    target: str
    severity: Severity
    at: float
    facet: Facet
    code: Code
    detail: str


@value
class ResolveIncident:
    """An incident is over."""

    incident: str
    target: str
    at: float


@value
class RequestRestart:
    """Ask for a restart. *action* is its id; *attempt* counts within the streak.

    *incident* is "" and *by_hand* says who asked and why where a person did.
    """

    action: str
    target: str
    incident: str
    attempt: int
    at: float
    facet: Facet
    code: Code
    detail: str
    by_hand: str = ""


@value
class Withhold:
    """A restart was not asked for, and *why*: the reason of a decision.

    *note* says it in words: whose pause it is, which redline.
    """

    target: str
    incident: str
    at: float
    why: str
    ruling: Ruling = Ruling.BLOCK
    note: str = ""


@value
class WithdrawRestart:
    """Take an unconsumed request back: the target is well again."""

    action: str
    target: str
    incident: str
    at: float


@value
class Prove:
    """An action's result is known."""

    action: str
    target: str
    result: ActionResult
    at: float


@value
class Warn:
    """Note a degraded target: told and recorded, never restarted."""

    action: str
    target: str
    at: float
    code: Code
    detail: str
    response_s: float | None


@value
class Notify:
    """Tell people. *opened_at* is when the condition began; *count* numbers repeats.

    *unwatched*: it ends only because nobody looks any more. *closed_by*: it ends by
    a person's word; who and why. A FIRING with a *count* is told again, louder.
    """

    kind: AlertKind
    target: str
    incident: str
    severity: Severity
    at: float
    opened_at: float
    facet: Facet
    code: Code
    detail: str
    count: int = 0
    response_s: float | None = None
    unwatched: bool = False
    closed_by: str = ""


def is_louder(wish: Notify) -> bool:
    """Does *wish* tell again of what has grown worse than it was told?"""
    return wish.kind is AlertKind.FIRING and wish.count > 0


if TYPE_CHECKING:
    Effect: TypeAlias = (
        Record
        | OpenIncident
        | ResolveIncident
        | RequestRestart
        | Withhold
        | WithdrawRestart
        | Prove
        | Warn
        | Notify
    )


@value
class Step:
    """What ``advance`` returns: the state to remember and the wishes, in order."""

    state: TargetState
    effects: tuple[Effect, ...] = ()
