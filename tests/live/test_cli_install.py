"""``agent2 install``: what it writes, as systemd, logrotate and launchd's reader see it.

No systemd runs here, so a stand-in for systemctl writes down how it was called.
"""

from __future__ import annotations

import json
import os
import plistlib
import pwd
import re
import shutil
import stat
import subprocess
import sys
from fnmatch import fnmatch

import pytest

from agent2.cli.install.files import sealed
from tests.live.cli_kit import ROOT, Cli

ME = pwd.getpwuid(os.getuid()).pw_name
OTHER = next(e for e in pwd.getpwall() if e.pw_uid != os.getuid() and e.pw_dir != "/")
LOGROTATE = shutil.which("logrotate", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)
needs_logrotate = pytest.mark.skipif(LOGROTATE is None, reason="no logrotate")
only_root = pytest.mark.skipif(os.getuid() != 0, reason="only root may become others")
SYSTEMCTL = """#!/bin/sh
echo "$*" >> "{calls}"
[ "$1" = --user ] && shift
case "$1" in
  is-system-running) echo {word}; [ {word} = running ] ;;
  {fails}) echo "Failed to do it: no reason" >&2; exit 1 ;;
esac
"""


class Machine(Cli):
    """A command line with a systemctl of its own and a folder for units."""

    def __init__(self, tmp_path):
        super().__init__(tmp_path)
        self.calls = tmp_path / "calls"
        self.bin = tmp_path / "bin"
        self.bin.mkdir()
        self.env["PATH"] = f"{self.bin}:{self.env['PATH']}"
        self.units = tmp_path / "units"
        self.systemd()

    def systemd(self, word="running", fails="nothing"):
        path = self.bin / "systemctl"
        path.write_text(SYSTEMCTL.format(calls=self.calls, word=word, fails=fails))
        path.chmod(0o755)

    def install(self, *words, user=ME):
        given = ["--user", user, "--unit-dir", self.units]
        words = words if "--care" in words else ("--no-care", *words)
        return self("install", "systemd", *given, *words)

    def uninstall(self, *words):
        return self("uninstall", "systemd", "--unit-dir", self.units, *words)

    def called(self):
        return self.calls.read_text().splitlines() if self.calls.exists() else []

    def text(self, name="agent2.service"):
        return (self.units / name).read_text()

    def listing(self):
        return sorted(os.listdir(self.units))


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def value(text, key):
    (found,) = re.findall(rf"^{key}=(.*)$", text, re.MULTILINE)
    return found


# -- what the units say


@needs_systemd
@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--with-restarter", "--web", "--telemetry"),
        ("--forking", "--with-restarter"),
        ("--scope", "user", "--with-restarter", "--web", "--telemetry"),
    ],
    ids=" ".join,
)
def test_systemd_has_nothing_to_say_against_what_was_written(machine, words):
    state = machine.home / "a b%d;c"
    done = machine.install("--state-dir", state, *words)
    assert done.code == 0, done.err

    files = [machine.units / name for name in machine.listing()]
    told = subprocess.run(
        ["systemd-analyze", "verify", *files], capture_output=True, text=True
    )

    assert (told.returncode, told.stderr, told.stdout) == (0, "", "")
    assert state.is_dir()
    word = f'"{state}"'.replace("%", "%%")
    assert any(f" --state-dir {word}\n" in file.read_text() for file in files)
    beside = {"--with-restarter", "--web", "--telemetry"} & {*words}
    assert len(files) == 1 + len(beside)
    for file in files:
        assert "/opt/agent2" not in file.read_text()
        assert "home/agentos" not in file.read_text()
        assert stat.S_IMODE(file.stat().st_mode) == 0o644


@needs_systemd
def test_this_test_would_see_a_blank_that_was_not_quoted(machine):
    machine.install("--state-dir", machine.home / "a b")
    path = machine.units / "agent2.service"
    path.write_text(machine.text().replace('"', ""))

    told = subprocess.run(
        ["systemd-analyze", "verify", path], capture_output=True, text=True
    )

    assert "ReadWritePaths" in told.stderr, told.stderr


