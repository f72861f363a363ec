"""The inbox: every event once, in the order in which it came, until it is decided.

What others bring comes in by ``door``. The rows are made in ``events``, worked on in
``claims``, freed in ``freed`` and shown in ``inbox_view``.
"""

from __future__ import annotations

from agent2.store.claims import (
    Claimed,
    claim,
    fail,
    finish,
    release,
    renew,
)
from agent2.store.door import Entry, admit, refused
from agent2.store.events import add
from agent2.store.freed import recover, retry
from agent2.store.inbox_view import (
    Backlog,
    Row,
    counts,
    get,
    listing,
    processed,
    prune,
    slowest,
    sources,
)

__all__ = [
    "Backlog",
    "Claimed",
    "Entry",
    "Row",
    "add",
    "admit",
    "claim",
    "counts",
    "fail",
    "finish",
    "get",
    "listing",
    "processed",
    "prune",
    "recover",
    "refused",
    "release",
    "renew",
    "retry",
    "slowest",
    "sources",
]
