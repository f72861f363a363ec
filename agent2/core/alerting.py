"""Which alert goes to whom, and its words: frozen when it is queued.

The words themselves (``issue.process`` ...) come in as a catalogue from
``wire/languages.py``; the choice of words is made here.
"""

from __future__ import annotations

from agent2.core.message import Alert, Delivery
from agent2.core.model import AlertKind, Code, Facet, Severity
from agent2.core.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from agent2.core.effects import Notify

# The three reasons of the restart signal, in the words of the user's documents.
REASONS = {
    Facet.PROCESS: "process_not_alive",
    Facet.PORT: "port_not_listening",
    Facet.HEALTH: "health_check_failed",
}
BY_HAND = "requested_by_hand"  # a fourth one: a person asked, whatever is wrong
_LONGEST_KEY = 255  # PagerDuty Events v2: dedup_key is at most 255 characters
_WARNINGS = frozenset(
    {
        Code.STOPPED,
        Code.STATUS_VALUE,
        Code.COMPONENT,
        Code.COMMAND_FAILED,
        Code.CPU,
        Code.MEMORY,
        Code.DISK,
        Code.LIMIT,
        Code.MEMORY_LEAK,
        Code.WRONG_OWNER,
        Code.LOG_LINES,
        Code.LOG_MISSING,
        Code.ERROR_RATE,
    }
)


@value
class Facts:
    """What every alert says besides its incident.

    Attributes:
        words: The catalogue of the configured language.
        stamp: Turns steady seconds into RFC 3339 with offset.
        name: What people call the target; *port* belongs to the port issue.
        status_path: The file that ``look`` prints.
        many: Other targets are watched too: what is wrong must say with which.
        evidence: What was found at the first failure (``core/diagnosis.py``).
        log: The last lines of the logs that it is told for.
        above: What the target depends on, with when it was well again (None: it is
            not; 0.0: it always was). Who was down within an outage is named as its
            likely cause.
    """

    words: Mapping[str, str]
    language: str
    stamp: Callable[[float], str]
    host: str
    instance: str
    status_path: str
    name: str = ""
    port: str = ""
    labels: Mapping[str, str] = {}
    many: bool = False
    evidence: str = ""
    log: tuple[str, ...] = ()
    above: tuple[tuple[str, float | None], ...] = ()


def issue(
    facts: Facts,
    facet: Facet,
    code: Code,
    response_s: float | None = None,
) -> str:
    """Return what is wrong, in the words of the fix record (no comma, one line)."""
    return _named(facts, _issue(facts, facet, code, response_s))


def _named(facts: Facts, what: str) -> str:
    """Put the target's name before *what* where it could be any of many."""
    if not facts.many or facts.name in what:
        return what
    return f"{facts.name}: {what}"


def _issue(facts: Facts, facet: Facet, code: Code, response_s: float | None) -> str:
    words = facts.words
    if facet is Facet.PROCESS and code is not Code.STOPPED:
        return words["issue.process"].format(name=facts.name)
    if facet is Facet.PORT:
        return words["issue.port"].format(port=facts.port)
    if code is Code.SLOW:
        if response_s is None:
            return words["issue.slow"]
        return words["issue.slow_by"].format(seconds=f"{response_s:.2f}")
    return words[_unwell(code)]


def _unwell(code: Code) -> str:
    """Return the id of the words for *code*: not all is a health API's trouble."""
    match code:
        case Code.STALE_HEARTBEAT:
            return "issue.late"
        case Code.LOG_LINES | Code.LOG_MISSING:
            return "issue.log"
        case Code.ERROR_RATE:
            return "issue.errors"
        case _:
            return "issue.health"


def warning_issue(
    facts: Facts, code: Code, detail: str, response_s: float | None
) -> str:
    """Return what is half-well: slow, or a warning of its own."""
    if code in _WARNINGS:
        return _named(facts, facts.words["issue.degraded"].format(detail=detail))
    return issue(facts, Facet.HEALTH, Code.SLOW, response_s)


def compose(wish: Notify, facts: Facts, action: str) -> Alert:
    """Return the alert that *wish* asks for; *action* is what was done, in words."""
    what = _what(wish, facts)
    closed = wish.at if wish.kind is AlertKind.RESOLVED else None
    duration = max(wish.at - wish.opened_at, 0.0)
    words = facts.words
    title = "unwatched" if wish.unwatched else wish.kind.value
    title = "closed" if wish.closed_by else title
    subject = words[f"subject.{title}"].format(issue=what, count=wish.count)
    alert = Alert(
        id=f"{wish.incident}/{wish.kind.value}/{wish.count}",
        kind=wish.kind,
        incident=wish.incident,
        dedup_key=_key(facts.instance, wish.target, wish.incident),
        target=wish.target,
        severity=wish.severity,
        subject=subject,
        issue=what,
        action=action,
        reason=REASONS[wish.facet],
        code=wish.code.value,
        detail=wish.detail,
        at=facts.stamp(wish.at),
        opened_at=facts.stamp(wish.opened_at),
        closed_at=None if closed is None else facts.stamp(closed),
        duration_s=round(duration, 3),
        host=facts.host,
        instance=facts.instance,
        look=f"cat {facts.status_path}",
        lines=(),
        language=facts.language,
        count=wish.count,
    )
    above = (n for n, at in facts.above if at is None or at > wish.opened_at)
    return replace(alert, lines=_lines(alert, words, facts, " ".join(above)))


