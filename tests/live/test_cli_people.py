"""People's commands as they are typed and as they are posted, with a running agent."""

from __future__ import annotations

import jsonschema
import pytest

from tests.fakes.health_server import HealthServer, document, http
from tests.live.cli_kit import Cli, until
from tests.live.web_kit import Web

pytestmark = pytest.mark.slow
BROKEN = b"HTTP/1.1 500 no\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture(scope="module")
def page():
    with HealthServer(http(document())) as made:
        yield made


@pytest.fixture(scope="module")
def cli(tmp_path_factory, page):
    made = Cli(tmp_path_factory.mktemp("people"))
    made.config(
        f"targets:\n  - {{name: webui, checks: [{{kind: http, url: '{page.url}'}}],"
        " interval: 200ms, timeout: 10s}\nweb: {rate_limit: 10000}\n"
    )
    started = made("start")
    assert started.code == 0, started
    until(lambda: made.status()["health_status"] == "ok")
    yield made
    made("stop")


@pytest.fixture(scope="module")
def web(cli):
    made = Web(cli.state)
    yield made
    made.close()


def test_commands_that_need_an_agent_say_so_where_none_runs(tmp_path):
    cli = Cli(tmp_path)
    for words in (
        ("incidents", "close", "a@1"),
        ("silence", "add", "x", "--for", "1h"),
    ):
        assert "--why is missing" in cli(*words).err
    for words in (
        ("check-now", "webui"),
        ("restart-target", "webui", "--why", "x"),
        ("incidents", "resolve", "a@1", "--why", "x"),
    ):
        got = cli(*words)
        assert (got.code, got.err.count("\n")) == (69, 2), got
        assert "Agent2 is not running" in got.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "webui", "--why", "x"), "one of --for and --until"),
        (("add", "webui", "--why", "x", "--for", "2h", "--until", "x"), "one of --for"),
        (("add", "webui", "--why", "x", "--for", "31d"), "longer than 30 days"),
        (("add", "webui", "--why", "x", "--until", "soon"), "soon is no time"),
        (("add", "webui", "--why", "x", "--until", "2020-01-01"), "lies in the past"),
        (("add", "--why", "x", "--for", "1h"), "match is empty"),
        (("add", "webui", "--why", "x", "--for", "2x"), "Try: --for 24h"),
        (("add", "--match", "colour=red", "--why", "x", "--for", "1h"), "has colour"),
        (("add", "web", "--match", "target=x", "--why", "x", "--for", "1h"), "twice"),
        (("end", "s-none"), "no silence s-none"),
    ],
)
def test_what_is_no_silence_is_refused_in_one_line(cli, words, said):
    got = cli("silence", *words)

    assert got.code == 2
    assert said in got.err
    assert got.out == ""


def test_a_silence_of_what_nobody_watches_is_kept_and_said_to_silence_nothing(cli):
    got = cli("silence", "add", "webiu", "--for", "1h", "--why", "x")
    assert got.code == 0
    assert got.err.strip().endswith("matches that now; the targets: webui"), got
    got = cli("silence", "add", "webui", "--for", "1h", "--why", "x")
    assert got.err == ""
    for one in cli("silence", "list", "--json").json["silences"]:
        assert cli("silence", "end", one["id"]).code == 0
    assert cli("check-now").out == "the agent looks at every target now (1)\n"


def test_a_silence_is_added_listed_shown_and_ended(cli):
    words = ("--for", "2h", "--why", "new disk", "--by", "mia", "--json")
    made = cli("silence", "add", "--match", "severity=critical", *words).json
    name = made["silence"]["id"]
    assert made["silence"]["state"] == "active"
    assert made["silence"]["until"][-6] in "+-"  # an offset: the time zone is clear

    (listed,) = cli("silence", "list", "--json").json["silences"]
    assert listed == made["silence"]
    shown = cli("silence", "list").out
    assert "severity=critical" in shown
    assert "mia" in shown
    until(lambda: cli.status()["targets"][0]["silenced"]["id"] == name)

    ended = cli("silence", "end", name, "--why", "done")
    assert (ended.code, "is over" in ended.out) == (0, True)
    assert "was over before" in cli("silence", "end", name).out
    assert cli("silence", "list").out.strip() == "nothing is silenced"
    every = cli("silence", "list", "--all", "--json").json["silences"]
    assert name in [one["id"] for one in every]
    audited = cli("audit", name, "--json").json["audit"]
    told = [(line["event_type"], line["payload"]["who"]) for line in audited]
    assert told[-1] == ("SILENCE_ADDED", "mia")


def test_pause_and_resume_are_plain_commands(cli):
    assert cli("pause", "webui", "--why", "disk").code == 0
    got = cli("restart-target", "webui", "--why", "x", "--json")
    assert (got.code, got.json["order"]["answer"]) == (1, "paused")
    assert "disk" in got.json["order"]["note"]
    assert cli("resume", "webui", "--why", "done").code == 0


def test_an_incident_is_acknowledged_and_closed_by_hand(cli, page):
    good = list(page.answers)
    page.answers[:] = [BROKEN]
    try:
        (one,) = until(lambda: cli.status()["incidents"]["open"])
        name = one["id"]
        got = cli("incidents", "ack", name, "--by", "mia", "--why", "on it")
        assert got.out.startswith(f"{name} is acknowledged by mia")
        assert "acknowledged by mia" in cli("incidents", "show", name).out
        (row,) = cli("incidents", "list", "--open", "--json").json["incidents"]
        assert row["acked"]["who"] == "mia"
        assert cli("incidents", "unack", name).code == 0
        assert "is not acknowledged" in cli("incidents", "unack", name).err
        assert cli("incidents", "ack", "no@1").code == 2

        refused = cli("incidents", "resolve", name, "--why", "x")
        assert refused.code == 1
        assert "webui still fails" in refused.err
    finally:
        page.answers[:] = good
    until(lambda: cli.status()["health_status"] == "ok")
    assert "is over" in cli("incidents", "ack", name).err
    assert "closed before" in cli("incidents", "close", name, "--why", "x").err


