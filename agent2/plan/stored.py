"""Read ``plan.json`` (0600), which ``agent2.compiler`` wrote, back into values."""

from __future__ import annotations

import json
import os

from agent2.core.model import Policy, RestartPolicy, Severity
from agent2.core.shape import sound
from agent2.host.files import read_with_stat
from agent2.plan import events, store
from agent2.plan.secret import Secret
from agent2.plan.values import (
    LogPlan,
    Plan,
    PluginPlan,
    RestarterPlan,
    Route,
    TargetPlan,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORMAT = 1
_LARGEST = 64 << 20  # bytes; ten thousand targets have six million


class PlanError(Exception):
    """The plan file is missing, torn, not ours, or of another version: compile anew."""


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
                "events": events.from_tree(tree.get("events") or {}),
                "store": store.from_tree(tree.get("store") or {}),
                "alert_texts": dict(tree.get("alert_texts") or {}),
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
