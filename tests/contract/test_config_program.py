"""The compiler as a process: what it prints, writes, returns, and what it can be fed."""

import json
import os
import stat
import subprocess
import sys

import pytest

from agent2.plan import sources, stored
from tests.live import warm

GOOD = "targets: [{name: web, checks: [{kind: tcp, port: 8080}]}]\n"


@pytest.fixture
def run(tmp_path):
    """Run the compiler in an empty folder; gives code, output, complaints.

    ``run.cold`` begins with the interpreter, as a watcher does it.
    """

    def words(text, more):
        argv = ["--state-dir", str(tmp_path / "state")]
        if text is not None:
            path = tmp_path / "a.yaml"
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
            path.chmod(0o600)
            argv += ["--config", str(path)]
        return [*argv, *more]

    env = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}

    def go(text, *more, environ=()):
        kept = env | dict(environ)
        return warm.ask(words(text, more), kept, "/", None, 60, warm.COMPILER)

    def cold(text, *more, cwd="/"):
        done = subprocess.run(
            [sys.executable, "-I", warm.COMPILER, *words(text, more)],
            capture_output=True,
            env=env,
            cwd=cwd,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    go.cold = cold
    return go


def test_writes_a_private_plan_that_the_watcher_can_read(run, tmp_path):
    assert run.cold(GOOD) == (0, "", "")
    path = tmp_path / "state" / "plan.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    made = stored.load(str(path))
    assert made.targets[0].name == "web"
    assert [p.name for p in (tmp_path / "state").iterdir()] == ["plan.json"]


def test_the_stamp_of_the_plan_is_the_one_that_the_watcher_makes(run, tmp_path):
    environ = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "AGENT2_INTERVAL": "20"}
    code, _, said = run(
        GOOD, "--out", str(tmp_path / "p.json"), "--profile", "prod", environ=environ
    )
    assert (code, said) == (0, "")
    made = stored.load(str(tmp_path / "p.json"))
    path = str(tmp_path / "a.yaml")
    assert made.stamp == sources.current_stamp(path, "prod", environ)
    assert made.stamp != sources.current_stamp(path, "", environ)


def test_a_refused_file_ends_with_78_and_leaves_the_old_plan(run, tmp_path):
    run(GOOD)
    before = (tmp_path / "state" / "plan.json").read_bytes()
    code, out, said = run(GOOD + "§: 1\nversion: 2\n")
    assert (code, out) == (78, "")
    assert said.splitlines()[-1] == f"agent2: 2 errors in {tmp_path}/a.yaml"
    assert all(line.startswith("agent2: ") for line in said.splitlines())
    assert (tmp_path / "state" / "plan.json").read_bytes() == before


@pytest.mark.parametrize("asked", ["--check", "--show"])
def test_looking_writes_nothing(run, tmp_path, asked):
    assert run(GOOD, asked)[0] == 0
    assert not (tmp_path / "state").exists()


def test_check_says_how_fast_an_outage_is_noticed(run, tmp_path):
    code, out, said = run(
        "defaults: {timeout: 4s}\ntargets:\n"
        "- {name: a, checks: [{kind: tcp, port: 1}]}\n"
        "- {name: b, failure_threshold: 3, interval: 10s, checks: [{kind: tcp, port: 1}]}\n",
        "--check",
    )
    assert (code, said) == (0, "")
    assert out.splitlines() == [
        f"{tmp_path}/a.yaml: ok, 2 targets, 0 notifiers, 0 routes, profile test, language en",
        "a: an outage is noticed within 14 s (2 × 5s + 4s)",
        "b: an outage is noticed within 34 s (3 × 10s + 4s)",
    ]


def test_a_warning_is_said_and_refuses_nothing(run, tmp_path):
    code, out, said = run("defaults: {interval: 1s}\n" + GOOD, "--check")
    assert code == 0
    assert "warning: defaults.interval: is shorter than the timeout" in said
    assert "got 1s (line 1); expected at least 5s (profile test)" in said
    assert said.splitlines()[-1] == f"agent2: 1 warning in {tmp_path}/a.yaml"
    assert "within 11 s" in out  # looks never overlap: 1 + 5 + 5


