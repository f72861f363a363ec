#!/usr/bin/env python3
"""Print the numbers of the inbox of events, and what is wrong with them.

    monitor_supervisor.py --db ~/.agentos/multi_agent/agent2.db --interval 60

Reads the store and writes nothing; needs Python and no package.
Exit codes: 0, 1 the store cannot be read (with --once), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
import time
from contextlib import closing

COUNTS = "SELECT status, count(*) FROM supervisor_inbox GROUP BY status"
# Times are text in UTC: julianday() counts days.
LAG = """SELECT (julianday('now') - julianday(min(received_at))) * 86400.0
    FROM supervisor_inbox WHERE status = 'pending'"""


def read(path: str) -> dict[str, float]:
    """Return the counts by state and the age of the oldest pending event, seconds."""
    place = os.path.abspath(path).replace("%", "%25").replace("?", "%3f")
    uri = f"file:{place.replace('#', '%23')}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=5.0)) as db:
        found = {str(status): float(count) for status, count in db.execute(COUNTS)}
        lag = db.execute(LAG).fetchone()[0]
    return found | {"lag": max(lag or 0.0, 0.0)}


def alerts(found: dict[str, float]) -> list[str]:
    """Return what is wrong, in the words of the runbook."""
    pending, lag = found.get("pending", 0.0), found["lag"]
    told = []
    if pending > 50:
        told.append("CRITICAL: Inbox backlog > 50")
    elif pending >= 10:
        told.append("WARNING: Inbox backlog > 10")
    if lag > 30.0:
        told.append("CRITICAL: Processing lag > 30s")
    elif lag >= 5.0:
        told.append("WARNING: Processing lag > 5s")
    return told


def page(found: dict[str, float]) -> str:
    """Return what is printed at each turn."""
    lines = [time.strftime("=== Supervisor Metrics (%Y-%m-%d %H:%M:%S) ===")]
    names = ("pending", "processing", "failed", "completed")
    lines += [f"{name.capitalize()}: {int(found.get(name, 0))}" for name in names]
    lines.append(f"Lag: {found['lag']:.1f}s")
    wrong = alerts(found)
    if wrong:
        lines += ["", "⚠️  ALERTS:", *(f"  {each}" for each in wrong)]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Print until somebody ends it, or once."""
    parser = argparse.ArgumentParser(
        description="Print the numbers of the inbox, and what is wrong with them."
    )
    parser.add_argument("--db", required=True, help="the store, agent2.db")
    parser.add_argument("--interval", type=int, default=60, help="seconds (60)")
    parser.add_argument("--once", action="store_true", help="print once and end")
    given = parser.parse_args()
    while True:
        try:
            sys.stdout.write(page(read(given.db)))
            sys.stdout.flush()
        except sqlite3.Error as error:
            sys.stderr.write(f"monitor_supervisor: {given.db}: {error}\n")
            if given.once:
                return 1
        if given.once:
            return 0
        try:
            time.sleep(max(given.interval, 1))
        except KeyboardInterrupt:
            return 0


if __name__ == "__main__":
    sys.exit(main())
