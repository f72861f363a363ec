"""Services that belong to somebody: supervisord, systemd, Docker, launchd, a parent.

supervisord is the real one. systemctl and launchctl are programs on PATH that write
down how they were called: no machine that builds has both, and neither as one wants.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from agent2.actions.docker import DockerAction
from agent2.actions.launchd import LaunchdAction
from agent2.actions.signal import SignalAction
from agent2.actions.supervisord import SupervisordAction
from agent2.actions.systemd import SystemdAction
from agent2.checks.docker import DockerCheck
from agent2.checks.supervisord import SupervisordCheck
from agent2.checks.systemd import SystemdCheck
from agent2.core.model import Code, Outcome
from agent2.host.processes import read_stat
from agent2.plan.secret import Secret
from agent2.plugins import Order
from tests.contract.probing import ask, closed_again, descriptors, run, until
from tests.fakes.docker_socket import ENDED, DockerSocket
from tests.supervisord_kit import supervisord

WELL = (Outcome.OK, Code.OK)
DOWN = (Outcome.FAIL, Code.PID_DEAD)


def do(action, target="web"):
    order = Order(
        "web-1-1", target, "web-1", 1, "process_not_alive", "pid_dead", "gone",
        "2026-01-02T03:04:05.678+00:00", "/nonexistent", True,
    )  # fmt: skip
    deed = run(lambda reactor, _deadline: action.run(order, reactor))
    assert deed.detail
    assert deed.detail.isprintable()
    return deed


def said(finding):
    return finding.outcome, finding.code


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A running supervisord; its folder."""
    place = tmp_path_factory.mktemp("s")
    with supervisord(place):
        check = of(place, SupervisordCheck, "bad")
        assert until(lambda: ask(check).detail.startswith("bad is FATAL"), 60)
        yield place


def of(place, cls, program, **more):
    given = {"username": "watch", "password": Secret("pass:word"), **more}
    return cls(program=program, socket=str(place / "s.sock"), **given)


def test_supervisord_tells_of_its_programs_and_restarts_them(place):
    before, check = descriptors(), of(place, SupervisordCheck, "web")
    first = ask(check)
    assert said(first) == WELL
    assert first.identity

    os.kill(int(first.identity.split(":")[0]), signal.SIGKILL)
    assert until(
        lambda: said(ask(check)) != WELL or ask(check).identity != first.identity
    )
    deed = do(of(place, SupervisordAction, "web"))
    assert deed.done, deed.detail
    second = ask(check)
    assert said(second) == WELL
    assert second.identity not in (None, first.identity)
    assert closed_again(before)


def test_what_supervisord_refuses_is_told_in_its_words(place):
    finding = ask(of(place, SupervisordCheck, "bad"))
    assert said(finding) == DOWN
    assert "FATAL" in finding.detail
    deed = do(of(place, SupervisordAction, "bad"))
    assert (deed.done, "SPAWN_ERROR: bad" in deed.detail) == (False, True)

    assert said(ask(of(place, SupervisordCheck, "x<&>"))) == (
        Outcome.FAIL,
        Code.PID_MISSING,
    )
    assert "BAD_NAME: x<&>" in do(of(place, SupervisordAction, "x<&>")).detail
    wrong = of(place, SupervisordCheck, "web", password=Secret("sesame"))
    finding = ask(wrong)
    assert (finding.code, "username" in finding.detail) == (Code.REFUSED, True)
    assert "sesame" not in repr(wrong)


def test_a_supervisord_that_is_not_there_or_a_strangers_is_not_spoken_to(tmp_path):
    for name in ("none", "file"):
        (tmp_path / "file").touch()
        check = SupervisordCheck(program="web", socket=str(tmp_path / name))
        assert said(ask(check)) == (Outcome.FAIL, Code.REFUSED)
        assert not do(SupervisordAction(program="web", socket=check.socket)).done


STATES = {
    "well": ({}, WELL, "container web runs"),
    "own health": ({"Health": {"Status": "healthy"}}, WELL, "health healthy"),
    "sick": (
        {"Health": {"Status": "unhealthy"}},
        (Outcome.FAIL, Code.STATUS_VALUE),
        "own health check fails",
    ),
    "starting": (
        {"Health": {"Status": "starting"}},
        (Outcome.ERROR, Code.STATUS_VALUE),
        "has not said yet",
    ),
    "paused": (
        {"Status": "paused", "Paused": True},
        (Outcome.OK, Code.STOPPED),
        "is paused",
    ),
    "ended": (ENDED | {"ExitCode": 3}, DOWN, "is exited: exit code 3"),
    "oom": (ENDED | {"OOMKilled": True, "ExitCode": 137}, DOWN, "want of memory (OOM)"),
    "restarting": (
        ENDED | {"Status": "restarting", "ExitCode": 1},
        DOWN,
        "is restarting after exit code 1",
    ),
}


