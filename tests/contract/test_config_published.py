"""What is shipped beside the program: files, schema and reference, held to the models."""

import json
import os
import subprocess
import sys

import jsonschema
import pytest
import yaml

from agent2 import plugins
from agent2.compiler import compile_text
from agent2.compiler.compile import compile_text as compile_whole
from agent2.compiler.layers import profile_path
from agent2.compiler.published import config_schema
from agent2.compiler.reference import page
from agent2.compiler.show import effective
from agent2.plan import sources, stored
from tests.contract.configs import ROWS

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHIPPED = ("agent2", *sources.PROFILES)
EXAMPLES = ("access_logs", "backups", "fastapi_supervisord_nginx")
HOME = {"HOME": "/home/x", "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/x"}


def content(*parts):
    with open(os.path.join(ROOT, *parts), encoding="utf-8") as file:
        return file.read()


@pytest.fixture(scope="module")
def validator():
    schema = json.loads(config_schema())
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


@pytest.mark.parametrize("name", [*SHIPPED, *(f"examples/{e}" for e in EXAMPLES)])
def test_every_shipped_file_compiles_without_a_word(name):
    path = os.path.join(ROOT, "config", f"{name}.yaml")
    tree, problems = compile_text(
        content("config", f"{name}.yaml"), path, "/s", "", HOME
    )
    assert problems == ()
    assert stored.from_json(tree).targets


@pytest.mark.parametrize("name", sources.PROFILES)
def test_a_profile_as_a_file_is_the_profile_by_name(name):
    def without_source(made):
        return effective(made.settled, words=False)

    by_name = compile_whole(None, "", "/s", name, HOME)
    as_file = compile_whole(
        content("config", f"{name}.yaml"), "/c/x.yaml", "/s", "", HOME
    )
    assert without_source(by_name) == without_source(as_file)


def test_the_commented_reference_says_exactly_the_defaults():
    reference = compile_whole(
        content("config", "agent2.yaml"), "/c/agent2.yaml", "/s", "", HOME
    )
    nothing = compile_whole(None, "", "/s", "", HOME)
    assert effective(reference.settled, words=False) == effective(
        nothing.settled, words=False
    )


def test_the_comments_of_the_reference_are_right_too():
    """Every key that is commented out is taken once its # is gone."""
    lines = []
    for line in content("config", "agent2.yaml").splitlines():
        bare = line.lstrip(" ")
        inside = bare.removeprefix("# ")
        if (
            bare.startswith("# ")
            and inside.lstrip(" ").partition(":")[0].replace("_", "").isalpha()
            and ": " in inside + " "
        ):
            known = inside.lstrip().partition(":")[0] in {
                "interval",
                "timeout",
                "failure_threshold",
                "success_threshold",
                "retry_interval",
                "max_retry",
                "retry_delay",
                "components",
                "token_file",
                "routes",
            }
            line = line.replace("# ", "", 1) if known else line
        lines.append(line)
    text = "\n".join(lines).replace("# routes:", "routes:")
    text = (
        text.replace("notifiers: []", "notifiers:")
        .replace("polling: []", "polling:")
        .replace("rules: []", "rules:")
        .replace("#   - ", "  - ")
        .replace("#     ", "    ")
    )
    environ = HOME | {
        "SLACK_WEBHOOK_URL": "https://h/x",
        "APPRISE_URL": "json://h",
        "HOOK": "s",
    }
    text = text.replace("${file:pagerduty.key}", "k").replace(
        "notifiers: [ops]}", "notifiers: [ops, chat, hook]}"
    )
    tree, problems = compile_text(text, "/c/agent2.yaml", "/s", "", environ)
    assert [str(p) for p in problems] == []
    assert len(tree["notifiers"]) == 5
    assert len(tree["routes"]) == 2


def test_the_profiles_are_found_by_the_package_and_are_those_of_config():
    for name in sources.PROFILES:
        with open(profile_path(name), encoding="utf-8") as file:
            assert file.read() == content("config", f"{name}.yaml")


def test_the_published_schema_is_made_from_the_models():
    assert content("agent2", "schemas", "config.json") == config_schema(), (
        "python -m agent2.compiler --schema > agent2/schemas/config.json"
    )


def test_the_reference_page_is_made_from_the_models():
    assert content("docs", "configuration.md") == page(), (
        "python -m agent2.compiler.reference > docs/configuration.md"
    )


@pytest.mark.parametrize("name", SHIPPED)
def test_the_schema_takes_every_shipped_file(validator, name):
    validator.validate(yaml.safe_load(content("config", f"{name}.yaml")))


