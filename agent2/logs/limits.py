"""What of a log is well, and what is over its limit."""

from __future__ import annotations

from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent2.core.model import Code


@value
class Limits:
    """What is counted and how much of it is well; 0 is no limit where none is needed.

    Attributes:
        patterns: Name -> expression; *limits* of lines in *windows* (else *window*).
        warn, crit: Percent of requests that are errors, of at least *least* requests.
        daily: Names of patterns -> lines that a day may have; 0 only counts.
        critical: Names of patterns whose limit is a failure and no warning.
    """

    patterns: Mapping[str, str]
    limits: Mapping[str, int]
    windows: Mapping[str, float]
    daily: Mapping[str, int]
    window: float
    warn: float
    crit: float
    least: int
    errors: str
    requests: str
    slow: float
    percentile: float
    suspicious: int
    suspect: str
    logins: int
    allow: Callable[[str], bool]
    critical: tuple[str, ...]


@value
class Breach:
    """A limit that is passed."""

    code: Code
    text: str
    critical: bool = False
    seconds: float | None = None
