"""What the courier says: lines of the watcher's log, and notices of dead letters."""

from __future__ import annotations

from agent2.core.builtin import failed
from agent2.core.events import Event
from agent2.core.standing import Standing
from agent2.core.text import one_line
from agent2.host.complain import complain
from agent2.host.wake import wake
from agent2.store.own_events import tell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from sqlite3 import Connection

    from agent2.core.message import Cause, Delivery
    from agent2.plan.values import Plan
    from agent2.store.errors import StoreError


_PHRASES = {
    "en": {
        "email": "sending mail failed: ",
        "slack": "sending the Slack message failed: ",
        "pagerduty": "sending the PagerDuty alert failed: ",
        "": "sending by {kind} failed: ",
    },
    "zh": {
        "email": "发送邮件失败: ",
        "slack": "发送 Slack 消息失败: ",
        "pagerduty": "发送 PagerDuty 告警失败: ",
        "": "使用 {kind} 发送失败: ",
    },
}


def send_failed(language: str, kind: str, name: str, detail: str) -> str:
    """Return the log line for a notifier *name* of *kind*."""
    phrases = _PHRASES.get(language, _PHRASES["en"])
    phrase = phrases.get(kind) or phrases[""].format(kind=kind)
    return f"{phrase}{name}: {detail}"


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
            complain(f"{level} {line}")


KIND = "ALERT_FAILED"


def lost(dead: Delivery, at: float, *, pass_on: bool) -> Callable[[Connection], None]:
    """Return the write that tells that *dead* was given up at *at* (wall time).

    *pass_on*: rules or policies of others have something to say of it.
    """
    alert = dead.alert
    about = {
        "notifier": dead.notifier,
        "delivery": dead.id,
        "alert": alert.id,
        "kind": alert.kind.value,
        "incident": alert.incident,
        "error_type": "unknown" if dead.cause is None else dead.cause.value,
        "error_message": dead.detail,
        "retry_count": dead.attempts,
    }
    # A person may have it sent again, and it may be given up again.
    key = f"ev-{dead.id}/dead/{dead.attempts}"
    event = Event(key, "courier", alert.target or "agent2", KIND, at, about)
    standing = Standing(at, max_retries=0)
    return lambda tx: tell(tx, event, failed, standing, pass_on=pass_on)
