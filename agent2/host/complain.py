"""Say what is wrong where nobody may be able to listen."""

from __future__ import annotations

import os


def complain(text: str, door: int = 2) -> None:
    """Write one line to standard error, or to what *door* is; never raises.

    It may be a file on the very disk that is full, and the work must go on.
    """
    try:
        os.write(door, f"{text}\n".encode("utf-8", "backslashreplace"))
    except OSError:
        pass
