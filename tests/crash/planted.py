"""Wrong orders and broken promises, put into a copy of the package one at a time.

Each is a text in a file and what stands in its place; the checker of ``ledgers`` must
notice every one. A window that would be hit once in a thousand kills is widened by a
short sleep, or the process is killed within it now and then, so that a few kills are
enough: the fault is the order, not the sleep.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

PAUSE = "__import__('time').sleep"
# What an end of its own looks like from outside: the kernel kills it, now and then.
MAY_DIE = "import os, random; random.random() < {:g} and os.kill(os.getpid(), 9)"
COURIER_DIES = MAY_DIE.format(0.3)
WATCHER_DIES = MAY_DIE.format(0.1)
SETTLE = 2.0  # seconds; a faulty one may never settle


@dataclass(frozen=True)
class Fault:
    """What is changed in *file*, and the rules of ``ledgers`` of which one must see it.

    *slow_mark*: a delivery is marked late, so that more kills come in between. *told*
    is the one notifier that there is.
    """

    file: str
    right: str
    wrong: str
    seen_by: tuple[str, ...]
    slow_mark: bool = False
    told: str = "mail"


FAULTS = {
    "marked before it is sent": Fault(
        "courier/leash.py",
        "            self._wire.sendall(order)\n",
        "            self.early()\n"
        f"            {COURIER_DIES}\n"
        "            self._wire.sendall(order)\n",
        ("delivered_is_received",),
    ),
    "two transactions": Fault(
        "watcher/memory.py",
        "            queued = await self._write(together)\n",
        "            queued = await self._in_two(writes)\n",
        ("nothing_lost", "every_incident_is_told"),
    ),
    "status written in place": Fault(
        "watcher/publish.py",
        "            os.rename(made, self.path)\n",
        "            with open(made, 'rb') as new, open(self.path, 'wb', 0) as old:\n"
        "                old.write(new.read(900))\n"
        f"                {PAUSE}(0.004)\n"
        "                old.write(new.read())\n"
        "            remove(made)\n"
        "            there = (os.stat(self.path).st_ino, os.stat(self.path).st_mtime_ns)\n",
        ("never_torn",),
    ),
    "leases are ignored": Fault(
        "store/leases.py",
        "    if row.state is DeliveryState.SENDING:  # its sender died or slept\n",
        "    if row.state is None:\n",
        ("repeats_are_owned_up",),
        slow_mark=True,
    ),
    "recoveries overtake": Fault(
        "store/leases.py",
        "        AND e.state IN ('pending', 'sending'))\n    ORDER BY seq LIMIT :limit",
        "        AND e.state IS NULL)\n    ORDER BY seq DESC LIMIT :limit",
        ("in_order",),
        told="pager",
    ),
    "keys differ by attempt": Fault(
        "courier/frames.py",
        '    return pack({"repeat": repeat, "alert": plain})\n',
        '    plain["dedup_key"] = f"{alert.dedup_key}/{repeat}"\n'
        '    return pack({"repeat": repeat, "alert": plain})\n',
        ("no_doubled_key",),
        told="pager",
    ),
    "shown before it is committed": Fault(
        "watcher/cycle.py",
        "    if step.effects or must_be_saved(old, step.state):\n",
        "    for each in step.effects:\n"
        "        if type(each).__name__ == 'OpenIncident':\n"
        "            parts.telling.opened(each)\n"
        "            parts.publisher.write()\n"
        f"            {WATCHER_DIES}\n"
        "    if step.effects or must_be_saved(old, step.state):\n",
        ("shown_is_committed",),
    ),
    "states are forgotten": Fault(
        "watcher/leftover.py",
        "        targets.load_all(db),\n",
        "        {},\n",
        ("every_incident_is_told", "one_incident_for_an_outage"),
    ),
    "recoveries are not owed": Fault(
        "watcher/executor.py",
        "            names = tuple(name for name in self._telling.known() if name in told)\n",
        "            names = tuple(name for name in self._telling.known() if not told)\n",
        ("nothing_lost",),
    ),
    "a repeat looks like the first": Fault(
        "courier/leash.py",
        "repeat=delivery.ambiguous",
        "repeat=False",
        ("repeats_are_owned_up",),
        slow_mark=True,
    ),
}

_IN_TWO = '''
    async def _in_two(self, writes: list[Write]) -> Any:
        """State and incident first, what people are told in a second commit."""
        from agent2.store import outbox

        rows: list[Any] = []
        add, outbox.add = outbox.add, lambda _tx, some: len(rows.extend(some) or rows)
        try:
            queued = await self._write(lambda tx: sum(one(tx) or 0 for one in writes))
        finally:
            outbox.add = add
        if rows:
            MAY_DIE
            await self._write(lambda tx: outbox.add(tx, rows))
        return queued
'''.replace("MAY_DIE", WATCHER_DIES)
_EARLY = '''
    def early(self) -> None:
        """Mark it as delivered without any proof."""
        import gc

        from agent2.core.message import Receipt
        from agent2.courier.desk import Desk
        from agent2.store import outbox

        (desk,) = (one for one in gc.get_objects() if isinstance(one, Desk))
        assert self.delivery is not None
        outbox.delivered(desk.db, self.delivery, Receipt("soon"), desk.now())
'''
_MORE = {
    "two transactions": ("    async def _write(self", _IN_TWO),
    "marked before it is sent": ("    def hear(self)", _EARLY),
}


def plant(names: Iterable[str], source: Path, folder: Path) -> Path:
    """Copy the package from *source* into *folder* with faults; return *folder*."""
    # What is compiled stays so, where the text does; not what is just being written.
    ignored = shutil.ignore_patterns("*.pyc.*")
    shutil.copytree(source / "agent2", folder / "agent2", ignore=ignored)
    for name in names:
        _put(name, folder / "agent2")
    return folder


def _put(name: str, package: Path) -> None:
    for path, text in spoiled(name, package).items():
        path.write_text(text, encoding="utf-8")


def spoiled(name: str, package: Path) -> dict[Path, str]:
    """Return the texts of *package* that fault *name* changes, as they are with it."""
    fault = FAULTS[name]
    changes = [(fault.file, fault.right, fault.wrong)]
    if name in _MORE:
        before, more = _MORE[name]
        changes += [(fault.file, before, f"{more.lstrip(chr(10))}\n{before}")]
    if fault.slow_mark:
        right = "            self._store(lambda: self._delivered(held, receipt))\n"
        slow = f"            {PAUSE}(0.1)\n            {COURIER_DIES}\n{right}"
        changes += [("courier/desk.py", right, slow)]
    texts: dict[Path, str] = {}
    for file, right, wrong in changes:
        path = package / file
        text = texts.get(path) or path.read_text(encoding="utf-8")
        assert text.count(right) == 1, f"{file} has changed: mend {name!r}"
        texts[path] = text.replace(right, wrong)
    return texts