def test_the_schema_takes_the_example_of_the_design(validator):
    validator.validate(yaml.safe_load(EXAMPLE))


@pytest.mark.parametrize(
    "name",
    [
        "an unknown key",
        "an unknown key of a target",
        "an unknown key of a check",
        "a port too large",
        "a profile",
        "a severity",
        "no targets",
        "a name with a slash",
        "no url",
        "a notifier without a name",
        "threshold 0",
    ],
)
def test_the_schema_refuses_what_the_compiler_refuses(validator, name):
    (text,) = (row[1] for row in ROWS if row[0] == name)
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(yaml.safe_load(text.replace("§", "")))


def test_the_schema_knows_every_kind(validator):
    for family, table in plugins.TABLE.items():
        for kind in table:
            assert f"{family}.{kind}" in validator.schema["definitions"]


EXAMPLE = """\
version: 1
language: auto
profile: test
defaults: {interval: 5s, timeout: 5s, failure_threshold: 2, success_threshold: 1}
targets:
  - name: webui
    checks:
      - {kind: pid, file: ~/.agentos/webui.pid}
      - {kind: tcp, port: 8080}
      - {kind: http, url: "http://127.0.0.1:8080/api/health", status: 200, healthy: [ok], slow: 3s}
    restart:
      actions: [{kind: signal_file}]          # a ladder
      intensity: 5
      period: 30m
      settle: 10s
notifiers:
  - {name: oncall, kind: pagerduty, routing_key: "${file:pagerduty.key}"}
  - {name: ops, kind: slack, webhook_url: "${SLACK_WEBHOOK_URL}"}
  - {name: mail, kind: email, host: localhost, from: agent2@agentos.local, to: [admin@example.com]}
routes:
  - {match: {severity: critical}, notifiers: [oncall, ops, mail]}
"""


def test_the_example_of_the_design_compiles(tmp_path):
    key = tmp_path / "pagerduty.key"
    key.write_text("abc")
    key.chmod(0o600)
    environ = HOME | {"SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/x"}
    tree, problems = compile_text(EXAMPLE, str(tmp_path / "a.yaml"), "/s", "", environ)
    assert problems == ()
    assert [n.kind for n in stored.from_json(tree).notifiers] == [
        "pagerduty",
        "slack",
        "email",
    ]


def test_every_emitted_option_is_taken_by_its_class(tmp_path, monkeypatch):
    monkeypatch.setenv("SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/x")
    text = EXAMPLE.replace("${file:pagerduty.key}", "abc")
    tree, _ = compile_text(text, str(tmp_path / "a.yaml"), "/s", "", os.environ)
    made = stored.from_json(tree)
    families = [("notifiers", made.notifiers)]
    for target in made.targets:
        families += [("checks", target.checks), ("actions", target.actions)]
    for family, found in families:
        for each in found:
            plugin = plugins.load(family, each.kind)(**each.options)
            assert list(getattr(plugin, "problems", list)()) == []


@pytest.mark.slow
def test_an_installed_package_carries_profiles_and_schemas(tmp_path):
    """Builds from a copy of the sources as git has them, without the network."""
    source = tmp_path / "source"
    source.mkdir()
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("no git checkout")
    for name in listed.stdout.splitlines():
        if not name.startswith(
            ("agent2/", "config/", "setup.cfg", "pyproject.toml", "README")
        ):
            continue
        there = source / name
        there.parent.mkdir(parents=True, exist_ok=True)
        if os.path.islink(os.path.join(ROOT, name)):
            there.symlink_to(os.readlink(os.path.join(ROOT, name)))
        elif os.path.exists(os.path.join(ROOT, name)):
            with open(os.path.join(ROOT, name), "rb") as file:
                there.write_bytes(file.read())
    (source / "README.md").touch()
    code = "from setuptools import setup; setup()"
    argv = [
        sys.executable,
        "-c",
        code,
        "-q",
        "build",
        "--build-lib",
        str(tmp_path / "lib"),
    ]
    done = subprocess.run(
        argv, cwd=source, capture_output=True, text=True, timeout=100, check=False
    )
    if "No module named 'setuptools'" in done.stderr:
        pytest.skip("no setuptools here")
    assert done.returncode == 0, done.stderr[-2000:]
    for name in sources.PROFILES:
        found = tmp_path / "lib" / "agent2" / "profiles" / f"{name}.yaml"
        assert found.read_text() == content("config", f"{name}.yaml")
        assert not found.is_symlink()
    assert (tmp_path / "lib" / "agent2" / "schemas" / "config.json").exists()