def test_user_group_and_all_paths_are_filled_in(machine):
    config = machine.home / "my.yaml"
    words = (
        "--dry-run",
        "-c",
        config,
        "--profile",
        "prod",
        "--set",
        "defaults.interval=7s",
    )
    done = machine.install(*words, user=OTHER.pw_name)

    assert done.code == 0, done.err
    assert value(done.out, "User") == OTHER.pw_name
    assert value(done.out, "Group") != ""
    assert value(done.out, "DynamicUser") == "no"
    python, *rest = value(done.out, "ExecStart").split()
    assert os.access(python, os.X_OK)
    watcher = str(ROOT / "agent2" / "agent2_monitor.py")
    assert rest[:4] == ["-I", "-S", watcher, "--foreground"]
    assert rest[4:6] == ["--state-dir", str(machine.state)]
    assert rest[6:10] == ["--config", str(config), "--profile", "prod"]
    assert rest[10:] == ["--set=defaults.interval=7s"]
    assert value(done.out, "ReadWritePaths") == str(machine.state)
    assert os.path.exists(value(done.out, "Documentation").removeprefix("file://"))
    assert not machine.units.exists()
    assert machine.called() == []


def test_the_state_folder_of_another_user_is_in_that_users_home(machine):
    del machine.env["AGENT2_HOME"]
    done = machine.install("--dry-run", "--forking", user=OTHER.pw_name)

    usual = f"{OTHER.pw_dir}/.agentos/multi_agent"
    assert value(done.out, "PIDFile") == f"{usual}/agent2.pid"
    assert value(done.out, "ExecStart") == str(ROOT / "scripts" / "start_agent2.sh")
    assert value(done.out, "WorkingDirectory") == str(ROOT)
    assert value(done.out, "Type") == "forking"
    # By the scripts alone a start could mean to install packages, as that user.
    python = re.search(r'^Environment="AGENT2_PYTHON=(.*)"$', done.out, re.MULTILINE)[1]
    assert os.access(python, os.X_OK)
    assert f'Environment="PATH={os.path.dirname(python)}:' in done.out
    assert value(done.out, "Wants") == "agentos-webui.service"


def test_a_users_own_manager_gets_nothing_that_only_the_systems_can_do(machine):
    done = machine("install", "systemd", "--scope", "user", "--user", ME, "--no-care")

    path = machine.home / ".config" / "systemd" / "user" / "agent2.service"
    assert done.code == 0, done.err
    assert str(path) in done.out
    text = path.read_text()
    keys = {line.partition("=")[0] for line in text.splitlines() if "=" in line}
    refused = re.compile("User|Group|Dynamic|Capab|Ambient|Protect|Private|.*Directory")
    assert [key for key in keys if refused.match(key)] == []
    assert value(text, "WantedBy") == "default.target"
    assert {"WatchdogSec", "NoNewPrivileges", "MemoryMax"} <= keys
    assert machine.called()[1:] == [
        "--user daemon-reload",
        "--user enable agent2.service",
    ]


def test_a_dynamic_user_keeps_the_unit_as_it_is_shipped(machine):
    del machine.env["AGENT2_HOME"]
    words = ("--dynamic", "--no-care", "--dry-run")
    done = machine("install", "systemd", *words)
    more = machine("install", "systemd", *words, "--web", "--telemetry")

    # All are one user: each unit gives the state folder to its own.
    assert re.findall(r"^User=(.*)", more.out, re.MULTILINE) == ["agent2"] * 2
    shipped = (ROOT / "systemd" / "agent2.service").read_text()
    for key in ("DynamicUser", "ProtectHome", "StateDirectory", "PrivateUsers"):
        assert value(done.out, key) == value(shipped, key)
    assert value(done.out, "ExecStart").endswith(" --state-dir /var/lib/agent2")


@pytest.mark.skipif(
    re.match("/(home|root)/", os.path.realpath(sys.executable)) is None,
    reason="the Python behind the environment lies in no home folder",
)
def test_a_python_behind_a_link_that_a_dynamic_user_cannot_see_is_refused(machine):
    del machine.env["AGENT2_HOME"]
    machine.units.mkdir()
    done = machine("install", "systemd", "--dynamic", "--unit-dir", machine.units)

    assert done.code == 2
    assert os.path.realpath(sys.executable) in done.err
    assert machine.listing() == []


# -- each step, once


