"""Planted faults in real processes are named by the pack of evidence."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from rig import FAST, ROOT, config, wait_for

from agent2.compiler.compile import compile_text
from agent2.evidence.main import LARGEST, _write, prune
from tests.ports import reserved

PROGRAM = str(ROOT / "agent2" / "evidence" / "__main__.py")
READY = "print('ready', flush=True)\n"
DEADLOCK = f"""
import threading
one, two = threading.Lock(), threading.Lock()
meet = threading.Barrier(2)
def cross(first, second):
    with first:
        meet.wait()
        {READY.strip()}
        with second: pass
threading.Thread(target=cross, args=(one, two)).start()
cross(two, one)
"""
SPIN = READY + "while True: pass"
LEAK = f"""
import resource, time
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
kept = []
try:
    while True: kept.append(open('/dev/null'))
except OSError: pass
{READY}
time.sleep(1000)
"""
SLEEP = READY + "import time; time.sleep(1000)"
LISTEN = """
import socket, sys, time
door = socket.create_server(('127.0.0.1', 0), backlog=20)
print(door.getsockname()[1], flush=True)
time.sleep(1000)
"""


class Sick:
    """A state folder with a plan, and a process with a fault."""

    def __init__(self, folder):
        self.folder = folder
        self.process = None
        self.word = ""

    def start(self, code):
        argv = [sys.executable, "-c", code, "--password", "hunter2hunter2"]
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=self.folder)
        self.word = self.process.stdout.readline().decode().strip()
        return self

    def collect(self, *more, port=None, pid=None):
        """Run the program as the watcher does; return its line and its pack."""
        checks = [{"kind": "pid", "file": str(self.folder / "web.pid")}]
        if port:
            checks.append({"kind": "tcp", "port": port})
        text = json.dumps(config({"name": "webui", "checks": checks}))
        compiled = compile_text(text.encode(), "a.yaml", str(self.folder), "", {})
        assert compiled.tree is not None, compiled.problems
        plan = self.folder / "plan.json"
        plan.write_text(json.dumps(compiled.tree))
        plan.chmod(0o600)
        pid = self.process.pid if pid is None else pid
        argv = [sys.executable, "-I", PROGRAM, "--state-dir", str(self.folder)]
        argv += ["--target", "webui", "--pid", str(pid), *more]
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=60, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        told = json.loads(done.stdout)
        return told, json.loads(Path(told["path"]).read_text())

    def owned(self, port):
        """Collect until there was time to see whose *port* is: it has a second."""

        def look():
            told, pack = self.collect(port=port)
            return (told, pack) if pack["ports"][0]["pid"] else None

        return wait_for(look, 60, "the owner is named")


@pytest.fixture
def sick(tmp_path):
    made = Sick(tmp_path)
    yield made
    if made.process is not None:
        made.process.kill()
        made.process.wait()
        made.process.stdout.close()


def test_a_deadlock_is_named_with_its_threads(sick):
    sick.start(DEADLOCK)

    def look():
        told, _pack = sick.collect()
        return told if told["codes"][:1] == ["deadlock"] else None

    told = wait_for(look, 60, "both wait")
    assert "all 2 threads wait for a lock" in told["summary"]


def test_a_thread_that_spins_is_named(sick):
    sick.start(SPIN)

    def look():
        told, pack = sick.collect()
        # On a busy machine it gets less of a core; then it is one of the busiest.
        busy = {one["pid"] for one in pack["busiest"]["cpu"]}
        return pack if "cpu_spin" in told["codes"] or sick.process.pid in busy else None

    pack = wait_for(look, 60, "it gets some of a core")
    assert [one["tid"] for one in pack["process"]["threads"]] == [sick.process.pid]


def test_descriptors_that_leak_are_named_with_their_kind(sick):
    told, _ = sick.start(LEAK).collect()
    assert told["codes"] == ["descriptors"]
    assert "64 of 64 file descriptors are in use, mostly file" in told["summary"]


def test_a_stolen_port_is_named_with_its_thief(sick):
    sick.start(SLEEP)
    with socket.create_server(("127.0.0.1", reserved())) as door:
        told, _ = sick.owned(door.getsockname()[1])
    assert told["codes"] == ["port_stolen"]
    assert f"(pid {os.getpid()}), not by process {sick.process.pid}" in told["summary"]


def test_a_port_that_nobody_listens_on_and_one_that_nobody_accepts_on_are_told(sick):
    sick.start(LISTEN)
    port = int(sick.word)
    with socket.create_server(("127.0.0.1", reserved())) as door:
        closed = door.getsockname()[1]
    told, _ = sick.collect(port=closed)
    assert told["codes"] == ["port_closed"]
    calls = [socket.create_connection(("127.0.0.1", port)) for _ in range(4)]
    told, pack = sick.owned(port)
    assert told["codes"] == ["accept_queue"]
    assert "4 connections wait" in told["summary"]
    assert pack["ports"][0]["pid"] == sick.process.pid
    for call in calls:
        call.close()


def test_a_stopped_process_is_named(sick):
    sick.start(SLEEP).process.send_signal(signal.SIGSTOP)

    def look():
        told, _ = sick.collect()
        return told["codes"] == ["stopped"] and told

    assert "SIGCONT" in wait_for(look, 60, "it is stopped")["summary"]


def test_a_full_disk_is_named(sick):
    place = sick.folder / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(place)]
    done = subprocess.run(mount, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("no tmpfs can be mounted here")
    try:
        code = f"import os; os.chdir({str(place)!r}); open('x', 'wb', 0).write(bytes(65536))\n"
        told, _pack = sick.start(code + SLEEP).collect()
        assert told["codes"] == ["disk_full"]
        assert f"disk {place} is full" in told["summary"]
    finally:
        sick.process.kill()
        sick.process.wait()
        subprocess.run(["umount", str(place)], check=True)


def test_how_it_died_is_named_and_a_process_that_is_well_names_nothing(sick):
    told, pack = sick.collect("--death", "killed by SIGSEGV (core dumped)", pid=0)
    assert told["summary"] == "the process died: killed by SIGSEGV (core dumped)"
    assert pack["process"] is None
    told, _ = sick.collect("--death", "killed by SIGKILL: out of memory (OOM)", pid=0)
    assert told["codes"] == ["oom"]
    told, pack = sick.start(SLEEP).collect()
    assert (told["codes"], told["summary"]) == ([], "")
    assert pack["process"]["state"] in "RS"


def test_a_pack_is_small_ours_alone_and_holds_no_secret(sick):
    log = sick.folder / "web.log"
    code = f"log = open({str(log)!r}, 'w')\n"
    code += (
        "log.write('x' * 100_000 + '\\n\\x1b[31mtoken=abcdef123456\\n'); log.flush()\n"
    )
    told, pack = sick.start(code + SLEEP).collect()
    path = Path(told["path"])
    text = path.read_text()
    assert "hunter2" not in text
    assert "abcdef123456" not in text
    assert pack["logs"][str(log)][-1] == "\\x1b[31mtoken=***"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_size < 1_000_000


def test_a_log_is_read_where_the_process_holds_it_and_not_where_its_name_leads(sick):
    private, log = sick.folder / "shadow", sick.folder / "a.log"
    private.write_text("root:x:1\n")
    code = f"""