def _key(instance: str, target: str, incident: str) -> str:
    """Return the receiver's key; a long one keeps its end, where incidents differ."""
    return f"agent2/{instance}/{target}/{incident}"[-_LONGEST_KEY:]


def _what(wish: Notify, facts: Facts) -> str:
    if wish.kind is AlertKind.FLAPPING or wish.incident.endswith("~flapping"):
        return facts.words["issue.flapping"].format(name=facts.name)
    # An outage can be a warning too: of a target of that severity, or one of several.
    half_well = wish.code is Code.SLOW or wish.code in _WARNINGS
    if wish.severity is Severity.WARNING and half_well:
        return warning_issue(facts, wish.code, wish.detail, wish.response_s)
    return issue(facts, wish.facet, wish.code, wish.response_s)


def _lines(
    alert: Alert, words: Mapping[str, str], facts: Facts, above: str
) -> tuple[str, ...]:
    fields = {
        "issue": alert.issue,
        "action": alert.action,
        "at": alert.at,
        "target": alert.target,
        "cause": f"{alert.reason} ({alert.code}) {alert.detail}".rstrip(),
        "consequence": above,
        "evidence": facts.evidence,
        "incident": alert.incident,
        "host": alert.host,
        "since": alert.opened_at,
        "duration": f"{alert.duration_s:.1f} s" if alert.duration_s else "",
    }
    if alert.kind is AlertKind.TEST:  # nothing is wrong, so there is no cause
        fields["cause"] = ""
    named = tuple(f"{words[f'line.{k}']}: {v}" for k, v in fields.items() if v)
    if facts.log and alert.closed_at is None:
        named += ("", words["line.log"], *(f"  {line}" for line in facts.log))
    return (*named, "", words["line.look"], f"  {alert.look}")


def matches(match: Mapping[str, str], alert: Alert, labels: Mapping[str, str]) -> bool:
    """Return whether all of *match* (severity, target, kind, label.X) holds."""
    known = {
        "severity": alert.severity.value,
        "target": alert.target,
        "kind": alert.kind.value,
    }
    known.update({f"label.{name}": text for name, text in labels.items()})
    return all(known.get(name) == wanted for name, wanted in match.items())


def routed(
    alert: Alert,
    routes: Iterable[tuple[Mapping[str, str], tuple[str, ...]]],
    notifiers: tuple[str, ...],
    labels: Mapping[str, str],
) -> tuple[str, ...]:
    """Return the names of the notifiers that get *alert*, each once, in their order.

    Without any route every alert goes to every notifier.
    """
    all_routes = tuple(routes)
    if not all_routes:
        return notifiers
    wanted = {
        name
        for match, names in all_routes
        if matches(match, alert, labels)
        for name in names
    }
    return tuple(name for name in notifiers if name in wanted)


def address(
    alert: Alert, names: Iterable[str], now: float, texts: Mapping[str, str] = {}
) -> tuple[Delivery, ...]:
    """Return one delivery of *alert* for each notifier of *names*, due at once.

    *texts*: notifier -> the set of its words; ``agent2`` where it has none.
    """
    other = alert
    if texts:  # who does not want them does not pay
        from agent2.core.alert_texts import OPERATIONS, reworded

        texts = {name: one for name, one in texts.items() if one == OPERATIONS}
        other = reworded(alert)
    return tuple(
        Delivery(
            f"{alert.id}/{name}", name, other if name in texts else alert, now, now
        )
        for name in names
    )


def notices(
    dead: Delivery, notifiers: Iterable[str], now: float, words: Mapping[str, str]
) -> tuple[Delivery, ...]:
    """Return the deliveries that tell the other *notifiers* of a dead letter.

    Once per incident and notifier; a dead notice is not told again, or two dead
    receivers would tell each other for ever.
    """
    alert = dead.alert
    if alert.kind is AlertKind.UNDELIVERED:
        return ()
    cause = dead.cause.value if dead.cause is not None else "unknown"
    what = words["issue.undelivered"].format(
        notifier=dead.notifier, cause=cause, issue=alert.issue
    )
    incident = f"{alert.incident}~{dead.notifier}"
    told = replace(
        alert,
        id=f"{incident}/undelivered/0",
        kind=AlertKind.UNDELIVERED,
        incident=incident,
        dedup_key=_key(alert.instance, alert.target, incident),
        subject=words["subject.undelivered"].format(issue=what),
        issue=what,
        action=words["action.undelivered"],
        detail=dead.detail,
        lines=(what, *alert.lines),
    )
    others = tuple(name for name in notifiers if name != dead.notifier)
    return address(told, others, now)