@pytest.mark.parametrize("name", STATES)
def test_docker_tells_of_a_container(name, tmp_path):
    state, verdict, words = STATES[name]
    with DockerSocket(tmp_path / "d.sock") as docker:
        docker.state |= state
        finding = ask(DockerCheck(container="web", socket=docker.path))
    assert said(finding) == verdict
    assert words in finding.detail
    assert docker.asked == ["GET /containers/web/json"]


def test_docker_restarts_a_container_and_its_refusals_are_told(tmp_path):
    before = descriptors()
    with DockerSocket(tmp_path / "d.sock") as docker:
        check = DockerCheck(container="web", socket=docker.path)
        first = ask(check).identity
        deed = do(DockerAction(container="web", socket=docker.path, grace=3.0))
        assert (deed.done, deed.detail) == (True, "container web restarted")
        assert docker.asked[-1] == "POST /containers/web/restart?t=3"
        assert ask(check).identity != first

        docker.refuses = b"cannot restart: driver failed"
        deed = do(DockerAction(container="web", socket=docker.path))
        assert (deed.done, "500 cannot restart: driver" in deed.detail) == (False, True)
        assert "404" in do(DockerAction(container="x", socket=docker.path)).detail
        missing = ask(DockerCheck(container="x", socket=docker.path))
        assert said(missing) == (Outcome.FAIL, Code.PID_MISSING)
    assert closed_again(before)


BAD = {
    b"": Code.REFUSED,
    b"SSH-2.0-OpenSSH\r\n": Code.REFUSED,
    b"HTTP/1.1 abc\r\n\r\n": Code.REFUSED,
    b"HTTP/1.0 500 x\r\n\r\n": Code.HTTP_STATUS,
    b"HTTP/1.0 200 x\r\n\r\n": Code.JSON,
    b"HTTP/1.0 200 x\r\n\r\n{}": Code.JSON,
    b"HTTP/1.0 200 x\r\n\r\n" + b"[" * 100_000: Code.JSON,
    b'HTTP/1.0 200 x\r\n\r\n{"State": 7}': Code.JSON,
    b'HTTP/1.0 200 x\r\n\r\n{"State": {"Running": true}}': Code.JSON,
    b"HTTP/1.0 200 x\r\n\r\n" + b"x" * 2_000_000: Code.REFUSED,
}


@pytest.mark.parametrize("number", range(len(BAD)))
def test_a_docker_that_talks_nonsense_is_no_well_container(number, tmp_path):
    raw, code = list(BAD.items())[number]
    with DockerSocket(tmp_path / "d.sock") as docker:
        docker.raw = raw
        assert said(ask(DockerCheck(container="web", socket=docker.path))) == (
            Outcome.FAIL,
            code,
        )


