"""The policies that are there from the start."""

from __future__ import annotations

from agent2.core.concerns import stated, steps, trespasses
from agent2.core.failures import cause, is_retryable, tries
from agent2.core.gates import REJECTED, is_approved, is_held, passes
from agent2.core.policies import Concern, Decision, Level, Ruling
from agent2.core.rulings import decide, gravity, quietly
from agent2.core.standing import Mode, Standing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.core.events import Event
    from agent2.core.routing import Policy, Router

_GRAVE = (Level.HIGH, Level.CRITICAL)
_FIRST_WAIT_S = 10.0
_LONGEST_WAIT_S = 300.0


def created(event: Event, standing: Standing) -> Decision:
    """Judge what begins: grave concerns block it, middling ones pause it."""
    concerns = (*trespasses(event, standing.redlines), *stated(event))
    worst = gravity(concerns)
    if worst in _GRAVE:
        return decide(Ruling.BLOCK, _because(concerns), concerns)
    if worst is Level.MEDIUM and not _goes_on(concerns, standing):
        return decide(Ruling.PAUSE, _because(concerns), concerns)
    return decide(Ruling.ALLOW, _because(concerns) or "no concerns", concerns)


def step_completed(event: Event, _standing: Standing) -> Decision:
    """Judge a finished step by its numbers: only grave concerns pause what follows."""
    concerns = (*steps(event), *stated(event))
    if gravity(concerns) in _GRAVE:
        return decide(Ruling.PAUSE, _because(concerns), concerns)
    return decide(Ruling.ALLOW, _because(concerns) or "no concerns", concerns)


def failed(event: Event, standing: Standing) -> Decision:
    """Judge a failure: try again what may pass by itself, and not for ever."""
    word, tried = cause(event), tries(event)
    if not is_retryable(event):
        return _given_up(event, f"{word} does not pass by itself")
    if tried >= standing.max_retries:
        return _given_up(event, f"{word} after {tried} of {standing.max_retries} tries")
    wait = min(_FIRST_WAIT_S * 2.0 ** min(tried, 10), _LONGEST_WAIT_S)
    concern = Concern(event.id + "/failure", "failure", Level.LOW, word)
    return decide(
        Ruling.RETRY,
        f"{word} may pass: try {tried + 1} of {standing.max_retries}",
        (concern,),
        standing.now + wait,
    )


def state_changed(event: Event, _standing: Standing) -> Decision:
    """Judge a change of state: whether people need to hear of it now."""
    facts = event.payload
    if facts.get("maintenance"):
        return quietly(decide(Ruling.PAUSE, "under maintenance"))
    parent = facts.get("dependency_down")
    if parent:
        return quietly(decide(Ruling.PAUSE, f"depends on {parent}, which is down"))
    if facts.get("flapping"):
        return decide(Ruling.REQUIRE_REVIEW, "flapping: it changes too often to tell")
    return decide(Ruling.ALLOW, "a plain change of state")


def action_requested(event: Event, standing: Standing) -> Decision:
    """Judge a wish to act on a subject: redlines, gates, budget, in this order."""
    concerns = trespasses(event, standing.redlines)
    if gravity(concerns) in _GRAVE:
        return decide(Ruling.BLOCK, _because(concerns), concerns)
    held = is_held(standing.gates, event.subject)
    if held is not None:
        ruling = Ruling.BLOCK if held.state == REJECTED else Ruling.PAUSE
        return quietly(decide(ruling, f"{held.state}: {held.reason} ({held.who})"))
    if concerns:
        return decide(Ruling.PAUSE, _because(concerns), concerns)
    if event.payload.get("exhausted"):
        return decide(Ruling.BLOCK, "the restart budget is spent")
    approved = is_approved(standing.gates, event.subject)
    if standing.mode is Mode.INTERACTIVE and not approved:
        return decide(Ruling.PAUSE, "interactive mode: a person decides")
    return decide(Ruling.ALLOW, "within budget, nothing holds it")


POLICIES: dict[str, Policy] = {
    "TASK_CREATED": created,
    "TASK_STEP_COMPLETED": step_completed,
    "TASK_FAILED": failed,
    "TASK_STATE_CHANGED": state_changed,
    "ACTION_REQUESTED": action_requested,
}


def register(router: Router) -> None:
    """Let the built-in policies judge their types, and Agent2's own words for them."""
    for kind, policy in POLICIES.items():
        router.register(kind, policy)


def _given_up(event: Event, reason: str) -> Decision:
    concern = Concern(event.id + "/failure", "failure", Level.HIGH, reason)
    return decide(Ruling.BLOCK, reason, (concern,))


def _goes_on(concerns: tuple[Concern, ...], standing: Standing) -> bool:
    """Return whether the run mode needs no person; a redline always does."""
    return passes(standing.mode, Level.MEDIUM) and all(
        concern.category != "redline" for concern in concerns
    )


def _because(concerns: tuple[Concern, ...]) -> str:
    return "; ".join(concern.description for concern in concerns)
