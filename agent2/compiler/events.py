"""The section ``events`` as models, and how it is settled with the profile's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from agent2.compiler import word, yaml_marks, yaml_tree
from agent2.compiler.fields import Name, Plain, PublicPath, Truth
from agent2.compiler.section import Above, Section, described
from agent2.compiler.words import Scope, Wrong
from agent2.core.policies import Ruling
from agent2.core.rules import OPS
from agent2.plan.events import MODES, EventsPlan, is_window

if TYPE_CHECKING:
    from agent2.compiler.report import Report

_PLAN = EventsPlan()
COLUMNS = {
    "id": "event_id",
    "type": "event_type",
    "subject": "task_id",
    "at": "ts",
    "payload": "payload",
}


def _window(node: Any, _scope: Scope) -> str:
    if not isinstance(node, str) or not is_window(node):
        raise Wrong("is no window")
    return node


WINDOW = word.Word(
    "a window such as 22:00-06:00 or Mon-Fri 09:00-17:00",
    _window,
    {"type": "string"},
    "Put it in quotes; local time.",
)


class Condition(Section):
    """One thing that a rule asks of an event."""

    field: Plain = described(
        ..., "`type`, `subject`, `source`, or a path such as `payload.error_rate`"
    )
    op: Annotated[str, word.choice(*OPS)] = described(
        "eq", "How the field is compared; `matches` takes `*` and `?`"
    )
    value: Any = described(None, "With what; a list for `in`")


class Rule(Section):
    """A policy without code: the first rule that fits an event decides."""

    name: Name = described(..., "Unique; decisions name it")
    event: Plain = described("*", "An event type, `PREFIX*`, `*SUFFIX`, or `*`")
    when: list[Condition] = described([], "All must hold")
    then: Annotated[str, word.choice(*(each.value for each in Ruling))] = described(
        ..., "What is decided"
    )
    reason: Plain = described("", "Why, for people; default: the rule's name")


class Polling(Section):
    """A place that other programs put events into."""

    name: Name = described(..., "Unique; the place that was reached is kept under it")
    kind: Annotated[str, word.choice("table", "folder")] = described(
        ..., "A table of an SQLite file, or a folder of `*.json` files"
    )
    path: PublicPath = described(..., "The file or the folder")
    table: Plain = described("task_audits", "Its name, for a table")
    columns: dict[str, Plain] = described(
        {}, "Which column is `id`, `type`, `subject`, `at`, `payload`, for a table"
    )


class Redlines(Section):
    """What is never done, whatever else allows it."""

    commands: list[Plain] = described(
        list(_PLAN.commands), "Programs that a restart action may run; [] is all"
    )
    frozen: list[Annotated[str, WINDOW]] = described(
        list(_PLAN.frozen), "Windows in which nothing is restarted"
    )


class Events(Section):
    """The inbox of events, the policies that judge them, and what they may do."""

    enabled: Truth = described(_PLAN.enabled, "Take events and judge them")
    resident: Truth = described(
        _PLAN.resident, "Keep the supervisor running; else it comes when it is needed"
    )
    batch_size: Annotated[int, word.whole(1, 1000)] = described(
        _PLAN.batch_size, "Events that are judged together"
    )
    poll_interval: Annotated[float, word.duration(0.1, 86400)] = described(
        _PLAN.poll_interval, "How often inbox and sources are looked at"
    )
    lease: Annotated[float, word.duration(1.0, 3600)] = described(
        _PLAN.lease, "A batch whose supervisor died is taken again after this time"
    )
    max_retries: Annotated[int, word.whole(0, 100)] = described(
        _PLAN.max_retries, "Tries of an event whose policy failed; then it stays failed"
    )
    policy_timeout: Above = described(
        _PLAN.policy_timeout, "A policy of yours that takes longer is ended"
    )
    mode: Annotated[str, word.choice(*MODES)] = described(
        _PLAN.mode, "What waits for a person: interactive, assisted, autonomous"
    )
    polling: list[Polling] = described([], "Where else events are looked for")
    rules: list[Rule] = described([], "Policies without code; see rules below")
    redlines: Redlines = described(Redlines(), "See redlines below")


def profile_events(path: str, scope: Scope) -> Events:
    """Return what the profile at *path* says under ``events``."""
    with open(path, "rb") as file:
        root, _ = yaml_marks.compose(file.read(), path)
    tree = yaml_tree.plain(root).get("events", {})
    return Events.model_validate(tree, context=scope)


def settled(own: Events, profile: tuple[str, Events], report: Report) -> Events:
    """Return the section: what the file says, else the profile, else the default."""
    lent = profile[1].model_fields_set - own.model_fields_set
    for key in lent:
        report.lent["events", key] = f"profile {profile[0]}"
    return own.model_copy(update={key: getattr(profile[1], key) for key in lent})


def emitted(found: Events) -> dict[str, Any]:
    """Return the section as the tree that ``plan.events.from_tree`` reads."""
    tree = found.model_dump()
    tree |= tree.pop("redlines")
    for rule in tree["rules"]:
        rule["when"] = [[w["field"], w["op"], w["value"]] for w in rule["when"]]
    for source in tree["polling"]:
        source["columns"] = COLUMNS | source["columns"]
    return tree