import os
log = open({str(log)!r}, 'w'); log.write('cut off: pass'); log.flush()
log.write('word=' + 'x' * 40000 + '\\nits own\\n'); log.flush()
os.rename({str(log)!r}, {str(log)!r} + '.1'); os.rename({str(log)!r} + '.1', {str(log)!r})
held = os.open({str(sick.folder / "b.log")!r}, os.O_CREAT | os.O_PATH, 0o600)
"""
    (sick.folder / "b.log").write_text("nobody may read this\n")
    sick.start(code + SLEEP)
    _told, pack = sick.collect()
    assert pack["logs"] == {str(log): ["its own"]}
    log.unlink()
    log.symlink_to(private)
    _told, pack = sick.collect()
    assert "root:x:1" not in json.dumps(pack)


def test_a_pack_of_a_process_that_is_all_names_keeps_its_size_and_the_newest_stay(
    tmp_path,
):
    names = [f"2026112{day}T000000-a-1.json" for day in range(1, 6)]
    for name in ("20300101T000000-a-1.json", *names):
        (tmp_path / name).write_text("")
    prune(str(tmp_path), 2, 1795780800.0)  # 2026-11-27
    assert sorted(os.listdir(tmp_path)) == names[-2:]
    pack = {"at": 0.0, "stacks": "s" * LARGEST, "process": "p" * LARGEST}
    path = _write(str(tmp_path), "a", pack)
    assert os.stat(path).st_size < 1000
    assert json.loads(Path(path).read_text())["process"] == "left out: too long"


@pytest.mark.slow
def test_the_agent_lays_a_pack_of_its_own_beside_each_incident(rig, tmp_path):
    """The whole way: first failure, pack, incident, journal, log; and once more."""
    file, port = tmp_path / "web.pid", reserved()
    with subprocess.Popen(["/bin/sleep", "1000"]) as process:
        file.write_text(str(process.pid))
        checks = [{"kind": "pid", "file": str(file)}, {"kind": "tcp", "port": port}]
        target = {"name": "webui", "checks": checks} | FAST
        agent = rig.agent(config(target, evidence={"enabled": True}), start=False)
        for number in (1, 2):
            with Listening(port):
                # Begun before anybody listens, it could see an outage of its own.
                if not agent.runs():
                    agent.start()
                agent.until_word("ok", 60)
            agent.until_word("down", 60)
            look = lambda n=number: len(agent.journal("evidence.collected")) == n  # noqa: E731
            wait_for(look, 60, agent.tail)
        process.kill()
    said = f"process {process.pid} lives but nobody listens on port {port}"
    assert {body["summary"] for _, body in agent.journal("evidence.collected")} == {
        said
    }
    laid = "SELECT incident FROM journal WHERE kind = 'evidence.collected' ORDER BY seq"
    opened = agent.rows("SELECT id FROM incidents ORDER BY opened_at")
    assert agent.rows(laid) == opened
    assert len(opened) == 2
    agent.until_line(f"evidence: {said}", 60, 2)


class Listening:
    """Accepts on a port and hangs up, until it is left."""

    def __init__(self, port):
        self.door = socket.create_server(("127.0.0.1", port))
        self.thread = threading.Thread(target=_accept, args=(self.door,))

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_error):
        self.door.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.door.close()


@pytest.mark.slow
def test_a_pack_that_cannot_be_written_is_not_tried_again_with_every_look(rig):
    with socket.create_server(("127.0.0.1", reserved())) as door:
        port = door.getsockname()[1]
    checks = [{"kind": "tcp", "port": port}]
    more = {"log": {"level": "DEBUG"}, "evidence": {"enabled": True}}
    settings = config({"name": "webui", "checks": checks} | FAST, **more)
    agent = rig.agent(settings, start=False)
    agent.folder.mkdir(parents=True)
    (agent.folder / "evidence").write_text("no folder")
    agent.start()
    agent.until_line("no evidence", 60)

    def failures():
        return agent.status()["consecutive_failures"]

    since = failures()
    wait_for(lambda: failures() >= since + 40, 60, agent.tail)
    assert (agent.folder / "agent2.log").read_text().count("no evidence") == 1


def _accept(door):
    while True:
        try:
            door.accept()[0].close()
        except OSError:
            return
