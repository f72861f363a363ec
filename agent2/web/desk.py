"""What the routes work with: the store to look at, the status file, the one writer."""

from __future__ import annotations

import os
import re
import threading
from typing import TYPE_CHECKING, Any

from agent2.metrics.kept import Kept
from agent2.metrics.promises import Promises
from agent2.plan.watch import PlanWatch
from agent2.store.database import Database
from agent2.store.reading import Reader
from agent2.web.refusals import Refusal
from agent2.wire import snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from agent2.web.settings import WebSettings
    from agent2.wire.snapshot import Snapshot

_STORE = "agent2.db"
MOST = 500
_DIGITS = re.compile(r"[0-9]{1,18}")


class Desk:
    """One for the whole program; its methods may be called from any thread."""

    def __init__(
        self, settings: WebSettings, log: Callable[[str, str], object]
    ) -> None:
        """Open the store to look at it.

        Raises:
            StoreError: it is not there or cannot be read.
        """
        self.settings = settings
        self.log = log
        self.path = os.path.join(settings.state_dir, _STORE)
        self.reading = Reader.look(self.path)
        self.kept = Kept()
        self.scraping = threading.Lock()
        self.promises = Promises(settings.state_dir)
        self.cut = False  # too much to tell in metrics: said once
        self.reloading = threading.Lock()
        self._turn = threading.Lock()
        self._writing: Database | None = None
        self._plan = PlanWatch(settings.state_dir)
        self._jobs: tuple[str, ...] = ()

    def writing(self) -> Database:
        """Return the store to change it; opened with the first change.

        Raises:
            StoreError: it is not there or cannot be written.
        """
        with self._turn:
            if self._writing is None:
                self._writing = Database.open(self.path, create=False)
            return self._writing

    def jobs(self) -> tuple[str, ...]:
        """Return the jobs that the configuration waits for, as it is now."""
        with self._turn:
            plan = self._plan.news()
            if plan is not None:
                self._jobs = plan.jobs
            return self._jobs

    def seen(self, *, shown: bool = True) -> Snapshot:
        """Return the status as it is now, for what it is worth."""
        return snapshot.read(self.settings.state_dir, shown=shown)

    def status(self) -> Snapshot:
        """Return the status.

        Raises:
            Refusal: there is none.
        """
        seen = self.seen()
        if not seen.tree:
            raise Refusal("no_status", {"retry-after": "5"}, why=seen.trouble)
        return seen

    def close(self) -> None:
        """Close the store."""
        self.reading.close()
        if self._writing is not None:
            self._writing.close()


def desk(request: Request) -> Desk:
    """Return the desk of the program that serves *request*."""
    found: Desk = request.scope["state"]["desk"]
    return found


def limit(request: Request, default: int = 50) -> int:
    """Return how many the client wants: 1 to 500.

    Raises:
        Refusal: bad_query.
    """
    given = request.query_params.get("limit", str(default))
    if not _DIGITS.fullmatch(given) or not 1 <= int(given) <= MOST:
        raise Refusal("bad_query", field="limit", why=f"1 … {MOST}")
    return int(given)


def cursor(request: Request) -> int | None:
    """Return where the last page ended, a number as the answer gave it.

    Raises:
        Refusal: bad_query.
    """
    given = request.query_params.get("cursor")
    if given is None:
        return None
    if not _DIGITS.fullmatch(given):
        raise Refusal("bad_query", field="cursor", why="0 …")
    return int(given)


def truth(request: Request, name: str) -> bool:
    """Return a parameter that is true or false; false if it is not there.

    Raises:
        Refusal: bad_query.
    """
    given: Any = request.query_params.get(name, "false").lower()
    if given not in ("true", "false", "1", "0", ""):
        raise Refusal("bad_query", field=name, why="true | false")
    return given in ("true", "1", "")
