"""What the courier says: lines of the watcher's log, and notices of dead letters."""

from __future__ import annotations

import sys

from agent2.core.text import one_line
from agent2.courier.phrases import send_failed
from agent2.host.wake import wake

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.core.message import Cause, Delivery
    from agent2.plan.values import Plan
    from agent2.store.errors import StoreError


class Voice:
    """Says each trouble once, in the language of the plan.

    Attributes:
        fails: Why the last send of a notifier failed, as long as none went well.
    """

    def __init__(self, state_dir: str) -> None:
        """Speak English until ``configure``."""
        self.fails: dict[str, Cause] = {}
        self._state_dir = state_dir
        self._language = "en"
        self._kinds: dict[str, str] = {}
        self._store_trouble = ""

    def configure(self, plan: Plan) -> None:
        """Take the notifiers and the language of *plan*."""
        self._language = plan.language
        self._kinds = {each.name: each.kind for each in plan.notifiers}

    def delivered(self, held: Delivery) -> None:
        """Say that people were told."""
        from agent2.wire.languages import words

        said = words(self._language)["log.told"]
        subject = held.alert.subject
        told = said.format(notifier=held.notifier, subject=subject[:300])
        self.log("INFO", told, held.alert.incident)

    def failed(self, held: Delivery, cause: Cause, detail: str) -> None:
        """Say that an attempt failed, unless the one before it failed so as well."""
        if held.cause is not cause and self.fails.get(held.notifier) is not cause:
            self.refused(held, detail)
        self.fails[held.notifier] = cause

    def refused(self, held: Delivery, detail: str) -> None:
        """Say that it did not arrive, for all or for some."""
        kind = self._kinds.get(held.notifier, "?")
        text = send_failed(self._language, kind, held.notifier, detail)
        self.log("ERROR", text, held.alert.incident)

    def notices(self, dead: Delivery, now: float) -> tuple[Delivery, ...]:
        """Return what others are told of a dead letter; nobody: the log is told."""
        from agent2.core import alerting
        from agent2.wire.languages import words

        catalogue = words(self._language)
        found = alerting.notices(dead, self._kinds, now, catalogue)
        if not found:
            detail = f"{dead.notifier}: {dead.detail}: {dead.alert.subject}"
            text = catalogue["log.undelivered"].format(detail=detail[:500])
            self.log("ERROR", text, dead.alert.incident)
        return found

    def stuck(self, error: StoreError) -> None:
        """Say what keeps us from the store, once for each kind of trouble."""
        if error.kind != self._store_trouble:
            self._store_trouble = error.kind
            self.log("ERROR", str(error))

    def well(self) -> None:
        """The store was written: its next trouble is news."""
        self._store_trouble = ""

    def log(self, level: str, text: str, sid: str = "") -> None:
        """Tell the watcher's log and our own standard error, as one line.

        *sid* is the incident that it is about.
        """
        line = one_line(" ".join(text.split()), 2000)
        wake(self._state_dir, f"log {level}/{sid} {line}")
        if level != "INFO":
            print(level, line, file=sys.stderr, flush=True)  # noqa: T201
