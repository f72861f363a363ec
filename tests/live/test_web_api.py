"""The API over a real server: every route answers what the OpenAPI document says."""

from __future__ import annotations

import json
import sqlite3
import time
import xml.dom.minidom
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import jsonschema
import pytest

from agent2.core.effects import OpenIncident, ResolveIncident
from agent2.core.message import Cause, DeliveryState
from agent2.core.model import Code, Facet, Severity
from agent2.core.value import replace
from agent2.store import history, inbox, incidents, journal, outbox
from agent2.store.database import Database
from agent2.web.app import TABLE
from agent2.wire import badge
from tests.live.cli_kit import Cli, until
from tests.live.store_rows import delivery
from tests.live.web_kit import Web

pytestmark = pytest.mark.slow
NOW = int(time.time()) + 205 / 2**22  # rounding to microseconds puts it later
CONFIG = """
targets:
  - {name: webui, checks: [{kind: tcp, port: 1}], interval: 1s, slo: {window: 1h}}
  - {name: other, checks: [{kind: tcp, port: 2}], depends_on: [], severity: info}
  - name: night
    checks: [{kind: heartbeat, job: backup, every: 1h, grace: 1s, runtime: 1h}]
    interval: 200ms
    failure_threshold: 1
    restart: {remediation: off}
web: {rate_limit: 10000}
"""


def fill(path):
    """Write incidents, alerts, history: what a night leaves behind."""
    db = Database.open(path)
    with db.transaction() as tx:
        for number in range(5):
            at = NOW - 1000 + 100 * (number // 2)  # some at the same instant
            facts = (Severity.CRITICAL, at, Facet.PORT, Code.PORT_REFUSED, "<b>\u2028")
            incidents.open_incident(tx, OpenIncident(f"old@{number}", "old", *facts))
            incidents.resolve(tx, ResolveIncident(f"old@{number}", "old", at + 9))
            outbox.add(tx, [delivery(f"old@{number}", at=at)])
        journal.append(tx, NOW, "incident.opened", "old", "old@4", {"code": "x"})
        points = [
            ("past", NOW - 3000 + n, "good" if n % 4 else "bad", "ok", 0.01)
            for n in range(100)
        ]
        history.add(tx, [*points, ("past", NOW - 100_000, "unknown", "internal", None)])
    while rows := outbox.lease(db, owner="t", now=NOW, lease_s=60, notifiers=["mail"]):
        row = rows[0]
        dead = replace(row, state=DeliveryState.DEAD, cause=Cause.AUTH, detail="404")
        outbox.failed(db, dead, NOW)
    db.close()


@pytest.fixture(scope="module")
def cli(tmp_path_factory):
    made = Cli(tmp_path_factory.mktemp("api"))
    made.config(CONFIG)
    started = made("start")
    assert started.code == 0, started
    fill(str(made.state / "agent2.db"))
    yield made
    made("stop")


@pytest.fixture(scope="module")
def web(cli):
    made = Web(cli.state)
    until(lambda: made.get("/api/v1/targets/webui").json["last_check"])
    yield made
    made.close()


@pytest.fixture(scope="module")
def described(web):
    return web.get("/api/v1/openapi.json").json


def checked(described, method, path, got):
    """Hold an answer against what the document says of it."""
    told = described["paths"][path][method.lower()]["responses"][str(got.status)]
    (content,) = told["content"].items()
    assert got.headers["content-type"] == content[0]
    schema = content[1]["schema"] | {"components": described["components"]}
    jsonschema.Draft202012Validator(schema).validate(got.json)
    return got


EXAMPLES = {
    "{name}": "webui",
    "{id}": "old%404",
    "{form}": "json",
    "{window}": "7d",
    "/history": "/history?target=webui",
    "v1/uptime": "v1/uptime?target=webui",
}


def test_every_route_is_in_the_document_and_nothing_else(described):
    told = {
        (method.upper(), path)
        for path, methods in described["paths"].items()
        for method in methods
    }

    assert told == {(e.method, e.path.replace(":path", "")) for e in TABLE}
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert ("security" in operation) == (method != "get"), path
            for answer in operation["responses"].values():
                for content in answer["content"].values():
                    jsonschema.Draft202012Validator.check_schema(content["schema"])


def test_every_get_answers_what_the_document_says(web, described):
    for path, methods in described["paths"].items():
        if "get" not in methods or path in {"/api/v1/events", "/metrics"}:
            continue  # no JSON: test_web_stream, test_web_metrics
        asked = path
        for part, real in EXAMPLES.items():
            asked = asked.replace(part, real)
        got = web.get(asked)
        assert got.status == 200, (asked, got)
        checked(described, "GET", path, got)
        head = web.ask("HEAD", asked)
        assert (head.status, head.body) == (200, b"")


def test_the_state_is_the_status_file_and_the_place_in_the_journal(web, cli):
    got = web.get("/api/v1/state").json

    assert got["fresh"]
    assert got["journal"]["seq"] >= 1
    there = cli("status", "--json").json
    assert got["agent"]["pid"] == there["agent"]["pid"]
    assert list(got)[: len(there)] == list(there)
    assert [one["name"] for one in web.get("/api/v1/targets").json["targets"]] == [
        "webui",
        "other",
        "night",
    ]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/api/v1/incidents", ("incidents", "list")),
        ("/api/v1/incidents/old%402", ("incidents", "show", "old@2")),
        ("/api/v1/gates", ("gate", "list")),
        ("/api/v1/audit?subject=other", ("audit", "other")),
    ],
)
def test_the_answer_is_the_command_lines(web, cli, path, words):
    def same() -> bool:
        got, told = web.get(path).json, cli(*words, "--json").json
        got.pop("next", None)
        got.pop("held_by", None)
        for one in (got, told):  # an open incident grows between the two
            for each in one.get("incidents", ()):
                each.pop("duration_s")
        return got == told

    assert any(same() for _ in range(5))  # something may happen between the two


