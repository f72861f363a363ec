"""What keeps Agent2 from its work is named, with what to do, and nothing is touched."""

from __future__ import annotations

import os
import pwd
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from cli_kit import Cli, until

from agent2.cli.doctor import installed, libraries, machine, running
from agent2.cli.doctor.expected import Wanted, amount
from agent2.cli.doctor.finding import Case
from agent2.cli.doctor.nginx import directives
from agent2.cli.doctor.scheduler import lateness, verdicts
from agent2.cli.doctor.upstreams import compare
from agent2.cli.install.files import sealed
from agent2.cli.settings import PACKAGE, Settings
from agent2.store.database import Database
from agent2.store.errors import StoreError
from agent2.store.glance import Glance
from agent2.wire import snapshot
from tests.ports import reserved

USER = pwd.getpwuid(os.geteuid()).pw_name
CONFIG = """\
version: 1
targets:
  - {{name: webui, checks: [{{kind: tcp, port: {port}}}], interval: 5s}}
notifiers:
  - {{name: mail, kind: email, host: 127.0.0.1, port: 1, from: a@b.c, to: [x@y.z]}}
web: {{enabled: true, port: {taken}}}
"""


def codes(answer):
    return {one["code"] for one in answer.json["findings"]}


def touched(folder):
    facts = {}
    for place in folder.rglob("*"):
        found = place.lstat()
        facts[str(place)] = (
            found.st_mtime_ns,
            found.st_size,
            found.st_mode,
            found.st_uid,
        )
    return facts


@pytest.mark.slow
def test_each_planted_fault_of_a_running_agent_is_named_with_what_to_do(tmp_path):
    cli = Cli(tmp_path)
    with socket.create_server(("127.0.0.1", reserved())) as stranger:
        taken = stranger.getsockname()[1]
        path = cli.config(CONFIG.format(port=taken, taken=taken))
        try:
            assert cli("start").code == 0
            until(lambda: cli.status()["last_check"])
            found = cli("doctor", "--json")
            assert codes(found) == {"wanted", "port", "untried"}
            assert found.code == 2
            (port,) = [f for f in found.json["findings"] if f["code"] == "port"]
            assert f"PID {os.getpid()} " in port["text"]
            looked = found.json["looked_at"]
            assert looked["programs"]["agent2"] == cli.pid()

            path.write_text(path.read_text().replace("interval: 5s", "interval: 7s"))
            (cli.state / "agent2.db").chmod(0o444)
            (cli.state / "agent2.sock").unlink()
            told = cli("doctor").out
            assert "nobody listens at " in told
            assert f"{cli.state / 'agent2.db'} (owner " in told
            assert "mode 0444" in told
            assert f"Try: chmod 600 {cli.state / 'agent2.db'}\n" in told
            assert "Try: agent2 reload\n" in told
            assert "需要立即处理" in cli("doctor", "--lang", "zh").out
            assert (cli.state / "agent2.db").stat().st_mode & 0o777 == 0o444

            path.write_text(
                path.read_text().replace("host: 127.0.0.1", 'host: "${NO}"')
            )
            path.parent.chmod(0o777)
            found = cli("doctor", "--json")
            path.parent.chmod(0o755)
            assert codes(found) >= {"refused", "problem", "untried", "wanted"}
            assert f"chmod o-w {path.parent}" in found.out
            assert "environment variable NO is not set" in found.out

            os.kill(cli.pid(), signal.SIGKILL)
            until(lambda: "has died" in cli("doctor").out)
        finally:
            cli.close()
    before = touched(cli.state)
    for words in (("doctor", "--deps"), ("doctor", "scheduler")):
        cli(*words)
    after = touched(cli.state)
    shared = str(cli.state / "agent2.db-shm")  # the index of the WAL, as for any reader
    before.pop(shared, None), after.pop(shared, None)
    assert after == before


def test_without_an_agent_it_says_so_and_makes_nothing(tmp_path):
    cli = Cli(tmp_path)

    found = cli("doctor", "--json")

    assert found.code == 2
    assert codes(found) == {"no_folder", "none", "not_running"}
    assert not cli.state.exists()
    assert cli("doctor", "scheduler").code == 74
    points = {one["name"]: one["pass"] for one in found.json["points"]}
    assert points == {
        "configuration": False,
        "rotation": False,
        "alerts": False,
        "maintenance": True,
        "tests": False,
    }
    told = cli("doctor").out
    assert (
        "FAIL rotation: nobody turns the log over. Try: agent2 config set log" in told
    )
    assert "pass maintenance: the store is cleaned and checked daily\n" in told


