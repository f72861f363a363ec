"""The word for "leave at once"; a module that is there before any signal comes."""

from __future__ import annotations


class LeaveError(BaseException):
    """Somebody asks us to end while we wait for the collector."""
