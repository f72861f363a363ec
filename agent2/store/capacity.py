"""The use of a machine as the user's documents keep it, and where it is going."""

from __future__ import annotations

from agent2.core.trend import Forecast, forecast
from agent2.core.value import value
from agent2.store import series

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.store.database import Database

LIMIT = 80.0  # percent, of the user's documents
DAYS = 7.0
DAY = 86400.0


@value
class Use:
    """One moment of a machine, in percent; *connections* of its port, 0 without one."""

    at: float
    cpu: float
    memory: float
    disk: float
    connections: int


@value
class Machine:
    """Whose series are a machine's: a target's check; *disks* are mount points."""

    target: str
    check: str
    disks: tuple[str, ...]


@value
class Outlook:
    """Where one series goes: *name* is ``CPU``, ``Memory`` or ``Disk MOUNT``."""

    name: str
    found: Forecast


def machines(db: Database) -> list[Machine]:
    """Return whatever has the series of a machine, by target and check."""
    known: dict[tuple[str, str], set[str]] = {}
    for key in series.keys(db):
        known.setdefault((key.target, key.check), set()).add(key.figure)
    found = []
    for (target, check), figures in sorted(known.items()):
        disks = sorted(f[5:] for f in figures if f.startswith("disk:"))
        if {"cpu", "memory"} <= figures:
            found.append(Machine(target, check, tuple(disks)))
    return found


def uses(db: Database, of: Machine, disk: str, since: float) -> list[Use]:
    """Return the moments since then (epoch seconds) of which all is known, in order."""
    named = {
        name: dict(series.amounts(db, of.target, f"{of.check}/{name}", since))
        for name in ("cpu", "memory", f"disk:{disk}", "connections")
    }
    cpu, memory, disks, many = named.values()
    return [
        Use(at, cpu[at], memory[at], disks[at], round(many.get(at, 0.0)))
        for at in sorted(cpu.keys() & memory.keys() & disks.keys())
    ]


def outlooks(db: Database, of: Machine, days: float = DAYS) -> list[Outlook]:
    """Return where processor, memory and disks of a machine go in *days*."""
    names = [("CPU", "cpu"), ("Memory", "memory")]
    names += [(f"Disk {disk}", f"disk:{disk}") for disk in of.disks]
    found = []
    for shown, name in names:
        points = series.amounts(db, of.target, f"{of.check}/{name}")
        outlook = forecast(points, days * DAY)
        if outlook is not None:
            found.append(Outlook(shown, outlook))
    return found


def warning(one: Outlook, days: float = DAYS, limit: float = LIMIT) -> str:
    """Return the sentence of the user's documents, "" where there is nothing to say.

    It is the same in every language: other people's scripts look for it.
    """
    if one.found.predicted <= limit:
        return ""
    return (
        f"WARNING: {one.name} usage may exceed {limit:g}% in {days:g} days."
        " Consider scaling up."
    )


def scarce(db: Database) -> list[tuple[Machine, list[Outlook]]]:
    """Return the machines of which something will be too much in a week, and what.

    Only of those that were measured for two days: less is no trend.
    """
    found = []
    for of in machines(db):
        told = [
            one
            for one in outlooks(db, of)
            if one.found.span >= 2 * DAY and warning(one)
        ]
        if told:
            found.append((of, told))
    return found