def test_the_five_points_pass_where_all_is_as_it_should_be(tmp_path):
    cli = Cli(tmp_path)
    cli.config(
        "log: {max_bytes: 10MB}\nprofile: prod\n"
        "targets: [{name: a, checks: [{kind: tcp, port: 1}]}]\n"
        "notifiers: [{name: hook, kind: webhook, url: 'http://127.0.0.1:9/'}]\n"
    )
    cli.state.mkdir(exist_ok=True)
    Database.open(str(cli.state / "agent2.db")).close()
    rows = {
        "deliveries": "id, notifier, incident, alert, created_at, next_at, state,"
        " finished_at) VALUES ('1', 'hook', 'i', '{}', 1, 1, 'delivered', 1",
        "actions": "id, target, attempt, kind, issue, label, result, reason, code,"
        " detail, planned_at, done_at) VALUES ('1', 'a', 1, '', '', '', 'success', '',"
        " '', '', 1, strftime('%s', 'now')",
    }
    with sqlite3.connect(cli.state / "agent2.db") as connection:
        for table, facts in rows.items():
            connection.execute(f"INSERT INTO {table} ({facts})")
    connection.close()
    points = {p["name"]: p for p in cli("doctor", "--json").json["points"]}
    assert [name for name, one in points.items() if not one["pass"]] == []
    assert "profile prod" in points["configuration"]["text"]


def test_a_store_is_looked_at_and_left_as_it_is(tmp_path):
    path = tmp_path / "agent2.db"
    Database.open(str(path)).close()
    for leftover in tmp_path.glob("agent2.db?*"):
        leftover.unlink()
    path.chmod(0o444)
    before = touched(tmp_path)

    with Glance.at(str(path)) as db:
        well = db.standing()
        with pytest.raises(StoreError), db.transaction() as tx:
            tx.execute("DELETE FROM journal")
    (tmp_path / "agent2.db.lock").unlink(missing_ok=True)  # of the transaction
    assert (well.fault, well.version) == ("", well.newest)
    assert touched(tmp_path).keys() == before.keys()
    assert path.stat().st_mode & 0o777 == 0o444

    path.chmod(0o600)
    raw = bytearray(path.read_bytes())
    raw[8192:16384] = b"\xff" * 8192
    path.write_bytes(raw)
    try:
        with Glance.at(str(path)) as db:
            assert db.standing().fault
    except StoreError as error:
        assert error.kind == "damaged"
    with pytest.raises(StoreError, match="no store of agent2"):
        sqlite3.connect(tmp_path / "other.db").execute(
            "CREATE TABLE t (a)"
        ).connection.close()
        Glance.at(str(tmp_path / "other.db"))


def test_host_differences_are_told_with_the_line_to_change(tmp_path):
    cli = Cli(tmp_path)
    expect = tmp_path / "expect.yaml"
    expect.write_text(
        "sysctl:\n  vm.swappiness: {at_least: 100000}\n  kernel.ostype: Linux\n"
        "limits: {nofile: {at_least: 1}, nproc: {at_least: 1}, used: 100}\n"
        "nginx:\n  worker_connections: {at_least: 4096}\n  gzip: 'on'\n"
        "  keepalive_timeout: {at_most: 65}\n"
    )
    dump = tmp_path / "nginx.txt"
    dump.write_text(
        "# configuration file /etc/nginx/nginx.conf:\n"
        "events {\n  worker_connections 768; # few\n}\n"
        "http { gzip on;\n  log_format main 'a; b {';\n}\n"
    )

    found = cli("doctor", "host", "--expect", expect, "--nginx", dump, "--json")

    assert found.code == 1
    told = {one["text"]: one["do"] for one in found.json["findings"]}
    assert len(told) == 3
    (swap,) = [do for text, do in told.items() if "vm.swappiness is" in text]
    assert swap.startswith("vm.swappiness = 100000 ")
    where = "/etc/nginx/nginx.conf:2: worker_connections is 768, wanted is >= 4096"
    assert told[where] == "worker_connections 4096;"
    assert [do for text, do in told.items() if "keepalive_timeout is set" in text] == [
        "keepalive_timeout 65;"
    ]
    assert found.json["looked_at"]["limits"]["agent2"]["pid"]
    shipped = cli("doctor", "host")
    assert shipped.code in (0, 1, 2)
    assert "nginx was not compared" in shipped.out
    expect.write_text("sysctl: {vm.swappiness: {about: 3}}\n")
    refused = cli("doctor", "host", "--expect", expect)
    assert refused.code == 78
    assert "sysctl.vm.swappiness" in refused.err


