"""The PID file: what may stand in it, who may write it, and who the process is."""

from __future__ import annotations

import mmap
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from agent2.checks.pid import PidCheck
from agent2.core.model import Code, Outcome
from agent2.host.reactor import Reactor
from agent2.plan.secret import Secret
from tests.contract.probing import WHOLE, ask, closed_again, descriptors, run, until

SLEEPER = [sys.executable, "-S", "-c", "import time; time.sleep(100)", "webui"]


@pytest.fixture
def process():
    child = subprocess.Popen(SLEEPER)
    yield child
    child.kill()
    child.wait()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "webui.pid"
    path.touch()
    path.chmod(0o644)
    return path


def look(file, content, **options):
    file.write_bytes(content if isinstance(content, bytes) else str(content).encode())
    return ask(PidCheck(file=str(file), **options))


@pytest.mark.parametrize(
    "form",
    ["{}", "{}\n", " {} \n", "\n{}\r\n", "{}\n/var/lib\n5432\n", "{} webui", "\t{}\tx"],
)
def test_the_first_number_counts_whatever_follows(file, process, form):
    finding = look(file, form.format(process.pid))
    assert (finding.outcome, finding.code) == (Outcome.OK, Code.OK), finding.detail
    assert finding.identity.startswith(f"{process.pid}:")
    assert finding.identity == look(file, form.format(process.pid)).identity


BAD = [
    "", "\n", "0", "1", "-1", "+5", "1_000", "0123", "12.5", "0x10", "1e3", "٣٤٥", "１２３",
    "12345678901", "99999999999999999999", "4194305", '{"pid": 123}', "pid=123", "None",
    "abc", "\ufeff123", "123abc", "12\x00", "#123", "\x0b123",
]  # fmt: skip


@pytest.mark.parametrize("content", BAD)
def test_what_is_no_pid_of_a_service_is_bad(file, content):
    finding = look(file, content)
    assert (finding.outcome, finding.code) == (Outcome.FAIL, Code.PID_BAD)


def test_bytes_and_huge_files_are_bad(file):
    assert look(file, b"\xff\xfe1\x002\x00").code is Code.PID_BAD
    assert look(file, b"9" * 1_000_000).code is Code.PID_BAD
    assert look(file, b" " * 5000 + b"123").code is Code.PID_BAD


def test_agent2_itself_is_not_its_own_target(file):
    assert look(file, os.getpid()).code is Code.PID_BAD


def test_a_missing_file_is_missing(tmp_path, file):
    assert ask(PidCheck(file=str(tmp_path / "none"))).code is Code.PID_MISSING
    assert ask(PidCheck(file=str(file / "below"))).code is Code.PID_MISSING


def test_a_file_that_cannot_be_read_is_unreadable(tmp_path):
    path = f"/tmp/agent2-closed-{os.getpid()}.pid"
    with open(path, "w", encoding="ascii") as made:
        made.write("123")
    os.chmod(path, 0o000)
    child = os.fork()
    if child == 0:  # root can read everything: become nobody
        if os.geteuid() == 0:
            os.setuid(65534)
        os._exit(ask(PidCheck(file=path)).code is not Code.PID_UNREADABLE)
    try:
        assert os.waitpid(child, 0)[1] == 0
    finally:
        os.unlink(path)
    assert ask(PidCheck(file="a\0b")).code is Code.PID_UNREADABLE