def test_each_step_is_said_and_systemctl_is_called_in_order(machine):
    done = machine.install("--with-restarter", "--now")

    names = ["agent2.service", "agent2-restarter.service"]
    paths = [f"{machine.units}/{name}" for name in names]
    assert machine.called()[1:] == [
        "daemon-reload",
        f"enable {paths[0]} {paths[1]}",
        f"restart {names[0]} {names[1]}",
    ]
    said = done.out.splitlines()
    assert said[0].endswith(str(machine.state))
    assert said[1:3] == [f"wrote {path}" for path in paths]
    assert said[3:] == [f"ran: systemctl {call}" for call in machine.called()[1:]]


def test_again_it_changes_nothing_and_says_so(machine):
    machine.install()
    before = (machine.units / "agent2.service").stat()
    machine.calls.unlink()

    done = machine.install("--now")

    assert f"unchanged: {machine.units}/agent2.service" in done.out
    assert (machine.units / "agent2.service").stat().st_ino == before.st_ino
    assert machine.listing() == ["agent2.service"]
    assert machine.called()[-1] == "start agent2.service"  # and no restart


def test_other_options_replace_what_nobody_has_touched(machine):
    machine.install()

    done = machine.install("--profile", "prod")

    assert "wrote" in done.out
    assert value(machine.text(), "ExecStart").endswith("--profile prod")
    assert machine.listing() == ["agent2.service"]


def test_where_no_systemd_runs_one_line_says_so_and_nothing_is_called(machine):
    machine.systemd("offline")
    done = machine.install("--now")

    assert done.code == 0
    assert done.out.splitlines()[-1].startswith("no systemd runs here")
    assert machine.called() == ["is-system-running"]
    assert machine.listing() == ["agent2.service"]


def test_a_refusal_of_systemd_is_one_line_with_its_reason(machine):
    machine.systemd(fails="enable")
    done = machine.install()

    assert done.code == 74
    assert "enable" in done.err
    assert "Failed to do it: no reason" in done.err
    assert len(done.err.splitlines()) <= 3


# -- what is not ours


def test_what_a_person_edited_is_left_alone_unless_forced_and_comes_back(machine):
    machine.install()
    edited = machine.text().replace("MemoryMax=100M", "MemoryMax=200M")
    (machine.units / "agent2.service").write_text(edited)

    refused = machine.install("--with-restarter")
    assert refused.code == 73
    assert "agent2.service" in refused.err
    assert machine.text() == edited
    assert machine.listing() == ["agent2.service"]

    assert machine.install("--force").code == 0
    assert machine.text("agent2.service.bak") == edited
    assert "MemoryMax=100M" in machine.text()

    assert machine.uninstall().code == 0
    assert machine.listing() == ["agent2.service"]
    assert machine.text() == edited


def test_a_masked_unit_stays_masked(machine):
    machine.units.mkdir()
    (machine.units / "agent2.service").symlink_to("/dev/null")

    assert machine.install().code == 73
    assert os.readlink(machine.units / "agent2.service") == "/dev/null"


def test_uninstall_takes_exactly_that_back(machine):
    machine.units.mkdir()
    (machine.units / "other.service").write_text("[Unit]\n")
    (machine.state).mkdir()
    (machine.state / "agent2.log").write_text("line\n")
    machine.install("--with-restarter")
    machine.calls.unlink()

    done = machine.uninstall()

    assert done.code == 0, done.err
    assert machine.listing() == ["other.service"]
    assert (machine.state / "agent2.log").exists()
    names = "agent2.service agent2-restarter.service"
    assert machine.called()[1:] == [
        f"disable --now {names}",
        f"reset-failed {names}",
        "daemon-reload",
    ]
    assert "nothing of ours" in machine.uninstall().out


def test_uninstall_leaves_a_unit_that_was_copied_by_hand(machine):
    machine.units.mkdir()
    shutil.copy(ROOT / "systemd" / "agent2.service", machine.units)

    assert machine.uninstall().code == 73
    assert machine.listing() == ["agent2.service"]
    assert machine.called() == []


def test_the_two_kinds_of_unit_do_not_stand_side_by_side(machine):
    machine.install("--forking")

    done = machine.install()

    assert done.code == 2
    assert "agentos-agent2.service" in done.err
    assert machine.listing() == ["agentos-agent2.service"]


