"""What a collector answers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from agent2.core.text import one_line

_LONGEST = 300.0  # seconds that a collector may send us away for


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and (the first part of) the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def retry_after(self) -> float:
        """Seconds of ``Retry-After``, at most 300; 0 if it says nothing sensible."""
        text = str(self.headers.get("Retry-After", "")).strip()
        if text.isascii() and text.isdigit() and len(text) < 10:
            return min(float(text), _LONGEST)
        try:
            wait = parsedate_to_datetime(text).timestamp() - time.time()
        except (TypeError, ValueError, OverflowError):
            return 0.0
        return min(max(wait, 0.0), _LONGEST)


def read_answer(kind: str, answer: Answer) -> tuple[int, str]:
    """Return how many records a 200 rejects, and what to tell people, or "".

    Whatever else it says, a 2xx has taken the batch: to send it once more would
    double it where it was taken.
    """
    if not answer.body:
        return 0, ""
    sort = str(answer.headers.get("Content-Type", "")).partition(";")[0].strip()
    if sort == "application/json":
        return 0, ""
    if sort != "application/x-protobuf":
        return 0, "it answers 200 with what is no OTLP: is it a collector?"
    from google.protobuf.message import DecodeError

    found, field = _response(kind)
    try:
        found.ParseFromString(answer.body)
    except DecodeError:
        return 0, "it answers 200 with what is no OTLP: is it a collector?"
    part = found.partial_success
    many, why = max(int(getattr(part, field)), 0), str(part.error_message)
    return many, one_line(f"rejected {many}: {why}", 200) if many or why else ""


def _response(kind: str) -> tuple[Any, str]:
    from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
    from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces

    if kind == "traces":
        return traces.ExportTraceServiceResponse(), "rejected_spans"
    if kind == "logs":
        return logs.ExportLogsServiceResponse(), "rejected_log_records"
    return metrics.ExportMetricsServiceResponse(), "rejected_data_points"
