"""``incidents``, ``outbox``, ``notify``: the store through the command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time

import pytest

from agent2.core.alerting import address
from agent2.core.effects import OpenIncident, ResolveIncident
from agent2.core.message import Alert, Cause, DeliveryState
from agent2.core.model import AlertKind, Code, Facet, Severity
from agent2.core.value import replace
from agent2.store import incidents, journal, outbox
from agent2.store.database import Database
from tests.fakes.base import Behaviour
from tests.fakes.web import FakeSlack
from tests.live.cli_kit import MAIN, Cli
from tests.ports import reserved

NOW = time.time()
FIRST, SECOND = "webui@1", "webui@2"


def alert(incident):
    return Alert(
        id=f"{incident}/firing/0",
        kind=AlertKind.FIRING,
        incident=incident,
        dedup_key=f"agent2/x/webui/{incident}",
        target="webui",
        severity=Severity.CRITICAL,
        subject="[Agent2 Alert] WebUI 进程不存在",
        issue="WebUI 进程不存在",
        action="创建重启信号",
        reason="process_not_alive",
        code="pid_dead",
        detail="gone",
        at="2026-11-20T18:22:03.000+08:00",
        opened_at="2026-11-20T18:22:03.000+08:00",
        closed_at=None,
        duration_s=0.0,
        host="h",
        instance="x",
        look="cat x",
        lines=("a",),
    )


@pytest.fixture
def cli(tmp_path):
    """A store with two incidents, one of them over; a dead letter and one that waits."""
    made = Cli(tmp_path)
    made.state.mkdir(exist_ok=True)
    db = Database.open(str(made.state / "agent2.db"))
    with db.transaction() as tx:
        for incident, at in ((FIRST, NOW - 60), (SECOND, NOW - 10)):
            effect = OpenIncident(
                incident,
                "webui",
                Severity.CRITICAL,
                at,
                Facet.PROCESS,
                Code.PID_DEAD,
                "gone",
            )
            incidents.open_incident(tx, effect)
        incidents.resolve(tx, ResolveIncident(FIRST, "webui", NOW - 30))
        journal.append(
            tx, NOW - 10, "incident.opened", "webui", SECOND, {"code": "pid_dead"}
        )
        outbox.add(tx, address(alert(SECOND), ["ops", "mail"], NOW))
    row = outbox.lease(db, owner="t", now=NOW, lease_s=60, notifiers=["ops"])[0]
    dead = replace(
        row, state=DeliveryState.DEAD, cause=Cause.AUTH, detail="404: no such hook"
    )
    assert outbox.failed(db, dead, NOW)
    db.close()
    return made


def test_incidents_are_listed_newest_first(cli):
    rows = cli("incidents", "list").out.splitlines()

    assert [row.split("\t")[0] for row in rows] == ["ID", SECOND, FIRST]


def test_incidents_as_json_say_whether_they_are_over(cli):
    found = cli("incidents", "list", "--json").json["incidents"]

    assert [one["resolved_at"] is None for one in found] == [True, False]
    assert found[1]["duration_s"] == pytest.approx(30)


def test_only_open_incidents_and_only_of_a_target(cli):
    found = cli("incidents", "list", "--open", "--json").json["incidents"]

    assert [one["id"] for one in found] == [SECOND]
    assert cli("incidents", "list", "other", "--json").json == {"incidents": []}
    assert "no incident" in cli("incidents", "list", "other").out


def test_one_incident_is_a_timeline_with_who_was_told(cli):
    told = cli("incidents", "show", SECOND)

    assert told.code == 0
    assert "incident.opened  code=pid_dead" in told.out
    assert "ops: firing dead (auth) 404: no such hook" in told.out
    assert "mail: firing pending" in told.out
    tree = cli("incidents", "show", SECOND, "--json").json
    assert [event["kind"] for event in tree["events"]] == ["incident.opened"]
    assert {row["notifier"] for row in tree["deliveries"]} == {"ops", "mail"}


def test_a_trace_is_the_story_of_one_incident_in_order_with_its_log_lines(cli):
    clock = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(NOW - 9))
    ours, forged = f"gone [{SECOND}]", f"said: [{SECOND}] and more"
    fixed = f"[{SECOND}] 修复操作: x, 结果: success"
    (cli.state / "agent2.log").write_text(
        "".join(
            f"{clock},500 - Agent2 - INFO - {text}\n"
            for text in ("calm", ours, forged, fixed)
        ),
        encoding="utf-8",
    )

    tree = cli("trace", SECOND, "--json").json

    assert tree["sid"] == tree["incident"]["id"] == SECOND
    told = [(step["station"], step["what"]) for step in tree["steps"]]
    assert told[:3] == [
        ("detection", "incident.opened"),
        ("log", "INFO gone"),
        ("log", "INFO 修复操作: x, 结果: success"),
    ]
    assert ("delivery", "mail: queued") in told
    assert ("delivery", "ops: dead") in told
    gaps = [step["since_previous_s"] for step in tree["steps"]]
    assert gaps[0] == 0
    assert 0 < gaps[1] < 3
    assert min(gaps) >= 0
    of_target = cli("trace", "webui", "--no-log")

    assert of_target.code == 0
    assert SECOND in of_target.out
    assert "gone [" not in of_target.out
    assert cli("trace", "webui@9").code == 2


def test_an_incident_that_nobody_was_told_of_says_so(cli):
    lone = OpenIncident(
        "lone@3", "lone", Severity.CRITICAL, NOW, Facet.PORT, Code.PORT_REFUSED, "x"
    )
    db = Database.open(str(cli.state / "agent2.db"))
    with db.transaction() as tx:
        incidents.open_incident(tx, lone)
    db.close()
    assert (
        "nobody: no notifier was configured" in cli("incidents", "show", "lone@3").out
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_store_of_another_user_is_said_to_be_his(cli):
    for path in cli.state.glob("agent2.db*"):
        os.chown(path, 12345, 12345)
        path.chmod(0o600)
    powerless = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--"]
    words = [*powerless, sys.executable, str(MAIN), "incidents", "list"]
    told = subprocess.run(words, env=cli.env, capture_output=True, text=True)
    assert told.returncode == 77
    assert "Permission denied" in told.stderr
    assert "Try: run the command as the user who started it" in told.stderr


def test_an_unknown_incident(cli):
    told = cli("incidents", "show", "nothing")

    assert told.code == 2
    assert "Try: agent2 incidents list" in told.err


def test_the_outbox_lists_what_is_not_done(cli):
    rows = cli("outbox", "list", "--json").json["deliveries"]
    dead = cli("outbox", "list", "--dead", "--json").json["deliveries"]

    assert {row["state"] for row in rows} == {"pending", "dead"}
    assert [row["notifier"] for row in dead] == ["ops"]
    assert dead[0]["cause"] == "auth"


def test_a_dead_letter_is_tried_again(cli):
    told = cli("outbox", "retry", f"{SECOND}/firing/0/ops")

    assert "1 delivery will be tried again" in told.out
    assert cli("outbox", "list", "--dead", "--json").json == {"deliveries": []}
    assert cli("outbox", "retry", "--all").out.startswith("0 ")


def test_dead_letters_are_dropped_and_waiting_ones_are_not(cli):
    told = cli("outbox", "drop", "--all")

    assert told.out.startswith("1 ")
    rows = cli("outbox", "list", "--json").json["deliveries"]
    assert [row["notifier"] for row in rows] == ["mail"]


@pytest.mark.parametrize(
    "words", [("retry",), ("drop",), ("drop", "x", "--all"), ("retry", "nothing")]
)
def test_retry_and_drop_must_be_told_what(cli, words):
    told = cli("outbox", *words)

    assert told.code == 2
    assert "Try: agent2 outbox list" in told.err


def test_stats_count_by_notifier(cli):
    found = cli("outbox", "stats", "--json").json["notifiers"]

    assert found["ops"]["dead"] == 1
    assert found["ops"]["last_error"] == "auth: 404: no such hook"
    assert found["mail"]["pending"] == 1
    assert "ops\tdead\t1" in cli("outbox", "stats").out


def test_no_store_is_one_clear_line(tmp_path):
    told = Cli(tmp_path)("incidents", "list")

    assert told.code == 74
    assert told.err.splitlines()[-1] == "Try: start agent2 first"


def test_a_damaged_store_is_one_clear_line(cli):
    cli.write("agent2.db", "this is no database, whatever its name says" * 100)

    told = cli("outbox", "list")

    assert told.code == 74
    assert "Try:" in told.err


# -- notify


CONFIG = """\
version: 1
targets: [{{name: webui, checks: [{{kind: tcp, port: 1}}]}}]
notifiers:
  - {{name: ops, kind: slack, webhook_url: "{slack}"}}
  - {{name: other, kind: slack, webhook_url: "http://127.0.0.1:{dead}/services/a/b/c"}}
