"""``config set`` changes one value of a file and not one byte more."""

import difflib
import fcntl
import json
import os
import random
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from agent2.compiler import edit, keys, yaml_marks, yaml_tree
from agent2.compiler.words import Wrong
from tests.live import warm

ROOT = Path(__file__).resolve().parents[2]
FILE = """\
# mine
version: 1   # one
log: # the log
defaults:
  interval: 5s     # five
  # a comment
  timeout: '4s'

targets:
  - name: webui   # the ui
    labels: {}
    checks:
      - {kind: tcp, port: 8080}   # port
      - kind: http
        url: http://127.0.0.1/
        # last
  -   interval: 9s
      name: db
      checks: [{kind: tcp, port: 1}]

# end
web: {port: 80,}
# really the end"""


def put(key, typed, text=FILE):
    root, _ = yaml_marks.compose(text.encode(), "")
    return edit.put(text, keys.resolve(root, key), typed)


def take(key, text=FILE):
    root, _ = yaml_marks.compose(text.encode(), "")
    return edit.take(text, keys.resolve(root, key))


def lines(made, text=FILE):
    """What is gone and what has come, line by line."""
    found = difflib.ndiff(text.splitlines(), made.splitlines())
    return [each for each in found if each[0] in "+-"]


@pytest.mark.parametrize(
    ("key", "typed", "found"),
    [
        (
            "defaults.interval", "7s",
            ["-   interval: 5s     # five", "+   interval: 7s     # five"],
        ),
        ("defaults.timeout", "3s", ["-   timeout: '4s'", "+   timeout: 3s"]),
        ("defaults.timeout", "'3s'", ["-   timeout: '4s'", "+   timeout: '3s'"]),
        ("defaults.max_retry", "3", ["+   max_retry: 3"]),
        ("defaults.restart.settle", "3s", ["+   restart:", "+     settle: 3s"]),
        ("log.level", "DEBUG", ["- log: # the log", "+ log:", "+   level: DEBUG # the log"]),
        ("language", "zh", ["+ language: zh"]),
        ("restarter.timeout", "9s", ["+ restarter:", "+   timeout: 9s"]),
        ("web.host", "localhost", ["- web: {port: 80,}", "+ web: {port: 80, host: localhost,}"]),
        ("web.host", "a,b", ["- web: {port: 80,}", '+ web: {port: 80, host: "a,b",}']),
        ("targets[webui].labels.team", "ops", ["-     labels: {}", "+     labels: {team: ops}"]),
        ("targets[webui].labels.on", "ops", ["-     labels: {}", '+     labels: {"on": ops}']),
        ("targets[webui].interval", "1s", ["+     interval: 1s"]),
        ("targets[webui].checks[http].slow", "1s", ["+         slow: 1s"]),
        (
            "targets[webui].checks[tcp].host", "::1",
            ["-       - {kind: tcp, port: 8080}   # port",
             '+       - {kind: tcp, port: 8080, host: "::1"}   # port'],
        ),
        ("targets[db].timeout", "1s", ["+       timeout: 1s"]),
        (
            "targets[db].checks[0].headers.A", "x",
            ["-       checks: [{kind: tcp, port: 1}]",
             "+       checks: [{kind: tcp, port: 1, headers: {A: x}}]"],
        ),
        ("targets[webui].labels.a", "x #y", ["-     labels: {}", '+     labels: {a: "x #y"}']),
        ("targets[webui].labels.a", "*x", ["-     labels: {}", '+     labels: {a: "*x"}']),
    ],
)  # fmt: skip
def test_one_value_is_put_in_its_place(key, typed, found):
    assert lines(put(key, typed)) == found


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("defaults.interval", ["-   interval: 5s     # five"]),
        ("version", ["- version: 1   # one"]),
        ("targets[db].interval", ["-   -   interval: 9s", "-       name: db", "+   -   name: db"]),
        ("web.port", ["- web: {port: 80,}"]),
        (
            "targets[webui].checks[tcp].kind",
            ["-       - {kind: tcp, port: 8080}   # port", "+       - {port: 8080}   # port"],
        ),
        (
            "targets[webui].checks[tcp].port",
            ["-       - {kind: tcp, port: 8080}   # port", "+       - {kind: tcp}   # port"],
        ),
    ],
)  # fmt: skip
def test_one_key_is_taken_out(key, found):
    assert lines(take(key)) == found


