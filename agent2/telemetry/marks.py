"""How far what was sent reaches: ``telemetry_marks.json``, written after each proof.

A file of its own, not the store: no commit of the watcher ever waits for it.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from agent2.host.files import read_small, write_atomic

NAME = "telemetry_marks.json"
_LARGEST = 16 << 20
_FORMAT = 1


@dataclass(slots=True)
class Mark:
    """Where one signal is.

    Attributes:
        seq: The newest entry of the journal that is done with; -1: none was ever.
        sent, dropped: Counts since the beginning.
        failing: Target -> since when it fails, for detections to come (traces).
        deliveries: All deliveries up to this number are done with (traces) ...
        done: ... and these above it.
        error: Why the newest export failed; "" if it did not.
    """

    seq: int = -1
    sent: int = 0
    dropped: int = 0
    failing: dict[str, float] = field(default_factory=dict)
    deliveries: int = 0
    done: list[int] = field(default_factory=list)
    error: str = ""

    def copy(self) -> Mark:
        """Return one that can be moved on without moving this one."""
        made = Mark(**{each.name: getattr(self, each.name) for each in fields(self)})
        made.failing, made.done = dict(self.failing), list(self.done)
        return made


@dataclass(slots=True)
class Marks:
    """The marks of all signals, of the store named *store*."""

    store: str = ""
    traces: Mark = field(default_factory=Mark)
    logs: Mark = field(default_factory=Mark)
    metrics: Mark = field(default_factory=Mark)

    @classmethod
    def load(cls, state_dir: str) -> Self:
        """Return what stands in *state_dir*; nothing, or rubbish, is a beginning."""
        try:
            tree = json.loads(read_small(os.path.join(state_dir, NAME), _LARGEST))
            if tree.pop("format") != _FORMAT:
                return cls()
            signals = {key: _mark(tree[key]) for key in ("traces", "logs", "metrics")}
            return cls(str(tree["store"]), **signals)
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return cls()

    def save(self, state_dir: str) -> None:
        """Write them: whole or not at all, and so that they outlive a power cut.

        Raises:
            OSError: the folder cannot be written.
        """
        tree: dict[str, Any] = {"format": _FORMAT, **asdict(self)}
        content = json.dumps(tree, ensure_ascii=False).encode("utf-8", "surrogatepass")
        write_atomic(os.path.join(state_dir, NAME), content + b"\n", 0o644)


def _mark(tree: dict[str, Any]) -> Mark:
    made = Mark(**tree)
    failing = {str(name): float(at) for name, at in made.failing.items()}
    whole = (made.seq, made.sent, made.dropped, made.deliveries, *made.done)
    if not all(type(each) is int for each in whole):
        raise ValueError("a mark is no number")
    made.failing = failing
    return made
