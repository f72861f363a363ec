"""What the original program did wrong, one test each, against the live agent.

The numbers are those of the list of flaws that the documents' program showed.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from datetime import datetime

import pytest
from rig import FAST, asking, config, never, wait_for, watching

from tests.fakes.health_server import HealthServer, document, http, raw
from tests.ports import reserved


def only_http(agent) -> dict:
    return agent.status()["targets"][0]["checks"][0]


def test_flaw_01_a_hang_up_does_not_kill_it(rig, server):
    agent = rig.agent(config(asking(server)))
    pid_file = agent.folder / "agent2.pid"
    subprocess.run(["sh", "-c", f"kill -HUP $(cat {pid_file})"], check=True)
    agent.until_line("configuration unchanged")
    count = len(agent.lines("passed"))
    agent.until_line("passed", count=count + 2)
    assert agent.runs()


def test_flaw_02_it_writes_its_own_pid_file_and_no_second_one_runs(rig, server):
    agent = rig.agent(config(asking(server)))
    assert (agent.folder / "agent2.pid").read_bytes() == b"%d\n" % agent.pid
    again = subprocess.run(
        agent.argv(), env=agent.env, capture_output=True, check=False
    )
    assert again.returncode == 75
    assert str(agent.pid) in again.stderr.decode()


def test_flaw_03_the_first_start_makes_its_folder(rig, server):
    agent = rig.agent(
        config(asking(server)), start=False, folder=rig.folder / "a" / "b" / "c"
    )
    agent.configure(agent.config)
    assert not agent.folder.exists()
    agent.start()
    agent.until_word("ok")
    assert agent.until_line("monitor started")


def test_flaw_04_the_fix_history_survives_a_start(rig, server):
    server.answers[:] = [http(document(status="warn"))]
    agent = rig.agent(config(asking(server)))
    before = agent.until(lambda s: len(s["fixes"]) == 1, 60, "a fix")
    assert agent.stop() == 0
    agent.start()
    after = agent.status()
    assert after["fixes"] == before["fixes"]
    assert after["fixes_total"] == 1


def test_flaw_05_after_a_signal_the_checks_go_on(rig, server):
    """No blocking wait for the restarter: a recovery shows with the next look."""
    server.answers[:] = [http("", 500)]
    agent = rig.agent(config(asking(server, restart={"settle": 60})))
    agent.until_signal()
    agent.until_word("down")
    asked = server.connections
    assert server.wait_connections(asked + 5) >= asked + 5
    server.answers[:] = [http(document())]
    agent.until_word("ok")


def test_flaw_06_the_counter_counts_on_and_signals_have_a_budget(rig, server):
    server.answers[:] = [http("", 500)]
    restart = {"intensity": 2, "period": 600, "settle": 0.1, "backoff": 0.1}
    agent = rig.agent(config(asking(server, restart=restart | {"proof": 0.3})))
    for number in (1, 2):
        agent.until(lambda s, n=number: len(s["fixes"]) == n, 60, f"signal {number}")
        wait_for(agent.signal, 60, "it lies there")
        agent.signal_path.unlink()  # taken up, and it does not help
    agent.until(lambda s: s["targets"][0]["restarts"]["exhausted"], 60, "spent")
    never(agent.signal, 0.5, "a third signal")
    status = agent.until(lambda s: s["consecutive_failures"] > 5, 60, "counted on")
    assert len(status["fixes"]) == 2
    assert len(agent.until_line("restart budget is spent", count=1)) == 1
    counts = [
        int(line.partition("failures: ")[2].partition(")")[0])
        for line in agent.lines("consecutive failures: ")
    ]
    assert counts == sorted(counts)


def test_flaw_07_a_signal_is_withdrawn_on_recovery(rig, server):
    server.answers[:] = [http("", 500)]
    agent = rig.agent(config(asking(server)))
    agent.until_signal()
    server.answers[:] = [http(document())]
    agent.until_word("ok")
    agent.until_no_signal()
    status = agent.until(lambda s: s["fixes"][0]["withdrawn"], 60, "the record says so")
    assert status["targets"][0]["restarts"]["used"] == 0
    assert agent.until_line("restart signal withdrawn")


class Alternating(list):
    def pop(self, index: int = -1) -> bytes:
        found = super().pop(index)
        self.append(found)
        return found


def test_flaw_08_no_reader_sees_half_a_status(rig, server):
    server.answers = Alternating([http(document()), http("", 500)])
    settings = {"interval": 0.05, "failure_threshold": 1, "flapping": False}
    agent = rig.agent(config(asking(server, **settings)))
    seen, deadline = set(), time.monotonic() + 60.0
    while len(seen) < 8 and time.monotonic() < deadline:
        seen.add(json.loads(agent.status_path.read_bytes())["seq"])
    assert len(seen) == 8


class Slow(HealthServer):
    wait = 0.0

    def serve(self, wire):
        self._stopped.wait(self.wait)
        super().serve(wire)


def test_flaw_09_a_slow_answer_warns(rig):
    """The 3.6 s of the documents are in test_watcher_words; here the limit is lower."""
    with Slow(http(document())) as server:
        target = asking(server)
        target["checks"][0]["slow"] = 0.2
        agent = rig.agent(config(target))
        agent.until_word("ok")
        server.wait = 0.4
        agent.until_word("warn")
        assert only_http(agent)["code"] == "slow"
        assert agent.status()["fixes"][-1]["result"] == "warning_logged"
        assert " - WARNING - " in agent.until_line("slow (响应时间: ")[0]
        assert agent.signal() is None


def test_flaw_10_a_body_that_says_warn_is_no_failure(rig, server):
    server.answers[:] = [http(document(status="warn"))]
    agent = rig.agent(config(asking(server, failure_threshold=1)))
    agent.until_word("warn")
    agent.until_line("health check warns", count=4)
    assert agent.signal() is None
    assert agent.status()["consecutive_failures"] == 0


def test_flaw_11_the_port_is_asked_and_not_a_table_of_sockets(rig):
    """Also where the system's tables of sockets cannot be read at all."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("needs root: hides /proc/net in a mount namespace")
    target = rig.target()
    entry = watching(target, **FAST)
    entry["checks"] = [entry["checks"][1]]
    agent = rig.agent(config(entry), start=False)
    agent.before = ["unshare", "-m", "--", "sh", "-c", NO_TABLES, "-"]
    agent.start()
    agent.until_word("ok")
    assert not os.path.exists(f"/proc/{agent.pid}/root/proc/net/tcp")
    target.send(signal.SIGKILL)
    assert agent.until_signal()["reason"] == "port_not_listening"