def test_links_pipes_and_folders_are_unsafe(tmp_path, file, process):
    file.write_text(str(process.pid))
    (tmp_path / "link").symlink_to(file)
    os.mkfifo(tmp_path / "fifo", 0o644)
    (tmp_path / "folder").mkdir()
    for name in ("link", "fifo", "folder"):
        finding = ask(PidCheck(file=str(tmp_path / name)))
        assert (finding.outcome, finding.code) == (Outcome.FAIL, Code.PID_UNSAFE)


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666, 0o777])
def test_a_file_that_strangers_can_write_is_unsafe(file, process, mode):
    file.write_text(str(process.pid))
    file.chmod(mode)
    assert ask(PidCheck(file=str(file))).code is Code.PID_UNSAFE


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_stranger_s_file_may_name_only_his_own_process(file, process):
    file.write_text(str(process.pid))
    os.chown(file, 65534, 65534)
    assert ask(PidCheck(file=str(file))).code is Code.PID_UNSAFE
    child = subprocess.Popen(["/bin/sleep", "100"], user=65534)
    try:
        file.write_text(str(child.pid))
        assert ask(PidCheck(file=str(file))).code is Code.OK
    finally:
        child.kill()
        child.wait()


def test_a_dead_process_is_dead(file, process):
    process.kill()
    process.wait()
    finding = look(file, process.pid)
    assert (finding.outcome, finding.code) == (Outcome.FAIL, Code.PID_DEAD)
    assert look(file, 4_194_304).code is Code.PID_DEAD


def test_a_zombie_is_not_alive(file, process):
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    finding = look(file, process.pid)
    assert (finding.outcome, finding.code) == (Outcome.FAIL, Code.ZOMBIE)


def test_a_stopped_process_warns_and_is_alive(file, process):
    process.send_signal(signal.SIGSTOP)
    assert until(lambda: look(file, process.pid).code is Code.STOPPED)
    finding = look(file, process.pid)
    assert finding.outcome is Outcome.OK
    assert finding.identity
    process.send_signal(signal.SIGCONT)
    assert until(lambda: look(file, process.pid).code is Code.OK)


def test_the_number_of_a_thread_is_nobody(file):
    inside, leave = threading.Event(), threading.Event()
    numbers = []

    def work():
        numbers.append(threading.get_native_id())
        inside.set()
        leave.wait()

    thread = threading.Thread(target=work)
    thread.start()
    inside.wait()
    try:
        os.kill(numbers[0], 0)  # the trap: this says that it is there
        assert look(file, numbers[0]).code is Code.PID_DEAD
    finally:
        leave.set()
        thread.join()


def test_a_process_whose_first_thread_ended_is_alive(file):
    script = (
        "import ctypes, threading, time\n"
        "threading.Thread(target=time.sleep, args=(100,)).start()\n"
        "print('ready', flush=True)\n"
        "ctypes.CDLL(None).syscall(60 if ctypes.sizeof(ctypes.c_long) == 8 else 1, 0)\n"
    )
    if os.uname().machine != "x86_64":
        pytest.skip("the number of the exit call is another here")
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    try:
        child.stdout.readline()
        state = f"/proc/{child.pid}/stat"
        assert until(
            lambda: Path(state).read_text().rpartition(")")[2].split()[0] == "Z"
        )
        assert look(file, child.pid).code is Code.OK
    finally:
        child.kill()
        child.stdout.close()
        child.wait()


def test_a_process_younger_than_its_file_is_another(file, process):
    file.write_text(str(process.pid))
    old = time.time() - 3600
    os.utime(file, (old, old))
    finding = ask(PidCheck(file=str(file)))
    assert (finding.outcome, finding.code) == (Outcome.FAIL, Code.PID_REUSED)
    file.write_text(str(process.pid))  # written anew: a rightful successor
    assert ask(PidCheck(file=str(file))).code is Code.OK


