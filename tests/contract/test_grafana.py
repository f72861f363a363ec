"""The dashboards and alert rules that are shipped: whole, and about what exists."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
import yaml

from agent2.metrics.table import TABLE
from tests.contract.promql import named

ROOT = Path(__file__).resolve().parents[2]
BOARDS = sorted((ROOT / "grafana").glob("*.json"))
RULES = ROOT / "prometheus" / "agent2.rules.yaml"


def board(path):
    return json.loads(path.read_text(encoding="utf-8"))


@cache
def rules():
    tree = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    return [rule for group in tree["groups"] for rule in group["rules"]]


def expressions():
    """Every expression of panels, variables and rules, with where it stands."""
    for path in BOARDS:
        tree = board(path)
        for panel in tree["panels"]:
            for target in panel["targets"]:
                yield f"{path.name}: {panel['title']}", target["expr"]
        for one in tree["templating"]["list"]:
            if one["type"] == "query":
                query = one["query"]["query"]
                yield f"{path.name}: {one['name']}", query.rpartition(",")[0] + ")"
    for rule in rules():
        yield str(rule.get("alert") or rule.get("record")), rule["expr"]


def labels_of(name):
    """The labels of a series, or None if no metric has it."""
    recorded = {rule["record"]: {"notifier"} for rule in rules() if "record" in rule}
    if name in recorded:
        return recorded[name]
    if name in TABLE and TABLE[name].type != "histogram":
        return set(TABLE[name].labels)
    base = re.sub("_(bucket|sum|count)$", "", name)
    if base in TABLE and TABLE[base].type == "histogram":
        return set(TABLE[base].labels) | ({"le"} if name.endswith("_bucket") else set())
    return None


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.name)
def test_a_dashboard_loads_from_a_file_and_its_panels_have_their_own_place(path):
    tree = board(path)

    assert "__inputs" not in tree
    assert tree["uid"] and tree["title"] and tree["schemaVersion"] >= 36
    (source,) = [v for v in tree["templating"]["list"] if v["type"] == "datasource"]
    assert source["name"] == "datasource"
    ids = [panel["id"] for panel in tree["panels"]]
    assert len(ids) == len(set(ids))
    places = [panel["gridPos"] for panel in tree["panels"]]
    assert all(one["x"] >= 0 and one["x"] + one["w"] <= 24 for one in places)
    for one, other in itertools.combinations(places, 2):
        beside = (
            one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        )
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)
    for panel in tree["panels"]:
        assert panel["datasource"]["uid"] == "${datasource}"
        assert all(
            one["datasource"]["uid"] == "${datasource}" for one in panel["targets"]
        )


def test_every_metric_and_label_that_is_asked_for_exists():
    for where, expression in expressions():
        metrics, grouped = named(expression)
        assert metrics, where
        for name, labels in metrics.items():
            known = labels_of(name)
            assert known is not None, (where, name)
            assert labels <= known | {"job", "instance"}, (where, name)
            assert grouped <= known | {"job", "instance"}, (where, name)


def test_the_panels_of_the_documents_are_there_word_for_word():
    tree = board(ROOT / "grafana" / "multi-agent-service.json")
    told = {panel["title"]: panel["targets"][0]["expr"] for panel in tree["panels"]}

    assert tree["title"] == "Multi-Agent Service Monitoring"
    assert told["API Response Time"] == "avg(api_request_duration_seconds)"
    assert told["Error Rate"] == "rate(api_errors_total[5m])"
    assert told["Active Agents"] == 'count(agent_status{status="active"})'


def test_what_grafana_and_prometheus_are_given_to_read_is_yaml():
    found = [
        yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in (ROOT / "grafana" / "provisioning").rglob("*.yaml")
    ]

    assert all(one["apiVersion"] == 1 for one in found)
    assert {key for one in found for key in one} >= {"datasources", "providers"}


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_prometheus_takes_the_rules_and_they_fire_when_they_should():
    for words in (
        ("check", "rules", "agent2.rules.yaml"),
        ("test", "rules", "agent2.rules.test.yaml"),
        ("check", "config", "prometheus.yml"),
    ):
        done = subprocess.run(
            ["promtool", *words],
            cwd=RULES.parent,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
