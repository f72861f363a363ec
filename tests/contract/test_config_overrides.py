"""Every single value can be set by file, environment and command line, in that order."""

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from agent2.compiler import compile_text
from agent2.compiler.schema import Root
from agent2.compiler.word import Word
from agent2.plan import sources, stored
from tests.live import warm

ROOT = Path(__file__).resolve().parents[2]
HOME = {"HOME": "/home/x"}
FILE = """\
defaults: {interval: 7s, restart: {settle: 7s}}
log: {backups: 7}
targets:
  - name: web
    interval: 8s
    labels: &l {team: a}
    checks:
      - {kind: tcp, port: 80}
      - {name: api, kind: http, url: "http://127.0.0.1/", slow: 8s}
      - {kind: http, url: "http://127.0.0.1/b"}
  - {name: db.1, labels: *l, checks: [{kind: tcp, port: 81}]}
notifiers: [{name: ops, kind: slack, webhook_url: "${HOOK:-https://a.example/x}"}]
"""


def built(*sets, text=FILE, profile="", **environ):
    tree, problems = compile_text(
        text, "/c/a.yaml", "/s", profile, HOME | environ, sets
    )
    assert tree is not None, [str(problem) for problem in problems]
    return stored.from_json(json.loads(json.dumps(tree)))


def refused(*sets, text=FILE, **environ):
    tree, problems = compile_text(text, "/c/a.yaml", "/s", "", HOME | environ, sets)
    assert tree is None
    return [str(problem) for problem in problems if not problem.warning]


def scalars(model, prefix=""):
    """Every key of *model* that takes a single value, lists and their entries left out."""
    for name, field in model.model_fields.items():
        key = prefix + (field.alias or name)
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from scalars(kind, f"{key}.")
        elif any(isinstance(each, Word) for each in field.metadata):
            yield key


def test_the_environment_reaches_every_single_value_of_the_models():
    wanted = set(scalars(Root)) - {"version"}
    odd = wanted ^ set(sources.SETTABLE)
    assert not odd, f"{odd}: a word in plan.sources.SETTABLE for each key of the schema"
    by_documents = {n for n in sources.OVERRIDES if not n.startswith("AGENT2_")}
    assert by_documents == {"SUPERVISOR_POLL_INTERVAL", "SUPERVISOR_BATCH_SIZE"}
    assert len(set(sources.OVERRIDES) - by_documents) == len(sources.SETTABLE)


def test_the_documents_two_variables_set_the_supervisors_numbers():
    made = built(SUPERVISOR_POLL_INTERVAL="10", SUPERVISOR_BATCH_SIZE="20").events
    assert (made.poll_interval, made.batch_size) == (10.0, 20)
    own = built(SUPERVISOR_BATCH_SIZE="20", AGENT2_EVENTS_BATCH_SIZE="30").events
    assert own.batch_size == 30


GOOD = {
    "profile": "prod", "language": "zh", "failure_threshold": "9", "success_threshold": "9",
    "max_retry": "9", "intensity": "9", "remediation": "off", "dry_run": "true", "verify": "http://127.0.0.1/v",
    "enabled": "true", "host": "localhost", "port": "99", "token_file": "/t",
    "max_clients": "9", "root_path": "/a", "rate_limit": "9",
    "level": "error", "json": "true", "json_calm": "true", "max_bytes": "9MB", "backups": "9",
    "upkeep": "false", "keep_audits": "31d", "alert_size": "9MB", "backup_folder": "/b",
    "endpoint": "127.0.0.1:9", "allow_insecure": "true", "traces": "false",
    "metrics": "false", "logs": "false", "service_name": "n", "headers_file": "/h",
    "max_queue_size": "9", "max_export_batch_size": "9",
    "compat": "blackbox", "audit_log_enabled": "false", "audit_success_log_enabled": "true",
    "resident": "true", "batch_size": "9", "max_retries": "9", "mode": "autonomous",
    "keep": "9",
}  # fmt: skip


