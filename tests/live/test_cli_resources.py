"""``agent2 resources``: what was measured, the documents' lines, where it goes."""

from __future__ import annotations

import os
import re
import time
from types import SimpleNamespace

import pytest
from rig import FAST, config

from agent2.store import series
from agent2.store.database import Database
from tests.fakes.web import FakeHook
from tests.live.cli_kit import Cli

DAY, STEP = 86400, 300
LINE = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,CPU:[\d.]+,Memory:[\d.]+,Disk:[\d.]+,"
    r"Connections:\d+"
)


@pytest.fixture
def hook():
    with FakeHook() as made:
        yield made


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Twelve days of a machine: processor 1 % a day, disk 2 %, memory as it was."""
    folder = tmp_path_factory.mktemp("kept")
    state = folder / "state"
    state.mkdir(exist_ok=True)
    now = int(time.time()) // STEP * STEP
    db = Database.open(str(state / "agent2.db"), create=True)
    with db.transaction() as tx:
        for at in range(now - 12 * DAY, now, STEP):
            day = (at - now) / DAY + 12
            rows = {"cpu": 64.0 + day, "memory": 40.0, "disk:/": 60.0 + 2 * day}
            rows |= {"disk:/var": 5.0, "connections": 3.4}
            series.add(tx, [("host", f"resources/{k}", at, v) for k, v in rows.items()])
            series.add(tx, [("api", "resources/rss", at, 100.0)])
    db.close()
    cli = Cli(folder)
    return SimpleNamespace(ask=cli, now=now)


def seen_by_the_documents(text):
    """Read the lines as the script of the user's documents does."""
    found = []
    for line in text.splitlines():
        stamp, *parts = line.strip().split(",")
        at = time.mktime(time.strptime(stamp, "%Y-%m-%d %H:%M:%S"))
        words = dict(part.split(":") for part in parts)
        found.append(
            (at, float(words["CPU"]), float(words["Memory"]), float(words["Disk"]))
        )
        assert int(words["Connections"]) == 3
    return found


def test_the_lines_are_those_of_the_documents_and_their_script_reads_them(kept):
    told = kept.ask("resources", "export")
    lines = told.out.splitlines()
    assert (told.code, told.err) == (0, "")
    assert len(lines) == 12 * DAY // STEP
    assert all(LINE.fullmatch(line) for line in lines)

    found = seen_by_the_documents(told.out)
    assert found[-1][0] == kept.now - STEP
    assert found[0][1:] == (64.0, 40.0, 60.0)
    assert [one[0] for one in found] == sorted(one[0] for one in found)

    var = kept.ask("resources", "export", "--disk", "/var", "--since", "1h")
    assert 10 <= len(var.out.splitlines()) <= 12  # the clock goes on meanwhile
    assert ",Disk:5.0," in var.out
    (first, *_) = kept.ask("resources", "export", "--json").json["uses"]
    assert first | {"at": ""} == {
        "at": "", "cpu": 64.0, "memory": 40.0, "disk": 60.0, "connections": 3,
    }  # fmt: skip


