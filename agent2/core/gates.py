"""Gates: a person or a policy pauses a subject, a person lets it go on.

    none --pause--> AWAITING_APPROVAL --approve--> APPROVED
                       (each of them)  --reject--> REJECTED
    none --a policy asks, and the run mode needs no person--> AUTO_APPROVED

A held gate stops actions, never checks or alerts.
"""

from __future__ import annotations

from agent2.core.events import Gate
from agent2.core.policies import Level
from agent2.core.standing import Mode
from agent2.core.value import replace

EVERY = "*"
RESTART = "restart"
AWAITING = "AWAITING_APPROVAL"
APPROVED = "APPROVED"
REJECTED = "REJECTED"
AUTO_APPROVED = "AUTO_APPROVED"
HELD = frozenset({AWAITING, REJECTED})
# The check points of the documents that lie before a deed: a gate at one of them holds
# a restart as well. post_step and pre_publish come after it.
BEFORE_DEED = frozenset({RESTART, "open_plan", "pre_step"})
# Up to which level a policy's pause goes on without a person.
_FREE: dict[Mode, frozenset[Level]] = {
    Mode.INTERACTIVE: frozenset(),
    Mode.ASSISTED: frozenset({Level.LOW}),
    Mode.AUTONOMOUS: frozenset({Level.LOW, Level.MEDIUM}),
}


def pause(subject: str, name: str, reason: str, who: str, at: float) -> Gate:
    """Return the gate that holds *subject* until a person decides."""
    return Gate(subject, name, AWAITING, reason, who, at)


def asked(
    subject: str, name: str, reason: str, who: str, at: float, mode: Mode, level: Level
) -> Gate:
    """Return the gate of a policy that found a concern of *level*."""
    state = AUTO_APPROVED if passes(mode, level) else AWAITING
    return Gate(subject, name, state, reason, who, at)


def passes(mode: Mode, level: Level) -> bool:
    """Return whether a concern of *level* goes on without a person."""
    return level in _FREE[mode]


def approve(gate: Gate, reason: str, who: str, at: float) -> Gate:
    """Return *gate* open."""
    return replace(gate, state=APPROVED, reason=reason, who=who, at=at)


def reject(gate: Gate, reason: str, who: str, at: float) -> Gate:
    """Return *gate* closed for good, until somebody approves it after all."""
    return replace(gate, state=REJECTED, reason=reason, who=who, at=at)


def is_held(gates: tuple[Gate, ...], subject: str, name: str = RESTART) -> Gate | None:
    """Return the gate that holds *subject* at *name*, its own before that of all.

    A state that is not known holds: it was written by somebody who knew better.
    """
    names = BEFORE_DEED if name == RESTART else {name}
    for owner in (subject, EVERY):
        for gate in gates:
            if gate.subject == owner and gate.name in names and not _open(gate):
                return gate
    return None


def is_approved(gates: tuple[Gate, ...], subject: str, name: str = RESTART) -> bool:
    """Return whether a person let *subject* go on at *name* and nothing holds it."""
    if is_held(gates, subject, name) is not None:
        return False
    names = BEFORE_DEED if name == RESTART else {name}
    return any(
        gate.state == APPROVED and gate.name in names
        for gate in gates
        if gate.subject in (subject, EVERY)
    )


def given_since(gates: tuple[Gate, ...], at: float) -> tuple[Gate, ...]:
    """Return *gates* without the approvals that are older than *at*.

    Those answered another question; what holds, holds at whatever age.
    """
    return tuple(gate for gate in gates if gate.state != APPROVED or gate.at >= at)


def _open(gate: Gate) -> bool:
    return gate.state in (APPROVED, AUTO_APPROVED)
