"""A real systemd: its units are restarted and proved, and Agent2 lives in its own.

The agent runs as ``agent2 install systemd`` sets it up, in a machine of its own.
"""

from __future__ import annotations

import json

import pytest
from rig import wait_for

from tests import machine_kit
from tests.machine_kit import PYTHON

pytestmark = pytest.mark.slow
CODE = "/opt/agent2/agent2"
AGENT2 = (PYTHON, "-I", f"{CODE}/__main__.py")
EAGER = {"backoff": 0.05, "backoff_max": 0.1}
PATIENT = EAGER | {"settle": 30, "proof": 60}
HASTY = EAGER | {"settle": 0.3, "proof": 3}
DEMO = f"""[Service]
ExecStart={PYTHON} -I {CODE}/demo/__main__.py serve --port $port --pid-file /run/%N.pid
"""
DEMOS = {"demo": 8080, "hung": 8081}
BAD = """[Service]
ExecStart=/bin/sh -c 'echo start >>/var/starts; exit 3'
"""
HOOK = f"""[Service]
ExecStart={PYTHON} -I /opt/hook.py
"""
HOOK_PY = """
from http.server import BaseHTTPRequestHandler, HTTPServer

class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open("/var/told", "ab") as file:
            file.write(body)
        self.send_response(200)
        self.end_headers()

HTTPServer(("127.0.0.1", 9000), Hook).serve_forever()
"""
OURS = ("agent2", "agent2-web", "agent2-telemetry")
TIMERS = ("agentos-agent2-daily.timer", "agentos-agent2-hourly.timer")


def owned(name, unit, checks, **restart):
    return {
        "name": name,
        "interval": 0.3,
        "timeout": 1,
        "success_threshold": 2,  # one look may find it in its first milliseconds
        "checks": checks,
        "restart": restart | {"actions": [{"kind": "systemd", "unit": unit}]},
    }


def demo(name):
    page = {"kind": "http", "url": f"http://127.0.0.1:{DEMOS[name]}/api/health"}
    return owned(name, name, [{"kind": "systemd", "unit": name}, page], **PATIENT)


SHUT = {"kind": "tcp", "port": 9}
CONFIG = {
    "version": 1,
    "web": {"enabled": True},
    "telemetry": {"enabled": True, "endpoint": "http://127.0.0.1:4318"},
    "store": {"upkeep_interval": "1s"},
    "notifiers": [{"name": "hook", "kind": "webhook", "url": "http://127.0.0.1:9000/"}],
    "routes": [{"notifiers": ["hook"]}],
    "targets": [
        demo("demo") | {"timeout": 5},  # who is killed is seen before that
        demo("hung"),
        owned("bad", "bad", [{"kind": "systemd", "unit": "bad"}], intensity=2, **HASTY),
        owned("own", "agent2", [SHUT], intensity=1, **HASTY),
        owned("alias", "watchdog", [SHUT], intensity=1, **HASTY),
    ],
}


class Units:
    """The machine with its units and what the agent says of them."""

    def __init__(self, machine):
        self.machine = machine
        self.state = machine.root / "var/lib/agent2"
        self.folder = machine.root / "etc/systemd/system"

    def show(self, unit, name):
        return self.machine("systemctl", "show", unit, f"-p{name}", "--value").strip()

    def pids(self):
        return [self.show(unit, "MainPID") for unit in OURS]

    def status(self):
        return json.loads((self.state / "agent2_status.json").read_bytes())

    def target(self, name):
        return next(t for t in self.status()["targets"] if t["name"] == name)

    def results(self, name):
        return [f["result"] for f in self.status()["fixes"] if f["target"] == name]

    def log(self):
        lines = (self.state / "agent2.log").read_text().splitlines()
        plain = ("something is wrong (", "health check passed")
        return "\n".join(x for x in lines if not any(each in x for each in plain))

    def install(self):
        for name, port in DEMOS.items():
            text = DEMO.replace("$port", str(port))
            (self.folder / f"{name}.service").write_text(text)
        (self.folder / "bad.service").write_text(BAD)
        (self.folder / "hook.service").write_text(HOOK)
        (self.machine.root / "opt/hook.py").write_text(HOOK_PY)
        (self.folder / "watchdog.service").symlink_to("agent2.service")
        place = self.machine.root / "etc/agent2"
        place.mkdir()
        (place / "agent2.yaml").write_text(json.dumps(CONFIG))
        given = (
            "--config",
            "/etc/agent2/agent2.yaml",
            "--state-dir",
            "/var/lib/agent2",
        )
        words = ("--user", "root", "--web", "--telemetry", "--now")
        self.machine("systemctl", "start", *DEMOS, "hook")
        self.machine(*AGENT2, *given, "install", "systemd", *words)