def test_pages_follow_each_other_without_gap_or_repeat(web):
    for name, path in (
        ("incidents", "/api/v1/incidents?target=old&limit=2"),
        ("deliveries", "/api/v1/outbox?state=dead&limit=2"),
        ("points", "/api/v1/history?target=past&limit=30"),
    ):
        seen, cursor = [], None
        while True:
            got = web.get(path + (f"&cursor={quote(cursor)}" if cursor else "")).json
            seen += [json.dumps(one) for one in got[name]]
            cursor = got["next"]
            if not cursor:
                break
        assert len(seen) == len(set(seen)) == {"points": 101}.get(name, 5), seen


def test_uptime_counts_what_was_judged(web):
    got = web.get("/api/v1/uptime?target=past").json["windows"]

    day = got["24h"]
    assert (day["checks"]["good"], day["checks"]["bad"]) == (75, 25)
    assert day["down_s"] == pytest.approx(25, abs=0.1)
    assert day["uptime"] == pytest.approx(
        89 / 114, abs=0.001
    )  # the last holds for 15 s
    assert day["judged"] == pytest.approx(114 / 86400, abs=1e-5)
    assert day["response"]["p95_s"] == pytest.approx(0.01, rel=0.05)
    assert got["7d"]["checks"]["unknown"] >= 1
    assert list(got) == ["1h", "24h", "7d", "30d", "90d"]
    days = web.get("/api/v1/uptime?target=past").json["days"]
    assert len(days) == 90
    known = [each for each in days[-2:] if each is not None]
    assert any(0.5 < each < 1 for each in known)
    assert (
        web.get("/api/v1/uptime?target=never").json["windows"]["1h"]["uptime"] is None
    )


def test_a_promise_is_told_with_its_budget(web):
    (one,) = web.get("/api/v1/slo").json["targets"]

    assert (one["name"], one["objective"], one["window_s"]) == ("webui", 99.9, 3600)
    assert one["budget"]["allowed_s"] == 3.6
    assert list(one["burn"]) == ["1h", "6h", "3d"]
    assert web.get("/api/v1/slo?target=other").json == {"targets": []}


def test_a_badge_is_a_picture_that_other_pages_may_show(web):
    got = web.get("/api/v1/badge/webui/state.svg")

    assert got.headers["content-type"] == "image/svg+xml"
    assert got.headers["cross-origin-resource-policy"] == "cross-origin"
    assert xml.dom.minidom.parseString(got.body).documentElement.tagName == "svg"
    shields = web.get("/api/v1/badge/webui/state.shields").json
    assert (shields["schemaVersion"], shields["label"]) == (1, "webui")
    assert web.get("/api/v1/badge/webui/state.exe").status == 404
    assert web.get("/api/v1/badge/nobody/state.svg").status == 404
    for kind in ("uptime", "response"):
        picture = f"/api/v1/badge/webui/{kind}/7d"
        got = web.get(f"{picture}.svg")
        assert xml.dom.minidom.parseString(got.body).documentElement.tagName == "svg"
        assert got.headers["cache-control"] == "max-age=300"
        again = web.get(f"{picture}.svg", If_None_Match=got.headers["etag"])
        assert again.status == 304
        assert web.get(f"{picture}.json").json["name"] == "webui"
        assert web.get(f"{picture}.shields").json["label"].startswith("webui ")
        assert web.get(f"/api/v1/badge/webui/{kind}/2d.svg").status == 404
        assert web.get(f"/api/v1/badge/nobody/{kind}/7d.svg").status == 404


