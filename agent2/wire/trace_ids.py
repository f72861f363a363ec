"""Ids of traces and spans, made of the content of the store.

trace_id = the first 16 bytes of SHA-256 over the incident's id; span_id = the first 8
of SHA-256 over ``INCIDENT/WHAT``. So whoever knows an incident's id finds its trace,
and what is sent again after a kill is the same span, not another one.
"""

from __future__ import annotations


def trace_id(incident: str) -> int:
    """Return the trace of an incident; never 0, which means "none"."""
    return _number(incident, 16)


def span_id(incident: str, *what: str) -> int:
    """Return a span of an incident's trace; without *what* its root."""
    return _number("/".join((incident, *(what or ("root",)))), 8)


def ids(incident: str) -> dict[str, str]:
    """Return trace and root span of an incident as records and logs have them."""
    whole = {"trace_id": f"{trace_id(incident):032x}"}
    return whole | {"span_id": f"{span_id(incident):016x}"}


def _number(text: str, size: int) -> int:
    from hashlib import sha256  # the watcher's room: not before it is needed

    digest = sha256(text.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:size], "big") or 1
