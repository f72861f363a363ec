"""What is wrong with the newest of some files: too old, too small, shrunk."""

from __future__ import annotations

from agent2.core.heartbeat import ago
from agent2.core.model import Code
from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

AHEAD = 60.0  # seconds that clocks of two machines may differ


@value
class Seen:
    """One file: its name, bytes, and when it was last written (epoch seconds)."""

    name: str
    size: int
    written: float


@value
class Wanted:
    """What a file must be; 0 asks for nothing. *percent* is of the one before."""

    max_age: float = 0.0
    min_size: int = 0
    max_size: int = 0
    percent: float = 0.0


def faults(
    newest: Seen, before: Seen | None, wanted: Wanted, now: float
) -> Iterator[tuple[Code, str]]:
    """Yield what is wrong with *newest*; *before* is the one that came before it."""
    age, size = now - newest.written, newest.size
    if 0 < wanted.max_age < age:
        yield Code.STALE_HEARTBEAT, f"{ago(age)} old, more than {ago(wanted.max_age)}"
    if wanted.max_age and age < -AHEAD:
        yield Code.STALE_HEARTBEAT, f"written {ago(-age)} in the future"
    if size < wanted.min_size:
        yield Code.STATUS_VALUE, f"{bytes_(size)}, less than {bytes_(wanted.min_size)}"
    if 0 < wanted.max_size < size:
        yield Code.STATUS_VALUE, f"{bytes_(size)}, more than {bytes_(wanted.max_size)}"
    if before is not None and size * 100 < before.size * wanted.percent:
        share = f"{size * 100 / before.size:.0f} % of the one before"
        least = f"less than {wanted.percent:g} %"
        yield Code.STATUS_VALUE, f"{share} ({bytes_(before.size)}), {least}"


def bytes_(many: int) -> str:
    """Return a size as people read it, in powers of 1024."""
    size, unit = float(many), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:.1f} {unit}" if unit != "B" else f"{many} B"