def test_a_docker_that_says_nothing_is_waited_for_until_the_deadline(tmp_path):
    with DockerSocket(tmp_path / "d.sock") as docker:
        docker.mute.set()
        finding = ask(DockerCheck(container="web", socket=docker.path), 0.2)
        assert said(finding) == (Outcome.FAIL, Code.DEADLINE)
        action = DockerAction(
            container="web", socket=docker.path, grace=0.1, timeout=0.2
        )
        assert "did not restart web in 0.2 s" in do(action).detail


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Programs on PATH: they write their words to ``asked``, print ``say``, end as told."""
    for name in ("systemctl", "launchctl"):
        script = f'#!/bin/sh\necho "{name} $*" >> {tmp_path}/asked\n'
        script += (
            f"cat {tmp_path}/say 2>/dev/null\nexit $(cat {tmp_path}/code || echo 0)\n"
        )
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "code").write_text("0")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


UNITS = {
    "active": (
        "LoadState=loaded\nActiveState=active\nSubState=running\nMainPID=1",
        WELL,
        "active (running)",
    ),
    "activating": (
        "LoadState=loaded\nActiveState=activating\nSubState=start\nMainPID=0",
        (Outcome.ERROR, Code.STATUS_VALUE),
        "activating (start)",
    ),
    "auto-restart": (
        (
            "LoadState=loaded\nActiveState=activating\nSubState=auto-restart\nMainPID=0\n"
            "Result=exit-code\nExecMainCode=1\nExecMainStatus=7\nNRestarts=4"
        ),
        DOWN,
        "start 4 failed: exit-code, exit code 7",
    ),
    "oom": (
        (
            "LoadState=loaded\nActiveState=failed\nSubState=failed\nResult=oom-kill\n"
            "ExecMainCode=2\nExecMainStatus=9\nMainPID=0"
        ),
        DOWN,
        "oom-kill, killed by SIGKILL",
    ),
    "stopped": (
        "LoadState=loaded\nActiveState=inactive\nSubState=dead\nResult=success",
        DOWN,
        "inactive (dead): success",
    ),
    "not there": (
        "LoadState=not-found\nActiveState=inactive\nSubState=dead",
        (Outcome.FAIL, Code.PID_MISSING),
        "is not-found",
    ),
    "masked": (
        "LoadState=masked\nActiveState=inactive\nSubState=dead",
        (Outcome.FAIL, Code.PID_MISSING),
        "is masked",
    ),
}


@pytest.mark.parametrize("name", UNITS)
def test_systemd_tells_of_a_unit(name, machine):
    text, verdict, words = UNITS[name]
    (machine / "say").write_text(f"{text}\n")
    finding = ask(SystemdCheck(unit="web"))
    assert said(finding) == verdict
    assert words in finding.detail
    assert (finding.identity is not None) == (verdict == WELL)


def test_systemd_frees_and_restarts_a_unit(machine):
    assert do(SystemdAction(unit="web")).done
    assert do(SystemdAction(unit="web@a.service", user=True)).done
    assert (machine / "asked").read_text().splitlines() == [
        "systemctl --no-ask-password reset-failed -- web.service",
        "systemctl --no-ask-password restart -- web.service",
        "systemctl --user --no-ask-password reset-failed -- web@a.service",
        "systemctl --user --no-ask-password restart -- web@a.service",
    ]
    (machine / "say").write_text("Job for web.service failed.\n")
    (machine / "code").write_text("1")
    deed = do(SystemdAction(unit="web"))
    assert (deed.done, "exit code 1: Job for web" in deed.detail) == (False, True)
    finding = ask(SystemdCheck(unit="web"))
    assert said(finding) == (Outcome.ERROR, Code.INTERNAL)


def test_launchd_restarts_a_job_in_its_domain(machine):
    assert do(LaunchdAction(job="org.example.web", domain="system")).done
    assert do(LaunchdAction(job="org.example.web")).done
    own = f"gui/{os.getuid()}" if os.getuid() else "system"
    assert (machine / "asked").read_text().splitlines() == [
        "launchctl kickstart -k system/org.example.web",
        f"launchctl kickstart -k {own}/org.example.web",
    ]


# A stand-in for launchctl(1) of macOS, "kickstart [-kp] service-target": with -k a
# running instance is killed first; 0 where the subcommand succeeded. The codes and words
# of its refusals are not in the manual: they stand for any.
LAUNCHCTL = """#!/bin/sh
cd "${0%/*}" && echo "$*" >> asked
[ "$1" = kickstart ] && [ "$2" = -k ] && [ $# = 3 ] || exit 64
case "$3" in
  system/org.example.web) ;;
  system/*) echo "Could not find service \\"${3##*/}\\" in domain for system" >&2; exit 113 ;;
  *) echo "Could not find domain for $3" >&2; exit 112 ;;
