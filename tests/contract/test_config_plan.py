"""What a good configuration becomes: the plan, the precedence, the profiles."""

import json

import pytest

from agent2.compiler import compile_text
from agent2.compiler.references import expand
from agent2.compiler.scalars import duration, size, told
from agent2.compiler.words import Wrong
from agent2.core.model import Policy, RestartPolicy, Severity
from agent2.core.value import replace
from agent2.plan import secret, stored, values

HOME = {"HOME": "/home/x"}
GOOD = "targets: [{name: web, checks: [{kind: tcp, port: 8080}]}]\n"


def compile_(text, environ=HOME, profile="", path="/etc/agent2/a.yaml"):
    tree, problems = compile_text(text, path, "/state", profile, environ)
    assert tree is not None, [str(p) for p in problems]
    return stored.from_json(json.loads(json.dumps(tree)))


def compile_target(keys, **more):
    text = (
        "targets:\n  - name: web\n    checks: [{kind: tcp, port: 80}]\n    "
        + keys
        + "\n"
    )
    return compile_(text, **more).targets[0]


def test_no_file_watches_the_target_of_the_documents_and_tells_nobody():
    made = compile_(None, path="")
    (target,) = made.targets
    assert target.name == "webui"
    assert target.primary
    assert [(c.name, c.kind, c.options) for c in target.checks] == [
        ("pid", "pid", {"file": "/home/x/.agentos/webui.pid"}),
        ("tcp", "tcp", {"port": 8080}),
        ("http", "http", {"url": "http://127.0.0.1:8080/api/health"}),
    ]
    assert [(a.kind, a.options) for a in target.actions] == [("signal_file", {})]
    assert (made.notifiers, made.routes, made.warnings) == ((), (), ())
    assert (target.interval, target.timeout, target.policy) == (5.0, 5.0, Policy())
    assert (made.config_path, made.base, made.profile) == ("", "/state", "test")


def test_every_key_of_a_target_reaches_the_plan():
    target = compile_target(
        "interval: 1m30s\n    retry_interval: 500ms\n    timeout: 2\n"
        "    failure_threshold: 4\n    success_threshold: 3\n    start_grace: 1h\n"
        "    on_exit: trip\n    flapping: false\n    severity: warning\n"
        "    reminders: [1m, 2m]\n    labels: {team: shop}\n"
        "    restart:\n      remediation: off\n      intensity: 2\n      period: 1m\n"
        "      settle: 1\n      proof: 2\n      backoff: 3\n      backoff_max: 4\n"
        "      rearm: 5\n      half_open: 6\n      actions:\n"
        "        - {kind: signal_file, path: /x/sig}\n"
        "        - {kind: command, argv: [restart, web]}\n"
        "        - {kind: command, argv: [reboot]}"
    )
    assert (target.interval, target.retry_interval, target.timeout) == (90.0, 0.5, 2.0)
    assert target.labels == {"team": "shop"}
    assert target.policy == Policy(
        failure_threshold=4,
        success_threshold=3,
        start_grace=3600.0,
        trip_on_exit=True,
        flapping=False,
        severity=Severity.WARNING,
        reminders=(60.0, 120.0),
        restart=RestartPolicy(False, 2, 60.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0),
    )
    assert [(a.name, a.options) for a in target.actions] == [
        ("signal_file", {"path": "/x/sig"}),
        ("command", {"argv": ("restart", "web")}),
        ("command-2", {"argv": ("reboot",)}),
    ]


@pytest.mark.parametrize(
    ("word", "on"),
    [("on", True), ("off", False), ("true", True), ("false", False), ('"on"', True)],
)
def test_on_and_off_are_meant_for_remediation_alone(word, on):
    assert (
        compile_target(f"restart: {{remediation: {word}}}").policy.restart.enabled is on
    )


HEARTBEAT = "{kind: heartbeat, job: nightly, every: 24h}"
TCP = "{kind: tcp, port: 80}"