def test_programs_beside_the_watcher_get_units_when_the_plan_has_them_on(machine):
    state = machine.home / "state"
    state.mkdir(exist_ok=True)
    (state / "plan.json").write_text(
        json.dumps({"web": {"enabled": True}, "telemetry": {"enabled": False}})
    )
    assert machine.install("--state-dir", state, "--now").code == 0

    assert machine.listing() == ["agent2-web.service", "agent2.service"]
    assert value(machine.text("agent2-web.service"), "ExecStart").endswith(
        f"/web/__main__.py --state-dir {state}"
    )
    assert value(machine.text("agent2-web.service"), "User") == ME
    started = [line for line in machine.called() if line.startswith("restart")]
    assert "agent2-web.service" in started[0]

    more = ("--state-dir", state, "--no-web", "--telemetry", "--dry-run")
    told = machine.install(*more).out
    assert "/web/__main__.py" not in told
    assert "/telemetry/__main__.py" in told
    assert 'Environment="AGENT2_TELEMETRY_UNIT=1"' in told
    forking = machine.install("--state-dir", state, "--forking", "--dry-run").out
    assert "/web/__main__.py" not in forking  # the scripts start it
    assert machine.uninstall().code == 0
    assert machine.listing() == []


# -- refusals


@only_root
def test_root_is_never_taken_for_granted(machine):
    words = ("install", "systemd", "--unit-dir", machine.units, "--no-care")

    done = machine(*words)
    assert done.code == 2
    assert "--user" in done.err
    assert machine(*words, env={"SUDO_USER": "root"}).code == 2
    assert not machine.units.exists()

    behind = machine(*words, "--dry-run", env={"SUDO_USER": OTHER.pw_name})
    assert value(behind.out, "User") == OTHER.pw_name
    named = machine(*words, "--dry-run", "--user", "root")
    assert value(named.out, "User") == "root"


@only_root
def test_a_user_who_could_not_run_it_is_refused_before_anything_is_written(machine):
    machine.home.chmod(0o700)
    done = machine.install("--state-dir", machine.home / "x", user="nobody")

    assert done.code == 77
    assert "nobody" in done.err
    assert not (machine.units / "agent2.service").exists()


@pytest.mark.parametrize("name", ['a"b', "a'b", "a$b", "a\\b", "a\nb", "a "])
def test_a_path_that_no_unit_can_carry_is_refused(machine, name):
    done = machine.install("--state-dir", machine.home / name)

    assert done.code == 2
    assert len(done.err.splitlines()) == 2
    assert not machine.units.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--user", "no-such-user"), "no-such-user"),
        (("--user", ME, "--group", "no-such-group"), "no-such-group"),
        (("--user", ME, "--dynamic"), "--dynamic"),
        (("--user", OTHER.pw_name, "--scope", "user"), OTHER.pw_name),
    ],
)
def test_words_that_make_no_sense_are_refused(machine, words, said):
    done = machine("install", "systemd", "--unit-dir", machine.units, *words)

    assert done.code == 2
    assert said in done.err
    assert not machine.units.exists()


# -- launchd


def test_the_plist_has_the_shipped_keys_and_absolute_paths(machine):
    state = machine.home / "R&D <ä>"
    done = machine(
        "install", "launchd", "--user", ME, "--no-care", "--state-dir", state
    )

    path = machine.home / "Library" / "LaunchAgents" / "com.agentos.agent2.plist"
    assert done.code == 0, done.err
    assert f"launchctl bootstrap gui/{os.getuid()} {path}" in done.out
    made = plistlib.loads(path.read_bytes())
    shipped = plistlib.loads((ROOT / "launchd" / path.name).read_bytes())
    assert {k: type(v) for k, v in made.items()} == {
        k: type(v) for k, v in shipped.items()
    }
    python, watcher, *rest = made["ProgramArguments"]
    assert os.access(python, os.X_OK)
    assert os.path.samefile(watcher, ROOT / "agent2" / "agent2_monitor.py")
    assert rest == ["--state-dir", str(state)]
    assert made["StandardOutPath"] == str(state / "agent2.log")
    assert made["StandardErrorPath"] == str(state / "agent2_error.log")
    assert state.is_dir()

    again = machine(
        "install", "launchd", "--user", ME, "--no-care", "--state-dir", state
    )
    assert f"unchanged: {path}" in again.out
    assert machine("uninstall", "launchd").code == 0
    assert not path.exists()


