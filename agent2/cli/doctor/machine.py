"""What Agent2 stands on: room on the disk, the clock, descriptors."""

from __future__ import annotations

import os
from collections.abc import Iterator

from agent2.cli.doctor.finding import BAD, Case, Finding
from agent2.cli.state.machine import duration, memory
from agent2.cli.words import say
from agent2.core.text import visible
from agent2.host import machine, trees

DISK, CLOCK, LIMITS = "disk", "clock", "limits"
_LEAST = 16 << 20  # bytes: the store, its WAL and the status must fit
_FULL = 95.0  # percent
_USED = 0.8  # of the open files, of the user's documents
_STEP = 2.0
_EACH = 4  # descriptors that a target may need at once, over what the program has
_OWN = 64
_LONG = 10_000_000  # bytes: the documents' size of a log that is turned over
_RULES = ("/etc/logrotate.d", "/etc/newsyslog.d")
_TAIL = 1 << 18  # bytes of the log


def look(case: Case) -> Iterator[Finding]:
    """Look at disk, rotation of the log, clock and limits."""
    yield from _disk(case)
    yield from _rotation(case)
    yield from _clock(case)
    yield from _limits(case)


def _disk(case: Case) -> Iterator[Finding]:
    folder = case.settings.state_dir
    try:
        found = os.statvfs(folder)
        used, inodes = machine.disk(folder)
    except OSError:
        return  # there is no folder yet, which is told elsewhere
    room = found.f_bavail * found.f_frsize
    case.note(DISK, free_bytes=room, used_percent=used, inodes_percent=inodes)
    do = f"df -h {folder}"
    if found.f_flag & os.ST_RDONLY:
        text = say("doctor.read_only", path=folder)
        yield Finding(DISK, "read_only", text, f"findmnt -T {folder}", BAD)
    if room < _LEAST:
        text = say("doctor.full", path=folder, room=memory(room))
        yield Finding(DISK, "full", text, do, BAD)
    elif used > _FULL:
        text = say("doctor.filling", path=folder, used=f"{used:.1f}", room=memory(room))
        yield Finding(DISK, "filling", text, do)
    if inodes is not None and inodes > _FULL:
        text = say("doctor.inodes", path=folder, used=f"{inodes:.1f}")
        level = BAD if inodes >= 100.0 else "warn"
        yield Finding(DISK, "inodes", text, f"df -i {folder}", level)


def _rotation(case: Case) -> Iterator[Finding]:
    """A log that nobody turns over fills the disk one day."""
    path = case.settings.path("agent2.log")
    try:
        size = os.stat(path).st_size
    except OSError:
        return
    own = case.plan is not None and case.plan.log.max_bytes > 0
    if own or size < _LONG or is_ruled(case.settings.state_dir):
        return
    text = say("doctor.rotation", path=path, size=memory(size))
    yield Finding(DISK, "rotation", text, "agent2 config set log.max_bytes 10000000")


def is_ruled(folder: str) -> bool:
    """Does a rule of logrotate or newsyslog name the folder?"""
    for rules in _RULES:
        for name in os.listdir(rules) if os.path.isdir(rules) else ():
            if folder.encode() in machine.read(os.path.join(rules, name)):
                return True
    return False


def _clock(case: Case) -> Iterator[Finding]:
    """Compare the wall clock with what has been written by it, and is not over yet."""
    age = case.seen.age
    if age is not None and age < -_STEP:
        text = say("doctor.status_ahead", by=duration(-age))
        yield Finding(CLOCK, "status_ahead", text, "timedatectl status")
    steps = _steps(case.settings.path("agent2.log"))
    case.note(CLOCK, steps=len(steps))
    if steps:
        text = say("doctor.stepped", count=len(steps), last=visible(steps[-1]))
        yield Finding(CLOCK, "stepped", text, "timedatectl status")


def _steps(path: str) -> list[str]:
    """Return the newest lines of the log that tell of a clock that was set."""
    from agent2.wire.languages import words

    marks = [
        words(each)["log.clock"].partition("{")[0].encode() for each in ("en", "zh")
    ]
    try:
        number = os.open(
            path, os.O_RDONLY | os.O_NONBLOCK
        )  # a FIFO must not hold us up
        with open(number, "rb") as file:
            file.seek(max(os.fstat(file.fileno()).st_size - _TAIL, 0))
            lines = file.read(_TAIL).splitlines()
    except OSError:
        return []
    found = [line for line in lines if any(mark in line for mark in marks)]
    return [line.decode("utf-8", "replace") for line in found]


def _limits(case: Case) -> Iterator[Finding]:
    pid = case.watcher or os.getpid()
    found = trees.files(pid)
    if found is None:
        return
    many, most = found
    case.note(LIMITS, open_files=many, nofile=most)
    if case.watcher and many >= _USED * most:
        text = say("doctor.files", pid=pid, many=many, most=most)
        yield Finding(LIMITS, "files", text, say("doctor.do_files"), BAD)
    need = _OWN + _EACH * len(case.plan.targets) if case.plan is not None else _OWN
    if most < need:
        text = say("doctor.few_files", most=most, need=need)
        yield Finding(LIMITS, "few_files", text, say("doctor.do_files"))