def test_the_ends_of_lines_stay_what_they_are():
    text = "log:\r\n  level: INFO\r\n"
    assert put("log.backups", "3", text) == text + "  backups: 3\r\n"
    assert put("log.level", "DEBUG", "log: {}") == "log: {level: DEBUG}"
    assert put("log.level", "DEBUG", "version: 1") == (
        "version: 1\nlog:\n  level: DEBUG\n"
    )
    assert put("log.level", "DEBUG", "# nothing yet") == (
        "# nothing yet\nlog:\n  level: DEBUG\n"
    )


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("log.level", "log: &l {level: INFO}\nweb: *l\n"),
        ("web.level", "log: &l {level: INFO}\nweb: *l\n"),
        ("log.level", "web: {host: &h INFO}\nlog: {level: *h}\n"),
        ("web.host", "web: {host: &h INFO}\nlog: {level: *h}\n"),
        ("log.level", "log:\n  level: |\n    INFO\n"),
        ("log.level", "log: 5\n"),
        ("log.level", "log: [1]\n"),
    ],
)
def test_an_odd_spelling_is_changed_rightly_or_refused(key, text):
    """Where a name is shared or a block stands, nothing else may change on the way."""
    before = yaml_tree.plain(yaml_marks.compose(text.encode(), "")[0])
    try:
        made = put(key, "DEBUG", text)
    except Wrong:
        return
    after = yaml_tree.plain(yaml_marks.compose(made.encode(), "")[0])
    section, _, name = key.partition(".")
    assert after[section].pop(name) == "DEBUG"
    before[section].pop(name, None)
    assert after == before


def test_whatever_the_layout_one_value_changes_and_all_else_stays():
    """Files made by chance: what was put is there, and every other line too."""
    chance = random.Random(7)
    for _ in range(150):
        text = layout(chance)
        key = chance.choice(
            ["log.level", "log.json", "web.port", "defaults.restart.proof"]
        )
        made = put(key, "77", text)
        section, *rest = key.split(".")
        tree = yaml_tree.plain(yaml_marks.compose(made.encode(), "")[0])
        for part in (section, *rest):
            tree = tree[part]
        assert tree == 77
        assert made.count("# c") == text.count("# c")
        gone = [each for each in lines(made, text) if each.startswith("-")]
        assert len(gone) <= 1, (text, made)


def layout(chance):
    parts = []
    for section, names in (
        ("log", ["level", "json"]),
        ("web", ["port", "host"]),
        ("defaults", ["interval", "restart"]),
    ):
        given = [name for name in names if chance.random() < 0.6]
        if chance.random() < 0.2 or not given:
            parts.append(chance.choice(["", f"{section}:", f"{section}: {{}}"]))
        elif chance.random() < 0.4:
            inner = ", ".join(f"{n}: {value(n)}" for n in given)
            parts.append(f"{section}: {{{inner}}}" + chance.choice(["", "  # c"]))
        else:
            pad = " " * chance.choice([1, 2, 4])
            parts.append(f"{section}:" + chance.choice(["", " # c"]))
            for name in given:
                parts.append(
                    f"{pad}{name}: {value(name)}" + chance.choice(["", " # c"])
                )
                parts += chance.choice([[], [""], [f"{pad}# c"]])
    text = "\n".join(["version: 1 # c", *parts])
    return text + chance.choice(["", "\n", "\n# c\n"])


def value(name):
    return "{settle: 1s}" if name == "restart" else f'"{name}"'


GOOD = """\
log: {level: INFO}  # c
targets: [{name: web, checks: [{kind: tcp, port: 80}]}]
notifiers: [{name: ops, kind: slack, webhook_url: https://a.example/hunter2}]
"""