@pytest.mark.parametrize(
    ("checks", "restart", "on"),
    [
        (HEARTBEAT, "{}", False),
        (f"{HEARTBEAT}, {TCP}", "{}", True),
        (HEARTBEAT, "{remediation: on}", True),
        (HEARTBEAT, "{actions: [{kind: command, argv: [/bin/true]}]}", True),
        (HEARTBEAT, "{intensity: 3}", False),
    ],
)
def test_what_no_restart_mends_is_not_restarted_unless_it_is_asked_for(
    checks, restart, on
):
    text = f"targets: [{{name: a, checks: [{checks}], restart: {restart}}}]\n"
    assert compile_(text).targets[0].policy.restart.enabled is on


def test_the_rest_of_the_file_reaches_the_plan():
    made = compile_(
        "version: 1\nlanguage: zh\nprofile: prod\n"
        + GOOD
        + "restarter: {argv: [systemctl, restart, '{target}'], verify: 'http://127.0.0.1/', timeout: 2m}\n"
        "web: {enabled: true, port: 9000, token_file: web.token}\n"
        "log: {level: DEBUG, json: true, max_bytes: 10MB, backups: 3}\n"
    )
    assert (made.language, made.profile) == ("zh", "prod")
    assert made.restarter == values.RestarterPlan(
        ("systemctl", "restart", "{target}"), "http://127.0.0.1/", 120.0
    )
    assert made.web == {
        "enabled": True,
        "host": "127.0.0.1",
        "port": 9000,
        "token_file": "/etc/agent2/web.token",
        "socket": "",
        "allowed_hosts": [],
        "root_path": "",
        "max_clients": 128,
        "rate_limit": 50,
    }
    assert made.log == values.LogPlan("DEBUG", True, 10_000_000, 3)
    assert made.base == "/etc/agent2"
    assert made.config_path == "/etc/agent2/a.yaml"


def test_checks_are_named_after_their_kind_and_never_twice():
    target = compile_(
        "targets:\n- name: a\n  checks:\n  - {kind: tcp, port: 1}\n"
        "  - {kind: tcp, port: 2, name: tcp-2}\n  - {kind: tcp, port: 3}\n"
    ).targets[0]
    assert [c.name for c in target.checks] == ["tcp", "tcp-2", "tcp-3"]


def test_the_first_target_is_the_primary_one_unless_another_says_so():
    two = "targets:\n- {name: a, checks: [{kind: tcp, port: 1}]}\n- {name: b, %schecks: [{kind: tcp, port: 1}]}\n"
    assert compile_(two % "").primary.name == "a"
    assert compile_(two % "primary: true, ").primary.name == "b"
    assert [t.primary for t in compile_(two % "primary: true, ").targets] == [
        False,
        True,
    ]


def test_one_status_may_stand_without_brackets():
    text = "targets: [{name: a, checks: [{kind: http, url: 'http://localhost/', status: %s}]}]\n"
    assert compile_(text % "204").targets[0].checks[0].options["status"] == (204,)
    assert compile_(text % "[200, 204]").targets[0].checks[0].options["status"] == (
        200,
        204,
    )


def test_paths_begin_at_the_file_and_a_tilde_at_home():
    text = "targets: [{name: a, checks: [{kind: pid, file: %s}]}]\n"
    for written, meant in (
        ("run/x.pid", "/etc/agent2/run/x.pid"),
        ("~/x", "/home/x/x"),
        ("/a/../b", "/b"),
    ):
        assert compile_(text % written).targets[0].checks[0].options["file"] == meant


def test_a_trailing_underscore_of_a_field_is_not_written():
    made = compile_(
        GOOD + "notifiers: [{name: m, kind: email, to: [a@b.c], from: x@y.z}]\n"
    )
    assert made.notifiers[0].options["from_"] == "x@y.z"


def test_anchors_repeat_what_they_name():
    made = compile_(
        "targets:\n- {name: a, checks: &c [{kind: tcp, port: 1}]}\n- {name: b, checks: *c}\n"
    )
    assert made.targets[0].checks == made.targets[1].checks


def test_the_old_name_of_the_interval_is_taken():
    assert compile_target("check_interval: 7").interval == 7.0
    assert compile_("defaults: {check_interval: 8}\n" + GOOD).targets[0].interval == 8.0


def test_what_is_expected_may_stand_in_a_section_of_its_own():
    made = compile_(
        "targets:\n- name: nginx\n  checks:\n"
        "  - {kind: http, url: http://127.0.0.1/nginx-health,"
        " expect: {status: 200, body_contains: healthy}}\n"
    )
    options = made.targets[0].checks[0].options
    assert (options["status"], options["body_contains"]) == ((200,), "healthy")