"""


@pytest.fixture
def slack():
    with FakeSlack() as made:
        yield made


@pytest.fixture
def notifying(tmp_path, slack):
    made = Cli(tmp_path)
    made.config(CONFIG.format(slack=slack.webhook, dead=reserved()))
    return made


def test_a_test_message_goes_the_real_way(notifying, slack):
    shutil.rmtree(notifying.state)
    told = notifying("notify", "test", "ops")

    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("ops (slack): delivered in ")
    (got,) = slack.received
    said = json.dumps(got.json, ensure_ascii=False)
    assert "[Agent2 Test]" in said
    assert f"cat {notifying.state}/agent2_status.json" in said  # it stays
    assert not notifying.state.exists()


def test_each_notifier_is_told_apart(notifying, slack):
    notifying.state.mkdir(exist_ok=True)
    Database.open(str(notifying.state / "agent2.db")).close()
    told = notifying("notify", "test", "--json")

    assert told.code == 1
    results = {one["name"]: one for one in told.json["notifiers"]}
    assert results["ops"]["delivered"] is True
    assert results["other"]["delivered"] is False
    assert results["other"]["cause"] == "unreachable"
    doctor = notifying("doctor", "--json").json["findings"]  # it advises the test
    untried = [one["text"] for one in doctor if one["code"] == "untried"]
    assert untried == ["notifier other has never delivered anything"]


def test_an_answer_that_is_no_proof_is_no_delivery(notifying, slack):
    slack.always = Behaviour(status=200, body="<html>welcome</html>")

    told = notifying("notify", "test", "ops")

    assert told.code == 1
    assert "not delivered" in told.out


def test_a_silent_receiver_is_not_waited_for_for_ever(notifying, slack):
    slack.always = Behaviour(mode="hang")

    told = notifying("notify", "test", "ops", "--timeout", "1")

    assert told.code == 1
    assert "no result within 1 s" in told.out


def test_no_notifier_and_an_unknown_one(notifying):
    assert notifying("notify", "test", "nobody").code == 2
    assert [
        n["name"] for n in notifying("notify", "list", "--json").json["notifiers"]
    ] == [
        "ops",
        "other",
    ]
    notifying.config(
        "version: 1\ntargets: [{name: a, checks: [{kind: tcp, port: 1}]}]\n"
    )
    assert "no notifier" in notifying("notify", "list").out
    assert notifying("notify", "test").code == 2
