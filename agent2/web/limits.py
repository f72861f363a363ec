"""How much one address may ask for: a bucket of requests that fills up again."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST = 1024  # addresses that are remembered; a flood of them must not fill the memory


class RateLimit:
    """*rate* requests per second and address, twice as many in one go.

    *now* gives monotonic seconds.
    """

    def __init__(self, rate: float, now: Callable[[], float]) -> None:
        """Remember nobody yet."""
        self._rate = rate
        self._burst = max(2.0 * rate, 1.0)
        self._now = now
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, address: str) -> float:
        """Take one request; return 0.0, or the seconds to wait for the next."""
        now, address = self._now(), _one(address)
        left, at = self._buckets.pop(address, (self._burst, now))
        left = min(left + (now - at) * self._rate, self._burst)
        refused = left < 1.0
        # Taken out and put in again: the last in the dict is the one seen last.
        self._buckets[address] = (left if refused else left - 1.0, now)
        if len(self._buckets) > _MOST:
            del self._buckets[next(iter(self._buckets))]
        return (1.0 - left) / self._rate if refused else 0.0


def _one(address: str) -> str:
    """Return what stands for whoever may call himself *address*.

    Who is on this machine has all of 127.0.0.0/8, who has an IPv6 net has a /64 of it
    (RFC 4291, 2.5.4): a new address for every request must not be a new bucket.
    """
    if address.startswith("127."):
        return "127."
    if ":" not in address or "." in address:
        return address
    try:
        packed = socket.inet_pton(socket.AF_INET6, address.partition("%")[0])
    except OSError:
        return address
    return packed[:8].hex() if packed[:8].strip(b"\0") else address