def test_the_forecast_is_by_time_and_in_the_sentences_of_the_documents(kept):
    told = kept.ask("resources", "forecast", "--lang", "en")
    lines = told.out.splitlines()
    current = float(re.fullmatch(r"Current CPU usage: ([\d.]+)%", lines[0])[1])
    ahead = re.fullmatch(r"Predicted CPU usage \(7 days\): ([\d.]+)%", lines[1])
    assert float(ahead[1]) == pytest.approx(current + 7.0, abs=0.5)
    assert "Current Memory usage: 40.0%" in lines
    assert "Predicted Memory usage (7 days): 40.0%" in lines
    warning = "usage may exceed 80% in 7 days. Consider scaling up."
    assert [line for line in lines if line.startswith("WARNING")] == [
        f"WARNING: CPU {warning}",
        f"WARNING: Disk / {warning}",
    ]
    around = (kept.now + 8 * DAY + hours * 3600 for hours in (-2, 2))
    days = {time.strftime("%Y-%m-%d", time.localtime(at)) for at in around}
    assert {f"Disk / is full on {day} if it goes on like this." for day in days} & set(
        lines
    )
    assert "From 12.0 days of data." in lines

    outlooks = kept.ask("resources", "forecast", "--json").json["outlooks"]
    assert [one["name"] for one in outlooks] == ["CPU", "Memory", "Disk /", "Disk /var"]
    assert outlooks[2]["per_day"] == pytest.approx(2.0, abs=0.05)
    assert outlooks[3]["full_at"] is None
    chinese = kept.ask("resources", "forecast", "--lang", "zh", "--days", "1").out
    assert "Current CPU usage: " in chinese  # what scripts look for stays
    assert "写满" in chinese
    assert "WARNING: CPU" not in chinese


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("export", "--target", "api"), 2),
        (("export", "--disk", "/home"), 2),
        (("export", "--since", "soon"), 2),
        (("forecast", "--days", "0"), 2),
        (("forecast", "--target", "nobody"), 2),
    ],
)
def test_what_is_not_there_is_refused_in_one_line(kept, words, code):
    refused = kept.ask("resources", *words)
    assert (refused.code, refused.out) == (code, "")
    assert len(refused.err.splitlines()) <= 2


def checks(status):
    return status["targets"][0]["checks"]


@pytest.mark.slow
def test_what_a_running_agent_measures_is_shown_kept_and_told(rig, tmp_path, hook):
    check = {"kind": "resources", "cpu": 0, "memory": 0, "inodes": 0, "disk": 0.01}
    host = {"name": "host", "checks": [check | {"samples": 2}]} | FAST
    notifier = {"name": "hook", "kind": "webhook", "url": hook.url("/in")}
    texts = {"hook": "operations"}
    agent = rig.agent(config(host, notifiers=[notifier], alert_texts=texts))
    agent.until_word("warn")
    hook.wait(1)
    alert = hook.received[0].json["data"]
    name = os.uname().nodename
    assert alert["subject"] == f"Disk Alert - {name}"
    assert re.fullmatch(
        rf"ALERT: High disk usage on {re.escape(name)}: [\d.]+%", alert["issue"]
    )
    cli = Cli(tmp_path)
    place = ("--state-dir", agent.folder, "-c", agent.yaml)
    rows = cli("resources", "show", "--json", *place).json["figures"]
    found = {one["figure"]: one["amount"] for one in rows}
    assert {"cpu", "memory", "disk:/", "load"} <= found.keys()
    page = cli("metrics", *place).out
    gauge = 'agent2_check_figure{target="host",check="resources",figure="disk:/"} '
    assert gauge in page
    text = cli("resources", "show", *place).out.splitlines()
    assert text[0].split("\t") == ["TARGET", "CHECK", "FIGURE", "AMOUNT"]
    (one,) = agent.status()["targets"]
    assert one["checks"][0]["code"] == "disk"
    assert one["consecutive_failures"] == 0
    agent.stop()
    agent.start()  # who begins anew does not call a full disk recovered
    agent.until(
        lambda status: any(one["code"] == "disk" for one in checks(status)), 60, "disk"
    )
    agent.stop()
    assert "agent2.alert.resolved" not in {got.json["type"] for got in hook.received}

    lines = cli("resources", "export", *place).out.splitlines()
    assert lines
    assert all(LINE.fullmatch(line) for line in lines)
    few = cli("resources", "forecast", *place)
    assert few.code in {0, 69}  # five minutes may just have begun


def test_where_nothing_was_measured_it_is_said_how_to(tmp_path):
    cli = Cli(tmp_path)
    told = cli("resources", "show", "--lang", "en")
    assert (told.code, told.out) == (
        0, "no check measures anything: add one of kind resources\n",
    )  # fmt: skip
    assert cli("resources", "export").code == 74