@pytest.fixture
def change(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(GOOD)
    path.chmod(0o640)

    def run(*words, path=path, **environ):
        words = ["--state-dir", str(tmp_path / "s"), f"--config={path}", *words]
        env = {"HOME": str(tmp_path)} | environ
        code, out, err = warm.ask(words, env, "/", None, 60, warm.COMPILER)
        return code, json.loads(out) if out else {}, err

    run.path = path
    return run


def test_the_file_keeps_its_mode_owner_and_the_link_to_it(change, tmp_path):
    link = tmp_path / "link.yaml"
    link.symlink_to("a.yaml")
    before = change.path.stat()
    code, told, _ = change("--change=log.level", "--to=DEBUG", path=link)

    assert (code, told["old"], told["new"]) == (0, "INFO", "DEBUG")
    assert link.is_symlink()
    assert change.path.read_text() == GOOD.replace("INFO", "DEBUG")
    after = change.path.stat()
    assert stat.S_IMODE(after.st_mode) == 0o640
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
    assert after.st_ino != before.st_ino  # replaced at once, never half written
    assert sorted(os.listdir(tmp_path)) == ["a.yaml", "link.yaml"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_another_users_file_stays_theirs(change):
    os.chown(change.path, 4321, 4322)
    assert change("--change=log.level", "--to=DEBUG")[0] == 0
    after = change.path.stat()
    assert (after.st_uid, after.st_gid) == (4321, 4322)
    assert stat.S_IMODE(after.st_mode) == 0o640


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--change=log.level", "--to=LOUD"), "log.level: is not known"),
        (("--change=log.levle", "--to=INFO"), "unknown key|Did you mean level?"),
        (("--change=interval", "--to=1s"), "Did you mean defaults.interval?"),
        (("--change=targets", "--to=x"), "is a list or section"),
        (("--change=log.level", "--to=[a, b]"), "is a list or mapping"),
        (("--change=notifiers[ops].webhook_url", "--to=https://x.example/s3cret"), "is a secret"),
        (("--change=targets[web].name",), "targets[0].name: is missing"),
        (("--change=targets[web].checks[0].port", "--to=0"), "port: is too small"),
    ],
)  # fmt: skip
def test_what_would_be_refused_is_not_written(change, words, said):
    before = change.path.stat()
    code, _, err = change(*words)
    assert code == 78
    assert change.path.read_text() == GOOD
    assert change.path.stat().st_ino == before.st_ino
    assert all(part in err for part in said.split("|")), err
    assert "hunter2" not in err
    assert "s3cret" not in err


def test_a_secret_is_changed_to_a_reference_and_shown_to_nobody(change):
    words = ("--change=notifiers[ops].webhook_url", "--to=${HOOK}")
    code, told, err = change(*words, HOOK="https://a.example/x")
    assert (code, err) == (0, "")
    assert (told["old"], told["new"]) == ("***", "***")
    assert '"${HOOK}"' in change.path.read_text()


def test_what_wins_over_the_file_is_told(change):
    environ = {"AGENT2_LOG_LEVEL": "ERROR", "AGENT2_INTERVAL": "9s"}
    _, told, _ = change("--change=log.level", "--to=DEBUG", **environ)
    assert told["wins"] == "environment AGENT2_LOG_LEVEL"
    _, told, _ = change("--change=targets[web].interval", "--to=3s", **environ)
    assert told["wins"] == "environment AGENT2_INTERVAL"
    _, told, _ = change("--change=web.port", "--to=99", **environ)
    assert told["wins"] == ""


def test_changes_at_the_same_instant_are_all_there_in_the_end(change, tmp_path):
    argv = [sys.executable, "-I", warm.COMPILER, "--state-dir", tmp_path / "s"]
    argv += [f"--config={change.path}"]
    words = [
        "log.backups",
        "web.port",
        "defaults.max_retry",
        "defaults.failure_threshold",
    ]
    running = [
        subprocess.Popen(
            [*argv, f"--change={key}", "--to=77"],
            stdout=subprocess.DEVNULL,
            env={"HOME": str(tmp_path)},
        )
        for key in words
    ]
    assert [each.wait(60) for each in running] == [0, 0, 0, 0]
    assert change.path.read_text().count("77") == 4


@pytest.mark.slow
def test_who_locks_the_file_for_ever_is_not_waited_for_so_long(change):
    with change.path.open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        code, _, err = change("--change=log.level", "--to=DEBUG")

    assert (code, "another program locks it" in err) == (74, True)


def test_what_is_no_file_or_too_large_stays_as_it_is(change, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    code, _, err = change("--change=log.level", "--to=DEBUG", path=fifo)
    assert (code, "is no such file" in err) == (78, True)
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    change.path.write_text("# long\n" * 200_000)
    code, _, err = change("--change=log.level", "--to=DEBUG")
    assert (code, "at most 1 MiB" in err) == (78, True)


def test_a_file_that_is_not_there_is_made_only_when_that_is_asked(change, tmp_path):
    path = tmp_path / "new" / "agent2.yaml"
    code, _, err = change("--change=log.level", "--to=DEBUG", path=path)
    assert (code, path.exists()) == (74, False)
    assert "cannot be changed: No such file" in err

    code, told, _ = change("--change=log.level", "--to=DEBUG", "--create", path=path)
    assert (code, told["created"]) == (0, True)
    assert "name: webui" in path.read_text()
    assert path.read_text().endswith("log:\n  level: DEBUG\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
