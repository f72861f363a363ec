"""What the next restart of a target would do, in words, and why it is not done.

Loaded with the first dry run: who has none does not pay.
"""

from __future__ import annotations

from agent2.core.policies import Concern, Decision, Level, Ruling
from agent2.core.redaction import redact
from agent2.core.restarts import DRY_RUN
from agent2.core.text import one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent2.watcher.watched import Watched

_LEFT_OUT = frozenset({"env", "username", "password", "timeout", "grace"})


def bar(watched: Watched) -> Decision:
    """Return why a target in dry run is not restarted: what would have been done."""
    note = f"would restart: {intended(watched)}"
    said = Concern(f"{watched.name}/{DRY_RUN}", "constraint", Level.LOW, note)
    return Decision(Ruling.BLOCK, DRY_RUN, None, (said,))


def intended(watched: Watched) -> str:
    """Return the step of the ladder that is next, with what it would touch.

    A secret is a value of its own type, and prints as ``***``; so does what looks like
    one: these words go to people, as nothing else of a command line does.
    """
    rung, many = watched.next_rung, len(watched.actions)
    action: Any = watched.actions[rung]
    told = [f"step {rung + 1} of {many}: {action.kind}"]
    for name in getattr(action, "__match_args__", ()):
        given = getattr(action, name)
        if given and name not in _LEFT_OUT:
            words = given if isinstance(given, tuple) else (given,)
            told.append(f"{name} {' '.join(map(str, words))}")
    return one_line(redact(", ".join(told)))
