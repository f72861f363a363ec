"""The program that is run once when a leak is suspected anew: a dump, a profile."""

from __future__ import annotations

import os

from agent2.core.text import plain
from agent2.core.value import replace
from agent2.host import spawn
from agent2.host.exits import describe_exit
from agent2.host.processes import open_process
from agent2.host.whose import is_of
from agent2.plugins import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent2.checks.resources_seen import Seen
    from agent2.host.processes import ProcessRef
    from agent2.host.reactor import Reactor

_PART = 0.9  # of the time that is left: an answer is owed after it


async def told(check: Any, seen: Seen, reactor: Reactor, deadline: float) -> Seen:
    """Return *seen* with what came of ``on_leak``, run now if the leak is a new one."""
    kept = check.kept
    if not seen.leak:
        kept.dumped = ""
        return seen
    if not kept.dumped:
        kept.dumped = await _proved(check, reactor, deadline)
    return replace(seen, leak=f"{seen.leak}; on_leak: {kept.dumped}")


async def _proved(check: Any, reactor: Reactor, deadline: float) -> str:
    """Run it for the very process that was measured, if it is the target's."""
    number, start = check.kept.root
    process = await _process(check, number)
    if process is None:
        return f"not run: nothing proves whose process {number} is"
    try:
        if process.pid != number or process.start_ticks not in (start, 0):
            return f"not run: process {number} is another one by now"
        return await _run(check, reactor, deadline)
    finally:
        process.close()


async def _process(check: Any, number: int) -> ProcessRef | None:
    """Return the process by the proofs of the ``pid`` check, or of its user."""
    if plain(check.file):
        found: ProcessRef | None = await load("checks", "pid")(file=check.file).attach()
        return found
    if not plain(check.user) and not is_of(number, os.geteuid()):
        return None  # anybody can have a command line that matches
    return open_process(number)


async def _run(check: Any, reactor: Reactor, deadline: float) -> str:
    now = reactor.now()
    until = now + (deadline - now) * _PART
    try:
        argv = [plain(word) for word in check.on_leak]
        env = spawn.environment({"AGENT2_PID": str(check.kept.root[0])})
        ended = await spawn.run(reactor, argv, env, until)
    except Exception as error:  # not there, no room, a secret gone
        return f"cannot run: {getattr(error, 'strerror', None) or type(error).__name__}"
    if ended.late or ended.status is None:
        return "did not end in time: killed"
    return describe_exit(ended.status)
