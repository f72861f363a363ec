"""The ``telemetry`` section of the compiled configuration."""

from __future__ import annotations

from agent2.core.shape import sound
from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@value
class TelemetryPlan:
    """What is sent to an OpenTelemetry collector. Durations are seconds.

    Attributes:
        endpoint: Base URL; ``/v1/traces`` and so on are put after it.
        timeout: Total time of one request.
        export_timeout: Total time of the requests of one look, for each signal.
        max_queue_size: Journal entries and deliveries that wait at most; older ones
            are dropped and counted.
        schedule_delay: Time between two looks at the journal.
        metrics_interval: Time between two exports of metrics.
        headers_file: File with a line ``name: value`` for each header; "": none.
    """

    enabled: bool = False
    endpoint: str = "http://127.0.0.1:4318"
    allow_insecure: bool = False
    traces: bool = True
    metrics: bool = True
    logs: bool = True
    timeout: float = 10.0
    export_timeout: float = 30.0
    max_queue_size: int = 2048
    max_export_batch_size: int = 512
    schedule_delay: float = 5.0
    metrics_interval: float = 60.0
    service_name: str = "agent2"
    headers_file: str = ""


def from_tree(tree: dict[str, Any]) -> TelemetryPlan:
    """Return the section that the compiler wrote as *tree*; {} is the defaults.

    Raises:
        LookupError, TypeError, ValueError, AttributeError: it is of another format.
    """
    made = sound(TelemetryPlan(**tree))
    times = (made.timeout, made.schedule_delay, made.metrics_interval)
    if not min(times) > 0.0 or min(made.max_queue_size, made.max_export_batch_size) < 1:
        raise ValueError("the section telemetry holds what no compiler wrote")
    return made
