"""Our plain values as OpenTelemetry's, and its exporters, made with explicit values.

Every value goes to a constructor: the exporters read some variables in other units
than the specification says, and a variable must not mean two things.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.trace.status import Status, StatusCode

from agent2 import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import requests

    from agent2.telemetry.shapes import Figure, Record, Span, Spread

_SCOPE = InstrumentationScope("agent2", __version__)
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)


def resource(facts: Mapping[str, str]) -> Resource:
    """Return who we are; ``OTEL_RESOURCE_ATTRIBUTES`` adds to it."""
    return Resource.create(dict(facts))


def exporters(
    endpoint: str, timeout: float, headers: dict[str, str], session: requests.Session
) -> dict[str, Any]:
    """Return one exporter for each signal; *timeout* is seconds, as theirs."""
    base = endpoint.rstrip("/")
    more: dict[str, Any] = {"timeout": timeout, "session": session}
    if headers:  # without, OTEL_EXPORTER_OTLP_HEADERS count
        more["headers"] = headers
    return {
        "traces": OTLPSpanExporter(f"{base}/v1/traces", **more),
        "logs": OTLPLogExporter(f"{base}/v1/logs", **more),
        "metrics": OTLPMetricExporter(f"{base}/v1/metrics", **more),
    }


def _spans(batch: Sequence[Span], who: Resource) -> list[ReadableSpan]:
    return [
        ReadableSpan(
            one.name,
            _context(one.trace, one.id),
            _context(one.trace, one.parent) if one.parent else None,
            who,
            one.attributes,
            [Event(e.name, e.attributes, _nanos(e.at)) for e in one.events],
            status=Status(StatusCode.ERROR, one.error) if one.error else Status(),
            start_time=_nanos(one.start),
            end_time=_nanos(one.end),
            instrumentation_scope=_SCOPE,
        )
        for one in batch
    ]


def _records(batch: Sequence[Record], who: Resource) -> list[ReadableLogRecord]:
    now = time.time_ns()
    return [ReadableLogRecord(_record(one, now), who, _SCOPE) for one in batch]


def _record(one: Record, now: int) -> LogRecord:
    context = None
    if one.trace:
        span = NonRecordingSpan(_context(one.trace, one.span))
        context = set_span_in_context(span)
    return LogRecord(
        timestamp=_nanos(one.at),
        observed_timestamp=now,
        context=context,
        severity_text=one.level,
        severity_number=SeverityNumber[one.level],
        body=one.body,
        attributes=one.attributes,
        event_name=f"agent2.{one.name}",
    )


def _metrics(batch: Sequence[Figure], who: Resource) -> MetricsData:
    now = time.time_ns()
    made = [Metric(f.name, f.told, f.unit, _filled(f, now)) for f in batch]
    return MetricsData([ResourceMetrics(who, [ScopeMetrics(_SCOPE, made, "")], "")])


def _filled(one: Figure, now: int) -> Sum | Gauge | Histogram:
    if one.spreads:
        made = [_spread(each, now) for each in one.spreads]
        return Histogram(made, AggregationTemporality.CUMULATIVE)
    points = [NumberDataPoint(facts, 0, now, value) for facts, value in one.points]
    if not one.total:
        return Gauge(points)
    return Sum(points, AggregationTemporality.CUMULATIVE, is_monotonic=True)


def _spread(one: Spread, now: int) -> HistogramDataPoint:
    """Return it without least and most: nobody knows them, and the wire needs none."""
    return HistogramDataPoint(
        one.attributes,
        0,
        now,
        one.many,
        one.sum,
        one.counts,
        one.bounds,
        None,  # type: ignore[arg-type]
        None,  # type: ignore[arg-type]
    )


MAKERS: dict[str, Callable[[Sequence[Any], Resource], Any]] = {
    "traces": _spans,
    "logs": _records,
    "metrics": _metrics,
}


def _context(trace: int, span: int) -> SpanContext:
    return SpanContext(trace, span, is_remote=False, trace_flags=_SAMPLED)


def _nanos(at: float) -> int:
    return max(round(at * 1e9), 0)
