"""The compiled configuration as values: what the watcher and the courier read.

``agent2.compiler`` writes ``plan.json`` (0600), this only reads it. A text that is from
``${...}`` or sits in a secret field is a ``Secret``: the plan keeps its *unexpanded*
source, ``reveal`` expands it where it is used: no secret rests in the state folder.
"""

from __future__ import annotations

import json
import os
import re

from agent2 import plan_store
from agent2.core.model import Policy, RestartPolicy, Severity
from agent2.core.shape import sound
from agent2.core.value import value
from agent2.host.files import read_linked, read_with_stat
from agent2.plan_events import EventsPlan, from_tree
from agent2.plan_store import StorePlan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORMAT = 1
_LARGEST = 64 << 20  # bytes; ten thousand targets have six million
_REFERENCE = re.compile(r"\$(?:\$|\{(file:)?([^}:]+)(?::-([^}]*))?\})")


class PlanError(Exception):
    """The plan file is missing, torn, not ours, or of another version: compile anew."""


class SecretError(Exception):
    """A variable or file that a secret refers to is not there. Names no secret."""


class Secret:
    """A text that prints as ``***`` wherever it goes; ``reveal()`` gives it out."""

    __slots__ = ("_base", "_source")

    def __init__(self, source: str, base: str = "") -> None:
        """Keep *source* (may hold ``${...}``); files are sought beside *base*."""
        self._source = source
        self._base = base

    def reveal(self) -> str:
        """Return the text with its references expanded.

        Raises:
            SecretError: a variable is not set or a file cannot be read.
        """
        return expand(self._source, self._base)

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._source == self._source

    def __hash__(self) -> int:
        return hash(self._source)


def expand(text: str, base: str) -> str:
    """Return *text* with ``${VAR}``, ``${VAR:-default}``, ``${file:name}`` put in.

    ``$$`` is a dollar sign. A file is looked up as it stands if absolute, else in
    ``$CREDENTIALS_DIRECTORY``, then in *base*; one trailing newline is dropped.

    Raises:
        SecretError: what it refers to is not there.
    """

    def put(match: re.Match[str]) -> str:
        is_file, name, default = match.groups()
        if name is None:
            return "$"
        if is_file:
            return _file(name, base)
        found = os.environ.get(name)
        if found:
            return found
        if default is None:
            raise SecretError(f"environment variable {name} is not set")
        return default

    return _REFERENCE.sub(put, text)


def _file(name: str, base: str) -> str:
    places = [p for p in (os.environ.get("CREDENTIALS_DIRECTORY"), base) if p]
    path = os.path.expanduser(name)
    paths = [path] if os.path.isabs(path) else [os.path.join(p, path) for p in places]
    for candidate in paths:
        try:
            return read_secret(candidate)[0]
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise SecretError(f"secret file {name}: {type(error).__name__}") from None
    raise SecretError(f"secret file {name} is not there")


def read_secret(path: str) -> tuple[str, os.stat_result]:
    """Return the text of a secret's file, less its last line's end, and its stat.

    Raises:
        OSError: it is not there, is no plain file, or cannot be read.
        UnicodeDecodeError: it is not UTF-8.
    """
    content, found = read_linked(path, 65536)
    return content.decode().removesuffix("\n").removesuffix("\r"), found


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
    """``max_bytes`` 0: others rotate; ``json``: JSON lines too, beside it or a path."""

    level: str = "INFO"
    json: bool = False
    max_bytes: int = 0
    backups: int = 10
    json_path: str = ""


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
    warnings: tuple[str, ...] = ()

    @property
    def primary(self) -> TargetPlan:
        """The target that the five old status keys describe."""
        return next((t for t in self.targets if t.primary), self.targets[0])


def load(path: str) -> Plan:
    """Read the compiled plan at *path*: it names programs that are run as this user.

    Raises:
        PlanError: it is not there, not whole, of another version, or not ours alone.
    """
    try:
        content, found = read_with_stat(path, _LARGEST, trusted=True)
        if found.st_uid not in (0, os.geteuid()):
            raise PlanError(f"{path}: belongs to uid {found.st_uid}")
        return from_json(json.loads(content))
    except OSError as error:
        raise PlanError(f"{path}: {error.strerror}") from None
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise PlanError(f"{path}: {type(error).__name__}: {error}") from None
    except RecursionError:
        raise PlanError(f"{path}: is nested much too deep") from None


def from_json(tree: dict[str, Any]) -> Plan:
    """Return the plan that the compiler wrote as *tree* (see ``compiler/emit.py``).

    Raises:
        LookupError, TypeError, ValueError, AttributeError: it is of another format.
    """
    if tree["format"] != FORMAT:
        raise ValueError(f"plan format {tree['format']}")
    base = tree["base"]
    fields = {n: tree[n] for n in Plan.__match_args__ if n in tree}
    restarter = tree["restarter"] | {"argv": tuple(tree["restarter"]["argv"])}
    routes = (Route(r["match"], tuple(r["notifiers"])) for r in tree["routes"])
    return sound(
        Plan(
            **fields
            | {
                "targets": tuple(_target(t, base) for t in tree["targets"]),
                "notifiers": tuple(_plugin(n, base) for n in tree["notifiers"]),
                "routes": tuple(map(sound, routes)),
                "log": sound(LogPlan(**tree["log"])),
                "restarter": sound(RestarterPlan(**restarter)),
                "events": from_tree(tree.get("events") or {}),
                "store": plan_store.from_tree(tree.get("store") or {}),
                "warnings": tuple(tree["warnings"]),
            }
        )
    )


def _target(tree: dict[str, Any], base: str) -> TargetPlan:
    policy = tree["policy"]
    made = Policy(
        **policy
        | {
            "severity": Severity(policy["severity"]),
            "reminders": tuple(policy["reminders"]),
            "restart": sound(RestartPolicy(**policy["restart"])),
        }
    )
    target = TargetPlan(
        **tree
        | {
            "policy": sound(made),
            "checks": tuple(_plugin(c, base) for c in tree["checks"]),
            "actions": tuple(_plugin(a, base) for a in tree["actions"]),
            "depends_on": tuple(tree["depends_on"]),
        }
    )
    if not min(target.interval, target.retry_interval, target.timeout) > 0.0:
        raise ValueError(f"a time of {target.name} is not above 0")
    return sound(target)


def _plugin(tree: dict[str, Any], base: str) -> PluginPlan:
    return sound(PluginPlan(tree["name"], tree["kind"], _unwrap(tree["options"], base)))


def _unwrap(node: Any, base: str) -> Any:
    """Turn ``{"$secret": text}`` into a Secret and lists into tuples, all the way."""
    if isinstance(node, dict):
        if node.keys() == {"$secret"}:
            source = node["$secret"]
            if type(source) is not str:
                raise TypeError("a secret is no text")
            return Secret(source, base)
        return {key: _unwrap(child, base) for key, child in node.items()}
    if isinstance(node, list):
        return tuple(_unwrap(child, base) for child in node)
    return node
