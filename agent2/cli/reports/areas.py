"""The eight areas of the operations guide, each with its sections of a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent2.cli.reports import capacity, logged, weekly
from agent2.cli.reports.parts import Part
from agent2.cli.words import say
from agent2.core.value import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agent2.store.trends import Trends

# In the order of the guide: the sections of each, by name.
AREAS = {
    "monitoring": ("look", "uptime", "slo", "inbox"),
    "maintenance": ("changes", "care", "decisions"),
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
    "maintenance": ["changes", "weekly.care", "weekly.decisions", "weekly.store_bytes"],
    "performance": ["targets", "slow_checks"],
    "troubleshooting": ["incidents", "causes", "logs"],
    "security": ["weekly.security"],
    "backup": ["weekly.backup"],
    "capacity": ["capacity"],
    "alerts": ["notifiers"],
}


@dataclass(frozen=True, slots=True)
class More:
    """What only a daily or weekly report has: *rooms* and *logs* as their JSON."""

    trends: Trends
    rooms: list[dict[str, Any]]
    logs: list[dict[str, Any]]

    def sections(self) -> Iterator[Part]:
        """Yield it as sections."""
        yield from weekly.sections(self.trends)
        yield logged.section(self.logs)
        yield capacity.section(self.rooms)

    def tree(self) -> dict[str, Any]:
        """Return it as JSON."""
        kept = {"weekly": weekly.document(self.trends), "areas": KEYS}
        return kept | {"capacity": self.rooms, "logs": self.logs}


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
