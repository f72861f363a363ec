"""Metrics that carry the names of the user's documents."""

from __future__ import annotations

_G, _C, _H = "gauge", "counter", "histogram"
_T = ("target",)

DOCUMENTS: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("agent2_health_check_total", _C, _T, "Checks of the target that ran."),
    (
        "agent2_health_check_failures_total",
        _C,
        _T,
        "Checks of the target that failed or came to no end in time.",
    ),
    (
        "agent2_health_check_failures",
        _G,
        _T,
        "The same under the name without _total.",
    ),
    ("supervisor_inbox_pending", _G, (), "Events that wait to be decided."),
    ("supervisor_inbox_processing", _G, (), "Events that are being decided."),
    ("supervisor_inbox_failed", _G, (), "Events that failed."),
    (
        "supervisor_processing_lag_seconds",
        _G,
        (),
        "Age of the event that waits longest; 0 if none does.",
    ),
    ("supervisor_events_processed_total", _C, (), "Events that were decided."),
    ("supervisor_events_failed_total", _C, (), "Times that an event failed."),
    (
        "agent2_event_subscribers",
        _G,
        (),
        "Programs that hear of a pushed event at once; without one it waits.",
    ),
    (
        "api_request_duration_seconds",
        _G,
        _T,
        "How long the last whole answer of the target took.",
    ),
    (
        "api_errors_total",
        _C,
        _T,
        "Checks of the target that failed or came to no end in time.",
    ),
    (
        "agent_status",
        _G,
        ("name", "status"),
        "1 for the state of each target: active, degraded, down, unknown.",
    ),
    (
        "server_request_total",
        _C,
        ("method", "route", "code"),
        "Requests to the web program.",
    ),
    (
        "server_request_time_seconds",
        _H,
        (),
        "How long it took until a request was answered; streams are left out.",
    ),
    ("server_conc", _G, (), "Requests that are being answered now."),
    (
        "rely_server_request_total",
        _C,
        ("kind", "target", "code"),
        "What Agent2 asked of others (check, notifier, action), by result.",
    ),
    (
        "rely_server_request_time_seconds",
        _H,
        ("kind",),
        "How long what Agent2 asked of others took.",
    ),
)