def test_show_hides_secrets_and_says_where_each_number_is_from(run):
    text = (
        "profile: prod\ndefaults:\n  timeout: 4s\n"
        "targets:\n  - name: web\n    failure_threshold: 9\n    checks:\n"
        '      - {kind: http, url: "https://example.com/?key=hunter2", headers: {A: "Bearer hunter2"}}\n'
        "notifiers:\n  - {name: p, kind: pagerduty, routing_key: hunter2}\n"
        '  - {name: s, kind: slack, webhook_url: "${HOOK}"}\n'
    )
    environ = {
        "HOOK": "https://hooks.example.com/hunter2",
        "AGENT2_SUCCESS_THRESHOLD": "2",
    }
    code, out, said = run(text, "--show", environ=environ)
    assert (code, said) == (0, "")
    assert "hunter2" not in out
    for line in (
        "profile: prod  # line 1",
        "    interval: 10s  # profile prod",
        "    timeout: 4s  # line 3",
        "    failure_threshold: 9  # line 6",
        "    success_threshold: 2  # environment AGENT2_SUCCESS_THRESHOLD",
        "    start_grace: 0s  # default",
        "      intensity: 5  # default",
    ):
        assert line in out.splitlines()
    tree = json.loads(run(text, "--show", "--json", environ=environ)[1])
    assert "hunter2" not in json.dumps(tree)
    assert tree["defaults"]["interval"] == 10
    assert tree["notifiers"][0]["routing_key"] == "***"
    assert tree["notifiers"][1]["webhook_url"] == "***"
    assert tree["origins"]["defaults.success_threshold"] == (
        "environment AGENT2_SUCCESS_THRESHOLD"
    )


def test_every_value_that_show_prints_as_json_has_its_source(run):
    text = (
        "profile: prod\ntargets:\n- name: web\n  interval: 7s\n"
        "  checks: [{kind: http, url: 'http://127.0.0.1/', slow: 2s}]\n"
        "notifiers:\n- {name: mail, kind: email, to: [a@b.c], host: localhost}\n"
        "routes:\n- {match: {severity: critical}, notifiers: [mail]}\n"
        "alert_texts: {mail: operations}\n"
    )
    tree = json.loads(run(text, "--show", "--json")[1])
    origins = tree.pop("origins")

    assert origins["profile"] == "line 1"
    assert origins["targets.0.interval"] == "line 4"
    assert origins["targets.0.checks.0.slow"] == "line 5"
    assert origins["targets.0.restart.intensity"] == "default"
    assert origins["notifiers.0.host"] == "line 7"
    assert origins["routes.0"] == "line 9"
    assert origins["events.batch_size"] == "default"
    named = {path.partition(".")[0] for path in origins}
    assert named == tree.keys() - {"version"}, "no section is left out"
    sections = {key for key, node in tree.items() if isinstance(node, dict)}
    for section in sections:
        assert all(f"{section}.{name}" in origins for name in tree[section])
    assert all(f"targets.0.{key}" in origins for key in ("labels", "primary"))


