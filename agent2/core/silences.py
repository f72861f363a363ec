r"""Silences: for a time, alerts that match are not sent. Nothing else stops.

    none --add--> WAITING --starts_at--> ACTIVE --until--> OVER
                      \--end (by hand)------------------/

Checks, incidents and restarts go on and are shown. What outlives its silence is told
then, once, with its true times; a recovery is owed to those who were told, and to
nobody else. A silence is of wall time: "until 14:00" is what people were promised.
"""

from __future__ import annotations

from agent2.core.model import Severity
from agent2.core.rules import glob
from agent2.core.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LONGEST_S = 30 * 86_400.0  # what is to be quiet for longer is a change of the routes
LONGEST = 255  # characters of a name, a pattern, a reason
MATCHED = ("target", "severity")
LABEL = "label."


@value
class Silence:
    """What is not told, from when until when, and whose word that is.

    Attributes:
        match: ``target``, ``severity``, ``label.NAME`` -> what it must be; a ``*``
            stands for anything. All of them must hold.
        starts_at, until: Wall epoch seconds.
        ended_at: When somebody ended it before its time, wall epoch seconds.
    """

    id: str
    match: Mapping[str, str]
    starts_at: float
    until: float
    who: str
    why: str
    at: float
    ended_at: float | None = None
    ended_by: str = ""


def refusal(silence: Silence) -> str | None:
    """Return why *silence* cannot be, in words that name the field; None: it may."""
    if not silence.match:
        return "match is empty: name a target, a severity or a label; * is every target"
    for name, wanted in silence.match.items():
        if name not in MATCHED and not (name.startswith(LABEL) and name != LABEL):
            return f"match has {name}: known are target, severity, {LABEL}NAME"
        if not wanted:
            return f"match.{name} is empty"
        if name == "severity" and wanted not in {each.value for each in Severity}:
            return f"match.severity is none of {', '.join(s.value for s in Severity)}"
    texts = (*silence.match, *silence.match.values(), silence.who, silence.why)
    if any(len(text) > LONGEST or not text.isprintable() for text in texts):
        return f"a text is longer than {LONGEST} characters, or cannot be printed"
    if not silence.why:
        return "why is missing: others will ask"
    if not silence.until > max(silence.starts_at, silence.at):
        return "until lies in the past, or before the beginning"
    if not silence.until - silence.starts_at <= LONGEST_S:
        return f"it is longer than {LONGEST_S / 86_400:.0f} days"
    return None


def is_over(silence: Silence, now: float) -> bool:
    """Return whether *silence* has come to its end at *now*."""
    return silence.ended_at is not None or now >= silence.until


def is_active(silence: Silence, now: float) -> bool:
    """Return whether *silence* holds at *now*."""
    return silence.starts_at <= now and not is_over(silence, now)


def ended(silence: Silence, who: str, now: float) -> Silence:
    """Return *silence* ended by hand; one that is over stays as it is."""
    if is_over(silence, now):
        return silence
    return replace(silence, ended_at=now, ended_by=who)


def matches(
    silence: Silence, target: str, severity: Severity, labels: Mapping[str, str]
) -> bool:
    """Return whether all that *silence* asks for holds."""
    known = {"target": target, "severity": severity.value}
    known.update({f"{LABEL}{name}": text for name, text in labels.items()})
    return bool(silence.match) and all(
        name in known and glob(wanted, known[name])
        for name, wanted in silence.match.items()
    )


def silenced(
    silences: Iterable[Silence],
    target: str,
    severities: Iterable[Severity],
    labels: Mapping[str, str],
    now: float,
) -> dict[Severity, Silence]:
    """Return by which silence each of *severities* of a target is kept back at *now*.

    Where several are, by the one that lasts longest.
    """
    held: dict[Severity, Silence] = {}
    active = [one for one in silences if is_active(one, now)]
    for severity in severities:
        for one in active:
            longer = severity not in held or one.until > held[severity].until
            if longer and matches(one, target, severity, labels):
                held[severity] = one
    return held


def next_change(silences: Iterable[Silence], now: float) -> float | None:
    """Return when the next of *silences* begins or ends by itself, None: never."""
    times = (
        at
        for one in silences
        if not is_over(one, now)
        for at in (one.starts_at, one.until)
    )
    return min((at for at in times if at > now), default=None)
