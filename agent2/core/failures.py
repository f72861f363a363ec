"""Which failures pass by themselves (the words are those of the documents)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.core.events import Event

LASTING = frozenset(
    {
        "redline_violation",
        "permission_denied",
        "invalid_config",
        "quota_exceeded",
        "auth_failed",
    }
)
PASSING = frozenset(
    {
        "network_timeout",
        "connection_refused",
        "rate_limited",
        "service_unavailable",
        "temporary_failure",
    }
)
# Looked for in the words of an error whose type is not known; the lasting ones first.
_LASTING_WORDS = (
    "permission",
    "denied",
    "forbidden",
    "unauthor",
    "auth",
    "invalid",
    "quota",
    "redline",
)
_PASSING_WORDS = (
    "timeout",
    "timed out",
    "refused",
    "reset",
    "rate limit",
    "too many requests",
    "unavailable",
    "temporar",
    "try again",
    "unreachable",
)
_MOST_TEXT = 10_000


def cause(event: Event) -> str:
    """Return the type of the error that an event tells of, ``unknown`` if none."""
    error = event.payload.get("error")
    inner = error.get("type") if isinstance(error, dict) else None
    word = event.payload.get("error_type") or inner or event.payload.get("code")
    return word if isinstance(word, str) and word else "unknown"


def is_retryable(event: Event) -> bool:
    """Return whether what failed may work when it is tried again; in doubt, no."""
    word = cause(event).lower()
    if word in LASTING:
        return False
    if word in PASSING:
        return True
    text = f"{word} {_said(event)}".lower().replace("_", " ")
    if any(lasting in text for lasting in _LASTING_WORDS):
        return False
    return any(passing in text for passing in _PASSING_WORDS)


def tries(event: Event) -> int:
    """Return how often it was tried again already, as its sender counts."""
    count = event.payload.get("retry_count")
    if isinstance(count, bool) or not isinstance(count, (int, float)):
        return 0
    return int(min(max(count, 0), 1_000_000))


def _said(event: Event) -> str:
    error = event.payload.get("error")
    inner = error.get("message") if isinstance(error, dict) else error
    texts = (inner, event.payload.get("error_message"), event.payload.get("detail"))
    return " ".join(text[:_MOST_TEXT] for text in texts if isinstance(text, str))
