"""A decision is a value with its reason: it goes into the journal and to people."""

from __future__ import annotations

from enum import Enum

from agent2.core.value import value


class Ruling(Enum):
    """What may happen with a wish."""

    ALLOW = "allow"
    PAUSE = "pause"
    BLOCK = "block"
    RETRY = "retry"
    REQUIRE_REVIEW = "require_review"


@value
class Decision:
    """A ruling, why, and until when it stands (steady seconds; None: until told)."""

    ruling: Ruling
    reason: str
    until: float | None = None
