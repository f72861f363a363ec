"""What ``OTEL_*`` and ``OTLP_*`` say of the section ``telemetry``.

``AGENT2_TELEMETRY_*`` wins over ``OTEL_*``, which wins over ``OTLP_*``, the older
names; all of them win over the file. By OpenTelemetry's rules an empty variable is an
unset one, times are milliseconds, a number that is none is warned of and ignored, and
a truth is ``true`` or false. All of them are converted here: no library reads them.
https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent2.compiler import urls, yaml_tree
from agent2.compiler.problems import Problem, shown
from agent2.compiler.report import Origin, Report
from agent2.compiler.telemetry import Telemetry, with_scheme
from agent2.compiler.words import Scope, Wrong

# key -> variables, the strongest first, each with how its text is read
_TABLE = {
    "enabled": (("OTEL_SDK_DISABLED", "not"), ("OTLP_ENABLE", "switch")),
    "endpoint": (("OTEL_EXPORTER_OTLP_ENDPOINT", "url"), ("OTLP_ENDPOINT", "url")),
    "service_name": (("OTEL_SERVICE_NAME", "text"),),
    "timeout": (
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "ms"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "ms"),
        ("OTLP_TRACE_TIMEOUT", "ms"),
        ("OTLP_METRIC_TIMEOUT", "ms"),
    ),
    "max_queue_size": (
        ("OTEL_BSP_MAX_QUEUE_SIZE", "count"),
        ("OTLP_TRACE_MAX_QUEUE_SIZE", "count"),
    ),
    "schedule_delay": (
        ("OTEL_BSP_SCHEDULE_DELAY", "ms"),
        ("OTLP_TRACE_SCHEDULE_DELAY_MILLIS", "ms"),
    ),
    "max_export_batch_size": (
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "count"),
        ("OTLP_TRACE_MAX_EXPORT_BATCH_SIZE", "count"),
    ),
    "export_timeout": (
        ("OTEL_BSP_EXPORT_TIMEOUT", "ms"),
        ("OTLP_TRACE_EXPORT_TIMEOUT_MILLIS", "ms"),
        ("OTLP_METRIC_EXPORT_TIMEOUT_MILLIS", "ms"),
    ),
    "metrics_interval": (
        ("OTEL_METRIC_EXPORT_INTERVAL", "ms"),
        ("OTLP_METRIC_EXPORT_INTERVAL_MILLIS", "ms"),
    ),
}
VARIABLES = frozenset(name for each in _TABLE.values() for name, _ in each)
_OFF = {"0", "false", "no", "off"}
_NOWHERE = yaml_tree.Mark(0, 0)


def lend(report: Report, root: Any, environ: Mapping[str, str]) -> Any:
    """Return the tree *root* with what variables say over what the file says."""
    stated = yaml_tree.child(root, ("telemetry", "allow_insecure"))
    insecure = stated is not None and yaml_tree.plain(stated) is True
    for key, names in _TABLE.items():
        loc = ("telemetry", key)
        if loc in report.origins:
            continue  # AGENT2_TELEMETRY_..., or the command line
        for name, sort in names:
            text = environ.get(name, "").strip()
            if not text:
                continue
            scalar = _read(report, name, key, sort, text, insecure=insecure)
            if scalar is None:
                continue
            if name.startswith("OTLP_"):
                _old(report, name, text, names[0][0] if sort != "switch" else "")
            report.origins[loc] = Origin("environment", name)
            root = yaml_tree.grafted(root, loc, scalar)
            break
    return root


def _read(
    report: Report, name: str, key: str, sort: str, text: str, *, insecure: bool
) -> yaml_tree.Scalar | None:
    """Return the value as the file would have it; None, warned of, if it is none."""
    if sort == "switch":
        text, sort = ("false" if text.lower() in _OFF else "true"), "truth"
    elif sort == "not":
        if text.lower() != "true":
            return None  # "not disabled" turns nothing on
        text, sort = "false", "truth"
    elif sort == "ms":
        text = f"{text}ms"
    elif sort == "url":
        text = with_scheme(text)
    scalar = yaml_tree.Scalar(text, sort in {"text", "url"}, _NOWHERE)
    try:
        if sort == "ms" and not text[:-2].isdecimal():
            raise Wrong("is no number", expected="milliseconds")
        if sort == "url" and urls.is_readable(text) and not insecure:
            hint = "telemetry.allow_insecure: true"
            raise Wrong("is not encrypted and leaves this machine", expected=hint)
        word = Telemetry.model_fields[key].metadata[0]
        word.take(yaml_tree.plain(scalar), Scope({}, "/", "/"))
    except Wrong as wrong:
        got = "***" if sort == "url" and urls.is_private(text) else shown(text)
        expected = wrong.expected or "a number within the bounds of the key"
        what = f"{wrong.what}, so it is ignored"
        report.add(Problem("environment", 0, 0, name, what, got, expected, "", True))
        return None
    return scalar


def _old(report: Report, name: str, text: str, new: str) -> None:
    better = new or "telemetry.enabled in the configuration"
    what = f"is an old name of {better}"
    got = "***" if "ENDPOINT" in name and urls.is_private(text) else shown(text)
    report.add(Problem("environment", 0, 0, name, what, got, better, "", True))
