"""``kind: pagerduty`` - page people through PagerDuty (Events API v2).

    notifiers:
      - name: oncall
        kind: pagerduty
        routing_key: "${file:pagerduty.key}"
        url: https://events.pagerduty.com/v2/enqueue   # default; EU: events.eu.…

An incident is one ``dedup_key``: FIRING triggers it, ACKNOWLEDGED acknowledges it,
RESOLVED resolves it, and a repeated event joins it. 202 means that PagerDuty has
queued the event.
"""

from __future__ import annotations

import json

from agent2.core.message import Cause, Receipt
from agent2.core.model import AlertKind
from agent2.core.value import value
from agent2.notifiers import address, http
from agent2.notifiers.text import clean, line
from agent2.plan.secret import Secret
from agent2.plugins import SendError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from agent2.core.message import Alert
    from agent2.plugins import Path, Seconds, Url

# The limits that Alertmanager enforces (notify/pagerduty/pagerduty.go).
_SUMMARY = 1024  # characters
_EVENT = 512_000  # bytes
_ACTIONS = {AlertKind.RESOLVED: "resolve", AlertKind.ACKNOWLEDGED: "acknowledge"}
_QUIET = {AlertKind.DEGRADED: "warning", AlertKind.FLAPPING: "warning"}


@value
class PagerDutyNotifier:
    """A channel to PagerDuty."""

    routing_key: Secret
    url: Url = "https://events.pagerduty.com/v2/enqueue"
    ca_file: Path = ""
    timeout: Seconds = 5.0
    allow_insecure: bool = False

    kind = "pagerduty"
    deduplicates = True

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Yield what is wrong between the fields."""
        yield from address.problems("url", self.url, allow_insecure=self.allow_insecure)

    def prepare(self) -> None:
        """Load what sends."""
        import requests  # noqa: F401

    def send(self, alert: Alert, *, repeat: bool) -> Receipt:  # noqa: ARG002  (it dedupes)
        """Enqueue one event for *alert*."""
        there = address.door(self.url, allow_insecure=self.allow_insecure)
        content = json.dumps(event(alert, self.routing_key.reveal())).encode()
        if len(content) > _EVENT:
            raise SendError(Cause.REJECTED, f"the event is over {_EVENT} bytes")
        status, retry_after, body = http.patiently(lambda: self._post(content, there))
        http.judge(status, retry_after, there.where, _said(body))
        if status != 202 and _field(body, "status") != "success":
            detail = f"{there.where} answered {status}, but not as PagerDuty does"
            raise SendError(Cause.INVALID_ANSWER, detail)
        return Receipt(f"{there.where} answered {status}", _field(body, "dedup_key"))

    def _post(
        self, content: bytes, there: address.Place
    ) -> tuple[int, str | None, bytes]:
        import requests
        import urllib3

        if self.ca_file:
            http.tls(self.ca_file)  # requests says of a bad file only that it failed

        headers = {
            "Content-Type": "application/json",
            "User-Agent": http.AGENT,
            "Accept-Encoding": "identity",
        }
        with requests.Session() as session:
            session.trust_env = False
            sent = False
            try:
                with session.post(
                    self.url,
                    data=content,
                    headers=headers,
                    timeout=self.timeout,
                    allow_redirects=False,
                    stream=True,
                    verify=self.ca_file or True,
                ) as answer:
                    sent = True
                    # Undecoded: a gzip bomb stays the few bytes that it is.
                    body = answer.raw.read(http.LIMIT, decode_content=False)
                    rest = answer.headers.get("Retry-After")
                    return answer.status_code, rest, body
            except (OSError, urllib3.exceptions.HTTPError) as error:
                left = sent or _left(error)
                raise http.failure(error, there.where, sent=left) from None


def event(alert: Alert, routing_key: str) -> dict[str, Any]:
    """Return *alert* as an event of the Events API v2."""
    details = {
        "issue": line(alert.issue),
        "action": line(alert.action),
        "timestamp": alert.at,
        "kind": alert.kind.value,
        "target": line(alert.target),
        "host": line(alert.host),
        "incident": line(alert.incident),
        "reason": alert.reason,
        "code": alert.code,
        "detail": line(alert.detail, 4000),
        "opened_at": alert.opened_at,
        "duration_s": alert.duration_s,
        "look": line(alert.look),
    }
    test = "[TEST] " if alert.kind is AlertKind.TEST else ""
    return {
        "routing_key": routing_key,
        "event_action": _ACTIONS.get(alert.kind, "trigger"),
        "dedup_key": clean(alert.dedup_key),
        "client": "Agent2",
        "payload": {
            "summary": line(f"Agent2: {test}{alert.issue}", _SUMMARY),
            "source": "agent2",
            "severity": _QUIET.get(alert.kind, "error"),
            "timestamp": alert.at,
            "component": line(alert.target),
            "class": alert.code,
            "custom_details": details,
        },
    }


def _left(error: BaseException) -> bool:
    """Return whether the request had left when requests raised *error*."""
    before = {"ConnectTimeout", "NewConnectionError", "NameResolutionError"}
    return not any(type(each).__name__ in before for each in http.chain(error))


def _field(body: bytes, name: str) -> str:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    return line(str(found.get(name, "")), 300) if isinstance(found, dict) else ""


def _said(body: bytes) -> str:
    """Return PagerDuty's own short message; nothing of an answer that is not its."""
    known = _field(body, "status") in {"invalid event", "throttle exceeded"}
    return _field(body, "message")[:100] if known else ""
