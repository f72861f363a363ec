"""Hold a real process, signal it, and learn how it died."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from agent2.host.exits import describe_exit, signal_name
from agent2.host.processes import death_cause, open_process, read_words
from agent2.host.processes_psutil import open_by_psutil, words_by_psutil
from tests.contract.probing import closed_again, descriptors, until

OPENERS = [open_process, open_by_psutil]
both = pytest.mark.parametrize("opener", OPENERS)


@pytest.fixture
def process():
    child = subprocess.Popen(["/bin/sleep", "100"])
    yield child
    child.kill()
    child.wait()


@both
def test_a_living_process_is_held_and_let_go(opener, process):
    before = descriptors()
    ref = opener(process.pid)
    assert ref.pid == process.pid
    assert ref.alive()
    assert ref.state() in "SRD"
    assert ref.first_state in "SRD"
    assert abs(ref.started_at() - time.time()) < 60
    again = opener(process.pid)
    assert ref.identity == again.identity
    for each in (again, ref, ref):
        each.close()
    assert closed_again(before)


@both
@pytest.mark.parametrize("pid", [2**22, 2**31 - 1, 2**31, 2**70])
def test_a_number_that_nobody_has_gives_nothing(opener, pid):
    assert opener(pid) is None


@both
def test_states_are_told_apart(opener, process):
    ref = opener(process.pid)
    process.send_signal(signal.SIGSTOP)
    assert until(lambda: ref.state() == "T")
    assert ref.alive()
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert ref.state() == "Z"
    assert not ref.alive()
    process.wait()
    assert ref.state() == "X"
    assert not ref.alive()
    ref.close()


@both
def test_a_signal_reaches_the_process_and_never_a_successor(opener, process):
    ref = opener(process.pid)
    assert ref.signal(signal.SIGKILL)
    process.wait()
    assert not ref.signal(signal.SIGKILL)
    ref.close()


def test_a_closed_hold_is_dead_and_signals_nobody(process):
    ref = open_process(process.pid)
    ref.close()
    assert not ref.alive()
    assert not ref.signal(signal.SIGKILL)
    assert process.poll() is None


def test_both_ways_read_the_same_command(process):
    for words in (read_words(process.pid), words_by_psutil(process.pid)):
        assert "sleep" in words
        assert "100" in words
    assert read_words(2**22) == words_by_psutil(2**22) == ""


ENDS = {
    "exit 0": "exit code 0",
    "exit 3": "exit code 3",
    "kill -KILL $$": "killed by SIGKILL",
    "ulimit -c 0; kill -SEGV $$": "killed by SIGSEGV",
}


@pytest.mark.parametrize("script", ENDS)
def test_the_death_of_our_own_child_is_told_before_it_is_reaped(script):
    child = subprocess.Popen(
        ["/bin/sh", "-c", f"read x; {script}"], stdin=subprocess.PIPE
    )
    ref = open_process(child.pid)
    assert death_cause(ref.fd) == ""
    child.stdin.close()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert death_cause(ref.fd) == ENDS[script]
    ref.close()
    child.wait()


PARENT = """
import subprocess, sys
child = subprocess.Popen(['/bin/sh', '-c', sys.argv[1]], stdin=subprocess.PIPE)
print(child.pid, flush=True)
sys.stdin.read()
child.stdin.close()
child.wait()
"""


@pytest.mark.parametrize("script", ENDS)
def test_the_death_of_a_stranger_is_told_by_a_kernel_that_knows(script):
    release = tuple(map(int, os.uname().release.split(".")[:2]))
    if release < (6, 15):
        pytest.skip("the kernel tells it from 6.15 on")
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            PARENT,
            f"read x; {script}",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    ref = open_process(int(parent.stdout.readline()))
    parent.stdin.close()
    parent.wait()
    parent.stdout.close()
    assert death_cause(ref.fd) == ENDS[script]
    assert ref.state() == "X"
    ref.close()


def test_nobody_s_death_is_told_of_a_descriptor_that_is_none():
    with open("/dev/null", encoding="ascii") as other:
        assert death_cause(other.fileno()) == ""


def test_wait_statuses_are_put_in_words():
    assert describe_exit(3 << 8) == "exit code 3"
    assert describe_exit(9) == "killed by SIGKILL"
    assert describe_exit(11) == "killed by SIGSEGV"
    assert describe_exit(139) == "killed by SIGSEGV (core dumped)"
    assert signal_name(40) == "signal 40"


def test_the_words_of_a_stranger_cannot_be_long_enough_to_hold_an_expression_up():
    argv = [sys.executable, "-c", "input()", "first", "java " * 12_000, "last"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE) as process:
        assert until(lambda: read_words(process.pid).endswith("last"), 30)
        words = read_words(process.pid)
        process.kill()
    assert len(words) < 10_000
    assert "input() first java" in words
