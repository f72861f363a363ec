"""Have the configuration compiled by a child, unless the plan at hand is current.

No configuration can hurt the watcher: the YAML is read by a process that lives for
a third of a second and leaves a plan or its complaints.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

from agent2.plan.sources import PLAN_NAME, current_stamp
from agent2.plan.stored import PlanError, load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent2.plan.values import Plan

_PROGRAM = os.path.join(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
    "compiler",
    "__main__.py",
)
_PATIENCE = 30.0
_UPDATED = (
    "agent2: Agent2 itself was updated since this agent started, which cannot take"
    " configurations of the new version: agent2 restart"
)
_LONGEST_COMPLAINT = 256 * 1024


class RefusedError(Exception):
    """The configuration is refused; the text is the compiler's, a line per problem."""


def plan_path(state_dir: str) -> str:
    """Return where the compiled plan stands."""
    return os.path.join(state_dir, PLAN_NAME)


def plan_now(
    state_dir: str, config: str, profile: str, sets: Sequence[str] = ()
) -> Plan:
    """Return the plan of *config*, compiled anew only when something changed.

    *sets* are the ``KEY=VALUE`` of the command line; they hold through every reload.
    Blocks for as long as the compiler needs, 30 s at most.

    Raises:
        RefusedError: the configuration is bad; the old plan file is untouched.
    """
    path = plan_path(state_dir)
    try:
        plan = load(path)
        stamp = current_stamp(config, profile, os.environ, sets)
        if plan.targets and plan.stamp == stamp:
            return plan
    except PlanError:
        pass
    compile_plan(state_dir, config, profile, sets)
    try:
        return load(path)
    except PlanError as error:
        if not isinstance(error.__context__, OSError | None):
            # Of another format, though just compiled: that file is newer than we are.
            raise RefusedError(_UPDATED) from None
        raise RefusedError(f"agent2: {error}") from None


def compile_plan(
    state_dir: str, config: str, profile: str, sets: Sequence[str] = ()
) -> None:
    """Run the compiler and wait for it.

    Raises:
        RefusedError: it refused, or did not end in time.
    """
    argv = [sys.executable, "-I", _PROGRAM, "--state-dir", state_dir]
    argv += ["--out", plan_path(state_dir)]
    argv += ["--config", config] if config else []
    argv += ["--profile", profile] if profile else []
    argv += [f"--set={item}" for item in sets]  # whatever it begins with
    inlet, outlet = os.pipe()
    try:
        pid = os.posix_spawn(
            sys.executable,
            argv,
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_DUP2, outlet, 2),
            ],
            setsigdef=[signal.SIGIO, signal.SIGHUP, signal.SIGTERM, signal.SIGINT],
        )
    finally:
        os.close(outlet)
    try:
        said = _read_all(inlet, pid)
    finally:
        os.close(inlet)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code != 0:
        text = said.decode("utf-8", "replace").strip()
        raise RefusedError(text or f"agent2: the compiler ended with {code}")


def _read_all(fd: int, pid: int) -> bytes:
    until = time.monotonic() + _PATIENCE
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    said = b""
    while True:
        left = until - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            os.kill(pid, signal.SIGKILL)  # our own unreaped child
            return b"agent2: the configuration took too long to read"
        part = os.read(fd, 65536)
        if not part:
            return said
        said = (said + part)[:_LONGEST_COMPLAINT]
