"""Nobody but our own program is ever signalled, whatever a PID file says."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading

import pytest

from agent2.host.instance import Instance, LockedError
from agent2.host.owner import Presence, find, remove_stale
from tests.live.cli_kit import Cli, holding, until

MARK = "agent2_monitor.py"


@pytest.fixture
def bystander():
    """A process that has nothing to do with us, but looks like it."""
    code = "import time; time.sleep(600)"
    child = subprocess.Popen([sys.executable, "-c", code, MARK])
    yield child
    assert child.poll() is None, "it was signalled"
    child.kill()
    child.wait()


@pytest.fixture
def cli(tmp_path):
    made = Cli(tmp_path)
    made.state.mkdir(exist_ok=True)
    return made


def test_a_holder_of_ours_is_running(tmp_path):
    path = tmp_path / "agent2.pid"
    with holding(path, MARK) as child:
        assert find(str(path), MARK).pid == child.pid
        assert find(str(path), MARK).running

    assert find(str(path), MARK).presence is Presence.STALE


def test_the_lock_says_who_and_not_the_number_in_the_file(tmp_path, bystander):
    path = tmp_path / "agent2.pid"
    with holding(path, MARK) as child:
        path.write_text(f"{bystander.pid}\n")

        assert find(str(path), MARK).pid == child.pid


def test_a_locked_file_of_another_program_is_foreign(tmp_path):
    path = tmp_path / "agent2.pid"
    with holding(path, "nginx"):
        assert find(str(path), MARK).presence is Presence.FOREIGN


@contextlib.contextmanager
def stranger(path, *words):
    """A process of another user that locks the file it can read; as our own programs
    do, it may say anything in its command line."""
    code = (
        "import fcntl, sys, time; fcntl.flock(0, fcntl.LOCK_SH | fcntl.LOCK_NB)\n"
        "print('held', flush=True); time.sleep(600)"
    )
    with open(path, "rb") as file:
        child = subprocess.Popen(
            ["/usr/bin/env", "python3", "-c", code, MARK, *words],
            stdin=file,
            stdout=subprocess.PIPE,
            user=65534,
            env={"PATH": "/usr/bin:/bin"},
            cwd="/",
        )
    with child.stdout as out:
        try:
            assert out.readline() == b"held\n"
            yield child
        finally:
            child.kill()
            child.wait()


BY_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")


@BY_ROOT
def test_a_stranger_who_locks_the_file_and_calls_himself_ours_is_not_believed(cli):
    path = cli.write("agent2.pid", "4194304\n")
    evil = cli.state.parent / "evil.yaml"
    evil.write_text(
        "version: 1\ntargets: [{name: evil, checks: [{kind: tcp, port: 9}]}]\n"
    )
    with stranger(path, "-c", str(evil)) as child:
        assert find(str(path), MARK).presence is Presence.STALE
        assert "evil" not in cli("check").out
        cli("stop")
        assert child.poll() is None


@BY_ROOT
def test_a_stranger_who_locks_the_file_of_a_dead_one_keeps_nobody_from_starting(
    tmp_path,
):
    path = tmp_path / "agent2.pid"
    path.write_text("4194304\n")
    with stranger(path), holding(path, MARK) as child:
        assert find(str(path), MARK).pid == child.pid
        with pytest.raises(LockedError) as refused:
            Instance.acquire(str(path))
        assert refused.value.pid == child.pid


def test_only_its_user_can_open_the_lock_that_decides(tmp_path):
    path = tmp_path / "agent2.pid"
    with holding(path, MARK):
        assert (tmp_path / "agent2.pid.lock").stat().st_mode & 0o777 == 0o600


def test_a_link_is_not_followed(tmp_path):
    path = tmp_path / "agent2.pid"
    with holding(tmp_path / "real.pid", MARK):
        path.symlink_to(tmp_path / "real.pid")

        assert find(str(path), MARK).presence is Presence.UNREADABLE


@pytest.mark.parametrize("content", ["", "x", "-1\n", "0\n", "1\n", "9" * 30, "\0\0"])
def test_nonsense_that_nobody_holds_is_stale(tmp_path, content):
    path = tmp_path / "agent2.pid"
    path.write_text(content)

    assert find(str(path), MARK).presence is Presence.STALE


def test_looking_never_stands_in_the_way_of_a_start(tmp_path):
    path = str(tmp_path / "agent2.pid")
    stop = threading.Event()

    def look():
        while not stop.is_set():
            find(path, MARK)

    watchers = [threading.Thread(target=look) for _ in range(2)]
    for one in watchers:
        one.start()
    try:
        for _ in range(300):
            Instance.acquire(path).release()
    finally:
        stop.set()
        for one in watchers:
            one.join()


def test_only_a_file_that_nobody_holds_is_removed(tmp_path):
    path = tmp_path / "agent2.pid"
    with holding(path, MARK):
        assert not remove_stale(str(path))
        assert path.exists()

    assert remove_stale(str(path))
    assert not path.exists()
    assert not remove_stale(str(path))


def test_stop_removes_a_stale_file_and_signals_nobody(cli, bystander):
    path = cli.write("agent2.pid", f"{bystander.pid}\n")

    told = cli("stop")

    assert told.code == 0
    assert "not running" in told.out
    assert not path.exists()


def test_stop_refuses_a_file_that_another_program_holds(cli):
    with holding(cli.state / "agent2.pid", "nginx") as child:
        told = cli("stop")

        assert told.code == 75
        assert f"PID {child.pid}" in told.err
        assert child.poll() is None


def test_start_refuses_a_file_that_another_program_holds(cli):
    with holding(cli.state / "agent2.pid", "nginx") as child:
        assert cli("start").code == 75
        assert child.poll() is None


def test_stop_ends_the_holder_with_term(cli):
    path = cli.state / "agent2.pid"
    with holding(path, MARK) as child:
        told = cli("stop")

        assert told.code == 0
        assert child.wait(30) == -15
    assert not path.exists()


def test_stop_not_running_is_no_error(cli):
    told = cli("stop")

    assert (told.code, told.err) == (0, "")
    assert "Agent2 is not running" in told.out


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to be another user")
def test_stop_of_another_users_agent_says_so(cli, tmp_path):
    path = cli.state / "agent2.pid"
    with holding(path, MARK) as child:
        for folder in (tmp_path, *tmp_path.parents):
            if folder.stat().st_uid == 0 and folder != folder.parent:
                folder.chmod(folder.stat().st_mode | 0o055)
        code = (
            "import os, sys; os.setgid(65534); os.setuid(65534);"
            "sys.path.insert(0, sys.argv[1]);"
            "from agent2.host.holder import Process;"
            "p = Process.of(sys.argv[2], 'agent2_monitor.py');"
            "print(p.owner.pid, flush=True); p.send(15)"
        )
        root = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
        told = subprocess.run(
            [sys.executable, "-c", code, root, path], capture_output=True, text=True
        )

        if told.stdout:  # the interpreter may lie where nobody else can read it
            assert "PermissionError" in told.stderr
        assert child.poll() is None


def test_two_questions_at_once_agree(cli):
    with holding(cli.state / "agent2.pid", MARK) as child:
        seen = until(lambda: find(str(cli.state / "agent2.pid"), MARK).pid)

        assert seen == child.pid


CHURN = """
import fcntl, os, random, sys
held = [os.open(f"{sys.argv[1]}/lock{n}", os.O_CREAT | os.O_RDWR) for n in range(100)]
for each in held:
    fcntl.flock(each, fcntl.LOCK_EX)
print(flush=True)
while True:
    each = random.choice(held)
    fcntl.flock(each, fcntl.LOCK_UN)
    fcntl.flock(each, fcntl.LOCK_EX)
"""


def test_a_holder_is_found_while_many_locks_come_and_go(tmp_path):
    path = tmp_path / "agent2.pid"
    churn = []
    for name in "abcd":
        (tmp_path / name).mkdir()
        words = [sys.executable, "-c", CHURN, str(tmp_path / name)]
        churn.append(subprocess.Popen(words, stdout=subprocess.PIPE))
    try:
        for each in churn:
            each.stdout.readline()
        with holding(path, MARK):
            seen = {find(str(path), MARK).presence for _ in range(500)}
        with holding(path, "nginx"):
            strange = {find(str(path), MARK).presence for _ in range(300)}
    finally:
        for each in churn:
            each.kill()
            each.wait()
            each.stdout.close()
    assert seen == {Presence.RUNNING}
    assert strange == {Presence.FOREIGN}
