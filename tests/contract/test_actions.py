"""Asking for a restart: once per incident, whole, and never over somebody's file."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys

import pytest

from agent2 import plugins
from agent2.actions.command import CommandAction
from agent2.actions.signal_file import SignalFileAction
from agent2.core.value import replace
from agent2.plan.secret import Secret
from agent2.plugins import Order
from tests.contract.probing import (
    all_gone,
    children,
    closed_again,
    descriptors,
    run,
    until,
)


@pytest.fixture
def order(tmp_path):
    return Order(
        action="webui-1-1",
        target="webui",
        incident="webui-1",
        attempt=1,
        reason="process_not_alive",
        code="pid_dead",
        detail="process 123 does not exist",
        at="2026-01-02T03:04:05.678+00:00",
        state_dir=str(tmp_path),
        primary=True,
    )


def do(action, order):
    return run(lambda reactor, _deadline: action.run(order, reactor))


def test_the_signal_says_what_the_documents_say_first(order, tmp_path):
    deed = do(SignalFileAction(), order)
    assert (deed.done, deed.kept) == (True, False)
    path = tmp_path / "restart_signal"
    text = path.read_text()
    tree = json.loads(text)
    assert list(tree) == [
        "timestamp", "reason", "requested_by", "schema", "target",
        "incident_id", "attempt", "id", "code", "detail",
    ]  # fmt: skip
    assert tree["reason"] == "process_not_alive"
    assert tree["requested_by"] == "agent2"
    assert tree["schema"] == "agent2.restart-signal/1"
    assert tree["incident_id"] == "webui-1"
    assert text.endswith("}\n")
    assert os.listdir(tmp_path) == ["restart_signal"]


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_its_mode_is_0644_whatever_the_umask(order, tmp_path, umask):
    old = os.umask(umask)
    try:
        do(SignalFileAction(), replace(order, primary=False, target="a b/../c"))
    finally:
        os.umask(old)
    folder = tmp_path / "restart_signal.d"
    (name,) = os.listdir(folder)
    assert name == "a%20b%2F..%2Fc"
    assert stat.S_IMODE((folder / name).stat().st_mode) == 0o644
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_an_unconsumed_one_of_the_same_incident_is_kept(order, tmp_path):
    do(SignalFileAction(), order)
    before = (tmp_path / "restart_signal").read_text()
    deed = do(SignalFileAction(), replace(order, attempt=2, action="webui-1-2"))
    assert (deed.done, deed.kept) == (True, True)
    assert (tmp_path / "restart_signal").read_text() == before


def test_one_of_an_older_incident_is_replaced(order, tmp_path):
    do(SignalFileAction(), order)
    deed = do(SignalFileAction(), replace(order, incident="webui-2"))
    assert (deed.done, deed.kept) == (True, False)
    tree = json.loads((tmp_path / "restart_signal").read_text())
    assert tree["incident_id"] == "webui-2"
    assert os.listdir(tmp_path) == ["restart_signal"]


@pytest.mark.parametrize("content", [b"", b"\0" * 300])
def test_one_that_a_power_cut_left_empty_is_replaced(order, tmp_path, content):
    (tmp_path / "restart_signal").write_bytes(content)
    assert do(SignalFileAction(), order).done
    assert b"webui-1" in (tmp_path / "restart_signal").read_bytes()


def block_folder(path):
    path.mkdir()


def block_link(path):
    path.symlink_to("/etc/hostname")


def block_dangling(path):
    path.symlink_to(path.parent / "nowhere")


def block_fifo(path):
    os.mkfifo(path)


def block_text(path):
    path.write_text("do not touch")


def block_huge(path):
    path.write_bytes(b" " * 1_000_000)


def block_person(path):
    path.write_text('{"timestamp": "2026-01-01T00:00:00Z", "reason": "by hand"}')


def block_other_asker(path):
    path.write_text(
        '{"timestamp": "2026-01-01T00:00:00Z", "reason": "x", '
        '"requested_by": "ops", "target": "webui"}'
    )


def block_other_target(path):
    path.write_text(
        '{"timestamp": "2026-01-01T00:00:00Z", "reason": "x", '
        '"requested_by": "agent2", "target": "other"}'
    )


BLOCKS = [
    block_folder, block_link, block_dangling, block_fifo, block_text, block_huge,
    block_person, block_other_asker, block_other_target,
]  # fmt: skip


@pytest.mark.parametrize("block", BLOCKS, ids=lambda f: f.__name__)
def test_what_is_not_ours_is_never_written_over_nor_withdrawn(order, tmp_path, block):
    path = tmp_path / "restart_signal"
    block(path)
    before = os.lstat(path)
    deed = do(SignalFileAction(), order)
    assert not deed.done
    assert "restart_signal" in deed.detail
    assert deed.detail.isprintable()
    assert not SignalFileAction().pending(order)
    assert not SignalFileAction().withdraw(order)
    after = os.lstat(path)
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert os.listdir(tmp_path) == ["restart_signal"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_stranger_s_signal_is_never_taken_for_ours(order, tmp_path):
    do(SignalFileAction(), order)
    os.chown(tmp_path / "restart_signal", 65534, 65534)
    assert not do(SignalFileAction(), order).done
    assert not SignalFileAction().withdraw(order)


def test_a_folder_that_cannot_be_written_is_a_clear_refusal(order):
    deed = do(SignalFileAction(), replace(order, state_dir="/proc/nowhere"))
    assert not deed.done
    assert "cannot be written" in deed.detail


def test_pending_and_withdraw_concern_the_own_target_alone(order, tmp_path):
    action = SignalFileAction()
    assert not action.pending(order)
    assert not action.withdraw(order)
    do(action, order)
    assert action.pending(order)
    assert not action.withdraw(replace(order, target="other"))
    assert action.withdraw(replace(order, incident="webui-9"))
    assert not action.pending(order)
    assert os.listdir(tmp_path) == []


def test_the_path_can_be_chosen(order, tmp_path):
    action = SignalFileAction(path=str(tmp_path / "below" / "go"))
    assert do(action, order).done
    assert (tmp_path / "below" / "go").exists()
    assert action.withdraw(order)


def test_what_was_prepared_is_named_by_the_run_of_the_same_order_alone(order, tmp_path):
    """Nobody sees it before; another order's is gone."""
    action, path = SignalFileAction(), tmp_path / "restart_signal"
    action.prepare(order)
    (hidden,) = os.listdir(tmp_path)
    assert hidden.startswith(".")
    assert not action.pending(order)
    number = (tmp_path / hidden).stat().st_ino
    assert do(action, order).done
    assert os.listdir(tmp_path) == ["restart_signal"]
    assert path.stat().st_ino == number
    path.unlink()

    other = replace(order, incident="webui-2")
    action.prepare(order)
    action.prepare(other)
    assert len(os.listdir(tmp_path)) == 1
    assert do(action, order).done  # the prepared one was not for this order
    assert os.listdir(tmp_path) == ["restart_signal"]
    assert json.loads(path.read_text())["incident_id"] == order.incident


