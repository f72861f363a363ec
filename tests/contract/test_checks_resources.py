"""What the machine and processes use, seen on real ones: children, files, sockets."""

from __future__ import annotations

import os
import pwd
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from agent2.checks import resources_leak
from agent2.checks.process import ProcessCheck
from agent2.checks.resources import ResourcesCheck
from agent2.checks.resources_seen import Seen
from agent2.checks.tcp import TcpCheck
from agent2.core.model import Code, Outcome
from agent2.host import machine, machine_psutil, processes, sockets, trees
from tests.contract.probing import ask, closed_again, descriptors, run, until
from tests.ports import reserved

# It starts a child; both hold 60 files and two threads more, and 40 MB.
BUSY = """
import os, subprocess, sys, threading, time
held = [open(os.devnull) for _ in range(60)]
room = bytearray(40 << 20)
for page in range(0, len(room), 4096):
    room[page] = 1
for _ in range(2):
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
if len(sys.argv) < 3:
    subprocess.Popen([sys.executable, "-c", sys.stdin.read(), sys.argv[1], "child"])
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def busy():
    """A process and its child that have a word of their own in their command line."""
    word = f"busy-{os.getpid()}-{os.urandom(4).hex()}"
    made = subprocess.Popen(
        [sys.executable, "-c", BUSY, word],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: _limit(100),
        start_new_session=True,
    )
    made.stdin.write(BUSY)
    made.stdin.close()
    for _ in range(2):
        assert made.stdout.readline() == "ready\n"
    yield made, word
    os.killpg(made.pid, 9)
    made.stdout.close()
    made.wait(30)


def _limit(many: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (many, many))


NO_LIMIT = {"cpu": 0.0, "memory": 0.0, "disk": 0.0, "inodes": 0.0}


def figures(finding) -> dict[str, float]:
    return dict(finding.figures)


def test_the_machine_is_measured_and_nothing_stays_open():
    before = descriptors()
    check = ResourcesCheck(cpu=0, memory=0, disk=0, inodes=0)
    found = figures(ask(check))
    assert {"cpu", "memory", "disk:/", "load"} <= found.keys()
    for name in ("cpu", "memory", "disk:/"):
        assert 0.0 <= found[name] <= 100.0
    assert closed_again(before)


@pytest.mark.skipif(not machine.LINUX, reason="/proc")
def test_memory_and_disk_are_those_of_free_and_df():
    told = subprocess.run(
        ["df", "--output=used,avail", "/"], capture_output=True, text=True, check=True
    )
    used, room = map(int, told.stdout.split()[-2:])
    assert machine.disk("/")[0] == pytest.approx(100 * used / (used + room), abs=0.5)
    meminfo = dict(re.findall(r"(\w+): +(\d+)", machine.read("/proc/meminfo").decode()))
    free = int(meminfo["MemAvailable"]) / int(meminfo["MemTotal"])
    assert machine.memory()[0] == pytest.approx(100 * (1 - free), abs=10)


def test_a_limit_warns_after_its_samples_names_the_disk_and_is_left_again():
    full = machine.disk("/")[0]
    check = ResourcesCheck(cpu=0, memory=0, inodes=0, disk=full / 2, samples=2)
    first, second = ask(check), ask(check)
    assert first.outcome is Outcome.ERROR  # it may be a spike
    assert first.detail.startswith("disk / ")
    assert (second.outcome, second.code) == (Outcome.OK, Code.DISK)
    assert re.fullmatch(r"disk / [\d.]+ % \(limit [\d.]+ %\)", second.detail)

    strict = ResourcesCheck(
        cpu=0, memory=0, inodes=0, disk=full / 2, samples=1, strict=True
    )
    assert (ask(strict).outcome, ask(strict).code) == (Outcome.FAIL, Code.DISK)
    loose = ResourcesCheck(cpu=0, memory=0, inodes=0, disk=100, samples=1)
    assert ask(loose).code is Code.OK


def test_a_disk_that_is_not_there_is_no_answer_and_hides_no_warning():
    gone = ResourcesCheck(cpu=0, memory=0, disk=0, inodes=0, disks=("/no/such/place",))
    assert ask(gone).outcome is Outcome.ERROR
    assert "/no/such/place" in ask(gone).detail
    both = ResourcesCheck(
        cpu=0, memory=0.001, inodes=0, disk=0, disks=("/no/such/place",), samples=1
    )
    assert ask(both).code is Code.MEMORY


def test_a_process_is_measured_with_all_that_it_started(busy, tmp_path):
    made, word = busy
    file = tmp_path / "busy.pid"
    file.write_text(f"{made.pid}\n")
    check = ResourcesCheck(file=str(file), rss=60 << 20, samples=1)

    found = ask(check)

    figure = figures(found)
    assert figure["processes"] == 2
    assert figure["threads"] == 6
    assert figure["rss"] > 80
    assert 60 < figure["files"] < 80  # percent of the 100 that it may open
    assert found.code is Code.MEMORY
    assert found.detail.startswith("process memory ")

    few = ResourcesCheck(match=word, files=50, samples=1)
    finding = ask(few)
    assert finding.code is Code.LIMIT
    assert re.match(r"open files \(PID \d+: \d+ of 100\) \d", finding.detail)


def test_the_time_of_a_process_counts_its_children_and_each_spell_once():
    spin = "import time\nend = time.time() + 600\nwhile time.time() < end: pass"
    word = os.urandom(8).hex()
    made = subprocess.Popen([sys.executable, "-c", spin, word])
    try:
        check = ResourcesCheck(match=word, process_cpu=1, samples=1)
        assert until(lambda: ask(check).code is Code.CPU, 30)
    finally:
        made.kill()
        made.wait(30)
    assert until(lambda: ask(check).outcome is Outcome.FAIL, 30)
    assert ask(check).code is Code.PID_DEAD


def test_connections_are_those_of_the_local_port_by_state():
    with socket.create_server(("127.0.0.1", reserved())) as door:
        port = door.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)), door.accept()[0]:
            # The client's socket has the port at its far end: it is not counted.
            assert sockets.connections(port) == {"LISTEN": 1, "ESTABLISHED": 1}
            check = ResourcesCheck(
                cpu=0, memory=0, disk=0, inodes=0, port=port, connections=1, samples=1
            )
            assert figures(ask(check))["connections"] == 1
            with socket.create_connection(("127.0.0.1", port)), door.accept()[0]:
                found = ask(check)
            assert found.code is Code.LIMIT
            assert f"connections of port {port} (ESTABLISHED 2) 2" in found.detail
        assert sockets.listeners(port, [os.getpid()]) == ({os.getpid()}, True)
    assert sockets.listeners(port, [os.getpid()]) == (set(), False)


def test_where_there_is_no_proc_psutil_tells_the_same(busy):
    made, _ = busy
    busy_now, whole = machine_psutil.cpu()
    assert 0.0 < busy_now <= whole
    assert machine_psutil.memory()[0] == pytest.approx(machine.memory()[0], abs=10)
    known, other = trees.table(), machine_psutil.table()
    ours = {one.pid: one for one in trees.tree([made.pid], known)}
    theirs = {one.pid: one for one in trees.tree([made.pid], other)}
    assert ours.keys() == theirs.keys()
    for pid, one in ours.items():
        assert (one.parent, one.threads) == (theirs[pid].parent, theirs[pid].threads)
        assert one.rss == pytest.approx(theirs[pid].rss, rel=0.1)
    assert machine_psutil.files(made.pid)[0] == trees.files(made.pid)[0]
    assert machine_psutil.files(4_194_305) is None
    with socket.create_server(("127.0.0.1", reserved())) as door:
        port = door.getsockname()[1]
        assert machine_psutil.connections(port) == sockets.connections(port)


def test_a_port_that_another_process_holds_warns_and_names_it():
    with socket.create_server(("127.0.0.1", reserved())) as door:
        port = door.getsockname()[1]
        ours = ask(TcpCheck(port=port, owner="python|pytest"))
        assert (ours.outcome, ours.code) == (Outcome.OK, Code.OK)
        assert f"held by PID {os.getpid()} (" in ours.detail
        found = ask(TcpCheck(port=port, owner="nginx: master"))
        assert (found.outcome, found.code) == (Outcome.OK, Code.WRONG_OWNER)
        assert f"PID {os.getpid()} (" in found.detail
        assert "no 'nginx: master'" in found.detail
    assert ask(TcpCheck(port=port, owner="x")).code is Code.PORT_REFUSED


def test_processes_are_counted_by_pattern_and_never_the_counter_itself(busy):
    made, word = busy
    found = ask(ProcessCheck(match=word, min=2))
    assert (found.outcome, found.code) == (Outcome.OK, Code.OK)
    assert figures(found) == {"processes": 2.0}
    assert found.identity.startswith(f"{made.pid}:")
    few = ask(ProcessCheck(match=word, min=3))
    assert (few.outcome, few.code) == (Outcome.FAIL, Code.PID_DEAD)
    many = ask(ProcessCheck(match=word, max=1))
    assert (many.outcome, many.code) == (Outcome.OK, Code.LIMIT)
    assert ask(ProcessCheck(match=word, min=2, max=2)).code is Code.OK

    pids = {one.pid for one in trees.matching(".", trees.table())}
    assert os.getpid() not in pids
    assert os.getppid() == 1 or os.getppid() not in pids


def test_only_the_processes_of_one_user_count_where_that_is_asked_for(busy):
    _, word = busy
    ours, other = str(os.getuid()), "65533"
    assert ask(ProcessCheck(match=word, min=2, max=2, user=ours)).code is Code.OK
    found = ask(ProcessCheck(match=word, user=other))
    assert (found.outcome, found.code) == (Outcome.FAIL, Code.PID_DEAD)
    assert found.detail.startswith(f"0 of {other} match")
    named = ask(ProcessCheck(match=word, user=pwd.getpwuid(os.getuid()).pw_name))
    assert figures(named) == {"processes": 2.0}
    nobody = ask(ProcessCheck(match=word, user="no-such-user"))
    assert (nobody.outcome, nobody.code) == (Outcome.ERROR, Code.INTERNAL)
    assert "there is no user 'no-such-user'" in nobody.detail
    assert ask(ResourcesCheck(match=word, user=other)).code is Code.PID_DEAD
    assert figures(ask(ResourcesCheck(match=word, user=ours)))["processes"] == 2.0


@pytest.mark.skipif(not machine.disks_worked(), reason="no disk of its own")
def test_what_the_disks_do_is_measured_and_held_to_its_limits():
    check = ResourcesCheck(disk_io=1, disk_busy=0.001, samples=1, **NO_LIMIT)
    before = machine.disks_worked()
    for name, (moved, busy) in before.items():  # the kernel's other page says the same
        words = Path(f"/sys/block/{name}/stat").read_text().split()
        assert 512 * (int(words[2]) + int(words[6])) >= moved
        assert int(words[9]) >= busy
    assert {"disk_io", "disk_busy"} <= figures(ask(check)).keys()
    check.kept.disks = dict.fromkeys(before, (0, 0))  # as if all was done since then
    check.kept.disks_at -= 600
    found = ask(check)
    assert found.code is Code.LIMIT
    assert "disk I/O" in found.detail
    assert "busiest disk" in found.detail


def test_a_leak_may_run_a_program_once_and_ask_for_a_restart(tmp_path, request):
    note = tmp_path / "note"
    argv = ("/bin/sh", "-c", f"echo $AGENT2_PID >> {note}; exit 3")
    check = ResourcesCheck(match="x", on_leak=argv, leak_strict=True)
    ours = subprocess.Popen(["sleep", "600"])
    request.addfinalizer(lambda: (ours.kill(), ours.wait()))
    _, start = processes.read_stat(ours.pid)
    check.kept.root = (ours.pid, start)

    def look(leak: str):
        seen = Seen(leak=leak, summary="all well")
        told = lambda reactor, deadline: resources_leak.told(  # noqa: E731
            check, seen, reactor, deadline
        )
        return check._found(run(told))

    for _ in range(2):  # it lasts: the program has run already
        found = look("memory leak suspected: 9.0 MB/h")
        assert (found.outcome, found.code) == (Outcome.FAIL, Code.MEMORY_LEAK)
        assert found.detail.endswith("9.0 MB/h; on_leak: exit code 3")
    assert note.read_text() == f"{ours.pid}\n"
    assert look("").code is Code.OK
    assert look("again").detail == "again; on_leak: exit code 3"
    assert note.read_text() == f"{ours.pid}\n" * 2
    assert look("").code is Code.OK
    check.kept.root = (ours.pid, start + 1)  # its number went to another one
    why = f"again; on_leak: not run: process {ours.pid} is another one by now"
    assert look("again").detail == why
    assert look("").code is Code.OK
    assert note.read_text() == f"{ours.pid}\n" * 2
    warned = ResourcesCheck(match="x")._found(Seen(leak="slow"))
    assert (warned.outcome, warned.code) == (Outcome.OK, Code.MEMORY_LEAK)


# It takes as many MB as each line that it reads says, and keeps them.
GROWING = """
import sys
held = []
print("ready", flush=True)
for line in sys.stdin:
    held.append(b"x" * (int(line) << 20))
    print(len(held), flush=True)