def test_what_is_unchanged_is_looked_at_briefly(file):
    """The very finding of the last look comes back; any change makes a whole look."""
    child = subprocess.Popen(SLEEPER)
    try:
        file.write_text(str(child.pid))
        check = PidCheck(file=str(file))
        first = ask(check)
        assert ask(check) is not first  # written a moment ago: not sure yet
        assert until(lambda: ask(check) is ask(check))
        before = descriptors()
        kept = ask(check)
        assert kept == first
        assert ask(check) is kept
        assert descriptors() == before
        os.utime(file, ns=(1, file.stat().st_mtime_ns))  # its status alone changed
        assert ask(check) is not kept
        file.chmod(0o666)
        assert ask(check).code is Code.PID_UNSAFE
        file.chmod(0o644)
        kept = ask(check)
        assert ask(check) is kept
        child.send_signal(signal.SIGSTOP)
        assert until(lambda: ask(check).code is Code.STOPPED)
        child.send_signal(signal.SIGCONT)
        assert until(lambda: ask(check).code is Code.OK)
        assert ask(check) is ask(check)
        child.kill()
        assert until(lambda: ask(check).code is Code.ZOMBIE)
        child.wait()
        assert ask(check).code is Code.PID_DEAD
    finally:
        child.kill()
        child.wait()


def test_what_changed_unseen_is_seen_within_a_minute(file):
    """A file that is mapped into memory changes without a trace in its times."""
    file.write_text(f"{os.getppid():7}")
    written = time.time() - 2.1
    os.utime(file, (written, written))
    check = PidCheck(file=str(file))
    with open(file, "r+b") as opened, mmap.mmap(opened.fileno(), 0) as mapped:
        mapped[:] = mapped[:]  # from here on the kernel does not hear of a change
        os.utime(file, (written, written))
        assert ask(check) is ask(check)
        mapped[:] = b"4194304"
        assert ask(check).code is Code.OK
        reactor = Reactor(lambda: time.monotonic() + 61)
        task = reactor.spawn(check.probe(reactor, reactor.now() + WHOLE), "test")
        task.waiter = reactor.stop
        reactor.run()
        reactor.close()
    assert task.result.code is Code.PID_DEAD


def test_a_file_that_names_another_is_read_at_once(file, process):
    check = PidCheck(file=str(file))
    other = subprocess.Popen(SLEEPER)
    try:
        for _ in range(5):
            for child in (process, other):
                file.write_text(str(child.pid))
                assert ask(check).identity.startswith(f"{child.pid}:")
        os.replace(file, file.with_name("away"))
        assert ask(check).code is Code.PID_MISSING
        file.symlink_to(file.with_name("away"))
        assert ask(check).code is Code.PID_UNSAFE
    finally:
        other.kill()
        other.wait()


def test_a_pattern_and_a_secret_name_are_asked_for_each_time(file):
    file.write_text(str(os.getppid()))
    written = time.time() - 2.1  # settled, and not older than its process
    os.utime(file, (written, written))
    check = PidCheck(file=str(file))
    assert ask(check) is ask(check)
    for options in ({"match": "."}, {"file": Secret(str(file))}):
        check = PidCheck(**({"file": str(file)} | options))
        assert ask(check) is not ask(check)


# A watcher of its own, whose wall clock is set while a healthy process runs.
_STEPPED = """
import sys, time
sys.path.insert(0, sys.argv[3])
from agent2.checks.pid import PidCheck
from tests.contract.probing import ask
check = PidCheck(file=sys.argv[1])
print(ask(check).code.value)
real, step = time.time, float(sys.argv[2])
time.time = lambda: real() + step
print(ask(check).code.value)
"""


