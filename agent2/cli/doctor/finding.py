"""What a doctor finds, and what all of its looks begin with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent2.cli.settings import Settings
    from agent2.plan.values import Plan
    from agent2.wire.snapshot import Snapshot

WARN, BAD = "warn", "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that keeps Agent2 from its work, or will.

    Attributes:
        area: Which look found it: ``files``, ``store`` … the same in every language.
        code: What it is, for programs.
        text: What it is, for people; *do*: a command or a short sentence.
        level: ``bad``: something is not done now; ``warn``: it may not be, soon.
    """

    area: str
    code: str
    text: str
    do: str
    level: str = WARN

    def tree(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "area": self.area,
            "code": self.code,
            "level": self.level,
            "text": self.text,
            "do": self.do,
        }


@dataclass(slots=True)
class Case:
    """What is looked at: *now* is epoch seconds, *plan* None where none compiles.

    *facts* are figures for programs, by area.
    """

    settings: Settings
    seen: Snapshot
    now: float
    plan: Plan | None = None
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def watcher(self) -> int:
        """The PID of the watcher, 0 when none runs."""
        return self.seen.owner.pid if self.seen.owner.running else 0

    def note(self, area: str, /, **figures: Any) -> None:
        """Keep figures of *area*."""
        self.facts.setdefault(area, {}).update(figures)
