"""A wrong command line ends in what to do; nothing ever ends in a traceback."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from agent2 import __version__
from agent2.cli.main import LAZY, main
from agent2.cli.words import speak
from tests.live.cli_kit import MAIN, ROOT, Cli


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path)


def test_an_unknown_command_names_the_nearest(cli):
    told = cli("stauts")

    assert told.code == 2
    assert "there is no command stauts" in told.err
    assert "Try: agent2 status" in told.err


def test_an_unknown_option_names_the_nearest(cli):
    told = cli("version", "--jso")

    assert (told.code, told.err.splitlines()[-1]) == (2, "Try: agent2 version --json")


def test_an_unknown_sub_command_names_the_nearest(cli):
    told = cli("outbox", "lst")

    assert (told.code, told.err.splitlines()[-1]) == (2, "Try: agent2 outbox list")


def test_a_missing_argument_is_said(cli):
    told = cli("incidents", "show", "--lang", "zh")

    assert told.code == 2
    assert "缺少" in told.err
    assert "请尝试: agent2 incidents show --help" in told.err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (
            ["report", "--format", "pdf"],
            "--format: 'pdf' 不是其中之一: md, html, json, csv",
        ),
        (["outbox", "list", "--limit", "0"], "--limit: 0 不是 1…"),
        (["report", "--period"], "--period 需要一个值"),
        (["report", "--json=1"], "--json 不带值"),
        (["status", "much"], "多余的参数: much"),
    ],
)
def test_what_the_command_line_refuses_is_said_in_the_language_of_the_reader(
    words, why, capsys
):
    try:
        with pytest.raises(SystemExit) as ended:
            main(["--lang", "zh", *words])
    finally:
        speak("en")

    assert ended.value.code == 2
    assert why in capsys.readouterr().err


def test_no_command_at_all_is_help_and_wrong_usage(cli):
    told = cli()

    assert told.code == 2
    assert "Commands:" in told.err


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_command_has_help_in_both_languages(cli, language):
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from agent2.cli.main import main\n"
        "for words in sys.argv[1:]:\n"
        "    try: main([*words.split(), '--help', '--lang', LANGUAGE])\n"
        "    except SystemExit as end: assert end.code == 0, words\n"
    ).replace("LANGUAGE", repr(language))
    names = [*LAZY, "config check", "demo target", "demo target stop", "outbox list"]
    told = subprocess.run(
        [sys.executable, "-c", code, *names],
        env=cli.env,
        capture_output=True,
        text=True,
    )

    assert (told.returncode, told.stderr) == (0, "")
    usage = "用法: " if language == "zh" else "Usage: "
    assert told.stdout.count(usage) == len(names)


@pytest.mark.parametrize(
    "words",
    [
        ("--state-dir", "{}", "status", "--lsb"),
        ("status", "--state-dir", "{}", "--lsb"),
        ("status", "--lsb", "--state-dir={}"),
    ],
)
def test_global_options_stand_before_and_after_the_command(cli, tmp_path, words):
    other = tmp_path / "other"
    other.mkdir()
    (other / "agent2.pid").write_text("1\n")

    told = cli(*(word.format(other) for word in words))

    assert told.code == 1  # dead with a PID file: only that folder has one


def test_the_state_folder_comes_from_option_then_two_variables(cli, tmp_path):
    for name in "abc":
        (tmp_path / name).mkdir()
        (tmp_path / name / "agent2_status.json").write_text(f'{{"name": "{name}"}}')
    both = {
        "AGENT2_STATE_DIR": str(tmp_path / "b"),
        "AGENT2_HOME": str(tmp_path / "c"),
    }
    home = {"AGENT2_HOME": str(tmp_path / "c")}

    asked = cli("status", "--json", "--state-dir", tmp_path / "a", env=both)
    assert asked.json["name"] == "a"
    assert cli("status", "--json", env=both).json["name"] == "b"
    assert cli("status", "--json", env=home).json["name"] == "c"


def test_version_in_three_ways(cli):
    module = subprocess.run(
        [sys.executable, "-m", "agent2", "--version"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert module.stdout == f"agent2 {__version__}\n"
    assert cli("--version").out == module.stdout
    assert cli("version", "--json").json["version"] == __version__


def test_a_reader_that_leaves_is_no_error(cli):
    line = f"{sys.executable} {MAIN} --help | head -1; echo ${{PIPESTATUS[0]}}"
    told = subprocess.run(
        ["bash", "-c", line], env=cli.env, capture_output=True, text=True, check=True
    )

    assert told.stdout.splitlines()[-1] == "0"
    assert told.stderr == ""


def test_an_error_of_ours_is_one_line_and_its_trace_is_kept(cli, tmp_path):
    cli.state.mkdir(exist_ok=True)
    broken = tmp_path / "broken"
    broken.mkdir()
    # A click that breaks stands for any fault inside a command.
    (broken / "sitecustomize.py").write_text(
        "import agent2.cli.version as v\n"
        "def bad(**_): raise ZeroDivisionError('secret')\n"
        "v.version.callback = bad\n"
    )
    told = cli.cold("version", env={"PYTHONPATH": f"{broken}:{ROOT}"})

    assert told.code == 70
    assert len(told.err.splitlines()) == 2
    assert "secret" not in told.err
    kept = cli.state / "agent2_cli_error.log"
    assert "ZeroDivisionError" in kept.read_text()
    assert os.stat(kept).st_mode & 0o777 == 0o600


def test_status_in_a_pipe_imports_no_heavy_library(cli):
    code = (
        f"import sys; sys.argv = ['x', 'status']; sys.path.insert(0, {str(ROOT)!r})\n"
        "from agent2.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted(sys.modules), file=sys.stderr)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], env=cli.env, capture_output=True, text=True
    )

    loaded = set(eval(told.stderr))
    heavy = {"rich", "requests", "apprise", "pydantic", "yaml", "sqlite3", "asyncio"}
    heavy |= {"slack_sdk", "tenacity", "smtplib", "psutil", "subprocess", "ssl"}
    assert "click" in loaded
    assert loaded & heavy == set()
