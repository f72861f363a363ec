"""The eight areas of the operations guide, each with its sections of a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from agent2.cli.reports import capacity, logged
from agent2.cli.reports.parts import Part, part
from agent2.cli.state.machine import duration
from agent2.cli.words import say
from agent2.core.value import as_dict, replace
from agent2.host.clock import stamp
from agent2.store.guarded import Backups, Guarded
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
        yield from week(self.trends)
        yield logged.section(self.logs)
        yield capacity.section(self.rooms)

    def tree(self) -> dict[str, Any]:
        """Return it as JSON."""
        kept = {"weekly": week_document(self.trends), "areas": KEYS}
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


_CODES = ("no_token", "wrong_token", "foreign_host", "foreign_origin")


def week(found: Trends) -> Iterator[Part]:
    """Return the week that such a report has more."""
    yield part(
        "inbox",
        ("day", "lag", "most_lag", "waiting", "failed"),
        [
            (
                one.day,
                duration(one.lag_s),
                duration(one.most_lag_s),
                str(one.pending),
                str(one.failed),
            )
            for one in found.days
        ],
        empty=say("report.no_events"),
    )
    audits = say("report.audits", count=found.audits, subjects=found.subjects)
    decided = [(what, str(many)) for what, many in found.decisions]
    made = part("decisions", ("decision", "count"), decided)
    yield replace(made, lines=(audits,))
    yield _security(found.guarded)
    yield _copies(found.backups)
    care = part(
        "care",
        ("job", "done"),
        [(job, stamp(at) if at else "-") for job, at in found.done.items()],
    )
    size = say("report.size", size=f"{found.size / (1 << 20):.1f} MiB")
    yield replace(care, lines=(size,))


def _security(found: Guarded) -> Part:
    counts = {
        **{code: found.refused.get(code, 0) for code in _CODES},
        "redlines": found.redlines,
        "withheld": found.withheld,
        "gates": found.gates,
        "rejected": found.rejected,
    }
    rows = [(say(f"report.guarded.{what}"), str(many)) for what, many in counts.items()]
    return part("security", ("what", "count"), rows)


def _copies(found: Backups) -> Part:
    last = say("report.backup.never") if found.last is None else stamp(found.last)
    rows = [
        (say("report.backup.made"), str(found.made)),
        (say("report.backup.verified"), str(found.verified)),
        (say("report.backup.failed"), str(found.failed)),
        (say("report.backup.missing"), str(found.missing)),
        (say("report.backup.last"), last),
    ]
    if not (found.made or found.verified or found.failed or found.last):
        rows = []  # nothing at all is known of copies: missing days say no more
    return part("backup", ("what", "count"), rows)


def week_document(found: Trends) -> dict[str, Any]:
    """Return the same as JSON."""
    return {
        "inbox": [as_dict(one) for one in found.days],
        "decisions": dict(found.decisions),
        "audits": {"total": found.audits, "subjects": found.subjects},
        "security": as_dict(found.guarded),
        "backup": as_dict(found.backups)
        | {"last": None if found.backups.last is None else stamp(found.backups.last)},
        "care": {job: stamp(at) if at else None for job, at in found.done.items()},
        "store_bytes": found.size,
    }
