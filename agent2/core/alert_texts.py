"""The words of the operations guide for alerts, as a set that a notifier may have.

Subjects and sentences are a contract and the same in every language; what they have no
word for keeps its own. The body keeps its lines below the sentence.
"""

from __future__ import annotations

import re

from agent2.core.model import AlertKind, Code, Severity
from agent2.core.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.core.message import Alert

OPERATIONS = "operations"
SETS = ("agent2", OPERATIONS)
_NUMBER = r"(\d+(?:\.\d+)?)"
# Code -> how the detail gives its amount, the subject's word, the sentence's, a unit.
_WORDS = {
    Code.CPU.value: (rf"CPU {_NUMBER} %", "CPU", "CPU usage", "%"),
    Code.MEMORY.value: (rf"memory {_NUMBER} %", "Memory", "memory usage", "%"),
    Code.DISK.value: (rf"disk .*? {_NUMBER} % \(limit", "Disk", "disk usage", "%"),
    "error_rate": (rf".*?{_NUMBER} ?%", "Error Rate", "error rate", "%"),
    Code.SLOW.value: (
        rf".*?(?:took|response time) {_NUMBER} s",
        "Response Time", "response time", "s",
    ),
}  # fmt: skip
_DOWN = frozenset(
    {
        AlertKind.FIRING,
        AlertKind.REMINDER,
        AlertKind.EXHAUSTED,
        AlertKind.RESOLVED,
    }
)


def reworded(alert: Alert) -> Alert:
    """Return *alert* in the operations guide's words, itself where it has none."""
    words = _high(alert) or _down(alert)
    if words is None:
        return alert
    subject, sentence = words
    over = alert.kind is AlertKind.RESOLVED
    if over:
        subject = f"RESOLVED: {subject}"
    sentence = f"{'RESOLVED' if over else 'ALERT'}: {sentence}"
    lines = (sentence, "", *alert.lines)
    return replace(alert, subject=subject, issue=sentence, lines=lines)


def _high(alert: Alert) -> tuple[str, str] | None:
    """Return subject and sentence of an amount that is too high."""
    pattern, title, what, unit = _WORDS.get(alert.code, ("", "", "", ""))
    found = re.match(pattern, alert.detail) if pattern else None
    if found is None:
        return None
    sentence = f"High {what} on {alert.host}: {found[1]}{unit}"
    return f"{title} Alert - {alert.host}", sentence


def _down(alert: Alert) -> tuple[str, str] | None:
    """Return subject and sentence of a target that is down."""
    if alert.kind not in _DOWN or alert.severity is Severity.WARNING:
        return None
    sentence = f"{alert.target} service is down on {alert.host}"
    return f"Service Alert - {alert.host}", sentence
