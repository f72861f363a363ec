"""What a Check, an Action and a Notifier are, and where each kind lives.

A plugin is one class in one file and one line in the table below; it is imported
when its kind is first used. Its annotated fields are its options: the compiler
makes the schema, the error messages and the reference page from them. The field
types are the words of the configuration: ``Seconds``, ``Port``, ``Size``, ``Url``,
``Path``, ``Secret`` and the plain ``str``, ``int``, ``bool``, ``tuple[str, ...]``,
``dict[str, str]``. A plugin may have ``problems(self)``: a generator of
``(field, what is wrong, hint)`` for rules between fields.

Kinds that are not in the table are sought among the entry points
``agent2.checks``, ``agent2.actions`` and ``agent2.notifiers``.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Protocol

    from agent2.core.message import Alert, Cause, Receipt
    from agent2.core.model import Facet, Finding
    from agent2.host.reactor import Reactor

    Seconds = float
    Port = int
    Size = int
    Url = str
    Path = str

    class Check(Protocol):
        """One question that can be put to a target.

        ``probe`` never raises for a sick target (that is a FAIL); it ends before
        *deadline*, which counts everything: DNS, connect, TLS, headers, body.
        It may have ``settle_in`` (see ``check``) and ``close``, and ``evidence``: the
        last lines that it saw, for people.
        """

        kind: str
        facet: Facet
        # May say ``restartable = False``: a restart of the target mends nothing of what
        # it finds. A target of only such checks asks for none unless told to.

        async def probe(self, reactor: Reactor, deadline: float) -> Finding:
            """Ask once. *deadline* is on the reactor's clock (``reactor.now()``)."""

    class Action(Protocol):
        """A means of restarting a target.

        It may have ``prepare(order)``, which does what nobody sees yet: it is called
        while the order is written down, and ``run`` may or may not follow.
        """

        kind: str
        label: str  # id of its words in the language catalogue

        async def run(self, order: Order, reactor: Reactor) -> Deed:
            """Carry *order* out once; never raises for a refusal, returns it."""

        def pending(self, order: Order) -> bool:
            """Is an earlier order for this target still not taken up?"""

        def withdraw(self, order: Order) -> bool:
            """Take an order back that nobody took up; was there one?"""

    class Notifier(Protocol):
        """A channel that can deliver alerts, in a process of its own (a lane).

        ``send`` may block: the courier kills the lane at the deadline. Success is
        the receiver's own proof and nothing less; else SendError with a cause.
        It may have ``prepare()``, which loads its libraries before a send's time runs.
        """

        kind: str
        deduplicates: bool  # the receiver drops a repeated key by itself

        def send(self, alert: Alert, *, repeat: bool) -> Receipt:
            """Deliver *alert* once. *repeat*: an earlier try may have arrived."""

else:
    Alert = Finding = Reactor = Any = object

from agent2.core.text import one_line  # noqa: E402
from agent2.core.value import value  # noqa: E402
from agent2.plan.secret import holds, veiled  # noqa: E402

TABLE = {
    "checks": {
        "pid": "agent2.checks.pid:PidCheck",
        "tcp": "agent2.checks.tcp:TcpCheck",
        "http": "agent2.checks.http:HttpCheck",
        "command": "agent2.checks.command:CommandCheck",
        "json_metric": "agent2.checks.json_metric:JsonMetricCheck",
        "logfile": "agent2.checks.logfile:LogfileCheck",
        "systemd": "agent2.checks.systemd:SystemdCheck",
        "supervisord": "agent2.checks.supervisord:SupervisordCheck",
        "docker": "agent2.checks.docker:DockerCheck",
        "process": "agent2.checks.process:ProcessCheck",
        "resources": "agent2.checks.resources:ResourcesCheck",
        "updates": "agent2.checks.updates:UpdatesCheck",
        "heartbeat": "agent2.checks.heartbeat:HeartbeatCheck",
        "file": "agent2.checks.file:FileCheck",
        "integrity": "agent2.checks.integrity:IntegrityCheck",
        "dns": "agent2.checks.dns:DnsCheck",
        "certificate": "agent2.checks.certificate:CertificateCheck",
        "redis": "agent2.checks.redis:RedisCheck",
    },
    "actions": {
        "signal_file": "agent2.actions.signal_file:SignalFileAction",
        "command": "agent2.actions.command:CommandAction",
        "systemd": "agent2.actions.systemd:SystemdAction",
        "launchd": "agent2.actions.launchd:LaunchdAction",
        "supervisord": "agent2.actions.supervisord:SupervisordAction",
        "docker": "agent2.actions.docker:DockerAction",
        "signal": "agent2.actions.signal:SignalAction",
    },
    "notifiers": {
        "email": "agent2.notifiers.email:EmailNotifier",
        "slack": "agent2.notifiers.slack:SlackNotifier",
        "pagerduty": "agent2.notifiers.pagerduty:PagerDutyNotifier",
        "apprise": "agent2.notifiers.apprise:AppriseNotifier",
        "webhook": "agent2.notifiers.webhook:WebhookNotifier",
    },
}

