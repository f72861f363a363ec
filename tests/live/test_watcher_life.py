"""How the watcher begins, ends, is found, and comes back after a kill."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from rig import FAST, MONITOR, Agent, asking, config, never, wait_for, watching

from tests.fakes.health_server import document, http

# -- the end


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_leaves_cleanly(rig, server, number):
    agent = rig.agent(config(asking(server)))
    agent.until_word("ok")
    agent.send(number)
    assert agent.process.wait(30) == 0
    status = agent.status()
    assert status["status"] == "stopped"
    assert status["health_status"] == "unknown"
    left = set(os.listdir(agent.folder))
    assert not left & {"agent2.pid", "agent2.sock"}
    assert agent.until_line("monitor stopped")
    assert agent.errors.read_text() == ""


def test_asked_to_stop_while_a_target_hangs_it_leaves_in_time(rig):
    target = rig.target()
    agent = rig.agent(config(watching(target, interval=120, timeout=120)))
    agent.until_word("ok")
    target.send(signal.SIGSTOP)
    agent.send(signal.SIGUSR2)
    time.sleep(0.2)
    assert agent.stop() == 0
    assert agent.status()["status"] == "stopped"


@pytest.mark.slow
def test_asked_to_stop_while_the_store_is_locked_it_leaves_in_time(rig, server):
    agent = rig.agent(config(asking(server)))
    agent.until_word("ok")
    with open(agent.folder / "agent2.db.lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert agent.stop(8) == 0  # a commit would wait for ten seconds
    assert agent.status()["status"] == "stopped"


def test_a_stopped_agent_starts_again_where_it_was(rig, server):
    server.answers[:] = [http("", 500)]
    agent = rig.agent(config(asking(server)))
    agent.until_signal()
    before = agent.until_word("down")
    assert agent.stop() == 0
    agent.start()
    status = agent.until_word("down")
    assert [fix["id"] for fix in status["fixes"]] == [
        fix["id"] for fix in before["fixes"]
    ]
    assert status["incidents"]["open"] == before["incidents"]["open"]
    assert len(agent.journal("incident.opened")) == 1


# -- who runs


def test_a_second_instance_ends_75_and_names_the_first(rig, server):
    agent = rig.agent(config(asking(server)))
    agent.until_word("ok")
    second = subprocess.run(
        agent.argv(), env=agent.env, capture_output=True, text=True, check=False
    )
    assert second.returncode == 75
    assert second.stderr == f"agent2: already running (PID {agent.pid})\n"
    count = len(agent.lines("passed"))
    agent.until_line("passed", count=count + 2)
    assert (agent.folder / "agent2.pid").read_text() == f"{agent.pid}\n"


def test_a_stale_pid_file_with_another_programs_number_is_taken_over(rig, server):
    other = rig.run("sleep", "60")
    agent = rig.agent(config(asking(server)), start=False)
    agent.folder.mkdir(parents=True)
    (agent.folder / "agent2.pid").write_text(f"{other.pid}\n")
    agent.start()
    agent.until_word("ok")
    assert (agent.folder / "agent2.pid").read_text() == f"{agent.pid}\n"
    assert other.poll() is None
    assert agent.stop() == 0
    assert other.poll() is None


def test_a_pid_file_that_is_no_longer_ours_is_left_alone(rig, server):
    agent = rig.agent(config(asking(server)))
    path = agent.folder / "agent2.pid"
    path.unlink()
    path.write_text("1\n")
    assert agent.stop() == 0
    assert path.read_text() == "1\n"


def test_a_link_in_the_place_of_the_pid_file_is_refused(rig, server):
    agent = rig.agent(config(asking(server)), start=False)
    agent.folder.mkdir(parents=True)
    victim = rig.folder / "victim"
    victim.write_text("precious")
    (agent.folder / "agent2.pid").symlink_to(victim)
    agent.start(wait=0)
    assert agent.process.wait(60) == 73
    assert victim.read_text() == "precious"
    assert "choose another --state-dir" in agent.errors.read_text()


def test_a_folder_that_cannot_be_made_ends_73_with_one_line(rig, server):
    agent = rig.agent(config(asking(server)), start=False)
    agent.configure(agent.config)
    agent.folder.write_text("a file is in the way")
    agent.start(wait=0)
    assert agent.process.wait(60) == 73
    assert len(agent.errors.read_text().splitlines()) == 1


@pytest.mark.parametrize(
    "words", [["--bogus"], ["--state-dir"], ["--ready-fd", "x"], ["run"]]
)
def test_a_wrong_command_line_ends_2_with_one_line(words):
    argv = [sys.executable, "-I", "-S", MONITOR, *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("agent2: ")
    assert len(done.stderr.splitlines()) == 1


# -- signals


def test_usr1_writes_the_stacks_into_the_log(rig, server):
    agent = rig.agent(config(asking(server)))
    agent.send(signal.SIGUSR1)
    (*_, line) = agent.until_line("reactor.py")
    assert " - INFO - thread " in line
    assert " taskExecutorScheduler: " in line
    agent.until_line(" daemonScheduler: ")
    agent.until_line("passed")


def test_a_storm_of_signals_is_survived(rig, server):
    agent = rig.agent(config(asking(server)))
    for _ in range(300):
        for number in (signal.SIGUSR2, signal.SIGIO, signal.SIGHUP, signal.SIGPIPE):
            agent.send(number)
    count = len(agent.lines("passed"))
    agent.until_line("passed", count=count + 3)
    assert agent.runs()
    assert not agent.lines(" - ERROR - ")


# -- its output


def test_with_stdout_in_the_log_every_line_stands_once(rig, server):
    agent = rig.agent(config(asking(server)), start=False)
    agent.folder.mkdir(parents=True)
    with agent.log_path.open("ab") as log:
        agent.extra = ["--foreground"]
        agent.start(stdout=log)
    agent.until_line("passed", count=3)
    assert agent.stop() == 0
    lines = agent.lines()
    assert len(lines) == len(set(lines))
    assert len(agent.until_line("monitor started", count=1)) == 1


def test_in_the_foreground_every_line_is_also_shown(rig, server):
    agent = rig.agent(config(asking(server)), start=False)
    agent.extra = ["--foreground"]
    agent.start()
    agent.until_line("passed", count=2)
    assert agent.stop() == 0
    assert agent.output.read_text() == agent.log()


def test_a_terminal_that_goes_away_does_not_end_it(rig, server):
    agent = rig.agent(config(asking(server)), start=False)
    agent.extra = ["--foreground"]
    inlet, outlet = os.pipe()
    agent.start(stdout=outlet)
    os.close(outlet)
    os.close(inlet)
    count = len(agent.lines("passed"))
    agent.until_line("passed", count=count + 3)


# -- killed


def resumed(agent: Agent) -> float:
    """Kill the agent, start it again; return the seconds until it knew what it knew."""
    agent.kill()
    begun = time.monotonic()
    agent.start()
    agent.status()
    return time.monotonic() - begun


@pytest.mark.slow
def test_killed_in_an_outage_it_resumes_failures_incident_budget_and_fixes(rig):
    target = rig.target()
    settings = {"interval": 0.5, "timeout": 5, "restart": {"settle": 0.1}}
    agent = rig.agent(config(watching(target, **settings)))
    agent.until_word("ok")
    target.send(signal.SIGKILL)
    agent.until_signal()
    before = agent.until_word("down")
    took = []
    for _ in range(3):
        took.append(resumed(agent))
        status = agent.status()
        assert status["health_status"] in {"down", "unknown"}
        assert status["incidents"]["open"] == before["incidents"]["open"]
        assert [f["id"] for f in status["fixes"]] == [f["id"] for f in before["fixes"]]
        now, then = status["targets"][0], before["targets"][0]
        assert now["restarts"]["used"] == then["restarts"]["used"] == 1
        assert now["consecutive_failures"] >= then["consecutive_failures"]
    wait_for(lambda: min(took) < 1.0 or took.append(resumed(agent)), 120, "a second")
    assert len(agent.journal("incident.opened")) == 1
    assert len(agent.journal("restart.requested")) == 1
    assert agent.until_signal()["incident_id"] == before["incidents"]["open"][0]["id"]


def test_failures_below_the_threshold_are_counted_on_after_a_kill(rig, server):
    server.answers[:] = [http("", 500)]
    settings = {"interval": 60, "timeout": 5, "failure_threshold": 4}
    agent = rig.agent(config(asking(server, **settings)))
    agent.until_word("warn")
    agent.send(signal.SIGUSR2)
    agent.until_line("consecutive failures: 2")
    agent.kill()
    agent.start()
    agent.until_line("consecutive failures: 3")
    assert agent.signal() is None


@pytest.mark.slow
def test_killed_at_any_moment_it_leaves_no_torn_status(rig, server):
    sick = http("", 500)
    server.answers = Alternating(http(document()), sick)
    settings = {"interval": 0.05, "failure_threshold": 1, "flapping": False}
    agent = rig.agent(config(asking(server, **settings)))
    for number in range(12):
        time.sleep(0.013 * (number % 5))
        agent.kill()
        agent.status()
        agent.start()
    agent.until(lambda s: s["seq"] > 3, 60, "it goes on")
    assert not [n for n in os.listdir(agent.folder) if n.endswith(".tmp")]


def test_what_a_killed_run_left_half_written_is_swept_at_the_start(rig, server):
    agent = rig.agent(config(asking(server)), start=False)
    orders = agent.folder / "restart_signal.d"
    orders.mkdir(parents=True)
    ended = subprocess.Popen(["true"])
    ended.wait(30)
    for pid in (ended.pid, os.getpid()):
        (agent.folder / f".agent2_status.json.{pid}-0.tmp").write_text("{")
        (orders / f".other.{pid}-0.tmp").write_text("{")
    agent.start()
    left = [n for n in os.listdir(agent.folder) if n.endswith(".tmp")]
    assert left == [f".agent2_status.json.{os.getpid()}-0.tmp"]  # a living one's
    assert os.listdir(orders) == [f".other.{os.getpid()}-0.tmp"]


class Alternating(list):
    """Two answers in turn, for ever."""

    def __init__(self, *answers: bytes) -> None:
        super().__init__(answers)

    def pop(self, index: int = -1) -> bytes:
        found = super().pop(index)
        self.append(found)
        return found


def test_an_earlier_runs_signal_is_withdrawn_when_all_is_well_at_the_start(rig):
    target = rig.target()
    agent = rig.agent(config(watching(target, **FAST)))
    agent.until_word("ok")
    target.send(signal.SIGKILL)
    agent.until_signal()
    agent.until_word("down")
    agent.kill()
    target.start()
    agent.start()
    agent.until_word("ok")
    agent.until_no_signal()
    status = agent.until(lambda s: not s["incidents"]["open"], 60, "closed")
    assert status["consecutive_failures"] == 0


# -- the folder from outside


def test_it_runs_from_any_folder_and_without_a_home(rig, server):
    agent = rig.agent(config(asking(server)), start=False)
    del agent.env["HOME"]
    agent.start()
    agent.until_word("ok")


def test_a_relative_state_folder_stays_where_it_was(rig, server, tmp_path):
    agent = rig.agent(config(asking(server)), start=False)
    agent.configure(agent.config)
    argv = [sys.executable, "-I", "-S", MONITOR, "--state-dir", "here"]
    argv += ["-c", str(agent.yaml)]
    process = rig.run(*argv, cwd=tmp_path, env=agent.env)
    status = tmp_path / "here" / "agent2_status.json"
    wait_for(status.exists, 60, "a status")
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert json.loads(status.read_text())["status"] == "stopped"


def test_the_wake_socket_takes_anything(rig, server):
    import socket

    agent = rig.agent(config(asking(server)))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        for message in (b"", b"\xff\0", b"log", b"log NOISE x", b"wake", b"x" * 4096):
            sender.sendto(message, str(agent.folder / "agent2.sock"))
        sender.sendto(
            b"log ERROR \xe4\xb8\xad\nforged", str(agent.folder / "agent2.sock")
        )
    (line,) = agent.until_line("forged")
    assert line.split(" - ")[2] == "ERROR"
    count = len(agent.lines("passed"))
    agent.until_line("passed", count=count + 2)
    never(lambda: not agent.runs(), 0.1, "it ended")
