"""The eight areas of the operations guide, each with its sections of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent2.cli.reports.parts import Part
from agent2.cli.words import say
from agent2.core.value import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# In the order of the guide: the sections of each, by name.
AREAS = {
    "monitoring": ("look", "uptime", "slo", "inbox"),
    "maintenance": ("care", "decisions"),
    "performance": ("slowest", "slow_checks"),
    "troubleshooting": ("incidents", "causes", "restarts", "logs"),
    "security": ("security",),
    "backup": ("backup",),
    "capacity": ("capacity",),
    "alerts": ("told",),
}
# Where the same stands in the JSON.
KEYS = {
    "monitoring": ["look", "targets", "weekly.inbox"],
    "maintenance": ["weekly.care", "weekly.decisions", "weekly.store_bytes"],
    "performance": ["targets", "slow_checks"],
    "troubleshooting": ["incidents", "causes", "logs"],
    "security": ["weekly.security"],
    "backup": ["weekly.backup"],
    "capacity": ["capacity"],
    "alerts": ["notifiers"],
}


def arranged(sections: Iterable[Part]) -> Iterator[Part]:
    """Yield the sections by area; one without data is a line that says so."""
    known = {one.name: one for one in sections}
    for area, names in AREAS.items():
        title = say(f"report.area.{area}")
        mine = [known[name] for name in names if name in known]
        if not any(one.rows for one in mine):
            yield Part(title, (say(f"report.bare.{area}"),), name=area)
            continue
        for one in mine:
            alone = one.title == title
            yield one if alone else replace(one, title=f"{title}: {one.title}")