def test_with_the_usual_state_folder_it_is_python_and_the_file_alone(machine):
    del machine.env["AGENT2_HOME"]
    done = machine("install", "launchd", "--user", ME, "--no-care", "--dry-run")

    made = plistlib.loads(done.out.encode())
    assert len(made["ProgramArguments"]) == 2
    usual = machine.home / ".agentos" / "multi_agent"
    assert made["StandardOutPath"] == str(usual / "agent2.log")
    assert not usual.exists()


# -- the timers of the backups

CARE = "agentos-agent2-care@.service"
TIMERS = ["agentos-agent2-daily.timer", "agentos-agent2-hourly.timer"]


def test_the_timers_come_with_it_and_go_with_it(machine):
    done = machine.install("--care", "--now")

    assert done.code == 0, done.err
    assert machine.listing() == sorted(["agent2.service", CARE, *TIMERS])
    names = " ".join(["agent2.service", *TIMERS])
    paths = " ".join(f"{machine.units}/{name}" for name in names.split())
    assert machine.called()[1:] == [
        "daemon-reload", f"enable {paths}", f"restart {names}",
    ]  # fmt: skip
    text = machine.text(CARE)
    assert value(text, "ExecStart").endswith(f"--state-dir {machine.state} backup %i")
    assert value(text, "User") == ME
    assert str(machine.state) in value(text, "ReadWritePaths")
    assert value(machine.text(TIMERS[0]), "OnCalendar") == "*-*-* 02:00:00"

    machine.calls.unlink()
    assert machine.uninstall().code == 0
    assert machine.listing() == []
    assert machine.called()[1] == f"disable --now {names}"


