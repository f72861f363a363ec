"""The section events: what its keys become, which window holds, what is refused."""

from __future__ import annotations

import json
import time

import pytest

from agent2.compiler import compile_text
from agent2.plan import stored
from agent2.plan.events import EventsPlan, PollPlan, RulePlan, frozen_by

HOME = {"HOME": "/home/me"}
TARGET = "targets: [{name: a, checks: [{kind: tcp, port: 1}]}]\n"


def compiled(text, profile=""):
    return compile_text(TARGET + text, "/c/a.yaml", "/s", profile, HOME, ())


def events(text="", profile=""):
    tree, problems = compiled(text, profile)
    assert tree is not None, [str(each) for each in problems]
    return stored.from_json(json.loads(json.dumps(tree))).events


def test_without_the_section_the_defaults_count():
    assert events() == EventsPlan()


def test_every_key_reaches_the_plan():
    made = events(
        """
events:
  enabled: false
  resident: true
  batch_size: 7
  poll_interval: 3s
  lease: 1m
  max_retries: 0
  policy_timeout: 200ms
  mode: interactive
  polling:
    - {name: old, kind: table, path: old.db, table: rows, columns: {id: "no"}}
    - {name: drop, kind: folder, path: ~/drop}
  rules:
    - name: calm
      event: CHECK_*
      when:
        - {field: payload.error_rate, op: gt, value: 0.3}
        - {field: payload.zone, op: in, value: [a, b]}
      then: require_review
      reason: too many errors
  redlines: {commands: [systemctl], frozen: ["Fri 22:00-06:00"]}
"""
    )
    columns = {
        "id": "no", "type": "event_type", "subject": "task_id", "at": "ts",
        "payload": "payload",
    }  # fmt: skip
    assert made == EventsPlan(
        enabled=False,
        resident=True,
        batch_size=7,
        poll_interval=3.0,
        lease=60.0,
        max_retries=0,
        policy_timeout=0.2,
        mode="interactive",
        commands=("systemctl",),
        frozen=("Fri 22:00-06:00",),
        polling=(
            PollPlan("old", "table", "/c/old.db", "rows", columns),
            PollPlan(
                "drop",
                "folder",
                "/home/me/drop",
                "task_audits",
                made.polling[1].columns,
            ),
        ),
        rules=(
            RulePlan(
                "calm",
                "CHECK_*",
                (("payload.error_rate", "gt", 0.3), ("payload.zone", "in", ["a", "b"])),
                "require_review",
                "too many errors",
            ),
        ),
    )


@pytest.mark.parametrize(
    ("profile", "batch", "poll"),
    [
        ("events_high_throughput", 200, 5.0),
        ("events_low_latency", 20, 2.0),
        ("events_low_load", 50, 30.0),
    ],
)
def test_the_three_profiles_have_the_documents_numbers(profile, batch, poll):
    made = events("", profile)
    assert (made.batch_size, made.poll_interval) == (batch, poll)
    assert events("events: {batch_size: 9}\n", profile).batch_size == 9
    assert events("events: {batch_size: 9}\n", profile).poll_interval == poll


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("{batch_size: 0}", "events.batch_size: is too small"),
        ("{mode: bold}", "events.mode: is not known"),
        ("{rules: [{name: a, then: maybe}]}", "events.rules[0].then: is not known"),
        ("{rules: [{name: a}]}", "events.rules[0].then: is missing"),
        (
            "{redlines: {frozen: ['25:00-26:00']}}",
            "events.redlines.frozen[0]: is no window",
        ),
        (
            "{rules: [{name: a, then: allow}, {name: a, then: block}]}",
            "events.rules[1].name: is doubled",
        ),
        ("{polling: [{name: a, kind: table}]}", "events.polling[0].path: is missing"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(section, said):
    tree, problems = compiled(f"events: {section}\n")
    assert tree is None
    assert any(said in str(each) for each in problems), [str(p) for p in problems]


def at(day, clock):
    """A local time: day 16 is a Monday."""
    hour, minute = clock.split(":")
    return time.mktime((2026, 11, day, int(hour), int(minute), 0, 0, 0, -1))


@pytest.mark.parametrize(
    ("window", "day", "clock", "held"),
    [
        ("22:00-06:00", 16, "23:59", True),
        ("22:00-06:00", 16, "05:59", True),
        ("22:00-06:00", 16, "06:00", False),
        ("Mon-Fri 09:00-17:00", 20, "09:00", True),
        ("Mon-Fri 09:00-17:00", 21, "09:00", False),
        ("Fri 22:00-06:00", 21, "05:00", True),  # the Saturday after it
        ("Fri 22:00-06:00", 20, "05:00", False),
        ("sat-mon 10:00-11:00", 16, "10:30", True),
        ("sat-mon 10:00-11:00", 17, "10:30", False),
    ],
)
def test_a_window_is_frozen_for_as_long_as_it_says(window, day, clock, held):
    assert frozen_by((window,), at(day, clock)) == (window if held else "")
