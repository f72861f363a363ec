"""What ``agent2 status`` believes, shows and answers."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from agent2.host.clock import stamp
from tests.live.cli_kit import MAIN, Cli, holding, until


@pytest.fixture
def cli(tmp_path):
    made = Cli(tmp_path)
    made.state.mkdir(exist_ok=True)
    return made


def document(health="ok", valid=60.0, **more):
    now = time.time()
    check = {
        "name": "http",
        "kind": "http",
        "outcome": "fail" if health == "down" else "ok",
        "code": "http_status" if health == "down" else "ok",
        "detail": "500",
        "duration_s": 0.011,
        "response_s": 0.011,
    }
    fixes = [
        {
            "timestamp": f"2026-11-20T18:22:0{n}.000+08:00",
            "issue": f"WebUI 进程不存在 {n}",
            "action": "创建重启信号",
            "result": "success",
        }
        for n in range(7)
    ]
    return {
        "status": "monitoring",
        "last_check": stamp(now),
        "health_status": health,
        "consecutive_failures": 2 if health == "down" else 0,
        "fixes": fixes,
        "fixes_total": 9,
        "schema": "agent2.status/1",
        "seq": 1,
        "updated_at": stamp(now - 1),
        "valid_until": stamp(now + valid),
        "primary": "webui",
        "agent": {"config": {"path": "/etc/agent2/agent2.yaml", "error": ""}},
        "targets": [
            {
                "name": "webui",
                "state": health,
                "since": stamp(now - 200),
                "checks": [check],
                "restarts": {"enabled": True, "used": 1, "limit": 5},
            }
        ],
        "incidents": {"open": []},
        "notifiers": [],
    } | more


def put(cli, **options):
    cli.write("agent2_status.json", json.dumps(document(**options), ensure_ascii=False))


@pytest.fixture
def running(cli):
    with holding(cli.state / "agent2.pid", "agent2_monitor.py") as child:
        cli.agent = child
        yield cli


def test_the_block_has_the_documented_labels(running):
    put(running)

    lines = running("status", "--lang", "zh").out.splitlines()

    assert lines[0] == "=== Agent2 监控器状态 ==="
    text = "\n".join(lines)
    for label in ("状态: 运行中", f"PID: {running.agent.pid}", "CPU: ", "内存: "):
        assert f"  {label}" in text
    assert re.search(r"  运行时长: \d", text)
    for label in ("运行状态: monitoring", "健康状态: ok", "连续失败: 0", "修复次数: 9"):
        assert f"  {label}" in text
    assert re.search(r"  最后检查: \d{4}-\d\d-\d\dT", text)
    assert "最近修复记录 (最多显示 5 条):" in text
    shown = [line for line in lines if "->" in line]
    assert len(shown) == 5
    assert shown[-1] == (
        "  [2026-11-20T18:22:06.000+08:00] WebUI 进程不存在 6 -> 创建重启信号 (success)"
    )


def test_english_says_the_same_lines(running):
    put(running)

    zh = running("status", "--lang", "zh").out.splitlines()
    en = running("status", "--lang", "en").out.splitlines()

    assert en[0] == "=== Agent2 monitor status ==="
    assert len(zh) == len(en)


def test_json_is_the_file_as_it_is(running):
    put(running)

    told = running("status", "--json")

    assert told.out == (running.state / "agent2_status.json").read_text() + "\n"


@pytest.mark.parametrize(
    ("health", "code"), [("ok", 0), ("warn", 1), ("down", 2), ("unknown", 3)]
)
def test_exit_code_speaks_nagios(running, health, code):
    put(running, health=health)

    assert running("status", "--exit-code").code == code
    assert running("status").code == 0


def test_a_status_past_its_time_is_unknown(running):
    put(running, valid=-1.0)

    told = running("status", "--exit-code")

    assert told.code == 3
    assert "unknown (last known: ok)" in told.out
    assert "the agent does not keep up (agent2 restart)" in told.out
    assert running("healthcheck").code == 1


def test_a_stopped_agent_is_said_to_be_stopped(cli):
    put(cli, valid=-1.0)
    with holding(cli.state / "agent2.pid", "agent2_monitor.py") as child:
        child.send_signal(signal.SIGSTOP)
        until(lambda: "(SIGSTOP)" in cli("status").out)
        told, again = cli("status"), cli("start")
    assert f"watches nothing: kill -CONT {child.pid}" in told.out
    assert again.code == 0
    assert f"kill -CONT {child.pid}" in again.out, "already running is not all of it"


def test_a_status_of_a_time_to_come_tells_of_the_clock(running):
    put(running, updated_at=stamp(time.time() + 900), valid=915.0)
    out = running("status").out
    assert "Health: unknown" in out
    assert "the clock was set back" in out


def test_an_agent_that_has_just_begun_is_not_said_to_be_late(running):
    put(running, valid=-1.0, agent={"pid": 1})
    out = running("status").out
    assert "has just begun" in out
    assert "does not keep up" not in out


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_on_a_full_disk_the_disk_is_named_and_no_restart_proposed(running):
    put(running, valid=-1.0)
    status, pid = (
        running.state / name for name in ("agent2_status.json", "agent2.pid")
    )
    # A status as it would lie on a full disk, and a folder that is one.
    script = (
        f"mkdir {running.home}/old && cp {status} {running.home}/old/ && "
        f"mount --bind {pid} {running.home}/pid && "
        f"mount -t tmpfs -o size=16k tmpfs {running.state} && "
        f"cp {running.home}/old/* {running.state}/ && touch {pid} && "
        f"mount --bind {running.home}/pid {pid} && "
        f"cat /dev/zero > {running.state}/fill; exec {sys.executable} {MAIN} status"
    )
    (running.home / "pid").touch()
    words = ["unshare", "-m", "--", "sh", "-c", script]
    told = subprocess.run(words, env=running.env, capture_output=True, text=True)
    assert "takes no file" in told.stdout, told
    assert f"df {running.state}" in told.stdout
    assert "restart" not in told.stdout


def test_the_agents_own_trouble_is_told(running):
    own = {"self": {"troubles": {"store": "disk full"}}}
    put(running, agent=own)
    assert "! trouble of the agent itself: store: disk full" in running("status").out


def test_a_fresh_status_of_a_dead_agent_is_unknown(cli):
    put(cli)

    told = cli("status", "--exit-code")

    assert told.code == 3
    assert "not running" in told.out
    assert "agent2 start" in told.out


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"fixes": 3, "a": '])
def test_a_broken_status_is_no_crash_and_not_ok(running, content):
    running.write("agent2_status.json", content)

    assert running("status", "--exit-code").code == 3
    assert running("status", "--json").code == 69
    assert running("healthcheck").code == 1


@pytest.mark.parametrize(
    "tree",
    [
        {"targets": 7, "fixes": {"a": 1}, "incidents": [], "notifiers": "x"},
        {"targets": [None, {"checks": 3}], "fixes": [1], "agent": []},
        {"updated_at": "yesterday", "valid_until": 12},
    ],
)
def test_a_status_of_another_shape_is_no_crash(running, tree):
    running.write("agent2_status.json", json.dumps(tree))

    assert running("status", "--exit-code").code == 3
    assert running.on_terminal("status")[0] == 0


def test_all_targets_stand_in_one_table_in_a_pipe_too(running):
    put(running)
    told = running("status", "--all")
    assert told.code == 0
    assert "TARGET" in told.out
    assert "\x1b" not in told.out


def test_a_terminal_gets_a_table_and_colour(running):
    put(running, health="down")

    code, shown = running.on_terminal("status")

    assert code == 0
    assert "\x1b[31m" in shown
    assert "✕ down" in shown
    assert "http_status" in shown


@pytest.mark.parametrize(
    ("words", "env"),
    [(("status",), {"NO_COLOR": "1"}), (("status", "--color", "never"), {})],
)
def test_a_terminal_without_colour_gets_none(running, words, env):
    put(running, health="down")

    shown = running.on_terminal(*words, env=env)[1]

    assert not re.search(r"\x1b\[3\d", shown)
    assert "down" in shown


def test_an_order_that_was_taken_back_is_shown_as_such(running):
    fix = document()["fixes"][0] | {"result": "signal_created", "withdrawn": True}
    put(running, fixes=[fix])
    assert "(signal_created, withdrawn)" in running("status").out


def test_what_needs_a_person_stands_below(running):
    notifier = {"name": "mail", "dead": 0, "pending": 2, "oldest_pending_s": 6.0}
    error = {"cause": "server", "detail": "451", "at": stamp(time.time())}
    agent = {"config": {"path": "", "error": "agent2: a.yaml:3:5: bad\nmore"}}
    put(
        running,
        notifiers=[notifier | {"last_error": error}, {"name": "ops", "dead": 1}],
        agent=agent,
        incidents={"open": [{"id": "webui@1", "detail": "500"}]},
    )

    out = running("status").out

    assert "! notifier mail: alerts waiting: 2, the oldest for 6.0s (server:" in out
    assert "! notifier ops: alerts that could not be delivered: 1 (" in out
    assert "! the last configuration was refused: agent2: a.yaml:3:5: bad (" in out
    assert "! incident webui@1: 500" in out


def test_a_target_whose_restarts_are_spent_is_said_to_need_a_person(running):
    tree = document(health="down")
    tree["targets"][0]["restarts"] |= {"used": 5, "exhausted": True}
    running.write("agent2_status.json", json.dumps(tree))

    line = "! webui: its restart budget is spent (5/5), a person is needed: "
    assert line + "agent2 audit webui" in running("status").out


def test_a_signal_that_nobody_takes_up_is_pointed_out(running):
    signal = {"path": "restart_signal", "pending": True}
    put(running, health="down", restart_signal=signal | {"age_s": 62.2})
    nobody = running("status").out
    put(running, health="down", restart_signal=signal | {"age_s": 1.0})
    new = running("status").out

    line = "! the restart signal was written 1m 2s ago and nobody takes it up: "
    assert line + "agent2 restarter start" in nobody
    assert "nobody takes it up" not in new


def test_init_scripts_get_their_codes(cli):
    pid = cli.state / "agent2.pid"

    assert cli("status", "--lsb").code == 3
    pid.write_text("999999\n")
    assert cli("status", "--lsb").code == 1
    pid.unlink()
    with holding(pid, "agent2_monitor.py"):
        assert cli("status", "--lsb").code == 0
    with holding(pid, "something-else"):
        assert cli("status", "--lsb").code == 4
    pid.unlink()
    os.mkfifo(pid)
    assert cli("status", "--lsb").code in (1, 4)


def test_the_health_check_is_of_the_agent_and_not_of_its_target(running):
    put(running, health="down")

    assert running("healthcheck").code == 0
    put(running, status="stopped")
    assert running("healthcheck").code == 1
