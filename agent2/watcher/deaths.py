"""Death is an event: a pidfd of each watched process, and its successor at once.

The pid check tells who is alive; here the process is held by its pidfd, so that the
kernel wakes the loop the moment it dies, parent or not. When the PID file changes,
the new process is attached at once and not at the next tick: a second crash inside
one interval is found as fast as the first.
"""

from __future__ import annotations

import os

from agent2.core.model import Facet, Outcome, Verdict
from agent2.host.exits import death_cause, zombie_cause
from agent2.host.folders import FolderWatch
from agent2.host.oom import OomCount
from agent2.host.processes import open_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from agent2.core.model import Judgement
    from agent2.host.processes import ProcessRef
    from agent2.host.reactor import Reactor
    from agent2.watcher.watched import Watched

# Seconds after a death at which its cause is asked for again.
_REAPED_BY = (0.02, 0.2, 0.7, 2.0, 7.0)


class Deaths:
    """Holds the pidfds. *died* is called with the target, the PID and the cause."""

    def __init__(
        self,
        reactor: Reactor,
        targets: Callable[[], Iterable[Watched]],
        died: Callable[[Watched, int, str], object],
        came: Callable[[Watched], object],
    ) -> None:
        """Begin to listen for changed PID files."""
        self._reactor = reactor
        self._targets = targets
        self._died = died
        self._came = came
        self._folders = FolderWatch(reactor, self._changed)

    def follow(self, watched: Watched) -> None:
        """Hold the process that the pid check has just found alive."""
        if not watched.pid_file:
            return
        found = _identity(watched)
        if found is not None and found == _held(watched):
            return
        self._folders.add(os.path.dirname(watched.pid_file))
        if found is not None:
            self._reactor.spawn(self._attach(watched, found), "attach")

    def _changed(self) -> None:
        for watched in self._targets():
            path = watched.pid_file
            if not path:
                continue
            stamp = _stamp(path)
            if stamp is not None and stamp != watched.pid_stamp:
                watched.pid_stamp = stamp
                self._reactor.spawn(self._attach(watched), "attach")

    async def _attach(self, watched: Watched, found: str | None = None) -> None:
        """Hold who the PID file names now; *found* is who the check saw alive."""
        watched.pid_stamp = _stamp(watched.pid_file)
        for _, check in watched.checks:
            if check.facet is not Facet.PROCESS or not hasattr(check, "attach"):
                continue
            ref = await check.attach()
            if watched.retired:
                if ref is not None:
                    ref.close()
                return
            if ref is None:
                self._missed(watched, found)
                return
            if watched.ref is not None and _same(watched.ref, ref):
                ref.close()
                return
            self._hold(watched, ref)
            self._came(watched)
            return

    def _missed(self, watched: Watched, found: str | None) -> None:
        """It died between the look and our hand: a death like any other, said once."""
        if found is None or found == watched.missed:
            return
        pid = int(found.partition(":")[0])
        if _lives(pid, found):
            return  # it became another program just now: it is held at the next look
        watched.missed = found
        self._died(watched, pid, zombie_cause(pid))

    def _hold(self, watched: Watched, ref: ProcessRef) -> None:
        self.let_go(watched)
        watched.ref, watched.oom = ref, OomCount(ref.pid)
        fd = ref.fd
        if fd is None:
            return  # no pidfd on this system: the next tick finds the death
        self._reactor.watch(fd, lambda _bits: self._gone(watched))

    def _gone(self, watched: Watched) -> None:
        ref = watched.ref
        if ref is None:
            return
        watched.ref, oom = None, watched.oom
        assert ref.fd is not None
        self._reactor.unwatch(ref.fd)
        cause = _cause(ref, oom)
        self._died(watched, ref.pid, cause)
        if cause:
            ref.close()
        else:
            self._ask_later(watched, ref, oom, list(_REAPED_BY))

    def told(self, watched: Watched, judgement: Judgement) -> bool:
        """Hear now of the death that a look saw first: it counts once, with its cause.

        True if there is one; the look that asks counts it, and none need follow.
        """
        ref = watched.ref
        if judgement.verdict is not Verdict.BAD or judgement.facet is not Facet.PROCESS:
            return False
        if ref is None or ref.fd is None or ref.alive():
            return False
        again = watched.again
        self._gone(watched)
        watched.died, watched.again = False, again
        return True

    def _ask_later(
        self,
        watched: Watched,
        ref: ProcessRef,
        oom: OomCount | None,
        waits: list[float],
    ) -> None:
        """The kernel tells the cause only once the parent has reaped the process."""
        if not waits:
            ref.close()
            return

        def ask() -> None:
            cause = _cause(ref, oom)
            if not cause:
                self._ask_later(watched, ref, oom, waits)
                return
            ref.close()
            if watched.death == (ref.pid, ""):
                watched.death = (ref.pid, cause)

        self._reactor.call_at(self._reactor.now() + waits.pop(0), ask)

    def let_go(self, watched: Watched) -> None:
        """Stop holding a target's process."""
        ref = watched.ref
        watched.ref = None
        if ref is None:
            return
        if ref.fd is not None:
            self._reactor.unwatch(ref.fd)
        ref.close()

    def close(self) -> None:
        """Let everything go."""
        for watched in self._targets():
            self.let_go(watched)
        self._folders.close()


def _identity(watched: Watched) -> str | None:
    for seen in watched.seen:
        if seen.facet is Facet.PROCESS and seen.finding.outcome is Outcome.OK:
            return seen.finding.identity
    return None


def _lives(pid: int, identity: str) -> bool:
    """Is the process *pid* still the one of *identity*, and no zombie?"""
    try:
        ref = open_process(pid)
    except OSError:
        return False
    if ref is None:
        return False
    lives = ref.identity == identity and ref.alive()
    ref.close()
    return lives


def _held(watched: Watched) -> str | None:
    ref = watched.ref
    return None if ref is None else f"{ref.pid}:{ref.start_ticks}"


def _same(one: ProcessRef, other: ProcessRef) -> bool:
    return (one.pid, one.start_ticks) == (other.pid, other.start_ticks)


def _cause(ref: ProcessRef, oom: OomCount | None) -> str:
    """Return how it ended, "" while nobody tells.

    A SIGKILL is the kernel's own for want of memory if its cgroup counts one more.
    """
    assert ref.fd is not None
    # Reaped between the two questions: the first one has its answer now.
    cause = death_cause(ref.fd) or zombie_cause(ref.pid) or death_cause(ref.fd)
    if cause == "killed by SIGKILL" and oom is not None and oom.rose():
        cause += ": out of memory (OOM)"
    return cause


def _stamp(path: str) -> tuple[int, int, int] | None:
    try:
        there = os.stat(path)
    except OSError:
        return None
    return (there.st_ino, there.st_mtime_ns, there.st_size)
