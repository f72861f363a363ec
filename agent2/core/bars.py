"""What stands in the way of a restart, whatever its budget says.

The wish is judged like any other event: by redlines and gates first, then by the rules
that people wrote; those can forbid more, never less. A bar stops restarts and nothing
else: checks, incidents and alerts go on.
"""

from __future__ import annotations

from agent2.core.builtin import action_requested
from agent2.core.policies import Concern, Decision, Level, Ruling
from agent2.core.rules import Rule, judge_by_rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.core.events import Event
    from agent2.core.standing import Standing

_FREE = frozenset({Ruling.ALLOW, Ruling.RETRY})


def barred(
    wish: Event, standing: Standing, rules: tuple[Rule, ...] = ()
) -> Decision | None:
    """Return why the restart that *wish* asks for may not be, or None.

    The reason is ``blocked`` or ``paused``; the first concern says it in words.
    """
    decision = action_requested(wish, standing)
    if decision.ruling in _FREE:
        decision = judge_by_rules(rules, wish) or decision
    if decision.ruling in _FREE:
        return None
    word = "blocked" if decision.ruling is Ruling.BLOCK else "paused"
    said = Concern(f"{wish.id}/{word}", "constraint", Level.MEDIUM, decision.reason)
    concerns = (said, *decision.concerns)
    return Decision(decision.ruling, word, None, concerns, decision.measures)