def test_old_keys_of_pagerduty_are_taken_with_a_warning():
    made = compile_(
        GOOD + "notifiers: [{name: p, kind: pagerduty, service_key: abc, api_key: x}]\n"
    )
    assert made.notifiers[0].options["routing_key"].reveal() == "abc"
    assert "api_key" not in made.notifiers[0].options
    assert [w.partition("warning: ")[2].partition(":")[0] for w in made.warnings] == [
        "notifiers[0].service_key",
        "notifiers[0].api_key",
    ]


# Secrets


def test_a_secret_rests_unexpanded_in_the_plan(monkeypatch):
    monkeypatch.setenv("HOOK", "https://hooks.example.com/hunter2")
    text = GOOD + 'notifiers: [{name: s, kind: slack, webhook_url: "${HOOK}"}]\n'
    tree, _ = compile_text(
        text,
        "/a/b.yaml",
        "/s",
        "",
        HOME | {"HOOK": "https://hooks.example.com/hunter2"},
    )
    assert "hunter2" not in json.dumps(tree)
    assert tree["notifiers"][0]["options"]["webhook_url"] == {"$secret": "${HOOK}"}
    secret = stored.from_json(tree).notifiers[0].options["webhook_url"]
    assert (str(secret), secret.reveal()) == (
        "***",
        "https://hooks.example.com/hunter2",
    )


def test_any_text_of_a_plugin_may_come_from_a_reference():
    text = "targets: [{name: a, checks: [{kind: command, argv: [probe, '-p${PW}', '$$HOME'], env: {A: '${PW}'}}]}]\n"
    options = compile_(text, HOME | {"PW": "x"}).targets[0].checks[0].options
    assert options == {
        "argv": ("probe", secret.Secret("-p${PW}"), "$HOME"),
        "env": {"A": secret.Secret("${PW}")},
    }


def test_numbers_and_choices_are_expanded_when_the_plan_is_made():
    text = 'profile: "${P:-prod}"\ntargets: [{name: a, interval: "${I}", checks: [{kind: tcp, port: "${PORT}"}]}]\n'
    made = compile_(text, HOME | {"I": "7s", "PORT": "81"})
    assert (made.profile, made.targets[0].interval) == ("prod", 7.0)
    assert made.targets[0].checks[0].options == {"port": 81}


def test_a_secret_file_must_be_private(tmp_path):
    key = tmp_path / "pd.key"
    key.write_text("abc\n")
    text = (
        GOOD
        + 'notifiers: [{name: p, kind: pagerduty, routing_key: "${file:pd.key}"}]\n'
    )
    key.chmod(0o640)
    tree, problems = compile_text(text, str(tmp_path / "a.yaml"), "/s", "", HOME)
    assert tree is None
    assert f"open to others, got ***; expected mode 0600. Run: chmod 600 {key}" in str(
        problems[0]
    )
    key.chmod(0o600)
    made = compile_(text, path=str(tmp_path / "a.yaml"))
    assert made.notifiers[0].options["routing_key"].reveal() == "abc"
    key.chmod(0o440)  # systemd guards its credentials by an ACL, which shows like this
    guarded = HOME | {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert compile_(text, guarded, path="/etc/a.yaml").notifiers


def test_an_open_file_with_a_secret_in_it_warns_and_one_with_references_does_not(
    tmp_path,
):
    path = tmp_path / "a.yaml"
    text = GOOD + "notifiers: [{name: p, kind: pagerduty, routing_key: %s}]\n"
    for written, mode, many in (
        ("hunter2", 0o644, 1),
        ("hunter2", 0o600, 0),
        ('"${K}"', 0o644, 0),
    ):
        path.write_text(text % written)
        path.chmod(mode)
        made = compile_(text % written, HOME | {"K": "v"}, path=str(path))
        assert len(made.warnings) == many, (written, mode)
        assert "hunter2" not in "".join(made.warnings)


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "${A}",
        "a${A}b${B:-c}",
        "$$",
        "$${A}",
        "$",
        "a$b",
        "${B:-}",
        "${B:-x y}",
        "${EMPTY:-z}",
        "${file:f}",
    ],
)
def test_the_compiler_expands_as_the_plan_will(text, monkeypatch, tmp_path):
    (tmp_path / "f").write_text("secret\n")
    (tmp_path / "f").chmod(0o600)
    environ = {"A": "1", "EMPTY": ""}
    for name, each in environ.items():
        monkeypatch.setenv(name, each)
    monkeypatch.delenv("B", raising=False)
    assert expand(text, str(tmp_path), environ) == secret.expand(text, str(tmp_path))


