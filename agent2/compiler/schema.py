"""The configuration as models: the keys of each section, their types and meanings.

The JSON Schema and the reference page are made from these, so a description here is
what users read. A target's key that is None is the one of ``defaults``.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from pydantic import Field

from agent2.compiler import fields, word
from agent2.compiler.events import Events
from agent2.compiler.fields import Name, Plain, PublicPath, PublicUrl, Truth
from agent2.compiler.observability import Evidence, Metrics, Observability
from agent2.compiler.section import Above, Section
from agent2.compiler.section import described as _field
from agent2.compiler.slo import NONE as NO_PROMISE
from agent2.compiler.slo import Slo
from agent2.compiler.store import Store
from agent2.compiler.telemetry import Telemetry
from agent2.core.alert_texts import SETS
from agent2.core.model import Policy, RestartPolicy
from agent2.plan.sources import PROFILES
from agent2.plan.values import LogPlan, RestarterPlan

_POLICY = Policy()
_RESTART = RestartPolicy()
_LOG = LogPlan()
_RESTARTER = RestarterPlan()

Interval = Annotated[float, word.duration(0.05, 86400)]
Timeout = Annotated[float, word.duration(0.01, 3600)]
Threshold = Annotated[int, word.whole(1, 1000)]
Seconds = Annotated[float, word.SECONDS]
Plugin = dict[str, Any]  # read by the model of its class: see plugin_models.py


class Restart(Section):
    """How restarts are asked for, and how often at most."""

    remediation: Annotated[bool, word.SWITCH] = _field(
        _RESTART.enabled, "off: incidents and alerts, but no restart"
    )
    actions: list[Plugin] = _field(
        [{"kind": "signal_file"}], "A ladder: the next when the first did not help"
    )
    intensity: Annotated[int, word.whole(1, 1000)] = _field(
        _RESTART.intensity, "At most this many restarts within period"
    )
    period: Above = _field(_RESTART.period, "The time that intensity counts over")
    settle: Seconds = _field(
        _RESTART.settle, "After a restart, bad checks do not count for this long"
    )
    proof: Above = _field(
        _RESTART.proof, "A restart has failed when the target is not well by then"
    )
    backoff: Seconds = _field(_RESTART.backoff, "First gap between restarts; doubles")
    backoff_max: Seconds = _field(_RESTART.backoff_max, "Longest gap")
    rearm: Seconds = _field(_RESTART.rearm, "Health after which gaps start anew")
    half_open: Above = _field(
        _RESTART.half_open, "A spent budget allows one more try after this time"
    )
    dry_run: Truth = _field(
        _RESTART.dry_run, "Decide and tell what would be restarted, and restart nothing"
    )


# One for all, since a plain default is copied for each of ten thousand targets.
_NO_RESTART = Restart()
_SAME = partial(Field, default_factory=lambda: _NO_RESTART)


class Defaults(Section):
    """What all targets share. What stands here wins over the profile."""

    interval: Interval = _field(5.0, "From one look at a target to the next")
    timeout: Timeout = _field(5.0, "Total time of one check, name lookup to last byte")
    failure_threshold: Threshold = _field(
        _POLICY.failure_threshold, "Failed checks in a row that make it down"
    )
    success_threshold: Threshold = _field(
        _POLICY.success_threshold, "Good checks in a row that make it well again"
    )
    retry_interval: Interval = _field(None, "The interval while checks fail: interval")
    start_grace: Seconds = _field(
        _POLICY.start_grace, "A target never seen well is not judged for this long"
    )
    restart: Restart = _SAME(description="See restart below")
    max_retry: Annotated[int, word.whole(1, 100)] = _field(
        1, "Times that an HTTP check asks before it has failed"
    )
    retry_delay: Seconds = _field(1.0, "Time between two of these")
    slow: Seconds = _field(3.0, "A slower good answer of an HTTP check warns; 0 never")


class Target(Section):
    """One thing watched."""

    name: Name = _field(..., "Unique; it becomes a file name")
    checks: list[Plugin] = _field(..., "At least one; see checks below", min_length=1)
    instances: list[fields.InstanceName] = _field(
        [],
        "Put for {instance} wherever it stands in this target: a target NAME.INSTANCE"
        " for each, in the group NAME",
        min_length=1,
    )
    group: Annotated[str, fields.NAME] = _field(
        "", "Targets that do one work together; see docs/restarts.md"
    )
    min_healthy: Annotated[int, word.whole(1, 1000)] = _field(
        1, "While so many of its group are well, its incidents are warnings"
    )
    restart: Restart = _SAME(description="See restart below; wins over defaults")
    interval: Interval = _field(None, "As in defaults")
    timeout: Timeout = _field(None, "As in defaults")
    failure_threshold: Threshold = _field(None, "As in defaults")
    success_threshold: Threshold = _field(None, "As in defaults")
    retry_interval: Interval = _field(None, "As in defaults")
    start_grace: Seconds = _field(None, "As in defaults")
    on_exit: Annotated[str, word.choice("count", "trip")] = _field(
        "count", "trip: the death of the process alone is enough to be down"
    )
    flapping: Truth = _field(
        _POLICY.flapping, "Tell once that it flaps, not of each incident"
    )
    depends_on: list[Plain] = _field(
        [], "Targets; while one is down, this one does not alert"
    )
    labels: dict[str, Plain] = _field({}, "Free words for routes and people")
    severity: Annotated[str, word.choice("critical", "error", "warning", "info")] = (
        _field(_POLICY.severity.value, "How loud its incidents are")
    )
    reminders: list[Above] = _field(
        list(_POLICY.reminders), "Gaps between reminders; the last repeats; [] is none"
    )
    slo: Slo = Field(
        default_factory=lambda: NO_PROMISE,
        description="What is promised; see slo below",
    )
    public: Truth = _field(False, "May be shown to everybody: agent2 statuspage export")
    primary: Truth = _field(
        False, "The five old keys of the status tell of it (default: the first target)"
    )


class Route(Section):
    """Which alerts go to which notifiers."""

    match: dict[str, Plain] = _field(
        {}, "severity, target, kind or label.NAME and its value; {} is every alert"
    )
    notifiers: list[Plain] = _field(..., "Names of notifiers", min_length=1)


class Restarter(Section):
    """What ``agent2 restarter`` runs when a restart signal lies there."""

    argv: list[Plain] = _field(
        list(_RESTARTER.argv), "Program and arguments; without it the signal stays"
    )
    verify: PublicUrl = _field(_RESTARTER.verify, "URL that must answer after it")
    timeout: Above = _field(_RESTARTER.timeout, "Time that it may take")


class Web(Section):
    """The API and dashboard (``agent2 web``)."""

    enabled: Truth = _field(False, "Serve it")
    host: Plain = _field("127.0.0.1", "Address to listen on")
    port: fields.Port = _field(8642, "Port to listen on")
    token_file: PublicPath = _field(
        "", "File with the token; needed beyond this machine"
    )
    socket: PublicPath = _field("", "Unix socket to listen on, not host and port")
    allowed_hosts: list[Plain] = _field(
        [], "Names of this host in URLs, beside addresses and localhost"
    )
    root_path: Annotated[str, fields.ROOT] = _field(
        "", "Path under which a proxy shows it, for example /agent2"
    )
    max_clients: Annotated[int, word.whole(1, 10000)] = _field(
        128, "Connections at a time; half of them may follow events"
    )
    rate_limit: Annotated[int, word.whole(1, 100000)] = _field(
        50, "Requests per second from one address"
    )


class Log(Section):
    """The log file ``agent2.log``."""

    level: Annotated[str, word.choice("DEBUG", "INFO", "WARNING", "ERROR")] = _field(
        _LOG.level, "Least level that is written"
    )
    json_: Annotated[bool | str, fields.TRUTH_OR_PATH] = _field(
        _LOG.json,
        "Write JSON lines too, with records of cycles and incidents: true for"
        " agent2.jsonl, or a path",
        alias="json",
    )
    json_calm: fields.Truth = _field(
        _LOG.json_calm,
        "JSON lines with a record of each look that finds all well, too: for"
        " agent2 trace TARGET --look",
    )
    max_bytes: Annotated[int, word.SIZE] = _field(
        _LOG.max_bytes, "Rotate at this size; 0 leaves it to logrotate"
    )
    backups: Annotated[int, word.whole(0, 1000)] = _field(
        _LOG.backups, "Rotated files that are kept"
    )


class Root(Section):
    """The whole file."""

    version: Annotated[int, word.whole(1, 1, "the number 1")] = _field(
        1, "Of this format"
    )
    language: Annotated[str, word.choice("auto", "en", "zh")] = _field(
        "auto", "Of log and alerts; auto: LC_ALL, LC_MESSAGES, LANG"
    )
    profile: Annotated[str, word.choice(*PROFILES)] = _field(
        "test", "Numbers for a kind of place; see profiles below"
    )
    defaults: Defaults = _field(Defaults(), "What all targets share")
    targets: list[Target] = _field(..., "What is watched", min_length=1)
    notifiers: list[Plugin] = _field([], "Channels to people; see notifiers below")
    routes: list[Route] = _field(
        [], "Which alerts go where; without any, every alert goes to every notifier"
    )
    alert_texts: dict[str, Annotated[str, word.choice(*SETS)]] = _field(
        {}, "Notifier -> operations: subjects and sentences of the operations guide"
    )
    restarter: Restarter = _field(Restarter(), "See restarter below")
    web: Web = _field(Web(), "See web below")
    log: Log = _field(Log(), "See log below")
    events: Events = _field(Events(), "See events below")
    store: Store = _field(Store(), "See store below")
    telemetry: Telemetry = _field(Telemetry(), "See telemetry below")
    metrics: Metrics = _field(Metrics(), "See metrics below")
    observability: Observability = _field(Observability(), "See observability below")
    evidence: Evidence = _field(Evidence(), "See evidence below")
