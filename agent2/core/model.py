"""The words of the house, as values. Everything else is built of these.

Times are steady epoch seconds (``host.clock``); durations are seconds.
"""

from __future__ import annotations

from enum import Enum

from agent2.core.value import value


class Word(Enum):
    """One of a closed list, hashed by identity: ``Enum`` makes a Python call of it."""

    __hash__ = object.__hash__


class Outcome(Word):
    """What a check can answer. ERROR says nothing of the target."""

    OK = "ok"
    FAIL = "fail"
    ERROR = "error"


class Facet(Word):
    """The side of a target that a check looks at, in the order of blame."""

    PROCESS = "process"
    PORT = "port"
    HEALTH = "health"


class Code(Word):
    """Why a finding is what it is: a closed, public list."""

    OK = "ok"
    PID_MISSING = "pid_missing"
    PID_UNREADABLE = "pid_unreadable"
    PID_UNSAFE = "pid_unsafe"
    PID_BAD = "pid_bad"
    PID_DEAD = "pid_dead"
    PID_REUSED = "pid_reused"
    ZOMBIE = "zombie"
    STOPPED = "stopped"
    PORT_REFUSED = "port_refused"
    PORT_TIMEOUT = "port_timeout"
    PORT_SELF = "port_self"
    DEADLINE = "deadline"
    DNS = "dns"
    REFUSED = "refused"
    RESET = "reset"
    TLS = "tls"
    PROTO = "proto"
    REDIRECT = "redirect"
    HTTP_STATUS = "http_status"
    BODY_LIMIT = "body_limit"
    JSON = "json"
    SHAPE = "shape"
    STATUS_VALUE = "status_value"
    COMPONENT = "component"
    SLOW = "slow"
    LOG_LINES = "log_lines"
    LOG_MISSING = "log_missing"
    ERROR_RATE = "error_rate"
    COMMAND_FAILED = "command_failed"
    COMMAND_TIMEOUT = "command_timeout"
    CPU = "cpu"
    MEMORY = "memory"
    DISK = "disk"
    LIMIT = "limit"
    MEMORY_LEAK = "memory_leak"
    WRONG_OWNER = "wrong_owner"
    STALE_HEARTBEAT = "stale_heartbeat"
    LOCAL_NETWORK = "local_network"
    AGENT_GAP = "agent_gap"
    INTERNAL = "internal"


class Verdict(Word):
    """What one cycle says of a target. It has no memory."""

    GOOD = "good"
    DEGRADED = "degraded"
    BAD = "bad"
    UNKNOWN = "unknown"


class Health(Word):
    """What is believed of a target after its thresholds."""

    UNKNOWN = "unknown"
    HEALTHY = "healthy"
    FAILING = "failing"
    UNHEALTHY = "unhealthy"
    RECOVERING = "recovering"