def test_what_was_prepared_and_tidied_away_is_written_again(order, tmp_path):
    action = SignalFileAction()
    action.prepare(order)
    (hidden,) = tmp_path.iterdir()
    hidden.unlink()
    assert do(action, order).done
    assert os.listdir(tmp_path) == ["restart_signal"]


def test_in_a_folder_of_others_nothing_is_prepared(order, tmp_path):
    action = SignalFileAction(path=str(tmp_path / "go"))
    action.prepare(order)
    assert os.listdir(tmp_path) == []
    assert do(action, order).done


def test_what_cannot_be_prepared_is_said_by_the_run(order):
    lost = replace(order, state_dir="/proc/nowhere")
    action = SignalFileAction()
    with pytest.raises(OSError, match="nowhere"):
        action.prepare(lost)
    assert "cannot be written" in do(action, lost).detail


def test_two_at_once_leave_one_whole_signal(order, tmp_path):
    script = (
        "import sys\n"
        "from agent2.actions.signal_file import SignalFileAction\n"
        "from agent2.plugins import Order\n"
        "from tests.contract.probing import run\n"
        "o = Order('i', 'webui', sys.argv[2], 1, 'r', 'c', 'd', 't', sys.argv[1], True)\n"
        "for _ in range(100):\n"
        "    run(lambda reactor, _d: SignalFileAction().run(o, reactor))\n"
    )
    argv = [sys.executable, "-c", script, str(tmp_path)]
    both = [subprocess.Popen([*argv, name]) for name in "ab"]
    path = tmp_path / "restart_signal"
    while any(each.poll() is None for each in both):
        if path.exists():
            json.loads(path.read_text())
    assert [each.wait() for each in both] == [0, 0]
    assert os.listdir(tmp_path) == ["restart_signal"]


