"""A program of the user's as a check: exit codes, deadline, and nothing left over."""

from __future__ import annotations

import os
import sys

import pytest

from agent2.checks.command import CommandCheck
from agent2.core.model import Code, Outcome
from agent2.plan.secret import Secret
from tests.contract.probing import (
    all_gone,
    ask,
    children,
    closed_again,
    descriptors,
    until,
)


def sh(script: str, **env) -> CommandCheck:
    return CommandCheck(argv=("/bin/sh", "-c", script), env=env)


EXITS = {
    0: (Outcome.OK, Code.OK),
    1: (Outcome.OK, Code.COMMAND_FAILED),
    2: (Outcome.FAIL, Code.COMMAND_FAILED),
    3: (Outcome.ERROR, Code.COMMAND_FAILED),
    4: (Outcome.FAIL, Code.COMMAND_FAILED),
    127: (Outcome.FAIL, Code.COMMAND_FAILED),
    255: (Outcome.FAIL, Code.COMMAND_FAILED),
}


@pytest.mark.parametrize("status", EXITS)
def test_exit_codes_mean_what_nagios_plugins_mean(status):
    finding = ask(sh(f"echo 'DISK: 91%|used=91'; echo more; exit {status}"))
    assert (finding.outcome, finding.code) == EXITS[status]
    assert "DISK: 91%" in finding.detail
    assert "more" not in finding.detail
    assert "used=" not in finding.detail


def test_a_signal_is_a_failure_and_is_named():
    finding = ask(sh("kill -SEGV $$"))
    assert (finding.outcome, finding.code) == (Outcome.FAIL, Code.COMMAND_FAILED)
    assert "SIGSEGV" in finding.detail


def test_no_output_says_how_it_ended():
    assert ask(CommandCheck(argv=("true",))).detail == "exit code 0"


@pytest.mark.parametrize(
    "argv", [("/no/such/program",), ("no-such-program-anywhere",), ("/tmp",)]
)
def test_a_program_that_cannot_run_is_our_trouble(argv):
    before = descriptors()
    finding = ask(CommandCheck(argv=argv))
    assert (finding.outcome, finding.code) == (Outcome.ERROR, Code.INTERNAL)
    assert closed_again(before)


def test_no_shell_reads_the_arguments():
    finding = ask(CommandCheck(argv=("/bin/echo", "$HOME;", "`id`", "*")))
    assert finding.detail == "$HOME; `id` *"


def test_the_environment_is_cleared(monkeypatch):
    monkeypatch.setenv("SLACK_WEBHOOK_URL", "secret")
    monkeypatch.setenv("LANG", "C.UTF-8")
    finding = ask(
        CommandCheck(
            argv=("/bin/sh", "-c", "env | sort | tr '\\n' ' '"), env={"A": "b"}
        )
    )
    names = {word.partition("=")[0] for word in finding.detail.split()}
    assert names <= {"A", "PATH", "LANG", "HOME", "PWD", "SHLVL", "_", "OLDPWD"}
    assert {"A", "PATH", "LANG"} <= names


def test_no_descriptor_of_ours_is_inherited():
    read, write = os.pipe()
    os.set_inheritable(write, True)
    try:
        finding = ask(sh("ls /proc/self/fd | tr '\\n' ' '"))
    finally:
        os.close(read)
        os.close(write)
    assert finding.detail == "0 1 2 3"  # 3 is the folder that ls reads


def test_it_has_no_input_and_default_signals():
    assert ask(sh('read line; echo "got:$line"')).detail == "got:"
    status = ask(sh("grep SigIgn /proc/self/status | tr '\\t' ' '")).detail
    assert int(status.split()[1], 16) & (1 << 12) == 0  # SIGPIPE is number 13


def test_it_runs_in_a_session_of_its_own():
    finding = ask(sh("ps -o sid= -p $$; echo $$ >&2"))
    assert finding.detail.strip() != str(os.getsid(0))


def test_the_deadline_kills_it_and_all_that_it_started(tmp_path):
    mark = tmp_path / "pids"
    script = (
        f"sleep 300 & echo $! >> {mark}; trap '' TERM; echo $$ >> {mark}; sleep 300"
    )
    born = children()
    finding = ask(sh(script), seconds=0.5)
    assert (finding.outcome, finding.code) == (Outcome.FAIL, Code.COMMAND_TIMEOUT)
    assert all_gone(born)
    for pid in mark.read_text().split():
        assert until(lambda pid=pid: not alive(pid))


def test_what_it_left_behind_is_killed_with_it(tmp_path):
    mark = tmp_path / "pid"
    finding = ask(sh(f"sleep 300 & echo $! > {mark}; echo fine"))
    assert (finding.outcome, finding.detail) == (Outcome.OK, "fine")
    assert until(lambda: not alive(mark.read_text().strip()))


def alive(pid: str) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_a_chatty_program_neither_blocks_nor_fills_the_memory():
    script = "import sys; sys.stdout.write('x' * 5_000_000); sys.exit(2)"
    finding = ask(CommandCheck(argv=(sys.executable, "-c", script)))
    assert finding.outcome is Outcome.FAIL
    assert finding.detail.startswith("exit code 2: xxx")


def test_hostile_output_is_one_harmless_line():
    finding = ask(sh("printf '\\033[2J\\342\\200\\256\\377evil'; exit 2"))
    assert "\\x1b[2J" in finding.detail
    assert "evil" in finding.detail


def test_a_secret_given_to_it_is_not_repeated(monkeypatch):
    monkeypatch.setenv("DB_PASSWORD", "hunter22")
    check = sh('echo "login $P failed"; exit 2', P=Secret("${DB_PASSWORD}"))
    finding = ask(check)
    assert finding.detail == "exit code 2: login *** failed"


def test_many_in_turn_leave_no_descriptor_and_no_zombie():
    before, born = descriptors(), children()
    for _ in range(10):
        ask(CommandCheck(argv=("true",)))
    assert closed_again(before)
    assert all_gone(born)


def test_options_that_cannot_run_are_named():
    assert [f for f, *_ in CommandCheck(argv=()).problems()] == ["argv"]
    assert [f for f, *_ in CommandCheck(argv=("x",), env={"A=B": ""}).problems()] == [
        "env"
    ]
    assert not list(CommandCheck(argv=("x",), env={"A": ""}).problems())


def test_what_looks_like_a_password_is_hidden_too():
    finding = ask(sh("echo mysqldump --password=hunter22 -u a; exit 2"))
    assert finding.detail == "exit code 2: mysqldump --password=*** -u a"


def test_a_password_is_hidden_before_the_line_is_cut_short():
    finding = ask(sh(f"echo {'x' * 280} http://u:hunter22hunter22@db/; exit 2"))
    assert "hunter" not in finding.detail
    assert finding.detail.startswith("exit code 2: xxx")
    piped = ask(sh("echo 'https://u:hunt|er@db/ is down'; exit 2"))
    assert "hunt" not in piped.detail