# Kinds of notifiers whose receivers keep who has acknowledged an incident.
ACKNOWLEDGING = frozenset({"pagerduty"})


class UnknownKindError(LookupError):
    """No plugin of that kind is in the table or among the entry points."""


class SendError(Exception):
    """A delivery did not arrive, and why; ``core.delivery`` decides what follows.

    Args:
        cause: One of the closed list.
        detail: One line for people; never a secret, never the receiver's raw body.
        retry_after: Seconds that the receiver asked to wait, already parsed.
    """

    def __init__(
        self, cause: Cause, detail: str, retry_after: float | None = None
    ) -> None:
        """Keep the three."""
        super().__init__(detail)
        self.cause = cause
        self.detail = detail
        self.retry_after = retry_after


@value
class Order:
    """What an action is asked to do: one restart of one target.

    Attributes:
        action: Id of this request, unique.
        reason: ``process_not_alive``, ``port_not_listening``, ``health_check_failed``;
            ``requested_by_hand`` where a person asked.
        at: RFC 3339 with offset.
        state_dir: The agent's folder, where a signal file goes by default.
        primary: The primary target's signal has the old name.
    """

    action: str
    target: str
    incident: str
    attempt: int
    reason: str
    code: str
    detail: str
    at: str
    state_dir: str
    primary: bool


@value
class Deed:
    """How an action went: was it done, and one line of what happened.

    *kept* says that an earlier order is still there and nothing new was made.
    """

    done: bool
    detail: str
    kept: bool = False


class AtOnce:
    """What is done when ``run`` returns: nothing waits, nothing can be taken back."""

    __slots__ = ()

    def pending(self, _order: Order) -> bool:
        """Nothing of it waits to be taken up."""
        return False

    def withdraw(self, _order: Order) -> bool:
        """What was done cannot be taken back."""
        return False


def refused(detail: str) -> Deed:
    """Return the deed that was not done, and why, in one line."""
    return Deed(done=False, detail=one_line(detail))


def load(family: str, kind: str) -> type[Any]:
    """Return the class of a plugin; *family* is ``checks``, ``actions``, ``notifiers``.

    Raises:
        UnknownKindError: there is none of that kind.
    """
    place = TABLE[family].get(kind)
    if place is not None:
        module, _, name = place.partition(":")
        # Not importlib, which the watcher has no other use for.
        found: type[Any] = getattr(__import__(module, fromlist=(name,)), name)
        return found
    from importlib.metadata import entry_points

    _see_packages()
    for point in entry_points(group=f"agent2.{family}", name=kind):
        loaded: type[Any] = point.load()
        return loaded
    raise UnknownKindError(f"{family}: no kind {kind!r}")


def check(kind: str, options: Mapping[str, Any], state_dir: str, *, keeps: bool) -> Any:
    """Return a check of *kind*, told where the store lies if it asks for that.

    *keeps*: it may note in the store when it first looked (``settle_in``).

    Raises:
        UnknownKindError: there is none of that kind.
    """
    cls = load("checks", kind)
    made = (veiled(cls) if holds(options) else cls)(**options)
    if hasattr(made, "settle_in"):
        made.settle_in(state_dir, keeps=keeps)
    return made


def _see_packages() -> None:
    """Make installed packages importable: the watcher starts without ``site``."""
    import sys

    if sys.flags.no_site:
        import site

        site.main()


def kinds(family: str) -> tuple[str, ...]:
    """Return all kinds of *family*, built-in first, then those of entry points."""
    from importlib.metadata import entry_points

    foreign = {point.name for point in entry_points(group=f"agent2.{family}")}
    return (*TABLE[family], *sorted(foreign - TABLE[family].keys()))
