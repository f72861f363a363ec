"""The JSON log of cycles that are not calm and of incidents, loaded where it is on.

A line is cut at 10 KiB; the whole record then lies beside the log in ``artifacts``, of
which the newest hundred stay.
"""

from __future__ import annotations

import os
from binascii import crc32

from agent2.core.redaction import redact
from agent2.host.files import write_beside
from agent2.wire import log_records as records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent2.core.effects import Step
    from agent2.core.model import Judgement, TargetState
    from agent2.host.clock import Clock
    from agent2.host.logfile import LogFile
    from agent2.watcher.watched import Watched

_KEPT = 100
_FOLDER = "artifacts"


def note(
    log: LogFile,
    clock: Clock,
    watched: Watched,
    judgement: Judgement,
    old: TargetState,
    step: Step,
    now: float,
    times: tuple[float, float, float],
) -> None:
    """Write the records of one cycle. What cannot be written is lost, never raised.

    *times*: when it was due, when it was taken up, when what came of it was stored.
    """
    name, stamp = watched.name, clock.stamp
    found = records.incidents(name, old, step, stamp)
    plan = watched.plan
    config = f"{crc32(repr(plan).encode('utf-8', 'replace')):08x}"
    asked = {check.name: _open("", check.options) for check in plan.checks}
    cycle = (name, watched.seen, judgement, old, step, now, stamp, config, asked, times)
    found.append(records.cycle(*cycle))
    for record in found:
        whole = {"timestamp": stamp(now)} | record
        try:
            log.record(_line(whole, log.path))
        except OSError:
            log.lost += 1


def _open(key: str, node: Any) -> Any:
    """Return an option as anybody may read it; a ``Secret`` prints as ``***``."""
    if isinstance(node, dict):
        return {name: _open(name, each) for name, each in node.items()}
    if isinstance(node, list | tuple):  # a secret may follow the option that names it
        node = " ".join(map(str, node))
    if node is None or isinstance(node, bool | int | float):
        return node
    return redact(f"{key}={node}").partition("=")[2][: records.EXCERPT]


def _line(record: dict[str, Any], log: str) -> bytes:
    line = records.line(record)
    if len(line) <= records.MOST:
        return line
    folder = os.path.join(os.path.dirname(log), _FOLDER)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    path = os.path.join(folder, f"{record.get('cycle_id') or record['sid']}.json")
    os.rename(write_beside(path, line, 0o600, sync=False), path)
    _forget(folder)
    return records.line(records.cut(record, path))


def _forget(folder: str) -> None:
    """Remove the oldest: their names begin with a target, so their times tell."""
    found = sorted((one.stat().st_mtime, one.path) for one in os.scandir(folder))
    for _at, path in found[:-_KEPT]:
        os.remove(path)
