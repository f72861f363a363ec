"""Collect a pack of evidence about one target, name the likely cause, leave.

The watcher starts it at the first failure and never waits for it: when a restart is
asked for a few seconds later the pack is there. It writes one JSON file (0600) into
``evidence`` of the state folder and one line of JSON to stdout: path, summary, codes.
"""

from __future__ import annotations

import json
import os
import resource
import time
from contextlib import suppress
from typing import Any

from agent2.core.text import place
from agent2.evidence.pack import collect
from agent2.host.complain import complain
from agent2.host.files import ensure_dir, write_atomic
from agent2.host.gentle import give_way
from agent2.plan.sources import PLAN_NAME
from agent2.plan.stored import PlanError, load

FOLDER = "evidence"
LARGEST = 1_000_000  # bytes of a pack
_NICE = 5
_ROOM = 1 << 30  # bytes of address space: what others made of /proc is no promise
_STAMP = "%Y%m%dT%H%M%S"
_USAGE = "usage: evidence --state-dir DIR --target NAME [--pid N] [--death TEXT]"
_OPTIONS = {"--state-dir", "--target", "--pid", "--death"}


def main(arguments: list[str]) -> int:
    """Collect one pack; return the exit code."""
    given = dict(zip(arguments[::2], arguments[1::2], strict=False))
    pid = given.get("--pid", "0")
    known = not len(arguments) % 2 and given.keys() <= _OPTIONS and pid.isdigit()
    if not known or not {"--state-dir", "--target"} <= given.keys():
        return _fail(2, _USAGE)
    give_way(_NICE)
    resource.setrlimit(resource.RLIMIT_AS, (_ROOM, resource.RLIM_INFINITY))
    state_dir, target = os.path.abspath(given["--state-dir"]), given["--target"]
    try:
        plan = load(os.path.join(state_dir, PLAN_NAME))
        pack = collect(plan, state_dir, target, int(pid), given.get("--death", ""))
        path = _write(state_dir, target, pack)
        keep = plan.evidence.get("keep", 50)
        prune(os.path.join(state_dir, FOLDER), keep, time.time())
    except PlanError as error:
        return _fail(78, str(error))
    except OSError as error:
        return _fail(74, f"{error.filename or state_dir}: {error.strerror}")
    except Exception as error:  # our own bug: the watcher goes on without a pack
        return _fail(70, f"internal error: {place(error)}")
    told = {"path": path, "summary": pack["summary"], "codes": pack["codes"]}
    print(json.dumps(told))  # noqa: T201
    return 0


def _write(state_dir: str, target: str, pack: dict[str, Any]) -> str:
    folder = os.path.join(state_dir, FOLDER)
    ensure_dir(folder, 0o700)
    safe = "".join(letter if letter.isalnum() else "_" for letter in target)[:60]
    stamp = time.strftime(_STAMP, time.gmtime(pack["at"]))
    path = os.path.join(folder, f"{stamp}-{safe}-{os.getpid()}.json")
    content = _spelled(pack)
    for heavy in ("stacks", "logs", "process"):  # what can be large goes first
        if len(content) > LARGEST:
            pack = pack | {heavy: "left out: too long"}
            content = _spelled(pack)
    write_atomic(path, content, 0o600, sync=False)
    return path


def _spelled(pack: dict[str, Any]) -> bytes:
    return (json.dumps(pack, ensure_ascii=False, indent=1) + "\n").encode(
        "utf-8", "replace"
    )


def prune(folder: str, keep: int, now: float) -> None:
    """Remove all packs but the newest *keep*: their names begin with their time.

    What claims to be later than *now* was written before the clock was put right.
    """
    latest = time.strftime(_STAMP, time.gmtime(now)) + "~"
    names = [name for name in os.listdir(folder) if name.endswith(".json")]
    names.sort(key=lambda name: (name <= latest, name))
    for name in names[: max(len(names) - keep, 0)]:
        with suppress(FileNotFoundError):  # another program removes them too
            os.unlink(os.path.join(folder, name))


def _fail(code: int, text: str) -> int:
    complain(f"agent2 evidence: {text}")
    return code
