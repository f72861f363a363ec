"""What speaks against an event: redlines, its numbers, what its sender found."""

from __future__ import annotations

from agent2.core.policies import Concern, Level

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent2.core.events import Event
    from agent2.core.standing import Redlines

CATEGORIES = ("risk", "conflict", "redline", "constraint", "failure")
# Number in the payload, its limit, whether it must not be above it, and the words.
_LIMITS = (
    ("error_rate", 0.3, True, "error_rate {} is above 0.3"),
    ("resource_usage", 0.8, True, "resource_usage {} is above 0.8"),
    ("security_score", 50, False, "security_score {} is below 50"),
)


def trespasses(event: Event, redlines: Redlines) -> tuple[Concern, ...]:
    """Return the redlines that *event* would cross."""
    found = []
    if event.subject in redlines.own_names:
        found.append(("own", Level.CRITICAL, f"{event.subject} is Agent2 itself"))
    program = _program(event.payload.get("command", event.payload.get("argv")))
    if program and redlines.commands is not None and program not in redlines.commands:
        found.append(
            ("command", Level.HIGH, f"{program} is not in the list of commands")
        )
    if redlines.frozen:
        why = redlines.frozen_reason or "nothing is changed now"
        found.append(("frozen", Level.MEDIUM, f"frozen: {why}"))
    return tuple(
        Concern(f"{event.id}/{name}", "redline", level, text, (), "redlines")
        for name, level, text in found
    )


def steps(event: Event) -> tuple[Concern, ...]:
    """Return the numbers of a step that are beyond their limits."""
    found = []
    for name, limit, above, text in _LIMITS:
        number = event.payload.get(name)
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            continue
        if number > limit if above else number < limit:
            category = "constraint" if name == "resource_usage" else "risk"
            found.append(
                Concern(
                    f"{event.id}/{name}",
                    category,
                    Level.MEDIUM,
                    text.format(number),
                    (f"{name}={number}",),
                    "limits",
                )
            )
    return tuple(found)


def stated(event: Event) -> tuple[Concern, ...]:
    """Return what the sender of *event* found itself (``findings``, ``risk_level``)."""
    given = event.payload.get("findings")
    found = [
        _read(event, number, one)
        for number, one in enumerate(given if isinstance(given, list) else ())
        if isinstance(one, dict)
    ]
    risk = _level(event.payload.get("risk_level"))
    if risk is not None:
        found.append(
            Concern(f"{event.id}/risk", "risk", risk, f"risk_level {risk.value}")
        )
    return tuple(found)


def _read(event: Event, number: int, one: dict[str, Any]) -> Concern:
    category = one.get("category")
    evidence = one.get("evidence")
    return Concern(
        id=str(one.get("id") or f"{event.id}/finding/{number}"),
        category=category if category in CATEGORIES else "risk",
        # What cannot be read is not taken for harmless.
        level=_level(one.get("severity")) or Level.MEDIUM,
        description=str(one.get("description") or f"finding {number}"),
        evidence=tuple(map(str, evidence)) if isinstance(evidence, list) else (),
        source=str(one.get("source") or event.source),
    )


def _level(word: object) -> Level | None:
    try:
        return Level(word.lower()) if isinstance(word, str) else None
    except ValueError:
        return None


def _program(command: object) -> str:
    """Return the program of a command line or of a list of arguments."""
    words = command.split() if isinstance(command, str) else command
    return str(words[0]) if isinstance(words, (list, tuple)) and words else ""