NO_TABLES = 'mount -t proc -o subset=pid proc /proc && exec "$@"'


def test_flaw_12_any_program_counts_and_neither_a_zombie_nor_a_reused_pid(
    rig, tmp_path
):
    file = tmp_path / "any.pid"
    target = {"name": "any", "checks": [{"kind": "pid", "file": str(file)}]} | FAST
    sleeper = rig.run("sleep", "600")  # no "python" in its name
    file.write_text(f"{sleeper.pid}\n")
    agent = rig.agent(config(target))
    agent.until_word("ok")
    os.utime(file, (1, 1))  # written long before this process began
    agent.until_signal()
    assert agent.until_signal()["code"] == "pid_reused"
    os.utime(file)
    agent.until_word("ok")
    agent.until_no_signal()
    sleeper.kill()  # not reaped by us yet: a zombie
    assert agent.until_signal()["code"] == "zombie"
    assert agent.until_signal()["reason"] == "process_not_alive"


def test_flaw_12_a_python_with_the_same_number_is_another_program(rig, tmp_path):
    file = tmp_path / "any.pid"
    other = rig.run(sys.executable, "-c", "import time; time.sleep(600)")
    file.write_text(f"{other.pid}\n")
    check = {"kind": "pid", "file": str(file), "match": "my_service"}
    agent = rig.agent(config({"name": "any", "checks": [check]} | FAST))
    assert agent.until_signal()["code"] == "pid_reused"


def test_flaw_13_any_port_can_be_watched_and_only_at_its_address(rig):
    """A listener on the same number of another address does not count."""
    with socket.create_server(("127.0.0.1", reserved())) as other:
        port = other.getsockname()[1]
        check = {"kind": "tcp", "port": port}
        agent = rig.agent(config({"name": "any", "checks": [check]} | FAST))
        agent.until_word("ok")
        other.close()
        with socket.create_server(("127.0.0.2", port)):  # the number, another address
            order = agent.until_signal()
    assert order["reason"] == "port_not_listening"
    assert str(port) in order["detail"]


def test_flaw_14_neither_proxies_nor_redirects_are_followed(rig, server):
    with HealthServer(http(document())) as elsewhere:
        away = raw(
            "HTTP/1.1 302 Found", f"Location: {elsewhere.url}?away", "Content-Length: 0"
        )
        proxies = {"HTTP_PROXY": elsewhere.url, "http_proxy": elsewhere.url}
        agent = rig.agent(config(asking(server)), **proxies, ALL_PROXY=elsewhere.url)
        agent.until_word("ok")
        server.answers[:] = [away]
        assert agent.until_signal()["code"] == "redirect"
        # A stray check of another test may find this port; ours would look like this.
        asked = [each.raw for each in elsewhere.received]
        assert not [r for r in asked if b"?away" in r or r.startswith(b"GET http")]