def test_no_name_can_be_markup_in_a_badge():
    evil = "<script>alert(1)</script>\"'&\x00\x1b]]>"
    for told in (badge.uptime(evil, "7d", 0.99999), badge.response(evil, "7d", 0.2)):
        tree = xml.dom.minidom.parseString(badge.drawing(*told))
        assert {one.tagName for one in tree.getElementsByTagName("*")} == {
            "svg", "title", "rect", "g", "text"
        }  # fmt: skip
    assert badge.uptime("a", "7d", 0.99999)[1] == "99.99 %"
    assert badge.response("a", "7d", 1.5)[1] == "1.50 s"


def test_what_is_pushed_is_decided_once_and_known_the_second_time(web, cli, described):
    event = {"type": "TASK_CREATED", "subject": "t-1", "at": "2026-01-31T12:00:00Z"}

    first = checked(
        described, "POST", "/api/v1/events", web.post("/api/v1/events", event)
    )
    again = web.post("/api/v1/events", [event, event | {"payload": {"a": 1}}]).json

    (one,) = first.json["events"]
    assert (first.status, one["new"], first.json["new"]) == (202, True, 1)
    assert sorted(each["new"] for each in again["events"]) == [False, True]
    assert one["event_id"] in {each["event_id"] for each in again["events"]}
    row = until(lambda: cli("inbox", "show", one["event_id"], "--json").json["audit"])
    assert row[0]["payload"]["decision_type"] == "allow"
    told = cli("events", "push", "--type", "TASK_CREATED", "--subject", "t-1",
               "--at", "2026-01-31T12:00:00Z", "--json").json  # fmt: skip
    assert (told["event_id"], told["new"]) == (one["event_id"], False)


def test_a_bad_event_in_a_list_keeps_no_other_out(web):
    good = {"type": "X", "subject": "s"}
    got = web.post("/api/v1/events", [good, {"type": "X"}, good | {"oops": 1}]).json

    assert (got["accepted"], [one["index"] for one in got["refused"]]) == (1, [1, 2])
    assert "oops is no field" in got["refused"][1]["error"]
    alone = web.post("/api/v1/events", {"type": "X\n", "subject": "s"})
    assert (alone.status, alone.json["code"]) == (400, "bad_field")
    assert web.post("/api/v1/events", []).status == 400
    assert web.post("/api/v1/events", [good] * 1001).status == 400
    assert web.post("/api/v1/events").status == 400


def test_many_who_push_the_same_make_it_once(web):
    events = [{"id": f"same-{n}", "type": "X", "subject": "s"} for n in range(100)]
    with ThreadPoolExecutor(8) as pool:
        told = list(
            pool.map(lambda _: web.post("/api/v1/events", events).json, range(8))
        )

    assert sum(one["new"] for one in told) == 100
    assert {one["accepted"] for one in told} == {100}


def test_a_gate_by_the_api_is_a_gate(web, cli, described):
    order = {"verb": "pause", "target": "other", "reason": "by hand", "who": "ann"}

    got = checked(described, "POST", "/api/v1/gates", web.post("/api/v1/gates", order))

    assert got.json["held_by"]["who"] == "ann"
    assert until(lambda: web.get("/api/v1/targets/other").json["paused"])
    lines = cli("audit", "other", "--json").json["audit"]
    by_hand = {(one["event_type"], one["payload"].get("who")) for one in lines}
    assert ("SUPERVISOR_PAUSED", "ann") in by_hand
    done = web.post("/api/v1/gates", order | {"verb": "approve"})
    assert (done.status, done.json["held_by"]) == (200, None)
    assert until(lambda: not web.get("/api/v1/targets/other").json["paused"])
    for bad in (
        {"verb": "open"},
        {"target": ""},
        {"who": 7},
        {"why": "x"},
        {"reason": "\n"},
    ):
        assert web.post("/api/v1/gates", order | bad).status == 400, bad


