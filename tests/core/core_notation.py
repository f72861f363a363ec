"""Stories in the smallest notation: one letter a cycle in, one letter a cycle out.

In:  ``+`` good, ``-`` bad, ``~`` degraded, ``?`` unknown, ``x`` bad because it died,
     ``o`` bad and ``w`` good while an order lies there that nobody took up,
     ``=`` bad and ``^`` degraded while something that it depends on fails,
     ``p`` bad, ``b`` bad while an order lies there, ``g`` good: all in a pause,
     ``s`` bad, ``m`` good, ``d`` degraded: all in a silence, ``a`` bad, acknowledged.
Out: ``u`` unknown, ``h`` healthy, ``f`` failing, ``X`` unhealthy, ``r`` recovering.
"""

from __future__ import annotations

from agent2.core.effects import (
    Notify,
    OpenIncident,
    Prove,
    Record,
    RequestRestart,
    ResolveIncident,
    Warn,
    WithdrawRestart,
    Withhold,
)
from agent2.core.health import advance
from agent2.core.model import (
    Code,
    Facet,
    Health,
    Judgement,
    Policy,
    RestartPolicy,
    Severity,
    TargetState,
    Verdict,
)
from agent2.core.policies import Concern, Decision, Level, Ruling
from agent2.core.quiet import LOUD, Quiet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.core.effects import Effect

T0 = 1_000_000.0
LETTERS = {
    Health.UNKNOWN: "u",
    Health.HEALTHY: "h",
    Health.FAILING: "f",
    Health.UNHEALTHY: "X",
    Health.RECOVERING: "r",
}
BAD = Judgement(Verdict.BAD, Facet.PROCESS, Code.PID_DEAD, "pid 7 is gone", "pid")
SAID = {
    "+": Judgement(Verdict.GOOD),
    "-": BAD,
    "~": Judgement(
        Verdict.DEGRADED, Facet.HEALTH, Code.SLOW, "slow", "http", response_s=3.5
    ),
    "?": Judgement(Verdict.UNKNOWN, code=Code.INTERNAL, detail="our own trouble"),
    "x": BAD,
    "o": BAD,
    "w": Judgement(Verdict.GOOD),
    "=": BAD,
    "^": Judgement(
        Verdict.DEGRADED, Facet.HEALTH, Code.SLOW, "slow", "http", response_s=3.5
    ),
    "p": BAD,
    "b": BAD,
    "g": Judgement(Verdict.GOOD),
    "s": BAD,
    "m": Judgement(Verdict.GOOD),
    "d": Judgement(
        Verdict.DEGRADED, Facet.HEALTH, Code.SLOW, "slow", "http", response_s=3.5
    ),
    "a": BAD,
}
SILENT = Quiet(frozenset(Severity))
QUIET = dict.fromkeys("smd", SILENT) | {"a": Quiet(acked=True)}
PAUSE = Decision(
    Ruling.PAUSE,
    "paused",
    concerns=(Concern("gate", "constraint", Level.MEDIUM, "Manual test (mia)"),),
)
# Nothing but the thresholds: what the other machines do has its own stories.
CALM = Policy(flapping=False, restart=RestartPolicy(enabled=False), reminders=())


class Story:
    """What one target lived through, cycle by cycle."""

    def __init__(
        self,
        cycles: str = "",
        policy: Policy = CALM,
        *,
        every: float = 5.0,
        start: float = T0,
        state: TargetState | None = None,
    ) -> None:
        self.policy = policy
        self.every = every
        self.now = start - every
        self.state = TargetState() if state is None else state
        self.path = ""
        self.told: list[list[str]] = []
        self.effects: list[Effect] = []
        self.go(cycles)

    def go(self, cycles: str) -> Story:
        for letter in cycles:
            self.cycle(letter, self.now + self.every)
        return self

    def at(self, after: float, letter: str) -> list[str]:
        """Live through one cycle *after* seconds from the start."""
        return self.cycle(letter, T0 + after)

    def cycle(
        self, letter: str, now: float, judgement: Judgement | None = None
    ) -> list[str]:
        self.now = now
        step = advance(
            "web",
            self.policy,
            self.state,
            judgement or SAID[letter],
            now,
            died=letter == "x",
            pending=letter in "owb",
            held=letter in "=^",
            bar=PAUSE if letter in "pbg" else None,
            quiet=QUIET.get(letter, LOUD),
        )
        self.state = step.state
        self.effects += step.effects
        self.path += LETTERS[step.state.health]
        self.told.append([word for e in step.effects if (word := spell(e))])
        return self.told[-1]

    def last(self, kind: type) -> Effect:
        return next(e for e in reversed(self.effects) if type(e) is kind)

    def count(self, word: str) -> int:
        return sum(said.count(word) for said in self.told)


def spell(effect: Effect) -> str:
    """One word for each effect; a change of health is in the path already."""
    match effect:
        case Record():
            return ""
        case OpenIncident():
            return "open"
        case ResolveIncident():
            return "close"
        case RequestRestart():
            return "restart"
        case WithdrawRestart():
            return "withdraw"
        case Withhold():
            return f"withheld: {effect.why}"
        case Prove():
            return f"proved: {effect.result.value}"
        case Warn():
            return "warn"
        case Notify():
            return f"tell: {effect.kind.value}"
