"""The operations guide's subjects and sentences, for the notifiers that ask for them."""

from __future__ import annotations

import pytest

from agent2.core.alerting import address
from agent2.core.message import Alert
from agent2.core.model import AlertKind, Severity
from agent2.core.value import replace

ALERT = Alert(
    id="a", kind=AlertKind.DEGRADED, incident="i", dedup_key="k", target="api",
    severity=Severity.WARNING, subject="[Agent2 Warning] x", issue="x", action="y",
    reason="health_check_failed", code="", detail="", at="", opened_at="",
    closed_at=None, duration_s=0.0, host="box", instance="1", look="",
    lines=("one", "two"),
)  # fmt: skip


def told(**changes):
    plain, other = address(
        replace(ALERT, **changes), ("ops", "mail"), 5.0, {"mail": "operations"}
    )
    assert plain.alert.subject == "[Agent2 Warning] x"
    assert (other.id, other.notifier, other.next_at) == ("a/mail", "mail", 5.0)
    return other.alert


@pytest.mark.parametrize(
    ("code", "detail", "subject", "sentence"),
    [
        ("cpu", "CPU 91.3 % (limit 80 %)", "CPU Alert - box",
         "ALERT: High CPU usage on box: 91.3%"),
        ("memory", "memory 85 % (limit 80 %); disk / 99 % (limit 80 %)",
         "Memory Alert - box", "ALERT: High memory usage on box: 85%"),
        ("disk", "disk /mnt/5 % 7 81.5 % (limit 80 %)", "Disk Alert - box",
         "ALERT: High disk usage on box: 81.5%"),
        ("error_rate", "6.0 % of 100 requests failed", "Error Rate Alert - box",
         "ALERT: High error rate on box: 6.0%"),
        ("slow", "answer took 5.10 s, more than 5 s", "Response Time Alert - box",
         "ALERT: High response time on box: 5.10s"),
        ("slow", "mean response time 5.10 s over 9 requests", "Response Time Alert - box",
         "ALERT: High response time on box: 5.10s"),
    ],
)  # fmt: skip
def test_what_is_too_high_is_told_in_the_guides_words(code, detail, subject, sentence):
    alert = told(code=code, detail=detail)
    assert (alert.subject, alert.issue) == (subject, sentence)
    assert alert.lines == (sentence, "", "one", "two")

    over = told(code=code, detail=detail, kind=AlertKind.RESOLVED)
    assert over.subject == f"RESOLVED: {subject}"
    assert over.issue == sentence.replace("ALERT", "RESOLVED")


def test_a_target_that_is_down_is_a_service_that_is_down():
    down = {"severity": Severity.CRITICAL, "code": "pid_dead", "detail": "gone"}
    for kind in (AlertKind.FIRING, AlertKind.REMINDER, AlertKind.EXHAUSTED):
        alert = told(kind=kind, **down)
        assert alert.subject == "Service Alert - box"
        assert alert.issue == "ALERT: api service is down on box"
    assert told(kind=AlertKind.RESOLVED, **down).issue == (
        "RESOLVED: api service is down on box"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "limit", "detail": "threads 90 (limit 80)"},
        {"code": "memory", "detail": "process memory 600 MB (limit 512 MB)"},
        {"code": "disk", "detail": "inodes of / 90 % (limit 80 %)"},
        {"kind": AlertKind.FLAPPING},
        {"kind": AlertKind.TEST, "severity": Severity.INFO},
    ],
)
def test_what_the_guide_has_no_word_for_keeps_its_own(changes):
    alert = told(**changes)
    assert (alert.subject, alert.lines) == ("[Agent2 Warning] x", ("one", "two"))
