"""The ``store`` section of the compiled configuration: what the store is spared."""

from __future__ import annotations

from agent2.core.shape import sound
from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_DAY = 86400.0


@value
class StorePlan:
    """How the store is looked after. Durations are seconds, sizes bytes.

    Attributes:
        upkeep: The watcher has it done by itself, every *upkeep_interval*.
        keep_events, keep_audits: What is older goes, once a day.
        vacuum: Windows of local time in which empty pages go back to the disk.
        alert_size: A larger store is told to people; 0: never.
        push_silence: So long without a pushed event, while polled ones come, is told
            to people; 0: never.
        backup_folder: Where sets and copies lie; "": ``backups`` in the state folder.
        backup_age: A newest good set or copy older than this is told; 0: never.
    """

    upkeep: bool = True
    upkeep_interval: float = 3600.0
    keep_events: float = 7 * _DAY
    keep_audits: float = 30 * _DAY
    vacuum: tuple[str, ...] = ()
    alert_size: int = 1 << 30
    push_silence: float = 600.0
    backup_folder: str = ""
    backup_age: float = 0.0


def from_tree(tree: dict[str, Any]) -> StorePlan:
    """Return the section that the compiler wrote as *tree*; {} is the defaults.

    Raises:
        LookupError, TypeError, ValueError, AttributeError: it is of another format.
    """
    made = StorePlan(**tree | {"vacuum": tuple(tree.get("vacuum", ()))})
    if not made.upkeep_interval > 0.0:
        raise ValueError("the section store holds what no compiler wrote")
    return sound(made)