def test_a_dead_letter_is_queued_again_once(web, described):
    (dead, *_) = web.get("/api/v1/outbox?state=dead").json["deliveries"]
    path = f"/api/v1/outbox/{quote(dead['id'], safe='')}/retry"

    got = web.post(path)

    assert got.status == 200, got
    checked(described, "POST", "/api/v1/outbox/{id}/retry", got)
    assert got.json["delivery"]["id"] == dead["id"]
    # It may have been tried, and be dead again, by the time we ask.
    assert until(lambda: web.post(path).status == 409)
    assert web.post("/api/v1/outbox/never/retry").status == 404


def test_a_job_checks_in_and_its_failure_is_an_outage(web, cli, described):
    got = web.post("/api/v1/ping/backup", {"size": 7})
    checked(described, "POST", "/api/v1/ping/{job}", got)
    assert got.status == 202
    (event,) = cli("inbox", "list", "--subject", "backup", "--json").json["events"]
    payload = {"size": 7, "state": "ok"}
    assert (event["event_type"], event["payload"]) == ("JOB_PING", payload)

    def state():
        return web.get("/api/v1/targets/night").json["state"]

    until(lambda: state() == "ok")
    assert cli("ping", "backup", "fail", "--message", "disk full").code == 0
    until(lambda: state() == "down")
    (check,) = web.get("/api/v1/targets/night").json["checks"]
    assert check["code"] == "stale_heartbeat"
    assert "disk full" in check["detail"]

    began = web.post("/api/v1/ping/backup/start")
    checked(described, "POST", "/api/v1/ping/{job}/{said}", began)
    assert cli("ping", "backup", "--json").json["state"] == "ok"
    until(lambda: state() == "ok")


def test_a_job_that_nobody_waits_for_is_refused_with_those_that_are_known(web, cli):
    got = web.post("/api/v1/ping/bakcup")
    assert (got.status, got.json["code"]) == (404, "unknown")
    assert "backup" in got.json["hint"]
    assert web.post("/api/v1/ping/backup/began").status == 404
    assert web.post("/api/v1/ping/backup", {"message": 7}).status == 400

    typed = cli("ping", "bakcup")
    assert typed.code == 2
    assert "known: backup" in typed.err


def test_a_reload_tells_what_came_of_it_and_is_audited(web, cli, described):
    path = cli.config(CONFIG + "log: {level: DEBUG}\n")
    got = web.post("/api/v1/config/reload")
    checked(described, "POST", "/api/v1/config/reload", got)
    assert got.json["last_reload"] == "ok"
    assert got.json["changed"] == ["log.level"]

    path.write_text("targets: 7\n")
    bad = web.post("/api/v1/config/reload")

    assert (bad.status, bad.json["code"]) == (400, "config_rejected")
    assert web.get("/api/v1/config/status").json["last_reload"] == "rejected"
    lines = web.get("/api/v1/audit?subject=agent2").json["audit"]
    assert [one["payload"]["result"] for one in lines] == ["rejected", "ok"]
    path.write_text(CONFIG)


def test_a_store_that_goes_away_is_said_and_a_new_one_is_taken(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir()
    fill(str(folder / "agent2.db"))
    web = Web(folder)
    try:
        assert len(web.get("/api/v1/incidents").json["incidents"]) == 5
        for name in ("agent2.db", "agent2.db-wal", "agent2.db-shm"):
            (folder / name).unlink(missing_ok=True)
        gone = web.get("/api/v1/incidents")
        assert (gone.status, gone.json["code"]) == (503, "store")
        assert web.get("/readyz").status == 503
        assert web.get("/livez").status == 200
        assert not (folder / "agent2.db").exists()

        fill(str(folder / "agent2.db"))
        assert len(web.get("/api/v1/incidents").json["incidents"]) == 5
        assert web.get("/api/v1/state").json["code"] == "no_status"
    finally:
        web.close()


def test_the_reader_cannot_write(tmp_path):
    from agent2.store.errors import StoreError
    from agent2.store.reading import Reader

    path = str(tmp_path / "agent2.db")
    fill(path)
    reader = Reader.look(path)
    with pytest.raises(StoreError), reader.transaction() as tx:
        tx.execute("DELETE FROM journal")
    assert inbox.counts(reader, NOW).pending == 0
    reader.close()
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM journal").fetchone() == (1,)
    db.close()