def test_what_show_prints_can_be_compiled_again(run):
    text = (
        "profile: unstable_network\nlanguage: zh\ntargets:\n  - name: web\n    labels: {a: 'on', b: '1'}\n"
        "    reminders: [90s]\n    on_exit: trip\n    restart: {remediation: off}\n"
        "    checks: [{kind: http, url: 'http://127.0.0.1/'}, {kind: command, argv: [a, '-1', 'x: y']}]\n"
        "log: {max_bytes: 10MB}\n"
    )
    once = run(text, "--show")[1]
    # What is empty in a plugin means "not given" and is left out.
    again = "\n".join(
        line.replace(', ca_file: ""', "").replace(', match: ""', "")
        for line in once.splitlines()
        if line.partition("  # ")[0].strip()
        not in ('backup_folder: ""', 'headers_file: ""')
    )
    again = again.replace(', path: ""', "").replace(', token_file: ""', "")
    again = again.replace(', socket: ""', "")
    code, twice, said = run(again, "--show")
    assert code == 0, said
    values = [
        [line.partition("  # ")[0] for line in text.splitlines()[1:]]
        for text in (once, twice)
    ]
    assert values[0] == values[1]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no.yaml", "No such file"),
        ("", "is no file"),
        ("fifo", "is no file"),
        ("open.yaml", "can be written by anybody, got mode 0666"),
    ],
)
def test_what_cannot_be_read_is_said_at_once(tmp_path, name, words):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "open.yaml").write_text(GOOD)
    (tmp_path / "open.yaml").chmod(0o666)
    argv = ["--state-dir", str(tmp_path / "s"), "--config", str(tmp_path / name)]
    code, _, said = warm.ask(argv, {}, "/", None, 60, warm.COMPILER)
    assert code == 78
    assert words in said.splitlines()[0]
    assert len(said.splitlines()) == 2


def test_a_plan_that_cannot_be_written_is_one_line(run, tmp_path):
    (tmp_path / "state").write_text("a file where the folder should be")
    code, _, said = run(GOOD)
    assert code == 73
    assert "cannot be written" in said
    assert len(said.splitlines()) == 1


def test_it_runs_from_any_folder_and_never_imports_from_there(run, tmp_path):
    (tmp_path / "yaml.py").write_text("raise SystemExit('taken over')")
    (tmp_path / "schema.py").write_text("raise SystemExit('taken over')")
    assert run.cold(GOOD, cwd=str(tmp_path)) == (0, "", "")


def _bomb():
    levels = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    levels += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    return "\n".join(levels)


HOSTILE = {
    "a billion laughs": _bomb(),
    "a million brackets": "[" * 1_000_000,
    "half a million dashes": "- " * 500_000,
    "half a million small values": "[" + "a," * 500_000 + "]",
    "a hundred thousand unknown keys": GOOD
    + "".join(f"k{n}: 1\n" for n in range(90_000)),
    "ten thousand bad targets": "targets:\n" + "- {x: 1}\n" * 10_000,
    "one key of a megabyte": "k" * 1_000_000 + ": 1\n",
    "one text of a megabyte": GOOD + "language: " + "e" * 900_000 + "\n",
    "a hundred thousand anchors": "".join(f"- &a{n} x\n" for n in range(80_000)),
    "more than a megabyte": "#" * 1_100_000,
    "a ring of two thousand": "targets:\n"
    + "".join(
        f"- {{name: t{n}, depends_on: [t{(n + 1) % 2000}], checks: [{{kind: tcp, port: 1}}]}}\n"
        for n in range(2000)
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_file_can_keep_it_busy_or_make_it_large(run, text):
    code, _, said = run(text)
    cpu, most = warm.used
    assert code == 78, said[:500]
    assert "Traceback" not in said
    assert len(said) < 1_000_000
    assert cpu < 20  # its own limit
    assert most < 600 * 1024  # KiB, with the libraries


@pytest.mark.slow
def test_ten_thousand_targets_make_a_plan(run, tmp_path):
    text = "targets:\n" + "".join(
        f"- {{name: t{n}, checks: [{{kind: tcp, port: {n % 60000 + 1}}}]}}\n"
        for n in range(10_000)
    )
    assert run(text) == (0, "", "")
    assert len(stored.load(str(tmp_path / "state" / "plan.json")).targets) == 10_000


def test_check_promises_nothing_of_what_looks_once_a_day(run):
    code, out, _ = run(
        "targets:\n"
        "- {name: a, checks: [{kind: updates}]}\n"
        "- {name: b, checks: [{kind: tcp, port: 1}, "
        "{kind: integrity, paths: [/etc], baseline: /b, every: 2h}]}\n",
        "--check",
    )
    assert (code, out.splitlines()[1:]) == (
        0,
        [
            "a: what updates looks for is looked at once in 1d",
            "b: an outage is noticed within 15 s (2 × 5s + 5s)",
            "b: what integrity looks for is looked at once in 2h",
        ],
    )