@pytest.mark.parametrize(
    ("wanted", "has", "holds"),
    [
        (Wanted("65535", "at_least"), "unlimited", True),
        (Wanted("65535", "at_least"), "1024", False),
        (Wanted("10m", "at_most"), "1g", False),
        (Wanted("10m", "at_most"), "512k", True),
        (Wanted("65", "at_most"), "65s 60", True),
        (Wanted("max=1000 inactive=20s"), "max=1000  inactive=20s", True),
        (Wanted("on"), "off", False),
        (Wanted("1", "at_least"), "many", False),
    ],
)
def test_an_expectation_holds_or_not(wanted, has, holds):
    assert wanted.holds(has) is holds
    assert amount("max") is None


def test_members_of_an_upstream_are_held_against_the_instances_that_are_watched(
    tmp_path,
):
    cli = Cli(tmp_path)
    cli.config(
        "targets:\n- name: api\n  instances: [8000, 8002]\n"
        "  checks: [{kind: http, url: 'http://127.0.0.1:{instance}/health'}]\n"
        "- {name: db, checks: [{kind: tcp, port: 5432}]}\n"
    )
    dump = tmp_path / "nginx.txt"
    dump.write_text(
        "# configuration file /etc/nginx/nginx.conf:\nhttp {\n"
        "  upstream multi_agent { server 127.0.0.1:8000 weight=2; server localhost:8001;\n"
        "    server 127.0.0.1:9 down; server unix:/run/a.sock; keepalive 8; }\n"
        "  server { listen 80; location / { proxy_pass http://multi_agent; } }\n}\n"
    )
    told = cli("doctor", "host", "--nginx", dump, "--json").json
    found = [one for one in told["findings"] if one["area"] == "upstream"]
    assert [(one["code"], one["text"]) for one in found] == [
        ("unwatched", "upstream multi_agent: no target looks at 127.0.0.1:8001"),
        ("idle", "api.8002 is watched and no member of upstream multi_agent"),
    ]
    assert found[1]["do"] == "server 127.0.0.1:8002;"
    members = told["looked_at"]["upstream"]["multi_agent"]
    assert members == ["127.0.0.1:8000", "127.0.0.1:8001"]


def test_directives_keep_their_places_and_quotes_hide_braces():
    text = 'a "x;y" z;\nb {\n  c 1; # d 2;\n}\n'

    assert list(directives(text)) == [
        ("nginx:1", "a", "x;y z"), ("nginx:2", "b", ""), ("nginx:3", "c", "1"),
    ]  # fmt: skip


def test_an_upstream_may_have_any_name_and_a_configuration_any_length():
    many = 40_000  # counting lines from the beginning took half a minute
    text = "upstream area { server 10.0.0.1:80; }\nhttp {\n" + "  gzip on;\n" * many
    seen = Case(Settings(), snapshot.read("/nowhere"), 0.0)
    begun = time.process_time()

    told = list(compare(seen, text, SimpleNamespace(targets=())))

    assert time.process_time() - begun < 10.0
    assert [one.code for one in told] == ["unwatched"]
    assert seen.facts == {"upstream": {"area": ["10.0.0.1:80"]}}
    assert [*directives(text)][-1] == (f"nginx:{many + 2}", "gzip", "on")


def case(folder):
    settings = Settings(folder=str(folder))
    return Case(settings, snapshot.read(str(folder)), 0.0)