@pytest.fixture(scope="module")
def units(tmp_path_factory):
    with machine_kit.systemd(tmp_path_factory.mktemp("systemd")) as machine:
        made = Units(machine)
        made.install()
        wait_for((made.state / "agent2_status.json").exists, 60, "a status")
        yield made


def test_a_unit_that_dies_or_hangs_is_restarted_and_has_another_main_process(units):
    def well(name):
        def look():
            seen = units.target(name)
            return seen["state"] == "ok" and seen["checks"][0].get("identity")

        return wait_for(look, 60, units.log)

    first = {name: well(name) for name in DEMOS}
    for name, how in zip(DEMOS, ("KILL", "STOP"), strict=True):
        assert first[name].split(":")[0] == units.show(name, "MainPID")
        units.machine("systemctl", "kill", "--signal", how, name)
    for name in DEMOS:
        wait_for(lambda: units.results(name) == ["success"], 60, units.log)  # noqa: B023
        assert well(name) != first[name]
    assert "unit demo is failed (failed): signal, killed by SIGKILL" in units.log()


def test_a_unit_that_cannot_stay_is_restarted_as_often_as_its_budget_says(units):
    wait_for(lambda: units.target("bad")["restarts"]["exhausted"], 60, units.log)

    assert units.results("bad") == ["failed", "failed"]
    assert (units.machine.root / "var/starts").read_text() == "start\n" * 2
    (check,) = units.target("bad")["checks"]
    assert check["code"] == "pid_dead"
    assert check["detail"] == "unit bad is failed (failed): exit-code, exit code 3"


@pytest.mark.parametrize(("name", "unit"), [("own", "agent2"), ("alias", "watchdog")])
def test_its_own_unit_is_refused_by_whatever_name(units, name, unit):
    wait_for(lambda: units.results(name) == ["failed"], 60, units.log)

    assert f"{unit}.service is Agent2's own unit" in units.log()
    assert units.show("agent2", "NRestarts") == "0"


def test_the_programs_beside_it_can_do_their_work_in_its_sandbox(units):
    told = units.machine.root / "var/told"
    wait_for(lambda: told.exists() and "bad" in told.read_text(), 60, units.log)
    wait_for(lambda: list(units.state.glob("evidence/*-bad-*.json")), 60, units.log)
    own = wait_for(lambda: units.status()["agent"]["self"], 60, units.log)
    assert own["troubles"] == {}
    assert not (units.state / "agent2_error.log").read_text()


def test_what_is_installed_is_enabled_runs_and_comes_back_when_it_is_killed(units):
    every = [f"{unit}.service" for unit in OURS] + [*TIMERS]
    assert set(units.machine("systemctl", "is-enabled", *every).split()) == {"enabled"}
    listed = units.machine("systemctl", "list-timers", "--no-pager")
    assert all(timer in listed for timer in TIMERS)
    units.machine("systemctl", "start", "agentos-agent2-care@hourly")
    assert list(units.state.glob("backups/hourly/db_*.sql.gz"))

    before = units.pids()
    units.machine("systemctl", "kill", "--signal", "KILL", *OURS)
    counted = lambda: [units.show(unit, "NRestarts") for unit in OURS]  # noqa: E731
    wait_for(lambda: counted() == ["1", "1", "1"], 60, units.log)
    wait_for(lambda: "0" not in units.pids(), 60, units.log)
    assert not set(before) & set(units.pids())
    said = lambda: units.show("agent2", "StatusText")  # noqa: E731
    wait_for(lambda: said() == f"watching {len(CONFIG['targets'])}", 60, said)
    units.machine("systemctl", "status", "--no-pager", *OURS)


def test_a_reload_is_waited_for_and_keeps_the_process(units):
    (pid, *_) = units.pids()
    told = units.machine("journalctl", "--unit", "agent2", "--output", "cat")
    assert "Agent2 monitor started" in told
    assert "restart budget is spent, no more restarts of bad" in told
    units.machine("systemctl", "reload", "agent2", "agent2-web")

    config = units.status()["agent"]["config"]
    assert (config["last_reload"], units.pids()[0]) == ("ok", pid)
    assert config["last_reload_at"]


def test_stopped_they_ended_well_and_uninstalled_nothing_of_them_is_left(units):
    units.machine("systemctl", "stop", *OURS)
    assert units.show("agent2", "ExecMainStatus") == "0"
    assert units.show("agent2", "Result") == "success"
    units.machine(*AGENT2, "uninstall", "systemd")

    assert not [
        each for each in units.folder.rglob("*agent2*") if not each.is_symlink()
    ]
    known = ("list-units", "--all", "--plain", "--no-legend", "agent2*")
    assert not units.machine("systemctl", *known)
    failed = units.machine("systemctl", "--failed", "--plain", "--no-legend")
    assert [line.split()[0] for line in failed.splitlines()] == ["bad.service"]
