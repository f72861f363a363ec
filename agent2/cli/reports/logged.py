"""What the logs say that checks of kind ``logfile`` follow, for a report."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Iterator
from typing import Any

from agent2.cli.errors import Failure
from agent2.cli.logs.reading import Counter, read
from agent2.cli.reports.parts import Part, part
from agent2.cli.words import say
from agent2.core.text import plain
from agent2.logs.access import Access
from agent2.plan.values import TargetPlan

_LARGE = 64 << 20  # bytes of a file from which its own command is to be asked
_SLOW = 5.0


def read_all(targets: Iterable[TargetPlan], till: float | None) -> list[dict[str, Any]]:
    """Return what each log says of the day of *till*, or of all that it holds, as JSON.

    What cannot be read, or is too large for a report, says so under ``trouble``.
    """
    date = "" if till is None else time.strftime("%Y-%m-%d", time.localtime(till))
    return [_one(path, form, date) for path, form in dict(_files(targets)).items()]


def _files(targets: Iterable[TargetPlan]) -> Iterator[tuple[str, str]]:
    for target in targets:
        for check in target.checks:
            if check.kind == "logfile" and check.options.get("file"):
                form = str(check.options.get("format") or "auto")
                yield plain(check.options["file"]), form


def _one(path: str, form: str, date: str) -> dict[str, Any]:
    tree: dict[str, Any] = {"file": path, "date": date or None}
    try:
        facts = os.stat(path)
        if not stat.S_ISREG(facts.st_mode):  # a FIFO would hold us up
            return tree | {"trouble": say("doctor.no_file", path=path)}
        if facts.st_size > _LARGE:
            command = f"agent2 logs analyze {path}"
            return tree | {"trouble": say("report.log_large", command=command)}
        return tree | _counted(read((path,), form, date, _SLOW, "never"))
    except Failure as failure:
        return tree | {"trouble": failure.message}
    except OSError as error:
        return tree | {"trouble": str(error.strerror)}


def _counted(found: Counter) -> dict[str, Any]:
    p99 = found.times.percentile(0.99) if found.times.count else None
    if isinstance(found, Access):
        found.finish()
        statuses = dict(found.statuses.top(1000))
        bad = sum(many for code, many in statuses.items() if code.startswith("5"))
        return {"requests": found.lines, "errors": bad, "top": None, "p99_s": p99}
    top = next(iter(found.types.top(1)), None)
    return {
        "requests": found.requests,
        "errors": found.errors,
        "top": None if top is None else {"message": top[0], "count": top[1]},
        "p99_s": p99,
    }


def section(found: list[dict[str, Any]]) -> Part:
    """Return them as a section."""
    rows = []
    for one in found:
        if "trouble" in one:
            rows.append((one["file"], "-", "-", "-", one["trouble"]))
            continue
        top, p99 = one["top"], one["p99_s"]
        rows.append(
            (
                one["file"],
                str(one["errors"]),
                str(one["requests"]),
                "-" if p99 is None else f"{p99:.3f} s",
                "-" if top is None else f"{top['count']} x {top['message']}",
            )
        )
    columns = ("file", "errors", "requests", "p99", "most_frequent")
    return part("logs", columns, rows, empty=say("report.no_logs"))
