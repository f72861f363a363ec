"""What follows from an attempt to deliver: done, again later, or given up.

One classification for all receivers (RFC 9110 for the statuses, PagerDuty's and
Slack's documents for what they mean there). Given up by age, never by count.
"""

from __future__ import annotations

from agent2.core.chance import spread
from agent2.core.httpdate import parse_http_date
from agent2.core.message import Cause, Delivery, DeliveryState
from agent2.core.model import AlertKind
from agent2.core.value import replace, value

PERMANENT = frozenset({Cause.AUTH, Cause.REJECTED, Cause.REDIRECT, Cause.CONFIG})
_LONGEST_REST = 3600.0
_MAX_EXPONENT = 20
_AUTH = frozenset({401, 403, 404, 410})
_LATER = frozenset({408, 425})


@value
class Retry:
    """When to try again.

    Attributes:
        base: First gap in seconds; it doubles ...
        cap: ... up to this many.
        max_age: Seconds after queueing at which a delivery is given up.
    """

    base: float = 1.0
    cap: float = 900.0
    max_age: float = 86400.0


def classify_http(status: int) -> Cause | None:
    """Return why an HTTP *status* is not a delivery, or None for 2xx.

    A 1xx is no answer yet (RFC 9110, 15.2): some client libraries give one out.
    """
    if status < 200:
        return Cause.INVALID_ANSWER
    if status < 300:
        return None
    if status < 400:
        return Cause.REDIRECT
    if status == 429:
        return Cause.RATE_LIMITED
    if status in _AUTH:
        return Cause.AUTH
    if status >= 500 or status in _LATER:
        return Cause.SERVER
    return Cause.REJECTED


def parse_retry_after(text: str | None, now: float) -> float | None:
    """Return the seconds that a Retry-After header asks for (RFC 9110, 10.2.3).

    Whole seconds or an HTTP date against *now* (epoch seconds), clamped to [0, 3600];
    None for anything else: our own back-off then holds.
    """
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), _LONGEST_REST)
    at = parse_http_date(text)
    return None if at is None else min(max(at - now, 0.0), _LONGEST_REST)


def wait(retry: Retry, attempts: int, seed: str) -> float:
    """Return the gap after *attempts* failures: doubling, capped, spread by *seed*.

    Between half and the whole of the gap: never zero, so that a receiver that
    answers at once is not hammered.
    """
    longest = retry.base * 2.0 ** min(max(attempts - 1, 0), _MAX_EXPONENT)
    return min(longest, retry.cap) * (1.0 - spread(f"{seed}#{attempts}") / 2.0)


def failed(
    delivery: Delivery,
    retry: Retry,
    cause: Cause,
    detail: str,
    now: float,
    retry_after: float | None = None,
) -> Delivery:
    """Return *delivery* after an attempt that ended at *now* with *cause*.

    The receiver's own *retry_after* (seconds) is obeyed when it is the longer wait.
    """
    known = replace(delivery, cause=cause, detail=detail)
    if cause in PERMANENT or now - delivery.created_at >= retry.max_age:
        return replace(known, state=DeliveryState.DEAD)
    # Never longer than it has waited already: attempts that our own deaths cut off
    # came fast, and must not put the next one off.
    longest = max(now - delivery.created_at, retry.base)
    ours = min(wait(retry, delivery.attempts, delivery.id), longest)
    gap = max(ours, retry_after or 0.0)
    ambiguous = delivery.ambiguous or cause in {
        Cause.TIMEOUT,
        Cause.CRASHED,
        Cause.INVALID_ANSWER,
    }
    return replace(
        known, state=DeliveryState.PENDING, next_at=now + gap, ambiguous=ambiguous
    )


def again(after: Delivery) -> Delivery:
    """Return what is tried once more under the lease that it has."""
    tries = after.attempts + 1
    return replace(after, state=DeliveryState.SENDING, attempts=tries)


def supersedes(
    group: tuple[Delivery, ...], *, deduplicates: bool
) -> tuple[Delivery, ...]:
    """Return which unfinished rows of one (incident, notifier) need not be sent.

    When the recovery is queued and nobody was told of the failure yet, the one
    message that tells both is enough. A receiver that keeps incidents by key
    (*deduplicates*) still gets trigger and resolve, so that its record is whole.
    """
    resolved = [d for d in group if d.alert.kind is AlertKind.RESOLVED]
    if not resolved:
        return ()
    last = resolved[-1]
    earlier = tuple(d for d in group if d.seq < last.seq)
    if any(d.attempts > 0 or d.ambiguous for d in earlier):
        kept = {AlertKind.FIRING, AlertKind.DEGRADED, AlertKind.FLAPPING}
        return tuple(d for d in earlier if d.attempts == 0 and d.alert.kind not in kept)
    if deduplicates:
        return tuple(d for d in earlier if d.alert.kind is AlertKind.REMINDER)
    return earlier
