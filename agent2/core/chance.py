"""Spread without chance: a number in [0, 1) made of a name.

Jitter must differ between targets and attempts, and be the same in every replay
and on every machine (``hash()`` of a text is not).
"""

from __future__ import annotations


def spread(name: str) -> float:
    """Return a fraction in [0, 1) that depends on *name* alone (32-bit FNV-1a)."""
    number = 0x811C9DC5
    for byte in name.encode("utf-8", "surrogatepass"):
        number = ((number ^ byte) * 0x01000193) & 0xFFFFFFFF
    # FNV leaves the high bits of short names close together; fold them once.
    number ^= number >> 15
    number = (number * 0x2C1B3C6D) & 0xFFFFFFFF
    number ^= number >> 12
    return number / 2**32
