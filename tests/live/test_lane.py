"""A lane is ready only when its libraries are loaded: a send's time is the send's."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.fakes.channels import KINDS, channel
from tests.fakes.stage import ROOT
from tests.ports import reserved

HEAVY = {"requests", "slack_sdk", "apprise", "smtplib"}
PROGRAM = """
import json, sys
from agent2.courier.frames import order, unpack
from agent2.courier.lane import Lane
from agent2.plan.secret import Secret
from agent2.plan.values import PluginPlan
from tests.fakes.stage import alert

plan = json.loads(sys.argv[1])
options = {
    name: Secret(text["$secret"]) if isinstance(text, dict) else text
    for name, text in plan["options"].items()
}
lane = Lane(PluginPlan(plan["name"], plan["kind"], options))
before = set(sys.modules)
answer = lane.attempt(unpack(order(alert(), repeat=False)))
print(json.dumps([sorted(before), sorted(sys.modules), answer["cause"]]))
"""


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_heavy_is_loaded_within_a_send(kind):
    made = channel(kind).at_port(reserved())
    made.fake.close()
    plan = json.dumps(made.plan(kind))
    argv = [sys.executable, "-c", PROGRAM, plan]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
    before, after, cause = json.loads(done.stdout)
    assert HEAVY & set(after) == HEAVY & set(before)
    assert cause == "unreachable"
    if kind != "webhook":
        assert HEAVY & set(before)


def test_a_library_that_is_missing_is_named():
    hide = "import sys; sys.modules['requests'] = None\n"
    made = channel("pagerduty")
    made.fake.close()
    program = hide + PROGRAM.replace('answer["cause"]', "answer")
    argv = [sys.executable, "-c", program, json.dumps(made.plan("pagerduty"))]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)[2]
    assert answer["cause"] == "config"
    assert answer["detail"] == "a library is missing: requests"
