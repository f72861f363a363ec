"""What a pid check keeps of its last look, so that the next one may be short.

Number and start make a process what it is: where they and the PID file are as before,
it is the process that was judged. That is 4 system calls; a whole look is 12.
"""

from __future__ import annotations

import os
import time

from agent2.core.model import Code
from agent2.host.processes import read_stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.core.model import Finding
    from agent2.host.processes import ProcessRef

# A file that is written once more after so many nanoseconds has another time.
_SETTLED = 2_000_000_000
# Seconds until it is looked at whole: a file that is mapped into memory changes unseen,
# and what a wrong clock made of it is to end with that clock.
_LONGEST = 60.0
_NOT_WELL = "ZXT"  # dead, gone, stopped: the whole look has the words


class Known:
    """A process that was found well, and the file that named it."""

    __slots__ = ("_path", "_pid", "_signature", "_start", "_until", "finding")

    def __init__(
        self, path: str, there: os.stat_result, process: ProcessRef, finding: Finding
    ) -> None:
        """*there* is the stat of *path* from before it was read."""
        self._until = time.monotonic() + _LONGEST
        self._path = path
        self._signature = _signature(there)
        self._pid, self._start = process.pid, process.start_ticks
        self.finding = finding

    def still(self, now: float) -> bool:
        """Is everything as it was? Never raises: what is not so is looked at whole.

        *now* is monotonic.
        """
        if now > self._until:
            return False
        try:
            there = os.stat(self._path, follow_symlinks=False)
            if _signature(there) != self._signature:
                return False
            seen = read_stat(self._pid)
        except (OSError, ValueError):
            return False
        return seen is not None and seen[1] == self._start and seen[0] not in _NOT_WELL


def is_sure(finding: Finding, process: ProcessRef, there: os.stat_result) -> bool:
    """Can what was found be told from anything that may come after it?

    A hidden start tells nothing, a file that is written again within a tick of the
    clock looks the same, and whose file is another's must be whose process is it too:
    that a process may change.
    """
    settled = time.time_ns() - there.st_mtime_ns > _SETTLED
    ours = there.st_uid in (0, os.geteuid())
    return settled and ours and finding.code is Code.OK and process.start_ticks > 0


def _signature(there: os.stat_result) -> tuple[int, ...]:
    """Return what changes with whatever is done to a file."""
    facts = (there.st_dev, there.st_ino, there.st_size, there.st_mode, there.st_uid)
    return (*facts, there.st_mtime_ns, there.st_ctime_ns)