esac
kill -KILL "$(cat job)" || exit 3
sleep 600 > /dev/null 2>&1 &
echo $! > job
"""


def test_launchd_kills_the_job_and_starts_it_or_tells_why_not(tmp_path, monkeypatch):
    (tmp_path / "launchctl").write_text(LAUNCHCTL)
    (tmp_path / "launchctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    old = subprocess.Popen(["sleep", "600"])
    (tmp_path / "job").write_text(str(old.pid))
    try:
        deed = do(LaunchdAction(job="org.example.web", domain="system"))
        assert (deed.done, deed.detail) == (True, "org.example.web restarted")
        assert old.wait(60) == -9
        os.kill(int((tmp_path / "job").read_text()), 0)  # the new one outlives the call

        unknown = do(LaunchdAction(job="no.such.job", domain="system"))
        assert not unknown.done
        assert 'exit code 113: Could not find service "no.such.job"' in unknown.detail
        elsewhere = do(LaunchdAction(job="org.example.web", domain="gui/77777"))
        assert (elsewhere.done, "exit code 112" in elsewhere.detail) == (False, True)
    finally:
        old.kill()
        old.wait()
        new = int((tmp_path / "job").read_text())
        if new != old.pid:
            os.kill(new, 9)
    assert (tmp_path / "asked").read_text().splitlines() == [
        "kickstart -k system/org.example.web",
        "kickstart -k system/no.such.job",
        "kickstart -k gui/77777/org.example.web",
    ]


def test_agent2_does_not_restart_its_own_job(machine, monkeypatch):
    monkeypatch.setenv("XPC_SERVICE_NAME", "com.agentos.agent2")
    assert "own job" in do(LaunchdAction(job="com.agentos.agent2")).detail
    assert not (machine / "asked").exists()


ASK = """
import sys
from agent2.actions.docker import DockerAction
from tests.contract.test_service_owners import do
print(do(DockerAction(container="web", socket=sys.argv[1])).detail)
"""


def asking(name, path):
    """Restart ``web`` on a host of that *name*; return what comes of it."""
    own = ["unshare", "-u", "sh", "-c", f'hostname {name} && exec "$@"', "-"]
    argv = [*own, sys.executable, "-c", ASK, str(path)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    if "unshare" in done.stderr or "hostname" in done.stderr:
        pytest.skip("a host cannot be given a name here")
    return done.stdout.strip()


def test_agent2_restarts_not_its_own_container_but_one_with_the_name_of_a_host(
    tmp_path,
):
    with DockerSocket(tmp_path / "d.sock") as docker:
        assert "in which Agent2 runs" in asking("ab" * 6, docker.path)
        assert asking("ac" * 6, docker.path) == "container web restarted"
        assert asking("web", docker.path) == "container web restarted"
        assert asking("web-server-7", docker.path) == "container web restarted"


@pytest.mark.skipif(os.getuid() != 0, reason="needs root: another user listens")
def test_a_stranger_who_listens_at_a_socket_of_root_is_not_spoken_to(tmp_path):
    path = tmp_path / "d.sock"  # root's: as a link that is bent after the look at it
    code = (
        "import os, socket, sys, time; door = socket.socket(socket.AF_UNIX)\n"
        "door.bind(sys.argv[1]); os.setuid(65534); door.listen()\n"
        "print('ready', flush=True); door.accept(); print('came'); time.sleep(1000)"
    )
    argv = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as stranger:
        assert stranger.stdout.readline() == b"ready\n"
        finding = ask(DockerCheck(container="web", socket=str(path)))
        stranger.kill()
    assert said(finding) == (Outcome.FAIL, Code.REFUSED)
    assert "uid 65534 listens at" in finding.detail


def test_a_signal_reaches_the_very_process_of_the_pid_file(tmp_path):
    file = tmp_path / "web.pid"
    with subprocess.Popen(["/bin/sleep", "1000"]) as process:
        file.write_text(f"{process.pid}\n")
        deed = do(SignalAction(file=str(file), match="sleep"))
        assert (deed.done, process.wait(30)) == (True, -signal.SIGTERM)
        assert "SIGTERM sent to process" in deed.detail
        gone = do(SignalAction(file=str(file)))
        assert (gone.done, "nobody to signal" in gone.detail) == (False, True)


def test_who_does_not_end_is_killed_after_his_grace_even_when_stopped(tmp_path):
    file = tmp_path / "web.pid"
    with subprocess.Popen(["/bin/sleep", "1000"]) as process:
        process.send_signal(signal.SIGSTOP)
        assert until(lambda: read_stat(process.pid)[0] == "T")
        file.write_text(f"{process.pid}\n")
        deed = do(SignalAction(file=str(file), grace=0.05))
        assert (deed.done, process.wait(30)) == (True, -signal.SIGKILL)
        assert "killed after 0.05 s" in deed.detail


def test_a_stranger_with_the_same_number_is_not_signalled(tmp_path):
    file = tmp_path / "web.pid"
    with subprocess.Popen(["/bin/sleep", "1000"]) as process:
        file.write_text(f"{process.pid}\n")
        os.utime(file, (1, 1))  # written long before that process began
        deed = do(SignalAction(file=str(file)))
        assert (deed.done, "another one" in deed.detail) == (False, True)
        assert process.poll() is None
        process.kill()
