"""What of a log is well, and what is over its limit."""

from __future__ import annotations

from agent2.core.fileage import bytes_
from agent2.core.heartbeat import ago
from agent2.core.model import Code
from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@value
class Limits:
    """What is counted and how much of it is well; 0 is no limit where none is needed.

    Attributes:
        patterns: Name -> expression; *limits* of lines in *windows* (else *window*).
        warn, crit: Percent of requests that are errors, of at least *least* requests.
        daily: Names of patterns -> lines that a day may have; 0 only counts.
        critical: Names of patterns whose limit is a failure and no warning.
        size, rotates: Bytes of the file, and seconds until it must have begun anew.
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
    size: int
    rotates: float


@value
class Breach:
    """A limit that is passed."""

    code: Code
    text: str
    critical: bool = False
    seconds: float | None = None


def unrotated(size: int, age: float, limits: Limits) -> Iterator[Breach]:
    """Yield what says that nobody rotates a file of *size* bytes, *age* seconds old."""
    if limits.size and size > limits.size:
        text = f"{bytes_(size)}, more than {bytes_(limits.size)}: is it rotated?"
        yield Breach(Code.LIMIT, text)
    if limits.rotates and size and age > limits.rotates:
        yield Breach(Code.LIMIT, f"not rotated for {ago(age)}")