def test_a_command_is_done_when_it_ends_well(order, tmp_path):
    script = 'echo "$AGENT2_TARGET $AGENT2_REASON $AGENT2_ATTEMPT"'
    deed = do(CommandAction(argv=("/bin/sh", "-c", script)), order)
    assert deed.done
    assert deed.detail == "/bin/sh: exit code 0: webui process_not_alive 1"
    assert (tmp_path / "command-webui.log").read_text().startswith("webui")


FAILURES = {
    "exit 3": "exit code 3",
    "echo broken >&2; exit 1": "exit code 1: broken",
    "kill -9 $$": "killed by SIGKILL",
}


@pytest.mark.parametrize("script", FAILURES)
def test_a_command_that_fails_says_how(order, script):
    deed = do(CommandAction(argv=("/bin/sh", "-c", script)), order)
    assert not deed.done
    assert FAILURES[script] in deed.detail


def test_a_command_that_is_not_there_is_a_refusal(order):
    before = descriptors()
    deed = do(CommandAction(argv=("/no/such/program",)), order)
    assert not deed.done
    assert "No such file" in deed.detail
    assert closed_again(before)


def gone(pid: str) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def test_a_command_that_hangs_is_killed_with_all_it_started(order, tmp_path):
    born = children()
    script = f"sleep 300 & echo $! > {tmp_path}/pid; sleep 300"
    deed = do(CommandAction(argv=("/bin/sh", "-c", script), timeout=0.3), order)
    assert not deed.done
    assert "did not end in 0.3 s" in deed.detail
    assert until(lambda: gone((tmp_path / "pid").read_text().strip()))
    assert all_gone(born)


def test_what_a_command_starts_may_stay_and_may_write_on(order, tmp_path):
    script = (
        f"(while :; do echo tick; sleep 0.02; done) & echo $! > {tmp_path}/pid; exit 0"
    )
    deed = do(CommandAction(argv=("/bin/sh", "-c", script)), order)
    pid = int((tmp_path / "pid").read_text())
    try:
        assert deed.done
        log = tmp_path / "command-webui.log"
        size = log.stat().st_size
        assert until(lambda: log.stat().st_size > size)
        assert os.getpgid(pid) != os.getpgid(0)
    finally:
        os.kill(pid, 9)


def test_a_command_shows_no_secret(order, monkeypatch):
    monkeypatch.setenv("PASSWORD", "hunter22")
    argv = ("/bin/sh", "-c", "echo $P; exit 1")
    deed = do(CommandAction(argv=argv, env={"P": Secret("${PASSWORD}")}), order)
    assert "hunter22" not in deed.detail
    assert "***" in deed.detail


def test_a_command_has_nothing_to_take_back(order):
    action = CommandAction(argv=("true",))
    assert not action.pending(order)
    assert not action.withdraw(order)


def test_actions_are_in_the_table_and_have_words():
    from agent2.wire.languages import words

    for kind, cls in (("signal_file", SignalFileAction), ("command", CommandAction)):
        assert plugins.load("actions", kind) is cls
        assert cls.label in words("en")
        assert cls.label in words("zh")


def test_options_that_cannot_run_are_named():
    def fields(**options):
        return [f for f, *_ in CommandAction(**options).problems()]

    assert fields(argv=()) == ["argv"]
    assert fields(argv=("x",), timeout=0.0) == ["timeout"]
    assert fields(argv=("x",), env={"": "x"}) == ["env"]
    assert fields(argv=("x",)) == []