class Severity(Word):
    """How loud an incident is; the words of PagerDuty and Alertmanager."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class AlertKind(Word):
    """What an alert tells."""

    FIRING = "firing"
    DEGRADED = "degraded"
    REMINDER = "reminder"
    EXHAUSTED = "exhausted"
    RESOLVED = "resolved"
    FLAPPING = "flapping"
    UNDELIVERED = "undelivered"
    ACKNOWLEDGED = "acknowledged"
    TEST = "test"


class ActionResult(Word):
    """How an action ended. SUCCESS and FAILED are proved by later cycles."""

    PLANNED = "planned"
    REQUESTED = "requested"
    SUCCESS = "success"
    FAILED = "failed"
    WARNED = "warned"
    WITHDRAWN = "withdrawn"
    UNKNOWN = "unknown"


@value
class Finding:
    """A check's answer. It knows neither its name nor the time.

    An OK finding whose code is not ``Code.OK`` is a warning (slow, stopped,
    half-well): it degrades the target and never restarts it.

    Attributes:
        detail: One line for people; no secret, no control character.
        response_s: Seconds until the whole answer was read, where there is one.
        timings: Named seconds of the parts (dns, connect, tls, first_byte).
        identity: What was looked at (``pid:start``), so that a restart shows.
        figures: Amounts that were measured, by the name of their series.
    """

    outcome: Outcome
    code: Code
    detail: str
    response_s: float | None = None
    timings: tuple[tuple[str, float], ...] = ()
    identity: str | None = None
    figures: tuple[tuple[str, float], ...] = ()


@value
class Observation:
    """A finding stamped by the watcher: which check, when it ended, how long."""

    check: str
    kind: str
    facet: Facet
    finding: Finding
    at: float
    duration_s: float


@value
class Judgement:
    """What one cycle says, and which observation says it."""

    verdict: Verdict
    facet: Facet = Facet.HEALTH
    code: Code = Code.OK
    detail: str = ""
    check: str = ""
    response_s: float | None = None
    identity: str | None = None


@value
class RestartPolicy:
    """How restarts are asked for.

    Attributes:
        enabled: False is monitor-only: no restart. dry_run: it is told, and not done.
        intensity: At most this many restarts ...
        period: ... within this many seconds; then the budget is spent.
        settle: Seconds after a request in which BAD verdicts do not count.
        proof: Seconds within which a restart must make the target healthy.
        backoff: First gap between two restarts; it doubles each time ...
        backoff_max: ... up to this many seconds.
        rearm: Seconds of health after which the gaps start anew.
        half_open: Seconds after which a spent budget allows one more try.
    """

    enabled: bool = True
    intensity: int = 5
    period: float = 1800.0
    settle: float = 10.0
    proof: float = 60.0
    backoff: float = 10.0
    backoff_max: float = 300.0
    rearm: float = 600.0
    half_open: float = 1800.0
    dry_run: bool = False


@value
class Policy:
    """The thresholds and manners of one target.

    Attributes:
        failure_threshold: Consecutive BAD verdicts that open an incident; N means N.
        success_threshold: Consecutive good ones that close it.
        start_grace: Seconds in which a target never yet seen well is not judged.
        trip_on_exit: A process death alone opens the incident.
        flapping: Tell once that the target flaps, instead of each incident.
        reminders: Gaps between reminders in seconds; the last one repeats.
    """

    failure_threshold: int = 2
    success_threshold: int = 1
    start_grace: float = 0.0
    trip_on_exit: bool = False
    flapping: bool = True
    severity: Severity = Severity.CRITICAL
    reminders: tuple[float, ...] = (3600.0, 14400.0, 86400.0)
    restart: RestartPolicy = RestartPolicy()


@value
class TargetState:
    """All that is remembered of one target; saved whole at each change.

    Attributes:
        first_seen: When this target was first looked at.
        since: When ``health`` last changed.
        failures: Consecutive BAD verdicts; only a good check makes it 0. successes:
            consecutive good ones; slow_count: DEGRADED ones.
        incident: Id of the open incident, and when it opened.
        severity: How loud it was told: as it opened, or the worst since.
        failing_since: When the first of the failures was seen: the outage began.
        warning: Id of the open warning (degraded), and when it opened.
        warning_owed, flap_owed, exhausted_owed: A silence kept it back: that the
            warning is open, the target flaps, its budget is spent is still to be told.
        restarts: Times of the restarts inside the budget's period.
        attempts: Restarts since the target was last well for ``rearm``.
        action: Id of the restart that still owes its proof, when it was asked for,
            and who the target was then (``pid:start``). hand: a person asked for it.
        hold_until: Until then BAD verdicts are not counted (settle).
        withheld: Why no restart was asked for in this incident (said once).
        exhausted_at: When the budget was found spent; None while it is not.
        told: The incident was told to people, so its recovery is owed.
        reminded: How many reminders went out; reminded_at: when the last alert did.
        ring: The last 20 changes of verdict as bits, newest lowest (flapping).
        seen: How many cycles the ring has seen, up to 21.
        flap: Id under which the flapping was told, and when it began.
    """

    health: Health = Health.UNKNOWN
    degraded: bool = False
    first_seen: float | None = None
    since: float | None = None
    failures: int = 0
    successes: int = 0
    slow_count: int = 0
    ever_healthy: bool = False
    healthy_since: float | None = None
    facet: Facet = Facet.HEALTH
    code: Code = Code.OK
    detail: str = ""
    incident: str | None = None
    incident_at: float = 0.0
    severity: Severity = Severity.CRITICAL
    failing_since: float | None = None
    warning: str | None = None
    warning_at: float = 0.0
    warning_owed: bool = False
    restarts: tuple[float, ...] = ()
    attempts: int = 0
    action: str | None = None
    action_at: float = 0.0
    action_identity: str | None = None
    hand: bool = False
    hold_until: float = 0.0
    withheld: str = ""
    exhausted_at: float | None = None
    exhausted_owed: bool = False
    told: bool = False
    reminded: int = 0
    reminded_at: float = 0.0
    ring: int = 0
    seen: int = 0
    flap: str | None = None
    flap_at: float = 0.0
    flap_owed: bool = False
