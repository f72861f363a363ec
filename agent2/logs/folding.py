"""Messages that differ in an id or a number only are one type of error."""

from __future__ import annotations

import re

_ID = re.compile(
    rb"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"  # a UUID
    rb"|\b0x[0-9a-fA-F]+\b"
    rb"|\b(?=[0-9a-fA-F]*[0-9])(?=[0-9]*[a-fA-F])[0-9a-fA-F]{8,}\b"  # a hash
)
_ADDRESS = re.compile(rb"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b")
_NUMBER = re.compile(rb"\d+(?:\.\d+)*")
_LONGEST = 300


def fold(message: bytes) -> bytes:
    """Return *message* with its parts as ``<id>``, ``<addr>`` and ``<n>``."""
    message = message[:_LONGEST]
    if not _NUMBER.search(message):
        return message
    message = _ADDRESS.sub(b"<addr>", _ID.sub(b"<id>", message))
    return _NUMBER.sub(b"<n>", message)
