"""A report for people: its sections, each a table of plain texts or a paragraph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent2.cli.state.machine import duration
from agent2.cli.words import say
from agent2.core.report import Report, Watched, advice
from agent2.core.value import value
from agent2.host.clock import stamp

NONE = "-"
_LATEST = 20  # incidents that are listed; JSON has all


@value
class Part:
    """A section: its *lines* of prose, then its table, if it has one.

    *name* is what its figures are of, in every language.
    """

    title: str
    lines: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    name: str = ""


def parts(found: Report, *, only_slo: bool) -> Iterator[Part]:
    """Return the sections in their order."""
    if only_slo:
        yield _promises(found)
        return
    yield Part(say("report.look"), tuple(looks(found)), name="look")
    yield _uptime(found)
    if any(one.budget for one in found.targets):
        yield _promises(found)
    yield _incidents(found)
    yield _causes(found)
    yield _restarts(found)
    yield _told(found)
    yield _slowest(found)


def looks(found: Report) -> Iterator[str]:
    """Return what to look at, as sentences."""
    return (say(f"report.look.{one.key}", **one.fields) for one in advice(found))


def span_of(found: Report) -> str:
    """Return from when to when the report is."""
    return f"{stamp(found.since)} – {stamp(found.till)}"


def percent(share: float | None) -> str:
    """Return a share of 0 to 1 in percent, cut off and never rounded up to 100."""
    if share is None:
        return NONE
    return f"{int(share * 100_000 + 1e-6) / 1000:.3f} %"


def _uptime(found: Report) -> Part:
    return part(
        "uptime",
        ("target", "uptime", "judged", "free", "down", "degraded", "p50", "p95", "p99"),
        [
            (
                one.name,
                percent(one.uptime),
                percent(one.judged),
                percent(one.free),
                duration(one.seen.down_ms / 1000),
                duration(one.seen.degraded_ms / 1000),
                *map(milliseconds, (one.p50_s, one.p95_s, one.p99_s)),
            )
            for one in found.targets
        ],
        say("report.judged"),
    )


def _promises(found: Report) -> Part:
    rows = []
    for one in found.targets:
        budget, facts = one.budget, one.promise
        if budget is None or facts is None:
            continue
        fast = NONE
        if facts[2]:
            fast = f"{percent(budget.fast)} ≤ {milliseconds(facts[2])}"
        rows.append(
            (
                one.name,
                f"{facts[0]:g} % / {duration(facts[1])}",
                percent(budget.uptime),
                f"{100 * budget.left:.1f} %",
                f"{duration(budget.spent_s)} / {duration(budget.allowed_s)}",
                *(NONE if r is None else f"{r:.2f}" for r in budget.burn.values()),
                say(f"report.alarm.{budget.alarm or 'none'}"),
                fast,
            )
        )
    columns = "target promise uptime left spent burn_1h burn_6h burn_3d alarm fast"
    return part("slo", columns.split(), rows, empty=say("report.no_slo"))


def _incidents(found: Report) -> Part:
    by_target = [
        (
            one.name,
            str(one.outages.count),
            str(one.outages.open),
            duration(one.outages.longest_s) if one.outages.longest else NONE,
            *map(_long, (one.outages.mttd_s, one.outages.mttr_s, one.outages.mtbf_s)),
            str(one.warnings),
        )
        for one in found.targets
    ]
    columns = ("target", "incidents", "open", "longest", "mttd", "mttr", "mtbf")
    lines = []
    for one in found.incidents[-_LATEST:]:
        ended = say("report.lasts")
        if one.ended_at is not None:
            ended = duration(one.ended_at - one.began_at)
        lines.append(f"{stamp(one.began_at)} {one.target}: {one.code}, {ended}")
    return part("incidents", (*columns, "warnings"), by_target, *lines)


def _causes(found: Report) -> Part:
    rows = [(one.code, str(one.count), duration(one.down_s)) for one in found.causes]
    none = say("incidents.none")
    return part("causes", ("code", "incidents", "down"), rows, empty=none)


def _restarts(found: Report) -> Part:
    known = [(one.name, one.restarts) for one in found.targets if one.restarts.asked]
    rows = [
        (name, *map(str, (k.asked, k.helped, k.failed, k.withdrawn)))
        for name, k in known
    ]
    columns = ("target", "asked", "helped", "not_helped", "withdrawn")
    return part("restarts", columns, rows, empty=say("report.no_restarts"))


def _told(found: Report) -> Part:
    rows = [
        (
            one.name,
            percent(one.success),
            *map(str, (one.delivered, one.dead, one.waiting)),
            *map(_long, (one.p50_s, one.p95_s, one.max_s)),
        )
        for one in found.told
    ]
    columns = "notifier success delivered dead waiting p50 p95 max"
    return part("told", columns.split(), rows, empty=say("report.no_told"))


def _slowest(found: Report) -> Part:
    def worst(one: Watched) -> float:
        return one.p95_s or 0.0

    rows = [
        (
            one.name,
            *map(milliseconds, (one.p95_s, one.p99_s, (one.seen.max_us or 0) / 1e6)),
        )
        for one in sorted(found.targets, key=worst, reverse=True)[:10]
        if one.p95_s is not None
    ]
    none = say("report.no_answers")
    return part("slowest", ("target", "p95", "p99", "max"), rows, empty=none)


def part(
    name: str,
    columns: Sequence[str],
    rows: Sequence[tuple[str, ...]],
    *lines: str,
    empty: str = "",
) -> Part:
    """Return the section *name*; without rows it says *empty*."""
    title = say(f"report.title.{name}")
    if not rows:
        return Part(title, (empty,) if empty else lines, name=name)
    heads = tuple(say(f"report.column.{column}") for column in columns)
    return Part(title, lines, heads, tuple(rows), name)


def milliseconds(seconds: float | None) -> str:
    """Return a time of answers for people."""
    if seconds is None:
        return NONE
    return f"{seconds * 1000:.1f} ms" if seconds < 10 else f"{seconds:.1f} s"


def _long(seconds: float | None) -> str:
    if seconds is None:
        return NONE
    return f"{seconds:.2f} s" if seconds < 60 else duration(seconds)