@pytest.mark.parametrize("text", ["${NOPE}", "${file:nope}"])
def test_the_compiler_refuses_what_the_plan_cannot_expand(text, tmp_path):
    with pytest.raises(Wrong):
        expand(text, str(tmp_path), {})
    with pytest.raises(secret.SecretError):
        secret.expand(text, str(tmp_path))


# Precedence

LAYERS = [
    # file's profile, defaults, target, environment, command line -> interval
    ("", "", "", {}, "", 5.0),
    ("profile: dev\n", "", "", {}, "", 2.0),
    ("profile: dev\n", "", "", {"AGENT2_PROFILE": "prod"}, "", 10.0),
    ("profile: dev\n", "", "", {"AGENT2_PROFILE": "prod"}, "high_load", 15.0),
    ("profile: dev\n", "defaults: {interval: 7}\n", "", {}, "", 7.0),
    ("", "defaults: {interval: 7}\n", "", {}, "prod", 7.0),
    ("", "defaults: {interval: 7}\n", "interval: 8, ", {}, "", 8.0),
    (
        "",
        "defaults: {interval: 7}\n",
        "interval: 8, ",
        {"AGENT2_INTERVAL": "9"},
        "",
        9.0,
    ),
    ("", "", "", {"AGENT2_INTERVAL": "1m"}, "prod", 60.0),
]


@pytest.mark.parametrize(
    ("profile", "defaults", "target", "environ", "line", "interval"), LAYERS
)
def test_the_higher_layer_wins(profile, defaults, target, environ, line, interval):
    text = f"{profile}{defaults}targets: [{{name: a, {target}checks: [{{kind: tcp, port: 1}}]}}]\n"
    assert compile_(text, HOME | environ, line).targets[0].interval == interval


@pytest.mark.parametrize(
    ("variable", "text", "found"),
    [
        ("AGENT2_TIMEOUT", "1.5", lambda p: p.targets[0].timeout == 1.5),
        (
            "AGENT2_FAILURE_THRESHOLD",
            "9",
            lambda p: p.targets[0].policy.failure_threshold == 9,
        ),
        (
            "AGENT2_SUCCESS_THRESHOLD",
            "8",
            lambda p: p.targets[0].policy.success_threshold == 8,
        ),
        ("AGENT2_LOG_LEVEL", "debug", lambda p: p.log.level == "DEBUG"),
        ("AGENT2_LANGUAGE", "zh", lambda p: p.language == "zh"),
    ],
)
def test_each_variable_wins_over_the_file(variable, text, found):
    file = (
        "language: en\nlog: {level: ERROR}\n"
        "defaults: {timeout: 1, failure_threshold: 1, success_threshold: 1}\n" + GOOD
    )
    assert not found(compile_(file))
    assert found(compile_(file, HOME | {variable: text}))


def test_restart_is_merged_key_by_key():
    text = (
        "defaults: {restart: {intensity: 3, settle: 7s, actions: [{kind: command, argv: [a]}]}}\n"
        "targets:\n- {name: a, restart: {intensity: 4}, checks: [{kind: tcp, port: 1}]}\n"
        "- {name: b, restart: {actions: [{kind: signal_file}]}, checks: [{kind: tcp, port: 1}]}\n"
    )
    a, b = compile_(text).targets
    assert a.policy.restart == replace(RestartPolicy(), intensity=4, settle=7.0)
    assert b.policy.restart == replace(RestartPolicy(), intensity=3, settle=7.0)
    assert [x.kind for x in a.actions + b.actions] == ["command", "signal_file"]


