"""Rules that people write: when these things are so, then rule this."""

from __future__ import annotations

from agent2.core.policies import Concern, Decision, Level, Ruling
from agent2.core.routing import synonyms
from agent2.core.rulings import decide
from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from agent2.core.events import Event

OPS = ("eq", "ne", "gt", "ge", "lt", "le", "in", "matches", "exists")
FIELDS = ("id", "source", "subject", "type", "at", "retries", "payload")
_MISSING = object()
_LEVELS = {
    Ruling.ALLOW: Level.LOW,
    Ruling.RETRY: Level.LOW,
    Ruling.PAUSE: Level.MEDIUM,
    Ruling.REQUIRE_REVIEW: Level.MEDIUM,
    Ruling.BLOCK: Level.HIGH,
}


@value
class Condition:
    """One thing that must be so.

    Attributes:
        field: ``type``, ``subject``, ``source`` …, or a path ``payload.a.b``.
        op: One of OPS; ``matches`` takes ``*`` and ``?`` as a shell does.
        value: What the field is compared with; for ``exists`` true or false.
    """

    field: str
    op: str
    value: Any


@value
class Rule:
    """When all of *when* is so for an event of the type, then *then*.

    Attributes:
        event: A type (or its alias), ``PREFIX*``, ``*SUFFIX``, ``*``.
    """

    name: str
    when: tuple[Condition, ...]
    then: Ruling
    reason: str = ""
    event: str = "*"


def judge_by_rules(rules: Iterable[Rule], event: Event) -> Decision | None:
    """Return what the first rule that fits says, or None: no rule fits."""
    for rule in rules:
        if fits(rule.event, event.type) and all(holds(c, event) for c in rule.when):
            concern = Concern(
                f"{event.id}/{rule.name}",
                "constraint",
                _LEVELS[rule.then],
                rule.reason or f"rule {rule.name}",
                tuple(f"{c.field} {c.op} {c.value!r}" for c in rule.when),
                rule.name,
            )
            concerns = () if rule.then is Ruling.ALLOW else (concern,)
            return decide(rule.then, rule.reason or f"rule {rule.name}", concerns)
    return None


def fits(pattern: str, type: str) -> bool:  # noqa: A002  (the word of Event)
    """Return whether *pattern* names *type* or another word for it."""
    return glob(pattern, type) or pattern in synonyms(type)


def holds(condition: Condition, event: Event) -> bool:
    """Return whether *condition* is so; what cannot be compared is not."""
    found = _look(condition.field, event)
    if condition.op == "exists":
        return (found is not _MISSING) == bool(condition.value)
    if found is _MISSING:
        return condition.op == "ne"
    test = _TESTS.get(condition.op)
    return test is not None and test(found, condition.value)


def glob(pattern: str, text: str) -> bool:
    """Return whether *text* is what *pattern* says (``*`` and ``?``).

    In the worst case in the time of their product: no pattern hangs it.
    """
    p = t = 0
    star = mark = -1
    while t < len(text):
        if p < len(pattern) and pattern[p] == "*":
            star, mark, p = p, t, p + 1
        elif p < len(pattern) and pattern[p] in ("?", text[t]):
            p, t = p + 1, t + 1
        elif star >= 0:  # let the last star take one more
            mark += 1
            p, t = star + 1, mark
        else:
            return False
    return pattern[p:].strip("*") == ""


def _look(path: str, event: Event) -> Any:
    first, *rest = path.split(".")
    if first not in FIELDS:
        return _MISSING
    found: Any = getattr(event, first)
    for name in rest:
        if not isinstance(found, dict) or name not in found:
            return _MISSING
        found = found[name]
    return found


def _same(found: Any, wanted: Any) -> bool:
    # True is not 1 in JSON.
    return isinstance(found, bool) == isinstance(wanted, bool) and bool(found == wanted)


def _ordered(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(found: Any, wanted: Any) -> bool:
        numbers = all(
            isinstance(one, (int, float)) and not isinstance(one, bool)
            for one in (found, wanted)
        )
        texts = isinstance(found, str) and isinstance(wanted, str)
        return (numbers or texts) and test(found, wanted)

    return compare


def _among(found: Any, wanted: Any) -> bool:
    return isinstance(wanted, (list, tuple)) and any(
        _same(found, one) for one in wanted
    )


def _matches(found: Any, wanted: Any) -> bool:
    return isinstance(found, str) and isinstance(wanted, str) and glob(wanted, found)


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": _same,
    "ne": lambda found, wanted: not _same(found, wanted),
    "gt": _ordered(lambda found, wanted: found > wanted),
    "ge": _ordered(lambda found, wanted: found >= wanted),
    "lt": _ordered(lambda found, wanted: found < wanted),
    "le": _ordered(lambda found, wanted: found <= wanted),
    "in": _among,
    "matches": _matches,
}
