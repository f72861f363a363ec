"""Compiled plans for the benchmarks, made from the plan's own values.

The YAML knows no budget large enough for a thousand kills in a minute, so these
plans are written as the compiler would write them. Where compiling is what is
measured (``start.py``), the compiler is used.
"""

from __future__ import annotations

import enum
import json
import os
import sys
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from agent2.core.model import Policy, RestartPolicy
from agent2.core.value import as_dict
from agent2.plan import stored, values
from agent2.plan.sources import current_stamp

# A restart may follow a restart at once, as often as the benchmark kills.
UNBOUND = RestartPolicy(
    intensity=1_000_000, period=2.0, settle=0.0, proof=60.0, backoff=0.0, rearm=0.0
)


def check(kind: str, **options: Any) -> values.PluginPlan:
    """Return a check named after its kind."""
    return values.PluginPlan(kind, kind, options)


def three_checks(pid_file: str, port: int) -> tuple[values.PluginPlan, ...]:
    """Return the default checks: PID, port, health page."""
    return (
        check("pid", file=pid_file),
        check("tcp", port=port),
        check("http", url=f"http://127.0.0.1:{port}/api/health"),
    )


def target(
    name: str,
    checks: tuple[values.PluginPlan, ...],
    *,
    threshold: int = 2,
    every: float = 5.0,
    wait: float = 5.0,
    primary: bool = False,
    restart: RestartPolicy = UNBOUND,
) -> values.TargetPlan:
    """Return a target whose restart is asked for by the signal file."""
    return values.TargetPlan(
        name,
        checks,
        (values.PluginPlan("signal_file", "signal_file", {}),),
        Policy(failure_threshold=threshold, flapping=False, restart=restart),
        interval=every,
        retry_interval=every,
        timeout=wait,
        primary=primary,
    )


def write(
    folder: str,
    config: str,
    targets: list[values.TargetPlan],
    notifiers: tuple[values.PluginPlan, ...] = (),
    language: str = "en",
    **sections: dict[str, Any],
) -> None:
    """Write ``plan.json`` into the state folder *folder*, current for *config*.

    *sections* are ``web`` and ``telemetry``.
    """
    names = tuple(each.name for each in notifiers)
    made = values.Plan(
        stamp=current_stamp(config, "", os.environ),
        config_path=config,
        sha="",
        base=folder,
        profile="test",
        language=language,
        targets=tuple(targets),
        notifiers=notifiers,
        routes=(values.Route({}, names),) if names else (),
        log=values.LogPlan(),
        restarter=values.RestarterPlan(),
        **{"web": {}} | sections,
    )
    path = os.path.join(folder, "plan.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"format": stored.FORMAT} | _plain(made), file)
    os.chmod(path, 0o600)


def _plain(node: Any) -> Any:
    if isinstance(node, enum.Enum):
        return node.value
    if hasattr(type(node), "__match_args__"):
        return {name: _plain(child) for name, child in as_dict(node).items()}
    if isinstance(node, dict):
        return {key: _plain(child) for key, child in node.items()}
    if isinstance(node, (list, tuple)):
        return [_plain(child) for child in node]
    return node
