"""What was done and what it took, under the names of the user's documents: a view.

It keeps nothing of its own and costs no write. ``model_name`` is who did it,
``token_usage`` what it took (JSON), ``error_type`` one of the words below, or
check_failed; None if all went well.
"""

from __future__ import annotations

_WORDS = {  # the words of Code and Cause
    "timeout": "deadline port_timeout command_timeout timeout stale_heartbeat",
    "connection_refused": "refused port_refused unreachable",
    "connection_reset": "reset",
    "dns": "dns",
    "tls": "tls",
    "http_status": "http_status redirect server rejected",
    "bad_json": "json shape proto body_limit invalid_answer",
    "bad_status": "status_value component",
    "not_running": "pid_missing pid_dead pid_reused zombie stopped",
    "auth": "auth",
    "rate_limited": "rate_limited",
    "config": "config",
    "runtime_error": "internal agent_gap local_network crashed unknown",
}


def _error(column: str, fine: str) -> str:
    """Return SQL: the word for *column*, unless *fine*."""
    cases = " ".join(
        f"WHEN {column} IN ({', '.join(map(repr, words.split()))}) THEN '{word}'"
        for word, words in _WORDS.items()
    )
    return f"CASE WHEN {fine} THEN NULL {cases} ELSE 'check_failed' END"


def _at(column: str) -> str:
    return f"strftime('%Y-%m-%d %H:%M:%f', {column}, 'unixepoch')"


SCRIPT = (
    f"""CREATE VIEW task_executions AS
    SELECT target AS task_id, verdict AS status, {_at("at")} AS finished_at,
        'check' AS model_name,
        json_object('requests', 1, 'seconds', response_s) AS token_usage,
        {_error("code", "verdict IN ('good', 'degraded')")} AS error_type
    FROM history_raw
    UNION ALL SELECT id, state, {_at("coalesce(finished_at, failed_at)")},
        'notifier/' || notifier,
        json_object('requests', attempts, 'bytes', length(alert)),
        {_error("cause", "cause IS NULL OR state = 'delivered'")}
    FROM deliveries WHERE attempts > 0
    UNION ALL SELECT id, result, {_at("done_at")}, 'action/' || kind,
        json_object('requests', 1, 'attempt', attempt),
        CASE result WHEN 'failed' THEN 'runtime_error' END
    FROM actions WHERE done_at IS NOT NULL""",  # noqa: S608  (our own names)
)
