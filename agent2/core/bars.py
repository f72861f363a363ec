"""What stands in the way of a restart, whatever its budget says.

A redline first (what is never done), then a gate that somebody closed. A bar stops
restarts and nothing else: checks, incidents and alerts go on.
"""

from __future__ import annotations

from agent2.core.policies import Concern, Decision, Level, Measure, Ruling
from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent2.core.events import Gate

_OPEN = frozenset({"APPROVED", "AUTO_APPROVED"})


@value
class Redlines:
    """What is never done.

    Attributes:
        own: The target is this very watcher: it would end itself.
        commands: Programs that a restart may run; empty: all.
        window: The frozen window that holds now, "" outside.
    """

    own: bool = False
    commands: tuple[str, ...] = ()
    window: str = ""


def barred(
    target: str, program: str, redlines: Redlines, gates: Iterable[Gate]
) -> Decision | None:
    """Return why *target* may not be restarted now, or None.

    *program* is what the restart would run, "" if it runs none.
    """
    crossed = _crossed(program, redlines)
    if crossed:
        found = Concern("redline", "redline", Level.HIGH, crossed)
        measures = (Measure.REDLINE_VIOLATION, Measure.WRITE_AUDIT)
        return Decision(Ruling.BLOCK, "blocked", concerns=(found,), measures=measures)
    gate = closed(target, gates)
    if gate is None:
        return None
    why = f"{gate.reason or gate.state} ({gate.who})"
    found = Concern(f"gate:{gate.subject}:{gate.name}", "constraint", Level.MEDIUM, why)
    measures = (Measure.PAUSE_GATE, Measure.WRITE_AUDIT)
    return Decision(Ruling.PAUSE, "paused", concerns=(found,), measures=measures)


def closed(subject: str, gates: Iterable[Gate]) -> Gate | None:
    """Return the gate that holds *subject*: one of its own before one of all."""
    found = [
        gate
        for gate in gates
        if gate.subject in {subject, "*"} and gate.state not in _OPEN
    ]
    return max(found, key=lambda gate: gate.subject != "*", default=None)


def _crossed(program: str, redlines: Redlines) -> str:
    if redlines.own:
        return "it is this watcher itself"
    if redlines.window:
        return f"frozen: {redlines.window}"
    if program and redlines.commands and program not in redlines.commands:
        return f"{program} is not among the allowed commands"
    return ""
