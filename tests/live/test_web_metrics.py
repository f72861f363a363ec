"""The figures as a real Prometheus, its tools and the parsers of others read them."""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import subprocess
import time

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_open,
)
from prometheus_client.parser import text_string_to_metric_families as parse_plain

from agent2.core.message import Cause, DeliveryState, Receipt
from agent2.core.value import replace
from agent2.metrics.table import TABLE
from agent2.store import history, outbox, totals
from agent2.store.database import Database
from tests.contract.promql import named
from tests.contract.test_grafana import RULES, expressions, rules
from tests.fakes.health_server import HealthServer, document
from tests.fakes.health_server import http as answer
from tests.live.cli_kit import Cli, until
from tests.live.store_rows import delivery
from tests.live.web_kit import Web
from tests.ports import reserved

pytestmark = pytest.mark.slow
OPEN = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
CONFIG = """
defaults: {interval: 1s, failure_threshold: 1}
targets:
  - name: webui
    checks: [{kind: http, url: "http://127.0.0.1:%d/"}]
    slo: {objective: 99, window: 1h}
  - name: gone
    checks: [{kind: tcp, port: 1}, {kind: process, match: ., min: 1}]
    restart: {actions: [{kind: signal_file}]}
notifiers: [{name: mail, kind: webhook, url: "http://127.0.0.1:1/"}]
web: {rate_limit: 10000}
metrics: {compat: blackbox}
"""


def fill(path):
    """What a day leaves behind: deliveries of each end, checks that ran."""
    db = Database.open(path)
    now = time.time()
    with db.transaction() as tx:
        outbox.add(tx, [delivery(f"old@{n}", at=now - 60) for n in range(3)])
        totals.add(
            tx,
            [
                ("check", "webui", "http", "ok", 5.0),
                ("check", "webui", "http", "timeout", 2.0),
                ("took", "http", "0.005", "", 5.0),
                ("took", "http", "5.0", "", 2.0),
                ("took", "http", "sum", "", 10.02),
                ("late", "check", "0.001", "", 7.0),
                ("late", "check", "sum", "", 0.002),
            ],
        )
    with db.transaction() as tx:
        past = [("webui", now - 60 + n, "good", "ok", 0.01) for n in range(60)]
        history.add(tx, past)
    taken = outbox.lease(
        db, owner="t", now=now, lease_s=60, notifiers=["mail"], limit=3
    )
    outbox.delivered(db, taken[0], Receipt("202"), now)
    for row in taken[1:]:
        dead = replace(row, state=DeliveryState.DEAD, cause=Cause.AUTH, detail="404")
        outbox.failed(db, dead, now)
    db.close()


@pytest.fixture(scope="module")
def cli(tmp_path_factory):
    with HealthServer(answer(document())) as server:
        made = Cli(tmp_path_factory.mktemp("metrics"))
        made.config(CONFIG % server.port)
        started = made("start")
        assert started.code == 0, started
        fill(str(made.state / "agent2.db"))
        yield made
        made("stop")


@pytest.fixture(scope="module")
def web(cli):
    made = Web(cli.state)
    until(lambda: value(made, "agent2_actions_total", result="requested"))
    until(lambda: value(made, "agent2_target_up", target="webui"))
    yield made
    made.close()


def scrape(web):
    return web.get("/metrics").body.decode()


def samples(text):
    return [one for family in parse_plain(text) for one in family.samples]


def value(web, name, /, **labels):
    """The sum of the samples of this name with these labels; None if there is none."""
    found = [
        one.value
        for one in samples(scrape(web))
        if one.name == name and labels.items() <= one.labels.items()
    ]
    return sum(found) if found else None


def test_the_text_is_what_the_table_says_and_nothing_else(web):
    got = web.get("/metrics")
    told = {family.name: family.type for family in parse_plain(got.body.decode())}
    # The parser takes _total off the names of counters.
    known = {
        metric.name.removesuffix("_total")
        if metric.type == "counter"
        else metric.name: metric.type
        for metric in TABLE.values()
    }

    assert got.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert told == known
    for one in samples(got.body.decode()):
        metric = TABLE.get(one.name)
        if metric is not None:
            assert set(one.labels) == set(metric.labels), one


def test_a_probe_is_told_under_the_names_of_blackbox_exporter_when_asked_for(web):
    assert value(web, "probe_success", target="webui", check="http") == 1
    assert value(web, "probe_success", target="gone", check="tcp") == 0
    assert value(web, "probe_http_status_code", target="webui") == 200
    whole = value(web, "probe_http_duration_seconds", target="webui")
    assert 0 < whole < value(web, "probe_duration_seconds", target="webui") + 1


def test_openmetrics_is_given_to_who_prefers_it(web):
    got = web.get("/metrics", Accept=OPEN)
    plain = web.get("/metrics", Accept="text/plain")

    assert got.headers["content-type"].startswith("application/openmetrics-text")
    names = {
        one.name for family in parse_open(got.body.decode()) for one in family.samples
    }
    assert names == {one.name for one in samples(plain.body.decode())}
    assert plain.headers["content-type"].startswith("text/plain")