def test_a_profile_that_the_file_overrules_is_said():
    text = "defaults: {interval: 12}\n" + GOOD
    (warning,) = compile_(text, profile="prod").warnings
    assert (
        "/etc/agent2/a.yaml:1:22: warning: defaults.interval: wins over profile prod"
        in warning
    )
    assert compile_("profile: prod\n" + text).warnings == ()


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "C", "LC_MESSAGES": "zh_TW"}, "zh"),
        ({"LANG": "zh_CN", "LC_ALL": ""}, "zh"),
    ],
)
def test_auto_means_the_language_of_the_locale(environ, language):
    assert compile_(GOOD, HOME | environ).language == language


# Profiles


@pytest.mark.parametrize(
    ("name", "interval", "threshold", "timeout", "http"),
    [
        ("dev", 2.0, 2, 5.0, {}),
        ("test", 5.0, 2, 5.0, {}),
        ("prod", 10.0, 3, 10.0, {}),
        ("high_load", 15.0, 3, 10.0, {}),
        ("low_latency", 2.0, 1, 3.0, {}),
        ("unstable_network", 5.0, 5, 15.0, {"max_retry": 3, "retry_delay": 1.0}),
    ],
)
def test_the_six_profiles_have_the_documents_numbers(
    name, interval, threshold, timeout, http
):
    made = compile_(None, profile=name, path="")
    (target,) = made.targets
    assert (target.interval, target.policy.failure_threshold, target.timeout) == (
        interval,
        threshold,
        timeout,
    )
    assert replace(target.policy, failure_threshold=2) == Policy()
    given = target.checks[2].options
    assert {k: given[k] for k in given if k != "url"} == http
    assert made.profile == name
    assert made.warnings == ()


def test_a_check_that_says_its_own_retry_keeps_it():
    text = "profile: unstable_network\ntargets: [{name: a, checks: [{kind: http, url: 'http://[::1]/', max_retry: 2}]}]\n"
    assert compile_(text).targets[0].checks[0].options["max_retry"] == 2


# Routes


def test_without_routes_every_alert_goes_to_every_notifier():
    notifiers = "notifiers: [{name: a, kind: apprise, url: 'json://x'}, {name: b, kind: apprise, url: 'json://y'}]\n"
    assert compile_(GOOD + notifiers).routes == (values.Route({}, ("a", "b")),)
    assert compile_(GOOD).routes == ()
    chosen = compile_(
        GOOD
        + notifiers
        + "routes: [{match: {severity: critical, label.team: shop}, notifiers: [a]}]\n"
    )
    assert chosen.routes == (
        values.Route({"severity": "critical", "label.team": "shop"}, ("a",)),
    )
    assert len(chosen.warnings) == 1
    assert 'a notifier that no route uses, got "b"' in chosen.warnings[0]


def test_a_timeout_above_the_interval_warns_where_the_file_says_so():
    made = compile_("defaults: {interval: 1s, timeout: 9s}\n" + GOOD)
    assert (
        "a.yaml:1:35: warning: defaults.timeout: is longer than the interval"
        in made.warnings[0]
    )


# Words


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5s", 5),
        ("1m30s", 90),
        ("2h", 7200),
        ("500ms", 0.5),
        ("1d", 86400),
        ("1.5h", 5400),
        ("5", 5),
        (5, 5),
        (0.25, 0.25),
        ("1h1m1s1ms", 3661.001),
        ("0s", 0),
    ],
)
def test_one_parser_reads_all_durations(text, seconds):
    assert duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "s", "5 s", "5S", "1s1m", "5sec", "-5s", "1e3s", "5s ", "５s", "1_0s", "mss"],
)
def test_what_is_no_duration_is_none(text):
    assert duration(text) is None


@pytest.mark.parametrize(
    "seconds", [0, 0.05, 0.5, 1, 1.5, 5, 59, 60, 90, 3600, 3661, 86400, 90061.25]
)
def test_a_duration_that_is_shown_can_be_read(seconds):
    assert duration(told(seconds)) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "many"),
    [
        ("10MB", 10_000_000),
        ("64KiB", 65536),
        ("1G", 10**9),
        (1024, 1024),
        ("0", 0),
        ("1.5 MB", 1_500_000),
        ("ten", None),
        ("10mb", None),
        (1.5, None),
        ("", None),
    ],
)
def test_sizes(text, many):
    assert size(text) == many
