"""The status JSON of the state folder that the command line is about."""

from __future__ import annotations

from agent2.cli.settings import Settings
from agent2.wire import snapshot
from agent2.wire.snapshot import Snapshot, objects, seconds_since
from agent2.wire.tokens import STATUS_FILE as STATUS_NAME

__all__ = ["STATUS_NAME", "Snapshot", "objects", "read", "seconds_since"]


def read(settings: Settings) -> Snapshot:
    """Read the status file and look who holds the PID file. Never raises."""
    return snapshot.read(settings.state_dir)
