"""How many were refused for who they are, written into the audit every few minutes.

One line a code and a while: who knocks a thousand times a second writes no more lines.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING

from agent2.store.errors import StoreError
from agent2.store.guarded import REFUSED, note

if TYPE_CHECKING:
    from agent2.web.desk import Desk

EVERY_S = 300.0
WATCHED = frozenset(("no_token", "wrong_token", "foreign_host", "foreign_origin"))


class Tally:
    """Counts of one running program; lives in the event loop."""

    def __init__(self, desk: Desk) -> None:
        """Nobody was refused yet."""
        self._desk = desk
        self._counts: Counter[str] = Counter()
        self._timer: asyncio.TimerHandle | None = None

    def note(self, code: str) -> None:
        """Count a refusal; the first of a while has it written at its end."""
        if code not in WATCHED:
            return
        self._counts[code] += 1
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(
                EVERY_S, loop.run_in_executor, None, self.write
            )

    def write(self) -> None:
        """Write what was counted, if anything was."""
        counts, self._counts, self._timer = self._counts, Counter(), None
        if not counts:
            return
        try:
            db = self._desk.writing()
        except StoreError:
            return
        for code, many in counts.items():
            note(db, REFUSED, "warn", {"code": code, "count": many}, time.time())