def test_flaw_14_an_answer_in_drops_has_one_deadline_for_all_of_it(rig):
    with HealthServer(http(document()), after="drip") as server:
        server.pause = 1.0  # a byte each; the whole answer would take minutes
        agent = rig.agent(config(asking(server, interval=0.5, timeout=0.5)))
        assert agent.until_signal()["code"] == "deadline"
        assert only_http(agent)["duration_s"] < 50.0


def test_flaw_15_no_line_stands_twice_when_stdout_is_the_log(rig, server):
    agent = rig.agent(config(asking(server)), start=False)
    agent.folder.mkdir(parents=True)
    with agent.log_path.open("ab") as log:
        agent.start(stdout=log, stderr=log)
    agent.until_line("passed", count=3)
    lines = agent.lines()
    assert len(lines) == len(set(lines))
    assert len(agent.until_line("monitor started", count=1)) == 1


def test_flaw_16_one_event_is_one_line(rig, server):
    server.answers[:] = [http('{"status": "error\\n2026 - Agent2 - INFO - fine"}')]
    agent = rig.agent(config(asking(server)))
    agent.until_signal()
    agent.until_line("修复操作")
    for line in agent.lines():
        stamp, name, level, _ = line.split(" - ", 3)
        assert len(stamp) == len("2026-01-01 00:00:00,000")
        assert name == "Agent2"
        assert level in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}
    failed = len(agent.lines("consecutive failures"))
    assert len(agent.lines("status is")) <= failed + 1


def test_flaw_17_max_retry_is_used(rig, server):
    sick, well = http("", 500), http(document())
    server.answers = Alternating([sick, sick, well])
    target = asking(server, timeout=30)
    target["checks"][0] |= {"max_retry": 3, "retry_delay": 0.05}
    agent = rig.agent(config(target))
    agent.until_line("passed", count=4)
    assert not agent.lines("consecutive failures")
    assert "attempt 3 of 3" in only_http(agent)["detail"]
    assert server.connections >= 12


def test_flaw_18_a_stop_ends_cleanly_in_any_state(rig, server):
    for number in range(5):
        agent = rig.agent(config(asking(server)))
        time.sleep(0.03 * number)
        for _ in range(3):  # an impatient person
            agent.send(signal.SIGTERM)
        assert agent.process.wait(30) == 0
        assert agent.status()["status"] == "stopped"
        assert not (agent.folder / "agent2.pid").exists()
        assert len(agent.until_line("signal 15 received", count=1)) == 1
        assert agent.lines()[-1].endswith("Agent2 monitor stopped")


def test_flaw_19_chinese_is_written_as_chinese(rig, server):
    server.answers[:] = [http("", 500)]
    agent = rig.agent(config(asking(server), language="zh"))
    agent.until_signal()
    agent.until(lambda s: s["fixes"], 60, "a fix")
    argv = ["grep", "-c", "创建重启信号", str(agent.status_path)]
    assert subprocess.check_output(argv) == b"1\n"
    assert b"\\u" not in agent.status_path.read_bytes()


def test_flaw_20_the_time_of_a_check_is_not_added_to_the_interval(rig):
    """Ticks lie on a grid, however long each check takes."""
    with Slow(http(document())) as server:
        server.wait = 0.1
        agent = rig.agent(config(asking(server, interval=0.2)))

        def kept():
            at = [datetime.fromisoformat(line[:23]) for line in agent.lines("passed")]
            three = [(b - a).total_seconds() for a, b in zip(at, at[3:], strict=False)]
            return min(three, default=1.0) < 0.87  # 0.9, were the check's time added

        wait_for(kept, 60, agent.tail)
        assert agent.runs()


def test_flaw_21_the_log_is_bounded_when_nobody_rotates_it(rig, server):
    log = {"max_bytes": 700, "backups": 2}
    agent = rig.agent(config(asking(server, interval=0.05), log=log))
    server.wait_connections(25)  # some 2,500 bytes
    names = [n for n in os.listdir(agent.folder) if n.startswith("agent2.log")]
    assert sorted(names) == ["agent2.log", "agent2.log.1", "agent2.log.2"]
    assert all((agent.folder / n).stat().st_size <= 700 for n in names)