@pytest.mark.parametrize("step", [3600.0, -3600.0])
def test_a_clock_that_is_set_makes_no_healthy_process_another(file, process, step):
    file.write_text(str(process.pid))
    root = str(Path(__file__).resolve().parents[2])
    words = [sys.executable, "-c", _STEPPED, str(file), str(step), root]
    told = subprocess.run(words, capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["ok", "ok"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can choose the next PID")
def test_a_number_given_again_is_not_the_old_process(file, process):
    old = process.pid
    first = look(file, old).identity
    written = time.time() - 60
    os.utime(file, (written, written))
    process.kill()
    process.wait()
    # A start time counts in ticks of 10 ms: within one tick nobody could tell.
    born = int(first.rpartition(":")[2])
    tick = os.sysconf("SC_CLK_TCK")
    assert until(lambda: int(time.clock_gettime(time.CLOCK_BOOTTIME) * tick) > born)
    for _ in range(50):
        with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as last:
            last.write(str(old - 1))
        other = subprocess.Popen(["/bin/sleep", "100"])
        try:
            if other.pid == old:
                finding = ask(PidCheck(file=str(file)))
                assert finding.code is Code.PID_REUSED
                assert look(file, old).identity != first
                return
        finally:
            other.kill()
            other.wait()
    pytest.skip("others took the number each time")


def test_a_process_that_becomes_another_program_keeps_its_words(file, tmp_path):
    """Within an exec the command line is empty: that is no other program."""
    again = tmp_path / "webui.sh"
    again.write_text('sleep 0.002; exec /bin/sh "$0" webui\n')
    child = subprocess.Popen(["/bin/sh", again, "webui"])
    try:
        file.write_text(str(child.pid))
        check = PidCheck(file=str(file), match="webui")
        found = [ask(check) for _ in range(3000)]
        assert {one.code for one in found} == {Code.OK}
    finally:
        child.kill()
        child.wait()


def test_the_pattern_must_be_in_the_command(file, process):
    assert look(file, process.pid, match="webui").code is Code.OK
    assert look(file, process.pid, match=r"python\d?").code is Code.OK
    finding = look(file, process.pid, match="nginx")
    assert (finding.outcome, finding.code) == (Outcome.FAIL, Code.PID_REUSED)
    assert "time.sleep" not in finding.detail  # a command line may hold passwords


def test_a_pattern_that_is_none_is_a_problem():
    assert [f for f, *_ in PidCheck(file="x", match="(").problems()] == ["match"]
    assert not list(PidCheck(file="x", match="ok").problems())


def test_a_strange_process_name_does_not_confuse(file, tmp_path):
    program = tmp_path / ") R 1 (x"
    program.symlink_to("/bin/sleep")
    child = subprocess.Popen([str(program), "100"])
    try:
        assert look(file, child.pid).code is Code.OK
        child.send_signal(signal.SIGSTOP)
        assert until(lambda: look(file, child.pid).code is Code.STOPPED)
    finally:
        child.kill()
        child.wait()


def test_a_path_may_be_a_secret_and_may_begin_with_home(file, process, monkeypatch):
    file.write_text(str(process.pid))
    monkeypatch.setenv("HOME", str(file.parent))
    monkeypatch.setenv("PIDFILE", str(file))
    assert ask(PidCheck(file="~/webui.pid")).code is Code.OK
    assert ask(PidCheck(file=Secret("${PIDFILE}"))).code is Code.OK
    finding = ask(PidCheck(file=Secret("${NOT_SET_ANYWHERE}")))
    assert finding.outcome is Outcome.ERROR


def test_looking_leaves_nothing_open(file, process):
    before = descriptors()
    for content in (process.pid, "nonsense", 4_194_304):
        look(file, content)
    assert closed_again(before)


def test_attach_gives_a_hold_that_tells_of_the_death(file, process):
    file.write_text(str(process.pid))
    check = PidCheck(file=str(file))
    ref = run(lambda _reactor, _deadline: check.attach())
    assert ref.identity == ask(check).identity
    process.kill()

    async def dies(reactor, deadline):
        return await reactor.readable(ref.fd, deadline)

    assert run(dies)
    assert not ref.alive()
    ref.close()


def test_attach_gives_nothing_when_it_is_not_well(file, process):
    before = descriptors()
    file.write_text("nonsense")
    check = PidCheck(file=str(file))
    assert run(lambda _reactor, _deadline: check.attach()) is None
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    file.write_text(str(process.pid))
    assert run(lambda _reactor, _deadline: check.attach()) is None
    assert closed_again(before)


def test_no_descriptor_left_is_our_trouble(file, process):
    import resource

    file.write_text(str(process.pid))
    check = PidCheck(file=str(file))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        finding, _ = check._look()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert (finding.outcome, finding.code) == (Outcome.ERROR, Code.INTERNAL)
