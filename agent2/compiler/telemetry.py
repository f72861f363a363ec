"""The section ``telemetry`` as a model, and the rules between its keys."""

from __future__ import annotations

import importlib.util
from typing import Annotated, Any
from urllib.parse import urlsplit

from agent2.compiler import urls, word
from agent2.compiler.fields import Plain, PublicPath, Truth
from agent2.compiler.problems import shown as quoted
from agent2.compiler.report import Report
from agent2.compiler.section import Section, described
from agent2.compiler.words import PUBLIC, Scope, Wrong
from agent2.plan.telemetry import TelemetryPlan

_PLAN = TelemetryPlan()
_BATCH = "max_export_batch_size"
_GRPC = 4317  # https://opentelemetry.io/docs/specs/otlp/: 4317 is gRPC, 4318 HTTP


def with_scheme(text: str) -> str:
    """Return *text* as a URL: ``HOST:PORT`` is taken for ``http://HOST:PORT``."""
    return text if "://" in text else f"http://{text}"


def _endpoint(node: Any, _scope: Scope) -> str:
    if not isinstance(node, str) or not node:
        raise Wrong("is no text", "Put it in quotes.")
    if "${" in node:
        raise Wrong("a reference stands where everybody can read it", PUBLIC)
    text = with_scheme(node)
    fault = urls.fault(text)
    if fault:
        raise Wrong(*fault, hidden=urls.is_private(text))
    if urls.is_private(text):
        hint = "Put keys into headers_file."
        raise Wrong("holds a query or fragment", hint, hidden=True)
    return text


ENDPOINT = word.Word(
    "a URL such as http://127.0.0.1:4318",
    _endpoint,
    {"type": "string"},
    "Signals are sent to /v1/traces, /v1/metrics and /v1/logs below it.",
)


class Telemetry(Section):
    """What is sent to an OpenTelemetry collector; needs `agent2[otlp]`."""

    enabled: Truth = described(_PLAN.enabled, "Send")
    endpoint: Annotated[str, ENDPOINT] = described(
        _PLAN.endpoint,
        "Base URL of an OTLP receiver; port 4317 is gRPC, else /v1/… is put after it",
    )
    allow_insecure: Truth = described(
        _PLAN.allow_insecure, "Send without encryption to another machine"
    )
    traces: Truth = described(_PLAN.traces, "Send one trace per incident")
    metrics: Truth = described(_PLAN.metrics, "Send metrics")
    logs: Truth = described(_PLAN.logs, "Send the journal as log records")
    timeout: Annotated[float, word.duration(0.01, 600)] = described(
        _PLAN.timeout, "Total time of one request"
    )
    export_timeout: Annotated[float, word.duration(0.01, 600)] = described(
        _PLAN.export_timeout, "Total time of the requests of one look"
    )
    max_queue_size: Annotated[int, word.whole(1, 1_000_000)] = described(
        _PLAN.max_queue_size, "Records that wait at most; older ones are dropped"
    )
    max_export_batch_size: Annotated[int, word.whole(1, 10_000)] = described(
        _PLAN.max_export_batch_size, "Records in one request at most"
    )
    schedule_delay: Annotated[float, word.duration(0.05, 3600)] = described(
        _PLAN.schedule_delay, "From one look for news to the next"
    )
    metrics_interval: Annotated[float, word.duration(0.1, 86400)] = described(
        _PLAN.metrics_interval, "From one export of metrics to the next"
    )
    service_name: Plain = described(_PLAN.service_name, "The `service.name` sent")
    headers_file: PublicPath = described(
        _PLAN.headers_file, "File with a line `name: value` per header, such as a key"
    )


def check(report: Report, section: Any) -> None:
    """Tell what does not go together; *section* is the plain tree of the section."""
    if not isinstance(section, dict):
        return
    _sizes(report, section)
    if section.get("enabled") is True and not importlib.util.find_spec("opentelemetry"):
        what = "OpenTelemetry is not installed, so nothing will be sent"
        hint = 'pip install "agent2[otlp]"'
        loc = ("telemetry", "enabled")
        report.tell(loc, what, "true", "the extra otlp", hint, warning=True)
    given = section.get("endpoint")
    if not isinstance(given, str):
        return
    loc = "telemetry", "endpoint"
    url = with_scheme(given)
    if urls.fault(url) or urls.is_private(url):
        return  # it was told
    if urlsplit(url).port == _GRPC and importlib.util.find_spec("grpc") is None:
        what = "4317 is the port of gRPC, which is not installed"
        hint = 'pip install "agent2[otlp-grpc]", or use 4318.'
        report.tell(loc, what, quoted(given), "port 4318", hint, warning=True)
    if urls.is_readable(url) and section.get("allow_insecure") is not True:
        hint = "Or write allow_insecure: true beside it."
        what = "is not encrypted and leaves this machine"
        report.tell(loc, what, quoted(given), "https://", hint)


def _sizes(report: Report, section: dict[str, Any]) -> None:
    """Refuse a batch above the queue; a default above it is made smaller at use."""
    batch, queue = section.get(_BATCH), section.get("max_queue_size")
    if type(batch) is int and type(queue) is int and batch > queue:
        what = "a batch is larger than the queue"
        got = f"{batch} of {queue}"
        expected = f"{_BATCH} at most max_queue_size"
        warning = any(("telemetry", k) in report.origins for k in section)
        report.tell(("telemetry", _BATCH), what, got, expected, warning=warning)
