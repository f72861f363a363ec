"""Every metric by name, with its type, labels and meaning."""

from __future__ import annotations

from agent2.metrics.family import Metric
from agent2.metrics.probes import PROBES
from agent2.metrics.table_chain import CHAIN
from agent2.metrics.table_documents import DOCUMENTS
from agent2.metrics.table_process import PROCESS

_G, _C, _H = "gauge", "counter", "histogram"
_T = ("target",)
_TC = ("target", "check")
_N = ("notifier",)

_OWN = (
    ("agent2_build_info", _G, ("version", "python"), "Always 1; what runs."),
    ("agent2_up", _G, (), "1 if the watcher lives and stands by its status."),
    ("agent2_status_age_seconds", _G, (), "Age of the status file."),
    (
        "agent2_metrics_truncated",
        _G,
        (),
        "1 if there are too many targets x checks to tell of each.",
    ),
    ("agent2_targets", _G, ("state",), "Targets by state: ok, warn, down, unknown."),
    (
        "agent2_target_up",
        _G,
        _T,
        "1 if the target is ok or warn, 0 if it is down; missing while unknown.",
    ),
    (
        "agent2_target_state",
        _G,
        ("target", "state"),
        "1 for the state that the target is in, 0 for the others.",
    ),
    (
        "agent2_target_consecutive_failures",
        _G,
        _T,
        "Bad verdicts in a row; 0 only after a good one.",
    ),
    ("agent2_target_paused", _G, _T, "1 while a gate holds its restarts."),
    ("agent2_target_flapping", _G, _T, "1 while it is told of as flapping."),
    (
        "agent2_response_time_seconds",
        _G,
        _T,
        "How long the last whole answer of the target took.",
    ),
    (
        "agent2_check_runs_total",
        _C,
        ("target", "check", "result"),
        "Checks that ran: ok, fail, timeout, error (ours).",
    ),
    (
        "agent2_check_duration_seconds",
        _H,
        ("kind",),
        "How long checks took, by kind of check.",
    ),
    ("agent2_check_last_duration_seconds", _G, _TC, "How long it took last."),
    (
        "agent2_check_figure",
        _G,
        ("target", "check", "figure"),
        "What the check measured last: percent, MB, counts, by the name of the figure.",
    ),
    (
        "agent2_check_last_run_timestamp_seconds",
        _G,
        _T,
        "When the checks of the target ran last, seconds since the epoch.",
    ),
    (
        "agent2_incidents_total",
        _C,
        ("target", "severity"),
        "Incidents that were opened.",
    ),
    ("agent2_incidents_open", _G, ("severity",), "Incidents that are open."),
    (
        "agent2_actions_total",
        _C,
        ("target", "action", "result"),
        "Results that actions came to.",
    ),
    (
        "agent2_restart_budget_remaining",
        _G,
        _T,
        "Restarts that may still be asked for within the period.",
    ),
    (
        "agent2_notifications_total",
        _C,
        ("notifier", "event", "result"),
        "Deliveries that ended: delivered, dead, superseded.",
    ),
    (
        "agent2_notification_attempts_failed_total",
        _C,
        ("notifier", "cause"),
        "Attempts to deliver that failed.",
    ),
    ("agent2_outbox_pending", _G, _N, "Deliveries that wait or are being sent."),
    (
        "agent2_outbox_oldest_seconds",
        _G,
        _N,
        "Age of the delivery that waits longest; 0 if none does.",
    ),
    ("agent2_outbox_dead_letters", _G, _N, "Deliveries that were given up."),
    ("agent2_loop_lag_seconds", _G, (), "How late the watcher's last timer was."),
    (
        "agent2_trouble",
        _G,
        ("part",),
        "1 while the part (store, status, courier, …) does not work; the log says why.",
    ),
    ("agent2_log_lines_lost", _G, (), "Lines that the log could not take."),
    (
        "agent2_config_last_reload_successful",
        _G,
        (),
        "1 if the last configuration was taken, 0 if it was refused.",
    ),
    (
        "agent2_config_last_reload_success_timestamp_seconds",
        _G,
        (),
        "When the configuration that counts was taken.",
    ),
    (
        "agent2_slo_objective_ratio",
        _G,
        _T,
        "The share of its time that it is to be up.",
    ),
    (
        "agent2_slo_error_budget_remaining_ratio",
        _G,
        _T,
        "Share of the error budget that is left; below 0 the promise is broken.",
    ),
    (
        "agent2_slo_burn_rate",
        _G,
        ("target", "window"),
        "How many times too fast the budget goes: 1h, 6h, 3d.",
    ),
    ("agent2_db_bytes", _G, ("part",), "Size of the store: file, wal."),
    ("agent2_sse_clients", _G, (), "Who follows the journal now."),
    ("agent2_sse_events_sent_total", _C, (), "Entries that were sent live."),
    (
        "agent2_sse_push_failures_total",
        _C,
        (),
        "Followers who were dropped because they did not keep up.",
    ),
    ("agent2_sse_refused_total", _C, (), "Followers for whom there was no room."),
    ("agent2_sse_resets_total", _C, (), "Followers who had to begin anew."),
    ("agent2_sse_replay_events_total", _C, (), "Entries that were sent again."),
    (
        "agent2_sse_replay_duration_seconds",
        _H,
        (),
        "How long it took to replay what a follower had missed.",
    ),
)

TABLE: dict[str, Metric] = {
    name: Metric(name, kind, labels, text)
    for name, kind, labels, text in (*_OWN, *DOCUMENTS, *CHAIN, *PROCESS, *PROBES)
}