def test_libraries_are_held_against_lock_and_known_faults(tmp_path):
    lock = {"requests": "999.0", "click": "0.1", "nowhere": "1.0"}
    faults = {"click": ("999", "CVE-1"), "tenacity": ("0.1", "CVE-2")}

    found = list(libraries.compare(case(tmp_path), lock, "mend", faults))

    assert [(one.code, one.text.partition(" ")[0]) for one in found] == [
        ("bad_version", "click"), ("outdated", "requests"),
    ]  # fmt: skip
    assert libraries.key("1.10.0") > libraries.key("1.9") == libraries.key("1.9.0rc1")
    assert libraries.locked()["pydantic"]


def test_units_that_lead_nowhere_or_are_old_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "systemd" / "user"
    folder.mkdir(parents=True)
    unit = folder / "agent2.service"
    cli = Cli(tmp_path)
    made = cli(
        *("install", "systemd", "--scope", "user", "--user", USER),
        *("--unit-dir", folder, "--no-care"),
    )
    assert made.code == 0, made.err

    def found():
        return [o.code for o in installed.look(case(cli.state)) if str(unit) in o.text]

    assert found() == []
    lines = unit.read_text().splitlines(keepends=True)
    whole = "".join(line for line in lines if "Written by" not in line)
    old = "".join(x for x in whole.splitlines(True) if not x.startswith("Restart="))
    unit.write_text(sealed(old, "systemd"))
    assert found() == ["old"]
    unit.write_text(sealed(whole.replace("agent2_monitor.py", "gone.py"), "systemd"))
    assert found() == ["gone"]


def test_lateness_is_read_from_the_spans_that_were_counted():
    rows = [
        ("check", "0.001", "", 98.0),
        ("check", "+Inf", "", 2.0),
        ("check", "sum", "", 9.0),
    ]

    found = lateness({"late": rows})

    assert found["cycles"] == 100.0
    assert found["p50_s"] == 0.001
    assert found["p99_s"] > 1.0


@pytest.mark.parametrize(("waiting", "told"), [(20, []), (21, ["overload"])])
def test_targets_that_are_due_before_their_last_look_ended_mean_overload(waiting, told):
    checks = {"p99_s": 0.1, "now_s": 0.0, "waiting": waiting, "targets": 200}
    queue = dict.fromkeys(
        ("due", "polls", "empty_rate", "expired_running", "guard_reject_rate"), 0
    )
    tree = {"checks": checks, "queues": {"delivery": queue, "event": queue}}

    found = list(verdicts(tree, Settings()))

    assert [code for code, _ in found] == told


def test_what_nobody_answers_for_and_nobody_turns_over_is_named(tmp_path):
    (tmp_path / "agent2.log").write_bytes(b"x" * 11_000_000)
    script = os.path.join(PACKAGE, "supervisor", "__main__.py")
    words = ["-c", "input()", script, "--state-dir", str(tmp_path)]
    child = subprocess.Popen([sys.executable, *words], stdin=subprocess.PIPE)
    try:
        found = list(running.look(case(tmp_path)))
        found += machine.look(case(tmp_path))
    finally:
        child.communicate(b"\n")

    (orphan,) = [one for one in found if one.code == "orphan"]
    assert (orphan.do, "(supervisor)" in orphan.text) == (f"kill {child.pid}", True)
    assert [one.text for one in found if one.code == "rotation"] == [
        f"{tmp_path / 'agent2.log'} has grown to 10.5 MB, and nobody turns it over"
    ]


def test_config_validate_says_the_words_of_the_documents(tmp_path):
    cli = Cli(tmp_path)
    config = tmp_path / "agent2.yaml"
    config.write_text(CONFIG.format(port=1, taken=2))

    assert cli("config", "validate", config).out.endswith("\nConfig OK\n")
    config.write_text("targets: 3\n")
    refused = cli("config", "validate", config)
    assert (refused.code, "Config OK" in refused.out) == (78, False)


def test_hostile_files_hold_nobody_up(tmp_path):
    cli = Cli(tmp_path)
    cli.state.mkdir(exist_ok=True)
    for name in ("agent2.db", "agent2.log", "agent2_status.json", "agent2.pid"):
        os.mkfifo(cli.state / name)

    found = cli("doctor", "--json")

    assert found.code == 2
    assert codes(found) >= {"no_file", "pid_file", "io"}
    expect = tmp_path / "expect.yaml"
    expect.write_text("limits: {used: many}\nsysctl: {no.such: 1}\n")
    assert (
        "no.such cannot be read here" in cli("doctor", "host", "--expect", expect).out
    )
