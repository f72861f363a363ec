"""What ``agent2 report --weekly`` adds: inbox, decisions, care of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent2.cli.reports.parts import Part, part
from agent2.cli.state.machine import duration
from agent2.cli.words import say
from agent2.core.value import as_dict
from agent2.host.clock import stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.store.trends import Trends


def sections(found: Trends) -> Iterator[Part]:
    """Return the sections that a weekly report has more."""
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
    yield Part(made.title, (audits,), made.columns, made.rows)
    care = part(
        "care",
        ("job", "done"),
        [(job, stamp(at)) for job, at in found.done.items()],
    )
    size = say("report.size", size=f"{found.size / (1 << 20):.1f} MiB")
    yield Part(care.title, (size,), care.columns, care.rows)


def document(found: Trends) -> dict[str, Any]:
    """Return the same as JSON."""
    return {
        "inbox": [as_dict(one) for one in found.days],
        "decisions": dict(found.decisions),
        "audits": {"total": found.audits, "subjects": found.subjects},
        "care": {job: stamp(at) for job, at in found.done.items()},
        "store_bytes": found.size,
    }
