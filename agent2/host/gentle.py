"""Giving way to others: for the programs beside the watcher."""

from __future__ import annotations

import os


def give_way(steps: int) -> None:
    """Be nicer by so many *steps*, where we may: a sandbox may forbid even that."""
    try:
        os.nice(steps)
    except OSError:
        pass  # setpriority(2) filtered away: being less nice is no reason to end
