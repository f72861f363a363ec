"""What a store of the newest version is: its number, its tables, the sum of all of it.

Apart from the scripts that make it (``migrations.py``): a file of the newest version
needs none of them, and a watcher would carry them about for ever.
"""

from __future__ import annotations

from binascii import crc32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

APPLICATION_ID = 0x41677432  # "Agt2": tells our file from any other SQLite file
VERSION = 8
# Of a store that was just made. Another sum is no damage yet: somebody may have added
# a table of his own. Then the scripts run in memory: all of theirs must be there.
SUM = 0xDA081FDA

TABLES = frozenset(
    {
        "meta",
        "targets",
        "incidents",
        "deliveries",
        "journal",
        "actions",
        "history_raw",
        "history_minute",
        "history_hour",
        "history_rolled",
        "supervisor_inbox",
        "task_audits",
        "tasks",
        "task_gates",
        "supervisor_metrics_archive",
        "supervisor_checkpoint",
        "totals",
        "series",
        "silences",
        "orders",
    }
)


def sum_of(rows: Iterable[tuple[object, ...]]) -> int:
    """Return the sum of the names and texts of a schema, in whatever order."""
    return crc32("\n".join(sorted(map(repr, rows))).encode())
