"""The compiled configuration as values."""

from __future__ import annotations

from agent2.core.model import Policy
from agent2.core.value import value
from agent2.plan.events import EventsPlan
from agent2.plan.store import StorePlan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@value
class PluginPlan:
    """One configured plugin: *name* is unique in its family and place."""

    name: str
    kind: str
    options: dict[str, Any]


@value
class TargetPlan:
    """One thing watched. *actions* is a ladder; empty means the default signal file."""

    name: str
    checks: tuple[PluginPlan, ...]
    actions: tuple[PluginPlan, ...]
    policy: Policy
    interval: float = 5.0
    retry_interval: float = 5.0
    timeout: float = 5.0
    primary: bool = False
    group: str = ""  # of targets that do one work together; "" is none
    min_healthy: int = 1  # so many of the group must be well
    depends_on: tuple[str, ...] = ()
    labels: dict[str, str] = {}  # noqa: RUF012  (never changed; see core/value.py)
    slo: dict[str, float] | None = None  # see core/slo.py
    public: bool = False


@value
class Route:
    """Alerts whose facts equal *match* (severity, target, kind, label.X) go there."""

    match: dict[str, str]
    notifiers: tuple[str, ...]


@value
class LogPlan:
    """``max_bytes`` 0: others rotate; ``json``: JSON lines too, beside it or a path.

    ``json_calm``: with records of looks that found all well.
    """

    level: str = "INFO"
    json: bool = False
    max_bytes: int = 0
    backups: int = 10
    json_path: str = ""
    json_calm: bool = False


@value
class RestarterPlan:
    """What the restarter runs; an empty argv leaves the signal where it is."""

    argv: tuple[str, ...] = ()
    verify: str = ""
    timeout: float = 60.0


@value
class Plan:
    """The whole compiled configuration.

    Attributes:
        stamp: Identity of sources and overrides; equal stamp, equal plan.
        config_path: The YAML file, or "" for the built-in default.
        sha: First 12 hex digits of the configuration's SHA-256, for people.
        base: Folder of the configuration, where ``${file:...}`` looks.
        language: ``en`` or ``zh``, already decided.
    """

    stamp: str
    config_path: str
    sha: str
    base: str
    profile: str
    language: str
    targets: tuple[TargetPlan, ...]
    notifiers: tuple[PluginPlan, ...]
    routes: tuple[Route, ...]
    log: LogPlan
    restarter: RestarterPlan
    web: dict[str, Any]
    events: EventsPlan = EventsPlan()
    store: StorePlan = StorePlan()
    telemetry: dict[str, Any] = {}  # noqa: RUF012  (as TargetPlan.labels)
    metrics: dict[str, Any] = {}  # noqa: RUF012
    observability: dict[str, Any] = {}  # noqa: RUF012
    alert_texts: dict[str, str] = {}  # noqa: RUF012  (as TargetPlan.labels)
    evidence: dict[str, Any] = {}  # noqa: RUF012  (as TargetPlan.labels)
    warnings: tuple[str, ...] = ()

    @property
    def primary(self) -> TargetPlan:
        """The target that the five old status keys describe."""
        return next((t for t in self.targets if t.primary), self.targets[0])

    @property
    def jobs(self) -> tuple[str, ...]:
        """The jobs that are to report by themselves."""
        checks = (check for target in self.targets for check in target.checks)
        found = (str(c.options["job"]) for c in checks if c.kind == "heartbeat")
        return tuple(dict.fromkeys(found))
