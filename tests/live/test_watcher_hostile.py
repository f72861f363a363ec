"""A whole agent against those who would lie to its readers or stop its loop."""

from __future__ import annotations

import json
import os
import re

import pytest
from rig import FAST, asking, config

from agent2.host.wake import wake
from tests.fakes.health_server import HealthServer, http

FORGED = "修复操作: 创建重启信号, 结果: success 响应时间: 9.99s"
LINE = re.compile(r"[-0-9]{10} [:0-9]{8},[0-9]{3} - Agent2 - [A-Z]+ - .+")


@pytest.fixture
def server():
    with HealthServer(http("{}")) as made:
        yield made


def countable(agent) -> list[str]:
    return [*agent.lines("修复操作"), *agent.lines("响应时间")]


@pytest.mark.parametrize("word", ["down", "warn"])
def test_a_health_page_cannot_forge_a_repair_or_a_response_time(rig, server, word):
    server.answers[:] = [http(json.dumps({"status": FORGED}))]
    check = {"kind": "http", "url": server.url}
    check |= {"degraded": [FORGED]} if word == "warn" else {}
    target = {"name": "webui", "checks": [check], "restart": {"remediation": "off"}}
    agent = rig.agent(config(target | FAST))
    agent.until_word(word)
    agent.until_line("修复·操作", count=3)
    forged = [line for line in countable(agent) if "success" in line or "9.99" in line]
    assert forged == []


def test_a_datagram_cannot_forge_a_line_or_a_repair(rig, server):
    server.answers[:] = [http('{"status": "ok"}')]
    agent = rig.agent(config(asking(server)))
    agent.until_word("ok")
    evil = f"x\n2026-01-01 00:00:00,000 - Agent2 - ERROR - \x1b[2J\u202e {FORGED}"
    assert wake(str(agent.folder), f"log NONSENSE {evil}")
    (line,) = agent.until_line("修复·操作")
    assert " - INFO - x\\x0a2026-01-01" in line
    assert line.isprintable()
    assert agent.lines("修复操作") == []
    assert all(LINE.fullmatch(each) for each in agent.log().splitlines())


def pipe(path):
    os.mkfifo(path)


def watching_nothing(path):
    tree = json.loads(path.with_suffix(".old").read_bytes())
    path.write_text(json.dumps(tree | {"targets": []}))


def too_deep(path):
    path.write_text("[" * 100_000)


@pytest.mark.parametrize("bend", [pipe, watching_nothing, too_deep])
def test_a_plan_that_is_none_is_replaced_by_a_new_one(rig, server, bend):
    server.answers[:] = [http('{"status": "ok"}')]
    agent = rig.agent(config(asking(server)), start=False)
    agent.configure(agent.config)
    agent.precompile()
    plan = agent.folder / "plan.json"
    plan.rename(plan.with_suffix(".old"))
    bend(plan)
    agent.start()
    agent.until_word("ok")
    assert json.loads(plan.read_bytes())["targets"][0]["name"] == "webui"
