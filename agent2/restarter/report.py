"""What the restarter says of itself: ``agent1_status.json`` and ``agent1.log``."""

from __future__ import annotations

import json
import os
import time

from agent2 import __version__
from agent2.host import files
from agent2.host.clock import stamp
from agent2.host.logfile import LogFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LIMIT = 65536


class Report:
    """The state that people read; every change is written at once."""

    def __init__(self, state_dir: str) -> None:
        """Take the count of earlier runs over from the status file."""
        self._path = f"{state_dir}/agent1_status.json"
        self.log = LogFile(f"{state_dir}/agent1.log", name="Agent1", echo=_terminal())
        old = self._old()
        self.tree: dict[str, Any] = {
            "agent": "agent1",
            "status": "starting",
            "service_running": None,
            "restart_count": 0,
            "last_update": "",
            "schema": "agent1.status/1",
            "pid": os.getpid(),
            "version": __version__,
            "target": "",
            "last_restart": None,
            "last_result": None,
            "last_detail": "",
            "last_signal": "",
        }
        kept = ("restart_count", "last_restart", "last_result", "last_detail")
        self.tree.update({name: old[name] for name in kept if name in old})

    def _old(self) -> dict[str, Any]:
        try:
            old = json.loads(files.read_small(self._path, _LIMIT))
        except (OSError, ValueError):
            return {}
        sound = isinstance(old, dict) and type(old.get("restart_count")) is int
        return old if sound else {}

    def say(self, level: str, message: str) -> None:
        """Write one line of log."""
        self.log(level, message)

    def set(self, **changes: Any) -> None:
        """Change keys and publish; a status that cannot be written is only logged."""
        self.tree.update(changes, last_update=stamp(time.time()))
        text = json.dumps(self.tree, ensure_ascii=False, indent=2) + "\n"
        try:
            files.write_atomic(self._path, text.encode(), sync=False)
        except OSError as error:
            self.log("ERROR", f"{self._path} cannot be written: {error.strerror}")

    def close(self) -> None:
        """Close the log."""
        self.log.close()


def _terminal() -> int | None:
    return 1 if os.isatty(1) else None