def test_the_figures_are_those_of_the_store_and_of_the_status(web):
    assert value(web, "agent2_up") == 1
    assert value(web, "agent2_target_up", target="webui") == 1
    assert value(web, "agent2_target_up", target="gone") == 0
    assert value(web, "agent2_target_state", target="gone", state="down") == 1
    assert value(web, "agent_status", name="webui", status="active") == 1
    assert value(web, "agent2_check_runs_total", target="webui", result="timeout") >= 2
    assert value(web, "agent2_health_check_failures", target="webui") >= 2
    assert value(web, "agent2_check_duration_seconds_count", kind="http") >= 7
    assert value(web, "agent2_incidents_open", severity="critical") == 1
    assert value(web, "agent2_incidents_total", target="gone") == 1
    assert value(web, "agent2_notifications_total", result="dead") == 2
    assert value(web, "agent2_notifications_total", result="delivered") == 1
    assert value(web, "agent2_notification_attempts_failed_total", cause="auth") == 2
    assert value(web, "agent2_outbox_dead_letters", notifier="mail") == 2
    assert value(web, "agent2_restart_budget_remaining", target="gone") == 4
    assert value(web, "agent2_metrics_truncated") == 0
    assert value(web, "agent2_slo_objective_ratio", target="webui") == 0.99
    assert value(web, "agent2_slo_error_budget_remaining_ratio", target="webui") == 1
    assert value(web, "agent2_slo_burn_rate", target="webui", window="1h") == 0
    assert value(web, "agent2_watcher_process_resident_memory_bytes") > 1e6
    assert value(web, "server_request_total", route="/metrics", code="200") > 3
    web.get("/no/such/path")
    assert value(web, "server_request_total", route="none", code="404") == 1


def test_every_metric_and_label_of_panels_and_rules_is_in_a_real_scrape(web):
    there = {}
    for one in samples(scrape(web)):
        there.setdefault(one.name, set()).update(one.labels)
    recorded = {rule["record"] for rule in rules() if "record" in rule}

    for where, expression in expressions():
        metrics, grouped = named(expression)
        for name in metrics.keys() - recorded:
            assert name in there, (where, name)
            wanted = (metrics[name] | grouped) - {"job", "instance"}
            assert wanted <= there[name], (where, name)


def test_json_and_the_command_tell_the_same_names(web, cli):
    told = web.get("/api/v1/metrics").json["metrics"]
    printed = cli("metrics", "--json").json["metrics"]

    # What only the web program knows is not there without it.
    own = {
        n
        for n in told
        if n.startswith(("process_", "server_", "agent2_sse", "agent_sse"))
    }
    assert set(printed) == set(told) - own
    assert told["agent2_up"]["samples"] == [
        {"name": "agent2_up", "labels": {}, "value": True}
    ]


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_promtool_finds_nothing_to_say(web, cli):
    path = cli.home / "agent2.prom"
    assert cli("metrics", "--textfile", path).code == 0
    assert path.stat().st_mode & 0o777 == 0o644

    for text in (scrape(web), path.read_text(encoding="utf-8")):
        done = subprocess.run(
            ["promtool", "check", "metrics"],
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_textfile_that_no_exporter_reads_is_refused(cli):
    refused = cli("metrics", "--textfile", cli.home / "agent2.txt")

    assert refused.code == 2
    assert ".prom" in refused.err
    assert cli("metrics", "--textfile", cli.home / "no" / "x.prom").code == 73


@contextlib.contextmanager
def prometheus(folder, port):
    """A real server that scrapes *port* each second, with the rules that are shipped."""
    shutil.copy(RULES, folder)
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
        "rule_files: [agent2.rules.yaml]\n"
        "scrape_configs:\n"
        "  - job_name: agent2\n"
        f"    static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n",
        encoding="utf-8",
    )
    own = reserved()
    child = subprocess.Popen(
        [
            "prometheus",
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{own}",
            "--log.level=error",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield lambda path: asked(own, path)
    finally:
        child.terminate()
        child.wait(30)


def asked(port, path):
    with contextlib.closing(
        http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    ) as connection:
        connection.request("GET", f"/api/v1/{path}")
        return json.loads(connection.getresponse().read())["data"]


@pytest.mark.skipif(
    not shutil.which("prometheus"), reason="Prometheus is not installed"
)
def test_a_real_prometheus_scrapes_it_and_a_rule_fires(web, tmp_path):
    def fired():
        return [
            alert
            for alert in ask("alerts")["alerts"]
            if alert["labels"]["alertname"] == "Agent2DeadLetters"
            and alert["state"] == "firing"
        ]

    with prometheus(tmp_path, web.port) as ask:
        (alert,) = until(fired, 60.0)
        (target,) = ask("targets")["activeTargets"]

    assert alert["labels"]["notifier"] == "mail"
    assert alert["annotations"]["summary"].startswith("2 notifications through mail")
    assert (target["health"], target["lastError"]) == ("up", "")


def test_counts_go_into_the_store_when_the_watcher_stops_and_outlive_it(web, cli):
    before = value(web, "agent2_check_runs_total", target="webui", result="ok")
    assert cli("stop").code == 0

    text = cli("metrics").out
    found = {
        (one.name, *sorted(one.labels.items())): one.value for one in samples(text)
    }
    assert found[("agent2_up",)] == 0
    labels = (("check", "http"), ("result", "ok"), ("target", "webui"))
    assert found[("agent2_check_runs_total", *labels)] >= before > 0
    assert (
        found[("agent2_target_state", ("state", "unknown"), ("target", "webui"))] == 1
    )
    assert not any(name == "agent2_target_up" for name, *_ in found)
