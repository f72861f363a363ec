"""What the command line tells of the past: since when, by the hour, at a glance."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from rig import asking, config

from agent2.core.spark import spark
from tests.fakes.health_server import document, http
from tests.live.cli_kit import Cli

ANSI = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def told(rig, server, tmp_path):
    """Ask of an agent that saw an outage, was restarted for it, and has stopped."""
    promise = {"objective": 50, "window": "1h"}
    agent = rig.agent(config(asking(server, slo=promise)))
    agent.until_word("ok")
    server.answers[:] = [http("", 500)]
    agent.until_word("down")
    server.answers[:] = [http(document())]
    agent.until_word("ok")
    agent.stop()
    cli = Cli(tmp_path)
    place = ("--state-dir", agent.folder, "-c", agent.yaml)
    return SimpleNamespace(ask=lambda *words: cli(*words, *place))


@pytest.mark.slow
def test_the_past_of_a_target_is_told_in_each_command(told):
    happened = told.ask("status", "--since", "1h", "--json").json["since"]
    assert [one["code"] for one in happened["incidents"]] == ["http_status"]
    assert happened["incidents"][0]["ended_at"]
    assert happened["restarts"]["asked"] >= 1
    text = told.ask("status", "--since", "1h", "--lang", "en").out
    assert "incidents 1, open 0" in text
    assert "webui: http_status, " in text
    assert "故障 1, 未结束 0" in told.ask("status", "--since", "1h", "--lang", "zh").out
    assert not set("▁▂▃▄▅▆▇█✕") & set(text)  # a pipe gets what it always got

    table = ANSI.sub("", told.ask("status", "--color", "always", "--lang", "en").out)
    (row,) = [line for line in table.splitlines() if line.startswith(" webui")]
    assert set("▁▂▃▄▅▆▇█") & set(row)
    assert row.count("%") == 2  # uptime and promise
    for word in ("UPTIME", "P95", "PROMISE", "RECENT"):
        assert word in table

    looks = told.ask("history", "webui", "--raw", "--json").json["points"]
    assert {one["verdict"] for one in looks} == {"good", "bad"}
    buckets = told.ask("history", "webui", "--every", "1h", "--json").json["history"]
    assert sum(one["checks"]["bad"] for one in buckets) == sum(
        one["verdict"] == "bad" for one in looks
    )
    rows = told.ask("history", "webui").out.splitlines()
    assert rows[0].split("\t")[:3] == ["TIME", "UPTIME", "JUDGED"]
    assert len(rows) == 1 + len(buckets)

    for words in (("history", "nobody"), ("history", "webui", "--every", "90s")):
        refused = told.ask(*words)
        assert (refused.code, refused.out) == (2, ""), words
        assert len(refused.err.splitlines()) == 2, refused.err

    (webui,) = told.ask("report", "--daily", "--json").json["targets"]
    assert webui["incidents"]["count"] == 1
    assert 0.0 <= webui["incidents"]["mttd_s"] < 30.0
    assert webui["slo"]["budget"]["left"] > 0.5


def test_without_a_store_the_status_is_there_and_the_past_is_refused(tmp_path):
    cli = Cli(tmp_path)
    assert cli("status", "--color", "always").code == 0
    refused = cli("status", "--since", "24h")
    assert refused.code == 74
    assert len(refused.err.splitlines()) <= 2


@pytest.mark.parametrize(
    ("cycles", "shown"),
    [
        ([], ""),
        ([("good", None), ("good", 0.0)], "▁▁"),
        ([("good", 0.1), ("degraded", 1.0), ("good", 0.5)], "▂█▅"),
        ([("bad", 9.0), ("unknown", None), ("good", 0.1)], "✕·█"),
    ],
)
def test_cycles_are_shown_by_height_and_sign(cycles, shown):
    assert spark(cycles) == shown
