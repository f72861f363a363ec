"""What it says and does for each kind of trouble; readers that never see half of it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest
from rig import FAST, asking, config, never, wait_for, watching

from tests.fakes.health_server import document, http


@pytest.mark.parametrize(
    ("language", "phrase"),
    [
        ("zh", "检测到持续故障，但未启用自动修复"),
        ("en", "the target stays down, but automatic repair is off"),
    ],
)
def test_without_remediation_it_says_so_and_asks_for_nothing(
    rig, server, language, phrase
):
    server.answers[:] = [http("", 500)]
    settings = {"restart": {"remediation": "off"}}
    agent = rig.agent(config(asking(server, **settings), language=language))
    status = agent.until_word("down")
    agent.until_line(" 3)")
    (line,) = agent.until_line(phrase)
    assert " - ERROR - " in line
    assert agent.signal() is None
    assert status["fixes"] == []
    assert len(status["incidents"]["open"]) == 1
    assert not status["targets"][0]["restarts"]["enabled"]


def test_an_outage_is_told_in_the_phrases_of_the_documents_and_in_their_order(rig):
    target = rig.target()
    agent = rig.agent(
        config(watching(target, **FAST), language="zh", log={"level": "DEBUG"})
    )
    agent.until_word("ok")
    target.send(signal.SIGKILL)
    agent.until_line("等待 Agent1 处理重启信号...")
    assert agent.stop() == 0
    said = agent.log()
    (down,) = [line for line in said.splitlines() if " - ERROR - " in line]
    sid = down.rpartition(" [")[2].removesuffix("]")
    assert sid.startswith("webui@")
    places = [
        said.index(f" - {level} - {phrase}")
        for level, phrase in (
            ("INFO", "Agent2 监控器启动"),
            ("INFO", "监控目标: webui"),
            ("INFO", "检查间隔: 0.1秒"),
            ("DEBUG", "开始健康检查..."),
            ("INFO", "健康检查通过 (响应时间: "),
            ("WARNING", "检测到异常 (连续失败: 1)"),
            ("WARNING", "检测到异常 (连续失败: 2)"),
            ("INFO", "开始尝试修复..."),
            ("INFO", "已创建重启信号: process_not_alive"),
            ("INFO", "等待 Agent1 处理重启信号..."),
            ("INFO", f"[{sid}] 修复操作: 创建重启信号, 结果: signal_created"),
            ("INFO", "收到信号 15，准备退出..."),
        )
    ]
    assert places == sorted(places)
    life = [line for line in said.splitlines() if sid in line]
    assert "检测到异常 (连续失败: 2)" in life[0]
    assert any("等待 Agent1 处理重启信号..." in line for line in life)
    assert all(line.endswith(f" [{sid}]") or f" - [{sid}] 修" in line for line in life)


@pytest.mark.parametrize("word", ["warn", "degraded"])
def test_a_body_that_says_warn_warns_and_restarts_nothing(rig, server, word):
    server.answers[:] = [http(document(status=word))]
    agent = rig.agent(config(asking(server)))
    status = agent.until_word("warn")
    agent.until_line("health check warns", count=6)
    assert agent.signal() is None
    (fix,) = agent.status()["fixes"]
    assert fix["result"] == "warning_logged"
    assert status["consecutive_failures"] == 0
    assert agent.status()["consecutive_failures"] == 0
    server.answers[:] = [http(document())]
    agent.until_word("ok")


def test_strict_makes_a_warning_a_failure(rig, server):
    server.answers[:] = [http(document(status="warn"))]
    target = asking(server)
    target["checks"][0]["strict"] = True
    agent = rig.agent(config(target))
    assert agent.until_signal()["code"] == "status_value"


@pytest.mark.slow
def test_an_answer_after_3_6_seconds_warns_and_restarts_nothing(rig):
    target = rig.target()
    agent = rig.agent(config(watching(target, interval=60, timeout=30), language="zh"))
    agent.until_word("ok")
    target.fault("slow")
    agent.send(signal.SIGUSR2)
    agent.until_word("warn")
    (fix,) = agent.status()["fixes"]
    assert fix["result"] == "warning_logged"
    took = fix["issue"].removeprefix("响应时间过长: ")
    assert 3.6 <= float(took.removesuffix("s")) < 30
    assert fix["action"] == "记录警告"
    (line,) = agent.until_line(f"响应时间: {took}")
    assert " - WARNING - " in line
    assert agent.until_line("修复操作: 记录警告, 结果: warning_logged")
    assert agent.signal() is None
    target.fault("ok")
    agent.send(signal.SIGUSR2)
    agent.until_word("ok")


def test_a_warning_that_ends_is_no_outage_and_counts_from_its_own_beginning(
    rig, server
):
    server.answers[:] = [http("", 500)]
    agent = rig.agent(config(asking(server)))
    agent.until_word("down")
    server.answers[:] = [http(document())]
    agent.until_line("webui recovered (it was down for")
    ended = time.monotonic()
    wait_for(lambda: time.monotonic() - ended > 2.0, 60, "two seconds of health")
    server.answers[:] = [http(document(status="warn"))]
    agent.until_line("keeps warning")
    server.answers[:] = [http(document())]
    (line,) = agent.until_line("warns no more")
    seconds = float(line.rpartition("did for ")[2].partition("s)")[0])
    assert seconds < time.monotonic() - ended - 2.0 + 0.1
    assert len(agent.until_line("it was down for", count=1)) == 1


def test_a_port_that_is_closed_is_named_before_the_page_on_it(rig):
    target = rig.target()
    entry = watching(target, **FAST)
    entry["checks"] = entry["checks"][1:]  # nobody looks at the process
    agent = rig.agent(config(entry))
    agent.until_word("ok")
    target.send(signal.SIGKILL)
    made = agent.until_signal()
    assert made["reason"] == "port_not_listening", agent.tail()


@pytest.mark.parametrize(
    ("fault", "code"),
    [("bad-json", "json"), ("status-error", "status_value"), ("500", "http_status")],
)
def test_each_fault_of_the_page_has_its_code(rig, fault, code):
    target = rig.target()
    agent = rig.agent(config(watching(target, **FAST)))
    agent.until_word("ok")
    target.fault(fault)
    order = agent.until_signal()
    assert (order["reason"], order["code"]) == ("health_check_failed", code)
    target.fault("ok")
    agent.until_word("ok")
    agent.until_no_signal()


def test_while_nobody_takes_a_signal_up_no_other_is_made(rig, server):
    server.answers[:] = [http("", 500)]
    restart = {"settle": 0.1, "backoff": 0.1, "proof": 0.1}
    agent = rig.agent(config(asking(server, restart=restart)))
    first = agent.until_signal()
    agent.until_line(" 9)")
    assert agent.signal() == first
    assert len(agent.journal("restart.requested")) == 1
    assert len(agent.until_line("修复操作: ", count=1)) == 1
    agent.signal_path.unlink()  # taken up, and it does not help: the next one may come
    assert agent.until_signal()["attempt"] == 2


def test_a_signal_that_a_person_put_there_is_left_alone(rig, server):
    agent = rig.agent(config(asking(server)))
    agent.until_word("ok")
    agent.signal_path.write_text('{"timestamp": "now", "reason": "because"}')
    server.answers[:] = [http("", 500)]
    agent.until_line("repair failed")
    assert agent.until_signal()["reason"] == "because"
    server.answers[:] = [http(document())]
    agent.until_word("ok")
    never(lambda: not agent.signal_path.exists(), 0.3, "it was withdrawn")


def test_a_consumed_signal_is_proved_by_a_new_process(rig):
    target = rig.target()
    agent = rig.agent(config(watching(target, **FAST)))
    agent.until_word("ok")
    target.send(signal.SIGKILL)
    agent.until_signal()
    agent.until_word("down")
    agent.signal_path.unlink()  # as a restarter takes it up
    target.start()
    status = agent.until(
        lambda s: s["health_status"] == "ok" and s["fixes"][-1]["result"] == "success",
        10,
        "a proved restart",
    )
    assert status["consecutive_failures"] == 0
    assert len(status["fixes"]) == 1
    assert agent.until_line("the restart helped")
    assert len(agent.until_line("修复操作: ", count=1)) == 1


# -- readers

READER = """
import json, sys
path, count = sys.argv[1], int(sys.argv[2])
bad, seqs, last, before, number = 0, set(), -1, b"", 0
while number < count or len(seqs) <= 20:
    number += 1
    with open(path, "rb") as file:
        content = file.read()
    if content == before:
        continue
    before = content
    try:
        tree = json.loads(content)
        if list(tree)[:5] != KEYS or tree["fixes"] is None or tree["seq"] < last:
            bad += 1
        last = tree["seq"]
        seqs.add(last)
    except ValueError:
        bad += 1
print(bad, len(seqs))
""".replace(
    "KEYS",
    "['status', 'last_check', 'health_status', 'consecutive_failures', 'fixes']",
)


class Alternating(list):
    """Answers in turn, for ever."""

    def pop(self, index: int = -1) -> bytes:
        found = super().pop(index)
        self.append(found)
        return found


@pytest.mark.slow
def test_a_hundred_thousand_reads_while_it_writes_see_no_half_status(rig, server):
    server.answers = Alternating([http(document()), http("", 500)])
    settings = {"interval": 0.05, "failure_threshold": 1, "flapping": False}
    agent = rig.agent(config(asking(server, **settings)))
    agent.until_word("down")
    argv = [sys.executable, "-I", "-S", "-c", READER, str(agent.status_path), "50000"]
    readers = [rig.run(*argv, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    seen = [reader.communicate(timeout=60)[0].split() for reader in readers]
    assert [bad for bad, _ in seen] == ["0", "0"]
    assert all(int(different) > 20 for _, different in seen), seen
