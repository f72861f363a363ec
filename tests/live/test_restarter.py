"""The restarter as a program: a signal is taken up once, carried out, and told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent2.host.instance import Instance
from tests.contract.probing import until
from tests.fakes.health_server import HealthServer, http

ENTRY = Path(__file__).parents[2] / "agent2" / "restarter" / "__main__.py"


def plan(folder: Path, argv=(), verify="", timeout=60.0) -> None:
    tree = {
        "format": 1,
        "stamp": "s",
        "config_path": "",
        "sha": "0",
        "base": "",
        "profile": "test",
        "language": "en",
        "targets": [
            {
                "name": "webui",
                "checks": [],
                "actions": [],
                "policy": POLICY,
                "depends_on": [],
                "primary": True,
            }
        ],
        "notifiers": [],
        "routes": [],
        "log": {},
        "restarter": {"argv": list(argv), "verify": verify, "timeout": timeout},
        "web": {},
        "warnings": [],
    }
    path = folder / "plan.json.new"
    path.write_text(json.dumps(tree))
    path.rename(folder / "plan.json")


POLICY = {"severity": "critical", "reminders": [3600.0], "restart": {}}


class Restarter:
    def __init__(self, folder: Path, *, wait: bool = True):
        self.folder = folder
        self.program = subprocess.Popen(
            [sys.executable, str(ENTRY), "--state-dir", str(folder)],
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if wait:
            assert until(lambda: self.status().get("status") == "waiting"), self.log()

    def status(self) -> dict:
        try:
            return json.loads((self.folder / "agent1_status.json").read_text())
        except FileNotFoundError:
            return {}

    def log(self) -> str:
        try:
            return (self.folder / "agent1.log").read_text()
        except FileNotFoundError:
            return ""

    def result(self, word: str) -> bool:
        return until(lambda: self.status().get("last_result") == word)

    def stop(self, number=signal.SIGTERM) -> int:
        if self.program.poll() is None:
            self.program.send_signal(number)
        _, self.errors = self.program.communicate(timeout=60)
        return self.program.returncode


@pytest.fixture
def start(tmp_path):
    started = []

    def begin(**options):
        started.append(Restarter(tmp_path, **options))
        return started[-1]

    yield begin
    for each in started:
        each.stop()
        assert "Traceback" not in each.errors + each.log()


def order(folder: Path, *, name="restart_signal", age=0.0, **keys) -> Path:
    at = datetime.now(UTC) - timedelta(seconds=age)
    tree = {
        "timestamp": at.isoformat(),
        "reason": "process_not_alive",
        "requested_by": "agent2",
    }
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    beside = folder / "new"
    beside.write_text(json.dumps({**tree, "id": "webui-1-1", **keys}))
    beside.chmod(0o644)
    beside.rename(path)
    return path


@pytest.mark.parametrize("name", ["AGENT2_STATE_DIR", "AGENT2_HOME"])
def test_the_environment_names_its_folder_as_it_does_the_watchers(tmp_path, name):
    environ = {"PATH": os.environ["PATH"], name: str(tmp_path / "there")}
    program = subprocess.Popen([sys.executable, str(ENTRY)], env=environ, cwd="/")
    try:
        path = tmp_path / "there" / "agent1_status.json"
        assert until(path.exists)
    finally:
        program.terminate()
        assert program.wait(30) == 0


def test_a_signal_is_taken_up_carried_out_counted_and_deleted(start, tmp_path):
    plan(
        tmp_path,
        ["/bin/sh", "-c", f'echo "$AGENT2_TARGET $AGENT2_REASON" >> {tmp_path}/ran'],
    )
    agent = start()
    path = order(tmp_path)
    assert agent.result("success"), agent.log()
    assert not path.exists()
    assert (tmp_path / "ran").read_text() == "webui process_not_alive\n"
    status = agent.status()
    assert list(status)[:5] == [
        "agent",
        "status",
        "service_running",
        "restart_count",
        "last_update",
    ]
    assert status["agent"] == "agent1"
    assert status["restart_count"] == 1
    assert status["service_running"] is True
    assert status["last_signal"] == "webui-1-1"
    order(tmp_path)
    assert until(lambda: agent.status()["restart_count"] == 2)


def test_its_files_have_their_form_and_mode(start, tmp_path):
    old = os.umask(0o077)
    try:
        agent = start()
    finally:
        os.umask(old)
    assert (tmp_path / "agent1.pid").read_text() == f"{agent.program.pid}\n"
    for name in ("agent1.pid", "agent1.log", "agent1_status.json"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o644
    first = agent.log().splitlines()[0]
    day, clock, dash, name, _, level, *_ = first.split(" ")
    assert (dash, name, level) == ("-", "Agent1", "INFO")
    datetime.strptime(f"{day} {clock}", "%Y-%m-%d %H:%M:%S,%f")
    assert agent.stop() == 0
    assert agent.status()["status"] == "stopped"
    assert not (tmp_path / "agent1.pid").exists()


def test_a_second_one_is_refused_and_names_the_first(start, tmp_path):
    first = start()
    second = subprocess.run(
        [sys.executable, str(ENTRY), "--state-dir", str(tmp_path)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert second.returncode == 75
    assert str(first.program.pid) in second.stderr


def test_without_a_command_it_says_so_once_and_leaves_the_signal(start, tmp_path):
    plan(tmp_path)
    path = order(tmp_path)
    agent = start()
    assert until(lambda: "is left" in agent.log())
    time_of_polls = time.monotonic() + 0.7  # three more looks
    assert until(lambda: time.monotonic() > time_of_polls)
    assert agent.log().count("is left") == 1
    assert path.exists()
    plan(tmp_path, ["true"])  # configured later: taken up without a restart of ours
    assert agent.result("success")
    assert not path.exists()


def test_with_no_plan_at_all_it_runs_and_waits(start, tmp_path):
    agent = start()
    said = until(lambda: "left no plan" in agent.log())
    assert said, "which says nothing of what is configured"
    (tmp_path / "plan.json").write_text("{")
    order(tmp_path)
    assert until(lambda: "cannot be read" in agent.log())
    assert agent.program.poll() is None


def test_a_folder_removed_under_it_is_made_anew_and_served(start, tmp_path):
    agent = start()
    for path in tmp_path.iterdir():
        path.unlink()
    assert until(lambda: "began anew" in agent.log())
    assert (tmp_path / "agent1.pid").read_text() == f"{agent.program.pid}\n"
    plan(tmp_path, ["true"])
    order(tmp_path)
    assert agent.result("success")


def test_a_restarter_whose_place_another_took_leaves_it_alone(start, tmp_path):
    agent = start()
    for path in tmp_path.glob("agent1.pid*"):
        path.unlink()
    other = Instance.acquire(str(tmp_path / "agent1.pid"))
    try:
        assert agent.program.wait(30) == 75
    finally:
        other.release()


def test_the_target_outlives_the_restarter_and_can_write_on(start, tmp_path):
    script = f"(while :; do echo tick; sleep 0.02; done) & echo $! > {tmp_path}/pid"
    plan(tmp_path, ["/bin/sh", "-c", script])
    agent = start()
    order(tmp_path)
    assert agent.result("success"), agent.log()
    pid = int((tmp_path / "pid").read_text())
    try:
        assert agent.stop() == 0
        size = (tmp_path / "agent1_command.log").stat().st_size
        assert until(lambda: (tmp_path / "agent1_command.log").stat().st_size > size)
    finally:
        os.kill(pid, signal.SIGKILL)


@pytest.mark.slow
def test_a_command_that_is_the_target_itself_runs_on(start, tmp_path):
    with HealthServer(http()) as server:
        script = f"echo $$ > {tmp_path}/pid; exec sleep 300"
        plan(tmp_path, ["/bin/sh", "-c", script], verify=server.url)
        agent = start()
        order(tmp_path)
        assert agent.result("success"), agent.log()
    pid = int((tmp_path / "pid").read_text())
    os.kill(pid, 0)
    assert agent.stop() == 0
    os.kill(pid, signal.SIGKILL)


def test_a_target_that_does_not_answer_is_no_success(start, tmp_path):
    with HealthServer(http(status=500)) as server:
        plan(tmp_path, ["true"], verify=server.url, timeout=0.6)
        agent = start()
        order(tmp_path)
        assert agent.result("failed"), agent.log()
    assert agent.status()["service_running"] is False
    assert "does not answer" in agent.log()


def test_a_target_that_answers_is_proof(start, tmp_path):
    with HealthServer(http(status=500), http()) as server:
        plan(tmp_path, ["true"], verify=server.url)
        agent = start()
        order(tmp_path)
        assert agent.result("success"), agent.log()


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (
            ["/bin/sh", "-c", "echo no such unit >&2; exit 4"],
            "exit code 4: no such unit",
        ),
        (["/no/such/program"], "cannot run"),
        (["sleep", "300"], "did not end in 0.5 s: killed"),
    ],
)
def test_a_failed_restart_is_told_with_its_cause(start, tmp_path, argv, said):
    plan(tmp_path, argv, timeout=0.5)
    agent = start()
    path = order(tmp_path)
    assert agent.result("failed"), agent.log()
    assert said in agent.log()
    assert not path.exists()
    assert agent.status()["status"] == "waiting"


BROKEN = {
    "empty": ("", "is empty"),
    "text": ("restart please", "is not JSON"),
    "binary": ("\x00\x01", "is not JSON"),
    "list": ("[]", "not an object"),
    "no reason": ('{"timestamp": "2026-01-01T00:00:00Z"}', 'has no "reason"'),
    "no time": ('{"timestamp": "soon", "reason": "x"}', "no RFC 3339 time"),
    "old": ('{"timestamp": "2020-01-01T00:00:00Z", "reason": "x"}', "hours old"),
    "future": ('{"timestamp": "2120-01-01T00:00:00Z", "reason": "x"}', "in the future"),
    "huge": (" " * 100_000, "larger than"),
}


def test_every_class_of_broken_signal_is_refused_with_one_line(start, tmp_path):
    plan(tmp_path, ["touch", str(tmp_path / "ran")])
    agent = start()
    for content, said in BROKEN.values():
        path = tmp_path / "restart_signal"
        lines = agent.log().count("refused")
        (tmp_path / "new").write_text(content)
        (tmp_path / "new").rename(path)
        assert until(lambda count=lines: agent.log().count("refused") > count), content[
            :50
        ]
        assert said in agent.log().splitlines()[-1]
        assert until(lambda there=path: not there.exists())
        assert (tmp_path / "restart_signal.refused").exists()
    assert not (tmp_path / "ran").exists()
    assert agent.status()["restart_count"] == 0


def test_what_strangers_can_write_is_refused(start, tmp_path):
    plan(tmp_path, ["touch", str(tmp_path / "ran")])
    agent = start()
    order(tmp_path, name="x").chmod(0o666)
    (tmp_path / "x").rename(tmp_path / "restart_signal")
    assert agent.result("refused")
    assert "group or world" in agent.log()
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("kind", ["folder", "link", "fifo"])
def test_what_is_no_file_is_left_and_named_once(start, tmp_path, kind):
    plan(tmp_path, ["touch", str(tmp_path / "ran")])
    path = tmp_path / "restart_signal"
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to(order(tmp_path, name="elsewhere"))
    else:
        os.mkfifo(path)
    agent = start()
    assert until(lambda: "not a regular file" in agent.log())
    assert os.path.lexists(path)
    assert not (tmp_path / "ran").exists()


def test_a_signal_left_by_a_killed_restarter_is_unknown_and_not_repeated(
    start, tmp_path
):
    plan(
        tmp_path,
        ["/bin/sh", "-c", f"echo ran >> {tmp_path}/ran; sleep 1.5"],
        timeout=30,
    )
    agent = start()
    order(tmp_path)
    assert until(lambda: (tmp_path / "ran").exists())
    agent.stop(signal.SIGKILL)
    assert (tmp_path / "restart_signal.taken").exists()
    after = start(wait=False)
    assert after.result("unknown"), after.log()
    assert "result is unknown" in after.log()
    assert (tmp_path / "restart_signal.unknown").exists()
    assert not (tmp_path / "restart_signal.taken").exists()
    assert until(lambda: after.status()["status"] == "waiting")
    assert after.status()["restart_count"] == 1
    assert (tmp_path / "ran").read_text() == "ran\n"


def test_a_signal_in_the_place_of_another_target_is_refused(start, tmp_path):
    plan(tmp_path, ["touch", str(tmp_path / "{target}.restarted")])
    agent = start()
    order(tmp_path, name="restart_signal.d/db", target="webui")
    assert agent.result("refused")
    assert "names another target than the file does" in agent.log()
    assert not list(tmp_path.glob("*.restarted"))


def test_a_command_that_outlasts_its_time_is_killed_with_all_that_it_started(
    start, tmp_path
):
    plan(
        tmp_path,
        ["/bin/sh", "-c", f"sleep 60 & echo $! $$ > {tmp_path}/pids; wait"],
        timeout=0.5,
    )
    agent = start()
    order(tmp_path)
    assert agent.result("failed"), agent.log()
    assert "did not end in 0.5 s: killed" in agent.log()
    pids = (tmp_path / "pids").read_text().split()
    assert until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids))


def test_a_target_that_is_our_child_is_no_zombie_when_it_ends(start, tmp_path):
    with HealthServer(http("", 200)) as server:
        command = f"echo $$ > {tmp_path}/pid; exec sleep 60"
        plan(tmp_path, ["/bin/sh", "-c", command], verify=server.url)
        agent = start()
        order(tmp_path)
        assert agent.result("success"), agent.log()
    pid = int((tmp_path / "pid").read_text())
    os.kill(pid, signal.SIGKILL)
    assert until(lambda: not os.path.exists(f"/proc/{pid}"))


def test_a_log_that_a_target_has_filled_is_emptied_and_others_are_not(start, tmp_path):
    plan(tmp_path, ["true"])
    full, short = tmp_path / "agent1_command.log", tmp_path / "agent1_command-db.log"
    full.touch()
    os.truncate(full, 10_000_001)
    short.write_text("kept")
    start()
    assert until(lambda: full.stat().st_size == 0)
    assert short.read_text() == "kept"


def test_term_within_a_restart_ends_cleanly_and_lets_it_go_on(start, tmp_path):
    plan(
        tmp_path,
        ["/bin/sh", "-c", f"touch {tmp_path}/begun; sleep 0.5; touch {tmp_path}/over"],
    )
    agent = start()
    order(tmp_path)
    assert until(lambda: (tmp_path / "begun").exists())
    assert agent.stop() == 0
    assert agent.status()["last_result"] == "unknown"
    assert not (tmp_path / "restart_signal.taken").exists()
    assert until(lambda: (tmp_path / "over").exists())


def test_the_count_survives_a_restart_of_ours_and_a_broken_status(start, tmp_path):
    plan(tmp_path, ["true"])
    agent = start()
    order(tmp_path)
    assert agent.result("success")
    agent.stop()
    agent = start()
    assert agent.status()["restart_count"] == 1
    agent.stop()
    (tmp_path / "agent1_status.json").write_text('{"restart_count": "many"}')
    assert start().status()["restart_count"] == 0


def test_further_targets_are_restarted_only_by_a_command_that_names_them(
    start, tmp_path
):
    plan(tmp_path, ["touch", str(tmp_path / "wrong")])
    agent = start()
    path = order(tmp_path, name="restart_signal.d/db", target="db")
    assert until(lambda: "no {target}" in agent.log())
    assert path.exists()
    assert not (tmp_path / "wrong").exists()
    plan(tmp_path, ["touch", str(tmp_path / "{target}.restarted")])
    assert until(lambda: (tmp_path / "db.restarted").exists())
    assert agent.result("success")
    assert not path.exists()


def test_a_hangup_changes_nothing(start, tmp_path):
    plan(tmp_path, ["true"])
    agent = start()
    agent.program.send_signal(signal.SIGHUP)
    order(tmp_path)
    assert agent.result("success")


@pytest.mark.parametrize(
    ("words", "code"), [(["--help"], 0), (["--wrong"], 2), (["--state-dir"], 2)]
)
def test_wrong_words_are_told_with_the_usage(words, code):
    ended = subprocess.run(
        [sys.executable, str(ENTRY), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == code
    assert "usage" in ended.stdout + ended.stderr


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    ended = subprocess.run(
        [sys.executable, str(ENTRY), f"--state-dir={tmp_path}/file/below"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 73
    assert len(ended.stderr.splitlines()) == 1
