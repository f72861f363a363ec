"""The section ``telemetry``, and what OTEL_* and OTLP_* say of it."""

from __future__ import annotations

import importlib.util
import sys

import pytest

from agent2.compiler.compile import compile_text
from agent2.compiler.telemetry_env import VARIABLES
from agent2.plan import sources

TARGET = "targets: [{name: a, checks: [{kind: tcp, port: 1}]}]\n"


def compiled(section="", **environ):
    text = TARGET + (f"telemetry: {section}\n" if section else "")
    return compile_text(text, "/etc/agent2.yaml", "/tmp", "", environ)


def found(section="", **environ):
    made = compiled(section, **environ)
    assert made.tree is not None, made.problems
    return made.tree["telemetry"]


def told(section="", **environ):
    return [str(each) for each in compiled(section, **environ).problems]


def test_nothing_is_sent_unless_it_is_asked_for():
    assert found()["enabled"] is False
    assert (
        found(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:4318")["enabled"] is False
    )


@pytest.mark.parametrize("text", ["0", "false", "no", "OFF", ""])
def test_the_older_switch_turns_off(text):
    assert found(OTLP_ENABLE=text)["enabled"] is False


@pytest.mark.parametrize("text", ["1", "true", "2", "yes"])
def test_the_older_switch_turns_on_and_names_what_to_write(text):
    assert found(OTLP_ENABLE=text)["enabled"] is True
    assert "telemetry.enabled" in told(OTLP_ENABLE=text)[0]


def test_the_newer_names_win_over_the_older_and_all_variables_over_the_file():
    newer = {"OTEL_BSP_MAX_QUEUE_SIZE": "700", "OTLP_TRACE_MAX_QUEUE_SIZE": "800"}

    assert found("{max_queue_size: 900}", **newer)["max_queue_size"] == 700
    ours = newer | {"AGENT2_TELEMETRY_MAX_QUEUE_SIZE": "600"}
    assert found("{max_queue_size: 900}", **ours)["max_queue_size"] == 600
    assert found(**newer)["max_queue_size"] == 700
    assert told(**newer) == []
    assert found(**newer | {"OTEL_BSP_MAX_QUEUE_SIZE": ""})["max_queue_size"] == 800
    assert found(OTLP_ENABLE="1", OTEL_SDK_DISABLED="true")["enabled"] is False
    assert found("{enabled: true}", OTEL_SDK_DISABLED="true")["enabled"] is False
    assert found("{enabled: true}", OTLP_ENABLE="0")["enabled"] is False
    assert found("{enabled: false}", AGENT2_TELEMETRY_ENABLED="true")["enabled"] is True


@pytest.mark.parametrize(
    ("name", "key", "seconds"),
    [
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "timeout", 2.0),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "timeout", 2.0),
        ("OTLP_TRACE_TIMEOUT", "timeout", 2.0),
        ("OTLP_METRIC_TIMEOUT", "timeout", 2.0),
        ("OTEL_BSP_SCHEDULE_DELAY", "schedule_delay", 2.0),
        ("OTLP_TRACE_SCHEDULE_DELAY_MILLIS", "schedule_delay", 2.0),
        ("OTEL_BSP_EXPORT_TIMEOUT", "export_timeout", 2.0),
        ("OTLP_TRACE_EXPORT_TIMEOUT_MILLIS", "export_timeout", 2.0),
        ("OTLP_METRIC_EXPORT_TIMEOUT_MILLIS", "export_timeout", 2.0),
        ("OTEL_METRIC_EXPORT_INTERVAL", "metrics_interval", 2.0),
        ("OTLP_METRIC_EXPORT_INTERVAL_MILLIS", "metrics_interval", 2.0),
    ],
)
def test_times_of_variables_are_milliseconds(name, key, seconds):
    assert found(**{name: "2000"})[key] == seconds


@pytest.mark.parametrize("text", ["x", "-5", "1e3", "2s", "0", "99999999999999"])
def test_a_number_that_is_none_is_warned_of_and_ignored(text):
    environ = {"OTEL_EXPORTER_OTLP_TIMEOUT": text}

    assert found(**environ)["timeout"] == 10.0
    assert len(told(**environ)) == 1
    assert "warning: OTEL_EXPORTER_OTLP_TIMEOUT" in told(**environ)[0]


def test_an_endpoint_without_a_scheme_is_http():
    assert found("{endpoint: 127.0.0.1:4318}")["endpoint"] == "http://127.0.0.1:4318"
    environ = {"OTLP_ENDPOINT": "127.0.0.1:4318"}
    assert found(**environ)["endpoint"] == "http://127.0.0.1:4318"


def test_the_port_of_grpc_is_warned_of_where_grpc_is_not_installed():
    warned = "4317 is the port of gRPC, which is not installed"

    if importlib.util.find_spec("grpc"):
        assert told("{endpoint: '127.0.0.1:4317'}") == []
        return
    assert warned in told("{endpoint: 'http://127.0.0.1:4317'}")[0]
    assert "or use 4318" in told("{endpoint: 'http://127.0.0.1:4317'}")[0]
    assert any(warned in line for line in told(OTLP_ENDPOINT="127.0.0.1:4317"))


def test_plain_http_to_another_machine_must_be_wanted():
    far = "http://collector:4318"

    assert compiled(f"{{endpoint: '{far}'}}").tree is None
    wanted = found(f"{{endpoint: '{far}', allow_insecure: true}}")
    assert wanted["endpoint"] == far
    # A variable of a whole container keeps no watcher from starting.
    assert found(OTEL_EXPORTER_OTLP_ENDPOINT=far)["endpoint"].startswith("http://127.")
    assert "not encrypted" in told(OTEL_EXPORTER_OTLP_ENDPOINT=far)[0]
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": far}
    assert found("{allow_insecure: true}", **environ)["endpoint"] == far


@pytest.mark.parametrize(
    "url", ["http://u:secretpw@h:1", "http://127.0.0.1:1/?key=secretpw", "ftp://h"]
)
def test_an_address_with_a_secret_is_refused_and_not_shown(url):
    assert compiled(f"{{endpoint: '{url}'}}").tree is None
    assert not any("secretpw" in line for line in told(f"{{endpoint: '{url}'}}"))
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTLP_ENDPOINT"):
        assert found(**{name: url})["endpoint"] == "http://127.0.0.1:4318"
        assert not any("secretpw" in line for line in told(**{name: url}))


def test_a_batch_above_the_queue_is_refused_in_the_file_and_shrunk_from_variables():
    both = "{max_queue_size: 5, max_export_batch_size: 6}"

    assert compiled(both).tree is None
    assert found("{max_queue_size: 5}")["max_queue_size"] == 5
    environ = {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "600"}
    assert found("{max_queue_size: 5}", **environ)["max_queue_size"] == 5


def test_every_variable_that_counts_makes_the_plan_anew_when_it_changes():
    assert set(sources.OTEL) == VARIABLES
    for name in VARIABLES:
        before = sources.current_stamp("", "", {})
        assert sources.current_stamp("", "", {name: "1"}) != before


def test_what_is_not_installed_is_said_where_it_is_wanted(monkeypatch):
    monkeypatch.setattr(sys, "path", [])  # as without the extra
    monkeypatch.setattr(sys, "path_importer_cache", {})
    for name in [one for one in sys.modules if one.startswith("opentelemetry")]:
        monkeypatch.delitem(sys.modules, name)

    (line,) = told("{enabled: true}")
    assert "OpenTelemetry is not installed" in line
    assert 'pip install "agent2[otlp]"' in line
    assert told("{enabled: false}") == []