def shown(tmp_path, *more, environ=()):
    path = tmp_path / "a.yaml"
    path.write_text(FILE)
    words = ["--state-dir", str(tmp_path), "--config", str(path), *more]
    env = HOME | dict(environ)
    code, out, err = warm.ask(words, env, "/", None, 60, warm.COMPILER)
    assert code == 0, err
    return out


@pytest.mark.parametrize("by", ["environment", "--set"])
def test_each_of_them_counts_and_says_where_it_is_from(tmp_path, by):
    given = {k: GOOD.get(k.rpartition(".")[2], "55s") for k in sources.SETTABLE}
    named = {sources.variable(key): text for key, text in given.items()}
    if by == "environment":
        out = shown(tmp_path, "--show", environ=named)
    else:
        out = shown(
            tmp_path, "--show", *(f"--set={k}={text}" for k, text in given.items())
        )
    lines = out.splitlines()
    for key in sources.SETTABLE:
        section, _, name = key.rpartition(".")
        source = f"environment {sources.variable(key)}" if by == "environment" else by
        if section in {"web", "restarter"}:
            (line,) = [each for each in lines if each.startswith(f"{section}:")]
            assert f"{name}: {source}" in line
            continue
        found = [each.strip() for each in lines if each.strip().startswith(f"{name}: ")]
        assert [each for each in found if each.endswith(f"# {source}")], (key, found)


@pytest.mark.parametrize(
    ("sets", "environ", "interval"),
    [
        ((), {}, 8.0),
        ((), {"AGENT2_INTERVAL": "9s"}, 9.0),
        (("defaults.interval=10s",), {"AGENT2_INTERVAL": "9s"}, 10.0),
        (("targets[web].interval=11s",), {"AGENT2_INTERVAL": "9s"}, 11.0),
        (("targets[web].interval=11s", "defaults.interval=10s"), {}, 11.0),
        (("defaults.interval=10s", "defaults.interval=12s"), {}, 12.0),
    ],
)
def test_the_command_line_wins_over_the_environment_and_that_over_the_file(
    sets, environ, interval
):
    assert built(*sets, **environ).targets[0].interval == interval


def test_a_shared_value_wins_over_a_checks_own_and_its_own_set_over_both():
    def slow(*sets, **environ):
        checks = built(*sets, **environ).targets[0].checks
        return [check.options.get("slow") for check in checks[1:]]

    assert slow() == [8.0, None]
    assert slow(AGENT2_SLOW="2s") == [2.0, 2.0]
    assert slow("targets[web].checks[api].slow=1s", AGENT2_SLOW="2s") == [1.0, 2.0]
    assert slow(text=FILE.replace("interval: 7s,", "slow: 3s,")) == [8.0, 3.0]


@pytest.mark.parametrize(
    ("item", "found"),
    [
        ("targets[0].timeout=2s", lambda p: p.targets[0].timeout == 2),
        ("targets.web.timeout=2s", lambda p: p.targets[0].timeout == 2),
        ("targets[db.1].timeout=2s", lambda p: p.targets[1].timeout == 2),
        (
            "targets[web].checks[tcp].port=82",
            lambda p: p.targets[0].checks[0].options["port"] == 82,
        ),
        (
            "targets[web].checks[2].status=204",
            lambda p: tuple(p.targets[0].checks[2].options["status"]) == (204,),
        ),
        (
            'targets[web].labels.rack="7"',
            lambda p: dict(p.targets[0].labels) == {"team": "a", "rack": "7"},
        ),
        (
            "targets[web].checks[http].slow=2s",
            lambda p: p.targets[0].checks[2].options["slow"] == 2,
        ),
        ("profile=prod", lambda p: p.profile == "prod"),
        ("log.level=debug", lambda p: p.log.level == "DEBUG"),
        ("defaults.restart.remediation=off", lambda p: not p.targets[0].policy.restart.enabled),
    ],
)  # fmt: skip
def test_a_key_names_an_entry_by_number_name_or_kind(item, found):
    assert found(built(item))