def test_check_now_is_answered(cli):
    assert cli("check-now", "webui").out.strip() == "the agent looks at webui now"
    got = cli("check-now", "nobody")
    assert (got.code, "no target nobody" in got.err) == (1, True)


# --- the same over the API -------------------------------------------------------


def posted(web, path, tree=None, *, code):
    """Post with the token and hold the answer against the document."""
    got = web.post(path, tree, token=web.token)
    assert got.status == code, got.body
    document = web.get("/api/v1/openapi.json").json
    route = path
    for word, name in (("webui", "name"), ("nobody", "name"), ("no@1", "id")):
        route = route.replace(f"/{word}/", f"/{{{name}}}/")
    if "/silences/" in route:
        route = "/api/v1/silences/{id}/end"
    told = document["paths"][route]["post"]["responses"][str(code)]
    schema = told["content"]["application/json"]["schema"]
    schema = schema | {"components": document["components"]}
    jsonschema.Draft202012Validator(schema).validate(got.json)
    return got.json


def test_every_word_needs_the_token(web):
    for path in (
        "/api/v1/silences",
        "/api/v1/silences/s-1/end",
        "/api/v1/incidents/no@1/ack",
        "/api/v1/incidents/no@1/unack",
        "/api/v1/incidents/no@1/resolve",
        "/api/v1/targets/webui/check",
        "/api/v1/targets/webui/restart",
    ):
        assert web.post(path, {"why": "x"}, token="wrong").status == 401, path


def test_a_silence_by_the_api_is_the_same_silence(web, cli):
    body = {"match": {"target": "web*"}, "for_s": 60, "why": "disk", "who": "mia"}
    made = posted(web, "/api/v1/silences", body, code=201)["silence"]
    assert web.get("/api/v1/silences").json["silences"] == [made]
    assert cli("silence", "list", "--json").json["silences"] == [made]
    ended = posted(web, f"/api/v1/silences/{made['id']}/end", code=200)["silence"]
    assert (ended["state"], ended["ended_by"]) == ("over", "api")
    assert web.get("/api/v1/silences").json["silences"] == []
    assert len(web.get("/api/v1/silences?all=true").json["silences"]) >= 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "why"),
        ({"why": "x"}, "match"),
        ({"why": "x", "match": {"target": 1}, "for_s": 1}, "match"),
        ({"why": "x", "match": {"target": "a"}}, "for_s"),
        ({"why": "x", "match": {"target": "a"}, "for_s": True}, "for_s"),
        ({"why": "x", "match": {"target": "a"}, "for_s": 1e300}, "longer than 30"),
        ({"why": "x", "match": {"target": "a"}, "until": "2099-01-01"}, "until"),
        ({"why": "x", "match": {"tar": "a"}, "for_s": 9}, "tar"),
        ({"why": "a\nb", "match": {"target": "a"}, "for_s": 9}, "why"),
        ({"why": "x", "match": {"target": "a"}, "for_s": 9, "color": "red"}, "color"),
    ],
)
def test_what_is_no_silence_is_a_bad_field(web, body, said):
    got = posted(web, "/api/v1/silences", body, code=400)

    assert got["code"] == "bad_field"
    assert said in got["error"]


def test_what_the_agent_is_asked_for_is_answered_later(web):
    order = posted(web, "/api/v1/targets/webui/check", {}, code=202)["order"]
    assert order["state"] == "waiting"

    def answered():
        (found,) = (
            one
            for one in web.get("/api/v1/orders").json["orders"]
            if one["id"] == order["id"]
        )
        return found if found["state"] != "waiting" else None

    assert until(answered)["answer"] == "checked"
    posted(web, "/api/v1/targets/nobody/check", {}, code=404)
    posted(web, "/api/v1/targets/webui/restart", {}, code=400)
    bad = {"why": "x", "force": "yes"}
    posted(web, "/api/v1/targets/webui/restart", bad, code=400)
    posted(web, "/api/v1/incidents/no@1/resolve", {"why": "x"}, code=404)
    posted(web, "/api/v1/incidents/no@1/ack", {"why": "x"}, code=404)


def test_a_change_is_marked_and_compared_with_what_was_before(cli, page):
    until(lambda: cli.status()["health_status"] == "ok")
    made = cli("annotate", "v1.2", "--for", "1m", "--by", "mia", "--json").json["mark"]
    assert (made["what"], made["who"], made["target"]) == ("v1.2", "mia", None)
    page.answers[:] = [BROKEN]
    until(lambda: cli.status()["health_status"] == "down")
    page.answers[:] = [http(document())]
    until(lambda: cli.status()["health_status"] == "ok")

    (found,) = cli("report", "--json").json["changes"]
    assert (found["what"], found["target"], found["watch_s"]) == ("v1.2", "webui", 60)
    assert found["after"]["incidents"] == 1
    assert "incidents" in found["worse"]
    told = cli("report").out
    assert "Changes, before and after" in told
    assert "| v1.2 | webui |" in told
    audited = cli("audit", "agent2", "--json").json["audit"]
    assert "DEPLOYMENT_MARKED" in [line["event_type"] for line in audited]
    assert cli("annotate", "x", "--target", "nobody").code == 2
    for words in (("x", "--for", "2x"), ("x", "--for", "0s"), (" ",)):
        assert cli("annotate", *words).code == 2
