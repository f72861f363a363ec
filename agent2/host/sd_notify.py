"""Tell systemd how we are: READY, STATUS, WATCHDOG, RELOADING, STOPPING.

The protocol is a datagram of NAME=value lines to ``$NOTIFY_SOCKET``
(systemd, sd_notify(3)); a leading @ is an abstract address.
"""

from __future__ import annotations

import _socket as socket  # its Python half costs 3 ms of start
import os
import time

_OURS = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")


class ServiceNotify:
    """Says nothing when systemd did not ask."""

    def __init__(self) -> None:
        """Read the environment and take our variables out of it.

        Attributes: ``watchdog_s`` is half of the watchdog's time, or None.
        """
        self._taken = {name: os.environ.pop(name, "") for name in _OURS}
        self._address = self._taken["NOTIFY_SOCKET"]
        if self._address.startswith("@"):
            self._address = "\0" + self._address[1:]
        usec = self._taken["WATCHDOG_USEC"]
        pid = self._taken["WATCHDOG_PID"]
        ours = not pid or pid == str(os.getpid())
        self.watchdog_s = int(usec) / 2e6 if usec.isdigit() and ours else None

    def send(self, *lines: str) -> None:
        """Send *lines*; a systemd that does not listen is not our trouble."""
        if not self._address:
            return
        sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            sender.sendto("\n".join(lines).encode(), self._address)
        except OSError:
            pass
        finally:
            sender.close()

    def give_back(self) -> None:
        """Put our variables back, for the next image of this process."""
        os.environ.update({name: text for name, text in self._taken.items() if text})

    def reloading(self) -> None:
        """Say that a reload began; READY=1 ends it (systemd 253 wants the time)."""
        usec = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self.send("RELOADING=1", f"MONOTONIC_USEC={usec}")