def test_what_an_alias_repeats_is_set_in_one_place_only():
    made = built("targets[web].labels.team=b")
    assert [dict(each.labels) for each in made.targets] == [
        {"team": "b"},
        {"team": "a"},
    ]


def test_it_reaches_the_built_in_defaults_too():
    made = built("targets[webui].interval=3s", "profile=dev", text=None)
    assert (made.targets[0].interval, made.profile) == (3.0, "dev")
    assert built(text=None, AGENT2_PROFILE="prod").targets[0].interval == 10.0


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ("interval=3s", "interval: unknown key|Did you mean defaults.interval?"),
        ("lgo.level=DEBUG", "unknown key|Did you mean log.level?"),
        (
            "defaults.intervall=3",
            "defaults.intervall: unknown key|Did you mean interval?",
        ),
        ("defaults.restart.setle=3", "unknown key|Did you mean settle?"),
        ("targets[web].checks[api].slw=3", "unknown key|Did you mean slow?"),
        ("targets[wbe].timeout=3", "no such entry|one of web, db.1|Did you mean web?"),
        ("targets[2].timeout=3", "no such entry|a number from 0 to 1"),
        ("targets[web].checks[http].slow=x", "slow: is no duration"),
        ("defaults.timeout=0", "is too small, got 0"),
        ("defaults.interval=1:30", "YAML readers disagree"),
        ("log.level=[a]", "is a list or mapping|into the file"),
        ("log.level=", "is empty"),
        ("log=5", "is of the wrong sort"),
        ("targets[web].reminders=5s", "is of the wrong sort"),
        ("log.level", "has no value, got no =|KEY=VALUE"),
        ("a..b=1", "is no key"),
        ("=1", "is no key"),
        ("profile=prdo", "Did you mean prod?"),
        ("targets[web].name=${HOME}", "a reference stands where everybody"),
    ],
)
def test_what_cannot_be_set_is_refused_by_its_name(item, words):
    (line,) = refused(item)
    assert line.startswith("agent2: --set: ")
    for word in words.split("|"):
        assert word in line


def test_a_secret_is_not_taken_from_a_command_line_that_all_can_read():
    (line,) = refused("notifiers[ops].webhook_url=https://hooks.example/hunter2")
    assert "is a secret" in line
    assert "hunter2" not in line
    item = "notifiers[ops].webhook_url=${OTHER}"
    made = built(item, OTHER="https://hooks.example/hunter2")
    assert "hunter2" not in repr(made)


def test_a_slip_in_the_file_is_told_though_it_is_covered():
    text = FILE.replace("interval: 7s", "interval: soon")
    (line,) = refused("defaults.interval=3s", text=text)
    assert line.startswith("agent2: /c/a.yaml:1:22: defaults.interval: is no duration")


def test_a_warning_of_the_file_names_what_covers_it():
    _, problems = compile_text(
        FILE, "/c/a.yaml", "/s", "", HOME, ["defaults.timeout=9s"]
    )
    (line,) = [str(p) for p in problems if "longer" in p.what or "shorter" in p.what][
        :1
    ]
    assert "(--set)" in line


def test_the_stamp_knows_what_was_set():
    plain = sources.current_stamp("", "", HOME)
    assert sources.current_stamp("", "", HOME, ()) == plain
    one = sources.current_stamp("", "", HOME, ("web.port=1",))
    assert one not in (plain, sources.current_stamp("", "", HOME, ("web.port=2",)))


@pytest.mark.parametrize("key", sources.SETTABLE)
def test_every_variable_changes_the_stamp(key):
    environ = HOME | {sources.variable(key): "1"}
    assert sources.current_stamp("", "", environ) != sources.current_stamp("", "", HOME)
