"""What people are told, frozen when it is queued: Alert, Delivery, Cause, Receipt.

An alert's words never change after the commit that queued it: a retry tomorrow
tells what was true today.
"""

from __future__ import annotations

from enum import Enum

from agent2.core.model import AlertKind, Severity
from agent2.core.value import value


class Cause(Enum):
    """Why a send failed. The core decides what follows (``core/delivery.py``)."""

    TIMEOUT = "timeout"  # no answer in time: the receiver may have taken it
    UNREACHABLE = "unreachable"  # refused, reset before the request, DNS
    RATE_LIMITED = "rate_limited"  # 429; the whole receiver rests
    SERVER = "server"  # 408, 425, 5xx
    TLS = "tls"  # the certificate is not theirs
    AUTH = "auth"  # 401, 403, 404, 410: the address or the key is dead
    REJECTED = "rejected"  # 400, 413, 422: this message will never be taken
    REDIRECT = "redirect"  # 3xx is not a delivery and is never followed
    INVALID_ANSWER = "invalid_answer"  # 200, but not the receiver's own proof
    CONFIG = "config"  # our own configuration: a missing secret, a bad address
    CRASHED = "crashed"  # the sender died or ran out of memory under it
    UNKNOWN = "unknown"


class DeliveryState(Enum):
    """PENDING -> SENDING (leased) -> DELIVERED | DEAD | SUPERSEDED."""

    PENDING = "pending"
    SENDING = "sending"
    DELIVERED = "delivered"
    DEAD = "dead"
    SUPERSEDED = "superseded"


@value
class Alert:
    """One message about one incident, complete in itself.

    Attributes:
        id: Made of content (incident, kind, count): the same fact, the same id.
        dedup_key: ``agent2/<instance>/<target>/<incident>``; <= 255 characters.
        subject: The first line, ``[Agent2 Alert] {issue}`` or its recovery.
        issue: What is wrong, in the configured language (the fix record's words).
        action: What was done about it (the fix record's words).
        reason: ``process_not_alive``, ``port_not_listening`` or
            ``health_check_failed``.
        detail: One line of what was seen; scrubbed.
        at, opened_at, closed_at: RFC 3339 with offset; closed_at only if resolved.
        duration_s: Length of the outage so far or in all.
        look: The command that shows more.
        lines: The body, line by line, in the configured language.
    """

    id: str
    kind: AlertKind
    incident: str
    dedup_key: str
    target: str
    severity: Severity
    subject: str
    issue: str
    action: str
    reason: str
    code: str
    detail: str
    at: str
    opened_at: str
    closed_at: str | None
    duration_s: float
    host: str
    instance: str
    look: str
    lines: tuple[str, ...]
    language: str = "en"
    count: int = 0


@value
class Delivery:
    """One alert for one notifier: a row of the outbox.

    Attributes:
        id: ``{alert.id}/{notifier}``: unique, so a replay cannot queue it twice.
        seq: Order of queueing; within (incident, notifier) it is the order of sending.
        fence: Grows with each lease; only the holder of the newest may mark.
        ambiguous: An earlier attempt may have arrived; say so where nobody dedupes.
    """

    id: str
    notifier: str
    alert: Alert
    created_at: float
    next_at: float
    state: DeliveryState = DeliveryState.PENDING
    seq: int = 0
    attempts: int = 0
    fence: int = 0
    ambiguous: bool = False
    cause: Cause | None = None
    detail: str = ""
    receipt: str = ""


@value
class Receipt:
    """The receiver's own proof: what it answered, and its id where it gives one."""

    detail: str
    remote_id: str = ""
    refused: tuple[str, ...] = ()
