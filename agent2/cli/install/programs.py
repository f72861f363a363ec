"""Which programs beside the watcher get a unit of their own."""

from __future__ import annotations

import json
import os
from typing import Any

from agent2.cli.install import units
from agent2.cli.install.place import Place
from agent2.host.files import read_small
from agent2.plan import sources

_LARGEST = 64 << 20


def wanted(
    where: Place, *, web: bool | None, telemetry: bool | None, forking: bool
) -> list[str]:
    """Return the names of their units; what was not asked for the configuration says.

    That is the one that was compiled last. With the *forking* unit the scripts start
    the web program, and the watcher the other one.
    """
    told = {} if web is not None and telemetry is not None else _plan(where)
    found = []
    for name, section, asked in (
        (units.WEB, "web", web),
        (units.TELEMETRY, "telemetry", telemetry),
    ):
        part = told.get(section)
        is_on = isinstance(part, dict) and part.get("enabled") is True and not forking
        if is_on if asked is None else asked:
            found.append(name)
    return found


def _plan(where: Place) -> dict[str, Any]:
    """Return the compiled plan, whoever's it is: two truth values are of interest."""
    try:
        tree = json.loads(
            read_small(os.path.join(where.state, sources.PLAN_NAME), _LARGEST)
        )
    except (OSError, ValueError, RecursionError):
        return {}
    return tree if isinstance(tree, dict) else {}
