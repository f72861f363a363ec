"""Metrics of the chain of execution: what document 004 asks of a scheduler.

Its dots are underscores here, its milliseconds seconds. ``queue`` is whose work it is:
check (watcher), delivery (courier), event (supervisor).
"""

from __future__ import annotations

_G, _C, _H = "gauge", "counter", "histogram"
_Q = ("queue",)

CHAIN: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("agent_task_claim_poll_total", _C, _Q, "Looks for something to do."),
    ("agent_task_claim_success_total", _C, _Q, "Tasks that were claimed."),
    ("agent_task_claim_empty_total", _C, _Q, "Looks that found nothing to do."),
    (
        "agent_task_claim_reclaimed_total",
        _C,
        _Q,
        "Claimed tasks whose earlier owner had died or slept.",
    ),
    (
        "agent_task_claim_ready_count_total",
        _C,
        _Q,
        "Those of them that were due by plan, or for the first time.",
    ),
    (
        "agent_task_claim_refining_count_total",
        _C,
        _Q,
        "Those that confirm a failure, or are tried again.",
    ),
    (
        "agent_task_dispatch_success_total",
        _C,
        _Q,
        "Claimed tasks that were given to who does them.",
    ),
    (
        "agent_task_dispatch_reject_total",
        _C,
        _Q,
        "Claimed tasks that were given back untried; checks that had to wait.",
    ),
    ("agent_task_worker_inflight_current", _G, _Q, "Tasks that are being done."),
    ("agent_task_worker_queue_current", _G, _Q, "Tasks that are due and wait."),
    (
        "agent_task_claim_to_start_latency_seconds",
        _H,
        _Q,
        "From the time a check was due until it began.",
    ),
    ("agent_task_heartbeat_success_total", _C, _Q, "Leases that were made longer."),
    (
        "agent_task_heartbeat_guard_reject_total",
        _C,
        _Q,
        "Leases that were lost when they were to be made longer.",
    ),
    (
        "agent_task_heartbeat_error_total",
        _C,
        _Q,
        "Leases that could not be made longer: the store could not be written.",
    ),
    (
        "agent_task_claimed_update_success_total",
        _C,
        _Q,
        "Results that were written by who held the lease.",
    ),
    (
        "agent_task_claimed_update_guard_reject_total",
        _C,
        _Q,
        "Results that were refused: their writer had lost the lease.",
    ),
    (
        "agent_task_claimed_update_error_total",
        _C,
        _Q,
        "Times that a result could not be written; it is tried again.",
    ),
    ("agent_task_execution_total", _C, _Q, "Tasks that were done, however it went."),
    ("agent_task_execution_failure_total", _C, _Q, "Those that failed."),
    (
        "agent_task_execution_timeout_total",
        _C,
        _Q,
        "Those that did not end in time.",
    ),
    (
        "agent_task_execution_timeout_retry_total",
        _C,
        _Q,
        "Those of them that were to be tried again.",
    ),
    (
        "agent_task_execution_timeout_final_fail_total",
        _C,
        _Q,
        "Those of them after which the target was down, or the delivery given up.",
    ),
    (
        "agent_task_execution_duration_seconds",
        _H,
        _Q,
        "How long a check took, of whatever kind.",
    ),
    (
        "agent_task_expired_running_current",
        _G,
        _Q,
        "Tasks whose lease has ended and that nobody has taken over yet.",
    ),
    (
        "agent_task_expired_running_detected_total",
        _C,
        _Q,
        "Leases that were found to have ended.",
    ),
    (
        "agent_task_expired_running_check_error_total",
        _C,
        _Q,
        "Times that ended leases could not be looked for.",
    ),
    ("agent_sse_connections", _G, (), "Who follows the journal now."),
    ("agent_sse_push_attempt_total", _C, (), "Entries given to a follower to send."),
    ("agent_sse_push_fail_total", _C, (), "Followers who did not keep up."),
    ("agent_sse_replay_batch_total", _C, (), "Batches of entries sent again."),
    ("agent_sse_replay_hit_total", _C, (), "Replays that found entries."),
    ("agent_sse_replay_empty_total", _C, (), "Replays that found none."),
    ("agent_sse_replay_events_total", _C, (), "Entries that were sent again."),
    ("agent_sse_replay_duration_seconds", _H, (), "How long a replay took."),
)
