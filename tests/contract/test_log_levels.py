"""An outage writes a line each cycle, and a bounded number of warnings."""

import pytest

from agent2.compiler import compile_text
from agent2.core.model import Code, Facet, Judgement, TargetState, Verdict
from agent2.plan.stored import from_json
from agent2.watcher.texts import Texts
from agent2.watcher.watched import Watched
from agent2.wire.languages import words

TEXT = """
defaults: {failure_threshold: 2}
targets: [{name: web, checks: [{kind: tcp, port: 80}]}]
"""


def outage(*causes):
    """Return level and text of each line that these *causes* in a row write."""
    tree, problems = compile_text(TEXT, "/etc/a.yaml", "/tmp/s", "", {})
    assert not problems
    (target,) = from_json(tree).targets
    lines, watched = [], Watched(target)
    texts = Texts(
        lambda level, text, sid: lines.append((level, text)),
        words("en"),
        lambda target: "",
        many=False,
    )
    for count, (check, code) in enumerate(causes, 1):
        watched.believed, watched.state = watched.state, TargetState(failures=count)
        why = Judgement(Verdict.BAD, Facet.PORT, code, "x", check)
        texts.cycle(watched, why)
    return lines


def test_an_hour_of_one_cause_warns_a_dozen_times():
    lines = outage(*[("tcp", Code.PORT_REFUSED)] * 720)
    loud = [count for count, (level, _) in enumerate(lines, 1) if level == "WARNING"]
    assert loud == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
    assert {level for level, _ in lines} == {"WARNING", "INFO"}
    assert "(consecutive failures: 720)" in lines[-1][1]


def test_another_cause_warns_at_once():
    row = [("tcp", Code.PORT_REFUSED)] * 6
    lines = outage(*row, ("tcp", Code.PORT_TIMEOUT), ("http", Code.PORT_TIMEOUT), *row)
    assert [level for level, _ in lines[4:10]] == [
        "INFO",
        "INFO",
        "WARNING",
        "WARNING",
        "WARNING",
        "INFO",
    ]


@pytest.mark.parametrize("count", [2, 4])
def test_a_count_that_stands_still_while_a_restart_settles_reminds_nobody(count):
    lines = []
    tree, _ = compile_text(TEXT, "/etc/a.yaml", "/tmp/s", "", {})
    watched = Watched(from_json(tree).targets[0])
    watched.believed = watched.state = TargetState(failures=count)
    watched.told_cause = "tcp port_refused"
    texts = Texts(lambda level, *_: lines.append(level), words("en"), str, many=False)
    texts.cycle(
        watched, Judgement(Verdict.BAD, Facet.PORT, Code.PORT_REFUSED, "x", "tcp")
    )
    assert lines == ["INFO"]