"""


class Growing:
    """A service whose PID file follows who runs it."""

    def __init__(self, file):
        self.file = file

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-c", GROWING],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline() == "ready\n"
        self.file.write_text(f"{self.process.pid}\n")

    def grow(self, megabytes):
        self.process.stdin.write(f"{megabytes}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline()

    def end(self):
        self.process.kill()
        self.process.communicate(timeout=60)


@pytest.mark.parametrize("megabytes", [2, 0])
def test_a_process_that_leaks_is_warned_of_by_its_slope_and_ended_by_on_leak(
    tmp_path, megabytes
):
    service = Growing(tmp_path / "pid")
    service.start()
    argv = ("/bin/sh", "-c", 'kill -TERM "$AGENT2_PID"')
    check = ResourcesCheck(file=str(service.file), rss=150 << 20, on_leak=argv)
    minutes = iter(range(60))
    check.kept.wall = lambda: 60.0 * next(minutes)  # a minute from look to look
    try:
        codes = [ask(check, 60.0).code]
        while codes[-1] is Code.OK and len(codes) < 25:
            service.grow(megabytes)
            codes.append(ask(check, 60.0).code)

        if not megabytes:
            assert codes == [Code.OK] * 25  # what stays as it is does not leak
            return
        assert codes[-1] is Code.MEMORY_LEAK  # at about 50 of its 150 MB
        assert 12 <= len(codes) < 25
        assert service.process.wait(60) == -15
        service.end()
        service.start()
        again = ask(check, 60.0)
        assert (again.outcome, again.code) == (Outcome.OK, Code.OK)
        assert figures(again)["rss"] < 30
    finally:
        service.end()


@pytest.mark.parametrize(
    ("check", "field"),
    [
        (ResourcesCheck(user="root"), "user"),
        (ResourcesCheck(leak_strict=True), "leak_strict"),
        (ResourcesCheck(on_leak=("a",)), "on_leak"),
        (ResourcesCheck(file="a", match="b"), "match"),
        (ResourcesCheck(match="("), "match"),
        (ResourcesCheck(samples=0), "samples"),
        (ResourcesCheck(margin=100.0), "margin"),
        (ResourcesCheck(port=70000), "port"),
        (ResourcesCheck(connections=5), "connections"),
        (ResourcesCheck(disks=()), "disks"),
        (ProcessCheck(match=""), "match"),
        (TcpCheck(port=1, owner="("), "owner"),
        (TcpCheck(port=1, owner="x", host="10.0.0.1"), "owner"),
        (ProcessCheck(match="("), "match"),
        (ProcessCheck(match="a", min=-1), "min"),
        (ProcessCheck(match="a", min=3, max=2), "max"),
    ],
)
def test_options_that_make_no_sense_are_told(check, field):
    assert [told[0] for told in check.problems()] == [field]
    assert list(ResourcesCheck().problems()) == []
    assert list(ProcessCheck(match="a").problems()) == []


def test_a_look_that_does_not_end_is_not_begun_again():
    check = ResourcesCheck()
    check.kept.busy = True
    assert ask(check).outcome is Outcome.ERROR


@pytest.mark.parametrize("text", ["", "x", "4194305\n", "99999999999999"])
def test_a_pid_file_that_names_nobody_is_a_failure(tmp_path, text):
    file = tmp_path / "a.pid"
    file.write_text(text)
    found = ask(ResourcesCheck(file=str(file)))
    assert (found.outcome, found.code) == (Outcome.FAIL, Code.PID_MISSING)


def test_a_leak_of_a_pid_file_that_proves_nobody_runs_nothing(tmp_path):
    file = tmp_path / "pid"
    file.write_text(f"{os.getppid()}\n")
    os.utime(file, (1.0, 1.0))  # older than the process: the number was given again
    check = ResourcesCheck(file=str(file), on_leak=("/bin/touch", str(tmp_path / "x")))
    check.kept.root = (os.getppid(), processes.read_stat(os.getppid())[1])
    seen = run(
        lambda reactor, deadline: resources_leak.told(
            check, Seen(leak="slow"), reactor, deadline
        )
    )
    assert "not run: nothing proves whose process" in seen.leak
    assert not (tmp_path / "x").exists()
