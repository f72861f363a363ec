"""``agent2 check`` and ``agent2 config``: looked at once, nothing changed."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import jsonschema
import pytest

from agent2.plan.sources import PROFILES
from tests.fakes.health_server import document, http
from tests.live.cli_kit import Cli
from tests.ports import reserved

SHIPPED = Path(__file__).parents[2] / "config"
CONFIG = """\
version: 1
defaults: {{timeout: 30s}}
targets:
  - name: webui
    checks:
      - {{kind: tcp, port: {port}}}
      - {{kind: http, url: "http://127.0.0.1:{port}/api/health"}}
  - name: second
    checks:
      - {{kind: tcp, port: {other}}}
"""


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path)


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", reserved())) as made:
        yield made


def configure(cli, server, listener):
    cli.config(CONFIG.format(port=server.port, other=listener.getsockname()[1]))


def test_the_json_has_the_shape_of_the_status(cli, server, listener):
    configure(cli, server, listener)

    told = cli("check", "--json")

    assert told.code == 0
    assert [t["name"] for t in told.json["targets"]] == ["webui", "second"]
    for target in told.json["targets"]:
        assert target["state"] == "ok"
        for check in target["checks"]:
            assert {"name", "kind", "code", "detail", "duration_s"} <= check.keys()


def test_nothing_is_written(cli, server, listener):
    configure(cli, server, listener)
    shutil.rmtree(cli.state)
    cli("check")

    assert not cli.state.exists()
    assert os.listdir(cli.home) == ["agent2.yaml"]


@pytest.mark.parametrize(
    ("answer", "state", "code"),
    [
        (http(document(status="warn")), "warn", 1),
        (http(document(status="error")), "down", 2),
        (http("{"), "down", 2),
    ],
)
def test_the_exit_code_is_that_of_the_worst(cli, server, listener, answer, state, code):
    configure(cli, server, listener)
    server.answers = [answer]

    told = cli("check", "--json")

    assert told.code == code
    assert [t["state"] for t in told.json["targets"]] == [state, "ok"]


def test_names_choose_targets_and_kinds_choose_checks(cli, server, listener):
    configure(cli, server, listener)

    second = cli("check", "second").out.splitlines()
    by_kind = cli("check", "http").out.splitlines()
    by_old_name = cli("check", "port").out.splitlines()

    assert [line.split("\t")[0] for line in second] == ["second"]
    assert [line.split("\t")[2] for line in by_kind] == ["http"]
    assert f"http://127.0.0.1:{server.port}/api/health" in by_kind[0]
    assert [line.split("\t")[2] for line in by_old_name] == ["tcp", "tcp"]


def test_a_target_that_is_named_is_shown_once_though_a_kind_of_its_is_named_too(
    cli, server, listener
):
    configure(cli, server, listener)

    entries = cli("check", "--json", "webui", "tcp").json["targets"]

    assert [entry["name"] for entry in entries] == ["webui", "second"]
    assert [check["kind"] for check in entries[0]["checks"]] == ["tcp", "http"]


def test_an_unknown_name_lists_the_known_ones(cli, server, listener):
    configure(cli, server, listener)

    told = cli("check", "wbeui")

    assert told.code == 2
    assert "agent2 check webui | second" in told.err


def test_nagios_gets_one_line_with_figures(cli, server, listener):
    configure(cli, server, listener)
    listener.close()

    told = cli("check", "--nagios")

    assert told.code == 2
    assert told.out.count("\n") == 1
    assert told.out.startswith("AGENT2 CRITICAL - webui ok; second down: tcp ")
    text, _, figures = told.out.strip().partition(" | ")
    assert "|" not in text
    for figure in figures.split():
        name, _, rest = figure.partition("=")
        assert name.startswith("'")
        assert rest.endswith("s;;;0;30")


def test_no_word_of_a_target_begins_the_figures_of_nagios(cli, server, listener):
    server.answers[:] = [http(document(status="a|b"))]
    configure(cli, server, listener)

    said = cli("check", "--nagios", "webui").out

    assert "a/b" in said
    assert said.count("|") == 1


def test_nagios_cannot_tell_with_a_bad_configuration(cli):
    cli.config("version: 1\ntargets: 7\n")

    told = cli("check", "--nagios")

    assert told.code == 3
    assert told.out.startswith("AGENT2 UNKNOWN - ")


def test_a_terminal_gets_a_table(cli, server, listener):
    configure(cli, server, listener)

    code, shown = cli.on_terminal("check")

    assert code == 0
    assert "✓ ok" in shown
    assert "DETAIL" in shown


def test_the_defaults_are_those_of_the_documents(cli):
    shown = cli("config", "show").out

    assert f'file: "{cli.home}/.agentos/webui.pid"' in shown
    assert "port: 8080" in shown
    assert "http://127.0.0.1:8080/api/health" in shown


def test_config_check_says_every_problem_with_its_place(cli):
    path = cli.config("version: 1\nx: 1\ntargets:\n  - name: a\n    y: 2\n")

    told = cli("config", "check")

    assert told.code == 78
    assert f"{path}:2:1" in told.out + told.err
    assert f"{path}:5:5" in told.out + told.err


def test_config_check_takes_a_file(cli, tmp_path):
    path = tmp_path / "other.yaml"
    path.write_text(CONFIG.format(port=1, other=2))

    assert cli("config", "check", path).code == 0


def test_config_check_takes_many_files_and_ends_as_the_worst(cli, tmp_path):
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(CONFIG.format(port=1, other=2))
    bad.write_text("version: 1\nx: 1\n")

    both = cli("config", "check", good, bad, good)
    shipped = [SHIPPED / f"{name}.yaml" for name in ("agent2", *PROFILES)]

    assert both.code == 78
    assert both.out.count("good.yaml: ok") == 2
    assert "bad.yaml:2:1" in both.err
    assert cli("config", "check", *shipped[:3]).code == 0


def test_config_show_as_json_says_the_same_without_comments(cli):
    cli.config(CONFIG.format(port=1, other=2))

    shown, tree = cli("config", "show"), cli("config", "show", "--json").json

    assert "interval: 5s" in shown.out
    assert tree["targets"][0]["interval"] == 5.0


def test_config_schema_is_a_schema(cli):
    for words in (("config", "schema"), ("schema", "config")):
        told = cli(*words)

        assert told.code == 0
        jsonschema.validators.validator_for(told.json).check_schema(told.json)


@pytest.mark.parametrize("name", ["status", "restart-signal"])
def test_the_schemas_are_schemas(cli, name):
    told = cli("schema", name)

    assert told.json["$schema"].endswith("2020-12/schema")
    jsonschema.Draft202012Validator.check_schema(told.json)


def test_secrets_are_shown_nowhere(cli):
    cli.config(
        "version: 1\n"
        f"targets: [{{name: a, checks: [{{kind: tcp, port: {reserved()}}}]}}]\n"
        "notifiers:\n"
        "  - {name: ops, kind: slack, webhook_url: '${HOOK}'}\n"
        "  - {name: page, kind: pagerduty, routing_key: plainsecretplainsecretplainsec12}\n"
    )
    env = {"HOOK": "https://hooks.slack.com/services/T0/B0/topsecret"}

    for words in (
        ("config", "show"),
        ("config", "show", "--json"),
        ("config", "check"),
        ("notify", "list"),
    ):
        told = cli(*words, env=env)
        assert told.code == 0, told.err
        for secret in ("topsecret", "plainsecret"):
            assert secret not in told.out + told.err