@needs_systemd
@pytest.mark.parametrize("words", [["--scope", "user"], ["--state-dir", "{home}/a %b"]])
def test_systemd_has_nothing_to_say_against_the_timers(machine, words):
    done = machine.install("--care", *(w.format(home=machine.home) for w in words))
    assert done.code == 0, done.err
    shutil.copy(machine.units / CARE, machine.units / CARE.replace("@", "@daily"))
    told = subprocess.run(
        ["systemd-analyze", "verify", *(machine.units / name for name in TIMERS)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.returncode, told.stderr) == (0, "")


@pytest.mark.slow
def test_what_the_timers_call_makes_a_set_and_a_copy(machine):
    machine.install("--care")
    machine("events", "push", "--type", "X", "--subject", "t")
    line = value(machine.text(CARE), "ExecStart")

    for job in ("daily", "hourly"):
        argv = line.replace("%i", job).split()
        done = subprocess.run(argv, env=machine.env, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr

    (made,) = (machine.state / "backups").glob("[0-9]*")
    assert (made / "manifest.txt").exists()
    assert list((machine.state / "backups" / "hourly").glob("db_*.sql.gz"))


def test_launchd_gets_the_backups_too_and_lets_them_go(machine):
    done = machine("install", "launchd", "--user", ME)

    assert done.code == 0, done.err
    folder = machine.home / "Library" / "LaunchAgents"
    made = {p.name: plistlib.loads(p.read_bytes()) for p in folder.iterdir()}
    assert sorted(made) == [
        f"com.agentos.agent2{end}.plist" for end in (".daily", ".hourly", "")
    ]
    for name, tree in made.items():
        assert f"{tree['Label']}.plist" == name
    daily = made["com.agentos.agent2.daily.plist"]
    assert daily["StartCalendarInterval"] == {"Hour": 2, "Minute": 0}
    python, _, main, *rest = daily["ProgramArguments"]
    assert os.access(python, os.X_OK)
    assert os.path.samefile(main, ROOT / "agent2" / "__main__.py")
    assert rest == ["--state-dir", str(machine.state), "backup", "daily"]

    assert machine("uninstall", "launchd").code == 0
    assert list(folder.iterdir()) == []


# -- rotation


@needs_logrotate
def test_logrotate_reads_what_was_written_and_not_what_was_kept(machine, tmp_path):
    folder, state = tmp_path / "logrotate.d", machine.home / "a b"
    state.mkdir(exist_ok=True)
    for name in ("agent2.log", "agent2.jsonl", "agent1.log"):
        (state / name).write_text("line\n")
    words = ("--user", ME, "--dir", folder, "--state-dir", state)
    assert machine("install", "logrotate", *words).code == 0
    path = folder / "agentos-agent2"
    path.write_text(path.read_text() + "# mine\n")
    assert machine("install", "logrotate", *words).code == 73
    assert machine("install", "logrotate", *words, "--force").code == 0
    written = path.read_text()
    if os.getuid():  # only root may name another, or itself
        path.write_text(written.replace(f"su {ME} ", "# su "))
    whole = tmp_path / "logrotate.conf"
    whole.write_text(f"include {folder}\n")
    whole.chmod(0o644)

    for flag in ("-d", "-f"):
        told = subprocess.run(
            [LOGROTATE, flag, "-s", tmp_path / "memory", whole],
            capture_output=True,
            text=True,
        )
        assert told.returncode == 0, told.stderr
        assert "error" not in told.stderr.lower()

    for name in ("agent2.log", "agent2.jsonl", "agent1.log"):
        assert (state / f"{name}.1").read_text() == "line\n"
    path.write_text(written)
    assert machine("uninstall", "logrotate", "--dir", folder).code == 0
    assert path.read_text().endswith("# mine\n")


@only_root
@needs_logrotate
def test_the_hang_up_after_a_rotation_reaches_the_process_of_the_pid_file(
    machine, tmp_path
):
    state = machine.home / "a b"
    state.mkdir(exist_ok=True)
    (state / "agent2.log").write_text("line\n")
    # Not sh: it cannot trap what it finds ignored, as under nohup.
    program = """import signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
signal.signal(signal.SIGHUP, signal.SIG_DFL)
print("up", flush=True)
signal.sigwait({signal.SIGHUP})
print("heard")"""
    heard = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    )
    assert heard.stdout.readline() == "up\n"
    (state / "agent2.pid").write_text(f"{heard.pid}\n")
    words = ("--user", ME, "--dir", tmp_path / "rules", "--state-dir", state)
    assert machine("install", "logrotate", *words).code == 0

    rules = tmp_path / "rules" / "agentos-agent2"
    subprocess.run([LOGROTATE, "-f", "-s", tmp_path / "memory", rules], check=True)

    assert heard.communicate(timeout=60)[0] == "heard\n"


def test_a_glob_in_a_path_is_refused_for_rotation(machine, tmp_path):
    for kind, name in (("logrotate", "a*b"), ("newsyslog", "a b")):
        words = (
            "--user",
            ME,
            "--dir",
            tmp_path / "d",
            "--state-dir",
            machine.home / name,
        )
        assert machine("install", kind, *words).code == 2
    assert not (tmp_path / "d").exists()


def test_the_newsyslog_line_names_the_log_and_its_owner(machine):
    done = machine("install", "newsyslog", "--user", ME, "--dry-run")

    (line,) = [li for li in done.out.splitlines() if li and not li.startswith("#")]
    path, owner, *rest = line.split()
    assert path == str(machine.state / "agent2.log")
    assert owner.startswith(f"{ME}:")
    assert rest == ["644", "7", "*", "@T00", "JCN"]


# -- the texts


def test_the_shipped_files_are_the_only_texts_and_go_into_the_package():
    listed = re.search(
        r"^agent2 = (.*)$", (ROOT / "setup.cfg").read_text(), re.MULTILINE
    )[1]
    globs = [each.strip() for each in listed.split(",")]

    for folder in ("systemd", "launchd"):
        assert os.path.samefile(ROOT / "agent2" / folder, ROOT / folder)
        for name in os.listdir(ROOT / folder):
            assert any(fnmatch(f"{folder}/{name}", glob) for glob in globs)


def test_the_seal_fits_one_text_only():
    text = "[Unit]\nDescription=x\n"

    assert sealed(text, "systemd") != sealed(text + "#\n", "systemd")
    assert sealed(text, "systemd").endswith(text)


def test_it_speaks_chinese(machine):
    done = machine("--lang", "zh", "install", "systemd", "--user", "no-such-user")

    assert "没有用户" in done.err
