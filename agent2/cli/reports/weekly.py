"""What a daily or weekly report adds: inbox, decisions, security, copies, care."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent2.cli.reports.parts import Part, part
from agent2.cli.state.machine import duration
from agent2.cli.words import say
from agent2.core.value import as_dict, replace
from agent2.host.clock import stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.store.guarded import Backups, Guarded
    from agent2.store.trends import Trends

_CODES = ("no_token", "wrong_token", "foreign_host", "foreign_origin")


def sections(found: Trends) -> Iterator[Part]:
    """Return the sections that such a report has more."""
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


def document(found: Trends) -> dict[str, Any]:
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
