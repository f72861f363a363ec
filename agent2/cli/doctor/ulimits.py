"""What Agent2 and the processes of its targets may open and start, and how near."""

from __future__ import annotations

import os
from collections.abc import Iterator

from agent2.cli.doctor.expected import Wanted, amount
from agent2.cli.doctor.finding import BAD, Case, Finding
from agent2.cli.state import snapshot
from agent2.cli.words import say
from agent2.core.text import visible
from agent2.host import trees
from agent2.host.machine import read

AREA = "limits"
# Names of setrlimit(2), their lines in /proc/PID/limits (proc_pid_limits(5)) and units.
_LINES = {
    "nofile": ("Max open files", "LimitNOFILE"),
    "nproc": ("Max processes", "LimitNPROC"),
}
_PERCENT = 80.0


def compare(case: Case, wanted: dict[str, Wanted]) -> Iterator[Finding]:
    """Yield what is too low, and whose open files are nearly used up."""
    limit = wanted.get("used")
    share = (limit and amount(limit.value)) or _PERCENT
    for who, pid in processes(case):
        text = read(f"/proc/{pid}/limits").decode("ascii", "replace")
        named = f"{who} (PID {pid})"
        has = {name: _soft(text, line) for name, (line, _) in _LINES.items()}
        used = trees.files(pid)
        case.note(AREA, **{who: {"pid": pid, **has, "open_files": used and used[0]}})
        for name, want in wanted.items():
            if name in has and has[name] and not want.holds(has[name]):
                what = f"{named}: {name}"
                told = say("host.differs", name=what, has=has[name], wanted=want)
                line = f"* - {name} {want.value}"
                unit = f"{_LINES[name][1]}={want.value}"
                yield Finding(
                    AREA, "low", told, say("host.do_limit", line=line, unit=unit)
                )
        if used is not None and used[1] and 100.0 * used[0] / used[1] >= share:
            told = say("doctor.files", pid=named, many=used[0], most=used[1])
            yield Finding(AREA, "files", told, say("doctor.do_files"), BAD)


def processes(case: Case) -> list[tuple[str, int]]:
    """Return Agent2's process (else this one) and those of its targets."""
    found = [("agent2", case.watcher or os.getpid())]
    for target in case.seen.entries("targets"):
        for check in snapshot.objects(target.get("checks")):
            pid = str(check.get("identity") or "").partition(":")[0]
            if pid.isdecimal():
                found.append((visible(str(target.get("name"))), int(pid)))
                break
    return found


def _soft(text: str, name: str) -> str:
    words = text.partition(name)[2].split()
    return words[0] if words else ""
