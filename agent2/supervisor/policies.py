"""Which policies there are: built in, written as rules, installed with packages."""

from __future__ import annotations

from agent2.core import builtin
from agent2.core.policies import Decision, Ruling
from agent2.core.routing import Router
from agent2.core.rules import Condition, Rule, fits, judge_by_rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from importlib.metadata import EntryPoint
    from typing import Any

    from agent2.core.events import Event
    from agent2.core.routing import Policy
    from agent2.core.standing import Standing
    from agent2.plan.events import EventsPlan, RulePlan

GROUP = "agent2.policies"
_MOST_TYPES = 256


def _quiet(_level: str, _text: str) -> None:
    """Log nothing."""


def router_of(
    plan: EventsPlan,
    log: Callable[[str, str], object] = _quiet,
    *,
    installed: bool = True,
) -> Router:
    """Return the router of *plan*.

    The name of an entry point of the group ``agent2.policies`` is the event type or
    pattern that it judges; it wins over the built-in policy of the same name. Rules
    come before both. Nothing foreign is imported here.
    """
    inner = Router()
    builtin.register(inner)
    for point in _points() if installed else ():
        try:
            inner.register(point.name, Installed(point))
        except ValueError as error:
            log("ERROR", f"policy {point.value} is left out: {error}")
    if not plan.rules:
        return inner
    return _RuledRouter(inner, plan.rules)


class _RuledRouter(Router):
    """Rules first, the policy of the type after them."""

    __slots__ = ("_inner", "_made", "_rules")

    def __init__(self, inner: Router, rules: tuple[RulePlan, ...]) -> None:
        super().__init__()
        self._inner = inner
        self._rules = rules
        self._made: dict[str, tuple[Rule, ...]] = {}

    def register(self, pattern: str, policy: Policy) -> None:
        self._inner.register(pattern, policy)

    def route(self, type: str) -> Policy | None:  # noqa: A002
        judged = self._inner.route(type)
        rules = self._made.get(type)
        if rules is None:
            if len(self._made) >= _MOST_TYPES:  # senders invent them
                self._made.clear()
            rules = tuple(_rule(r) for r in self._rules if fits(r.event, type))
            self._made[type] = rules
        return Ruled(rules, judged) if rules else judged

    def patterns(self) -> tuple[str, ...]:
        return self._inner.patterns()


class Ruled:
    """Rules, and the policy that is asked when none of them fits."""

    def __init__(self, rules: tuple[Rule, ...], otherwise: Policy | None) -> None:
        self.rules = rules
        self.otherwise = otherwise

    def __call__(self, event: Event, standing: Standing) -> Decision | None:
        """Return what the rules say, else what the built-in policy says."""
        decision = judge_by_rules(self.rules, event)
        if decision is None and self.otherwise is not None:
            return self.otherwise(event, standing)
        return decision


class Installed:
    """A policy of another package; it is imported in the process that runs it."""

    outside = True

    def __init__(self, point: EntryPoint) -> None:
        self._point = point
        self._loaded: Any = None

    def prepare(self) -> None:
        """Import it."""
        self._loaded = self._point.load()

    def __call__(self, event: Event, standing: Standing) -> Any:
        """Return what it decides."""
        return self._loaded(event, standing)


def _points() -> Iterable[EntryPoint]:
    import sys
    from importlib.metadata import entry_points

    if sys.flags.no_site:
        import site

        site.main()
    return entry_points(group=GROUP)


def _rule(plan: RulePlan) -> Rule:
    when = tuple(Condition(field, op, wanted) for field, op, wanted in plan.when)
    return Rule(plan.name, when, Ruling(plan.then), plan.reason)
