"""Publish what is believed: the status JSON, atomically, and adopt edits of it.

A change of a target's health is written at the end of the turn in which it came, so
after the deeds of that turn; anything else at most once a second. A file of many
targets costs milliseconds to write: a twentieth of the time may go there, so a
thousand changes at once make a few writes and not a thousand. A torn file is
impossible: it is replaced, never changed in place.
"""

from __future__ import annotations

import os

from agent2.host.files import read_small, remove, write_beside
from agent2.wire.status import FILE, Fragment, render, target_entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from agent2.core.events import Gate
    from agent2.core.silences import Silence
    from agent2.host.clock import Clock
    from agent2.host.reactor import Reactor, Timer
    from agent2.watcher.watched import Watched
    from agent2.wire.edited import Edit

_LONGEST_READ = 4 * 1024 * 1024
_GAP = 1.0
_SHARE = 20.0  # a write may follow one that took so many times less than the gap


class Publisher:
    """Writes ``agent2_status.json``.

    *tree* gives the whole status as a mapping; *adopt* takes what an edit from
    outside left of it.
    """

    def __init__(
        self,
        state_dir: str,
        reactor: Reactor,
        tree: Callable[[], Mapping[str, Any]],
        adopt: Callable[[Edit], object],
        failed: Callable[[Exception | None], object],
    ) -> None:
        """Write nothing yet."""
        self.path = os.path.join(state_dir, FILE)
        self._reactor = reactor
        self._tree = tree
        self._adopt = adopt
        self._failed = failed
        self._wrote: tuple[int, int] | None = None
        self._wrote_at = float("-inf")
        self._took = 0.0
        self._due = float("inf")
        self._timer: Timer | None = None

    def publish(self, *, changed: bool = False) -> None:
        """Write at the end of this turn if *changed*, else within a second."""
        gap = _SHARE * self._took
        gap = min(gap, _GAP) if changed else max(gap, _GAP)
        due = max(self._wrote_at + gap, self._reactor.now())
        if due >= self._due:
            return
        self._due = due
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due <= self._reactor.now():
            self._reactor.call_soon(self._write_due)
        else:
            self._timer = self._reactor.call_at(due, self.write)

    def _write_due(self) -> None:
        if self._due < float("inf"):  # else somebody wrote meanwhile
            self.write()

    def write(self) -> None:
        """Write now. A failure is reported and does not stop anything."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._due = float("inf")
        began = self._wrote_at = self._reactor.now()
        try:
            self._replace()
        except Exception as error:  # a disk, or something that cannot be shown
            if self._wrote is None:
                _forget(self.path)
            self._failed(error)
        else:
            self._failed(None)
        self._took = self._reactor.now() - began

    def _replace(self) -> None:
        """Put the new file in place of the old, unless that was edited meanwhile.

        The look for an edit comes last: only one that falls into the microseconds
        before the rename is lost, and its maker sees that it did not stick.
        """
        made, there = self._make()
        if self._adopt_edit():
            remove(made)
            made, there = self._make()
        try:
            os.rename(made, self.path)
        except OSError:
            remove(made)
            raise
        self._wrote = there

    def _make(self) -> tuple[str, tuple[int, int]]:
        made = write_beside(self.path, render(self._tree()), 0o644, sync=False)
        there = os.stat(made)
        return made, (there.st_ino, there.st_mtime_ns)

    def _adopt_edit(self) -> bool:
        """Take over what somebody made of the file since our last write."""
        if self._wrote is None:
            return False
        try:
            there = os.lstat(self.path)
            if (there.st_ino, there.st_mtime_ns) == self._wrote:
                return False
            from agent2.wire.edited import edited_fixes

            left = edited_fixes(read_small(self.path, _LONGEST_READ))
        except OSError:
            return False  # gone, a link, a pipe, too large: ours takes its place
        if left is not None:
            self._adopt(left)
        return left is not None


def _forget(path: str) -> None:
    """Remove an earlier run's status: it would look like ours."""
    try:
        remove(path)
    except OSError:
        pass  # then nobody can write here, and we were told so


def fragment_of(
    watched: Watched,
    clock: Clock,
    now: float,
    gate: Gate | None = None,
    silence: Silence | None = None,
) -> Fragment:
    """Return a target's part of the status, made anew only when it changed.

    What nobody looked at in time is made each time, as unknown.
    """
    stale = watched.is_stale(now)
    if watched.fragment is None or stale:
        watched.fragment = Fragment(
            target_entry(
                watched.plan,
                watched.committed,
                watched.seen,
                watched.last_check,
                clock.stamp,
                stale=stale,
                gate=gate,
                silence=silence,
            )
        )
    return watched.fragment


def summary(
    targets: Iterable[Watched], words: Callable[[Watched], str]
) -> dict[str, int]:
    """Return how many targets are in each state, and note what each is shown as.

    One that is down counts as ``warn`` while its group is not down.
    """
    counts = {"total": 0, "ok": 0, "warn": 0, "down": 0, "unknown": 0}
    for watched in targets:
        watched.shown = words(watched)
        counts["total"] += 1
        word, group = watched.shown, watched.group
        if word == "down" and group is not None and group.word(words) != "down":
            word = "warn"  # the others do its work
        counts[word] += 1
    return counts
