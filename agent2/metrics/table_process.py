"""Metrics of processes: the web program's, and the watcher's under our own names."""

from __future__ import annotations

_OF = (
    ("cpu_seconds_total", "counter", "Processor time that it used."),
    ("resident_memory_bytes", "gauge", "Memory that it holds."),
    ("virtual_memory_bytes", "gauge", "Address space that it holds."),
    ("start_time_seconds", "gauge", "When it began, seconds since the epoch."),
    ("open_fds", "gauge", "Files that it has open."),
    ("max_fds", "gauge", "Files that it may have open."),
    ("threads", "gauge", "Its threads."),
)
WEB, WATCHER = "process_", "agent2_watcher_process_"

PROCESS: tuple[tuple[str, str, tuple[str, ...], str], ...] = tuple(
    (f"{prefix}{name}", kind, (), f"{who}: {text}")
    for prefix, who in ((WEB, "The web program"), (WATCHER, "The watcher"))
    for name, kind, text in _OF
)
