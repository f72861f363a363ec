"""What somebody made of the status file by hand (``jq '.fixes = []'`` and ``mv``).

Loaded with the first edit: few watchers ever see one.
"""

from __future__ import annotations

import json

from agent2.core.value import value


@value
class Edit:
    """What somebody made of the file.

    Attributes:
        ids: Of the fix records that are left.
        seq: Of the status that was edited; None if that is not told any more.
        started_at: When the agent had begun that wrote it.
    """

    ids: frozenset[str]
    seq: int | None
    started_at: str


def edited_fixes(raw: bytes) -> Edit | None:
    """Return what an edited file tells of its fix records.

    None if the file is no status at all: then it is simply written anew.
    """
    try:
        tree = json.loads(raw)
        ids = frozenset(entry["id"] for entry in tree["fixes"] if "id" in entry)
        seq, agent = tree.get("seq"), tree.get("agent")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    started_at = agent.get("started_at") if isinstance(agent, dict) else ""
    return Edit(ids, seq if isinstance(seq, int) else None, str(started_at))
