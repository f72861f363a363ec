"""The report, number by number, of a day that was made by hand."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
from cli_kit import Cli
from store_rows import delivery

from agent2.cli.errors import Failure
from agent2.cli.reports import areas, capacity, forms, logged
from agent2.cli.reports import report as command
from agent2.cli.reports.parts import parts
from agent2.cli.words import say, speak
from agent2.core.effects import OpenIncident, ResolveIncident
from agent2.core.message import DeliveryState
from agent2.core.model import ActionResult, Code, Facet, Severity
from agent2.core.slo import Objective
from agent2.host.clock import stamp
from agent2.store import (
    actions,
    guarded,
    history,
    incidents,
    journal,
    outbox,
    reporting,
    rollup,
    series,
    trends,
    upkeep,
)
from agent2.store.actions import ActionRow
from agent2.store.database import Database
from agent2.wire.report import document

DAY = 86400.0
START = 1_790_000_000.0 // 3600 * 3600
TILL = START + DAY
HOLDS = {"webui": 15.0, "worker": 15.0}
PROMISE = {"webui": Objective(99.0, DAY, 0.05)}


def looks(target, since, till, word="good", code="ok", response_s=0.02):
    count = int((till - since) / 5)
    return [(target, since + 5 * n, word, code, response_s) for n in range(count)]


def outage(tx, target, began, ended, code, severity=Severity.CRITICAL, kind="firing"):
    """An incident that was noticed 5 s after its first bad check."""
    key = f"{target}@{began:.0f}"
    noticed = began + 5.0
    facts = (severity, noticed, Facet.HEALTH, code, f"<b>{code.value}</b>")
    incidents.open_incident(tx, OpenIncident(key, target, *facts))
    about = {"kind": kind, "opened_at": began}
    journal.append(tx, noticed, "alert.queued", target, key, about)
    if ended is not None:
        incidents.resolve(tx, ResolveIncident(key, target, ended))
    return key


def restart(tx, key, number, at, result):
    target = key.partition("@")[0]
    name = f"{key}/{number}"
    facts = ("signal_file", "issue", "label", ActionResult.PLANNED, "r", "c", "d")
    actions.plan(tx, ActionRow(name, target, key, number, *facts, at))
    actions.finish(tx, name, result, at + 10)


def fill(db):
    """A day: two outages of webui, 30 minutes without a look, one that lasts of worker."""
    rows = looks("webui", START, START + 36000)
    rows += looks("webui", START + 36000, START + 36240, "bad", "refused", None)
    rows += looks("webui", START + 36240, START + 50400)
    rows += looks("webui", START + 50400, START + 51600, "bad", "deadline", None)
    rows += looks("webui", START + 51600, START + 51605)
    rows += looks("webui", START + 53400, TILL - 3600)
    rows += looks("webui", TILL - 3600, TILL, "degraded", "slow", 1.5)
    rows += looks("worker", START, TILL - 600)
    rows += looks("worker", TILL - 600, TILL, "bad", "pid_dead", None)
    told = [delivery("webui@1", "mail", count=n, at=START + 100 + n) for n in range(4)]
    with db.transaction() as tx:
        history.add(tx, rows)
        first = outage(tx, "webui", START + 36000, START + 36240, Code.REFUSED)
        second = outage(tx, "webui", START + 50400, START + 51600, Code.DEADLINE)
        outage(tx, "worker", TILL - 600, None, Code.PID_DEAD)
        soft = (Code.SLOW, Severity.WARNING, "degraded")
        outage(tx, "webui", TILL - 3600, None, *soft)
        outage(tx, "webui", START - 9000, START - 5, Code.TLS)  # over before it begins
        restart(tx, first, 1, START + 36010, ActionResult.SUCCESS)
        restart(tx, second, 1, START + 50410, ActionResult.FAILED)
        restart(tx, second, 2, START + 51000, ActionResult.FAILED)
        outbox.add(tx, told)
        for number, (state, after) in enumerate(
            [
                ("delivered", 0.5),
                ("delivered", 1.5),
                ("dead", 86000.0),
                ("pending", None),
            ]
        ):
            tx.execute(
                "UPDATE deliveries SET state = ?, finished_at = created_at + ?"
                " WHERE id = ?",
                (state, after, told[number].id),
            )
    assert {s.value for s in DeliveryState} >= {"delivered", "dead", "pending"}


@pytest.fixture
def found(db):
    fill(db)
    rollup.roll(db, TILL, HOLDS)
    return reporting.report(db, HOLDS, PROMISE, START, TILL)


@pytest.fixture(params=["en", "zh"])
def spoken(request):
    speak(request.param)
    yield request.param
    speak("en")


def test_each_number_is_the_one_that_a_hand_comes_to(found):
    webui, worker = found.targets

    assert webui.seen.down_ms == 1_440_000
    assert webui.seen.degraded_ms == 3_600_000
    judged = DAY - 1800 + 15  # 30 min without a look, of which the last was trusted
    assert webui.seen.judged_ms == judged * 1000
    assert webui.uptime == pytest.approx(1 - 1440 / judged, rel=1e-15)
    assert webui.judged == judged / DAY
    assert webui.free == 1 - 1440 / DAY
    sums = webui.outages
    assert (sums.count, sums.open, sums.down_s) == (2, 0, 1440.0)
    assert (sums.longest.code, sums.longest_s) == ("deadline", 1200.0)
    assert (sums.mttd_s, sums.mttr_s) == (5.0, 720.0)
    assert sums.mtbf_s == (DAY - 1440) / 2
    assert webui.warnings == 1
    known = webui.restarts
    assert (known.asked, known.helped, known.failed) == (3, 1, 2)
    assert webui.p50_s == pytest.approx(0.02, rel=0.05)
    assert webui.p99_s == pytest.approx(1.5, rel=0.05)

    assert (worker.outages.count, worker.outages.open) == (1, 1)
    assert worker.outages.longest_s == 600.0
    assert (worker.outages.mttr_s, worker.outages.mttd_s) == (None, 5.0)
    assert worker.uptime == 1 - 600 / DAY
    assert [(c.code, c.count, c.down_s) for c in found.causes] == [
        ("deadline", 1, 1200.0), ("pid_dead", 1, 600.0), ("refused", 1, 240.0),
    ]  # fmt: skip
    (mail,) = found.told
    assert (mail.delivered, mail.dead, mail.waiting) == (2, 1, 1)
    assert mail.success == 2 / 3
    assert (mail.p50_s, mail.max_s) == (0.5, 1.5)


def test_a_promise_stands_as_its_budget_says(found):
    webui, worker = found.targets
    budget = webui.budget

    assert worker.budget is None
    assert budget.allowed_s == pytest.approx(864.0)
    assert budget.spent_s == 1440.0
    assert budget.left == pytest.approx(1 - 1440 / 864)
    answers = webui.seen.answers
    assert budget.fast == 1 - 720 / answers  # an hour of slow ones
    assert budget.burn["1h"] == 0.0
    assert budget.burn["3d"] == pytest.approx(1440 / webui.seen.judged_ms * 1000 / 0.01)


def test_it_says_in_words_where_to_look(found, spoken):
    said = [one["key"] for one in document(found)["look"]]
    assert said == ["down", "broken", "untold", "useless", "uneven"]

    text = forms.markdown(found, list(parts(found, only_slo=False)))
    assert "worker" in text
    assert "67 %" in text  # overspent
    assert ("Most frequent causes" in text) == (spoken == "en")
    assert ("最常见的原因" in text) == (spoken == "zh")
    only = forms.markdown(found, list(parts(found, only_slo=True)))
    assert len(only) < len(text)
    assert "-66.7 %" in only


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, text):
        self.text.append(text)


def test_the_page_loads_nothing_and_no_text_becomes_markup(db, spoken):
    evil = "<script>alert(1)</script>|`x`\x1b[31m"
    with db.transaction() as tx:
        history.add(tx, looks(evil, START, START + 600))
    made = reporting.report(db, {evil: 15.0}, {evil: Objective()}, START, TILL)

    page = Page()
    page.feed(forms.html(made, list(parts(made, only_slo=False))))
    names = [tag for tag, _ in page.tags]
    assert not {"script", "img", "link", "iframe", "a"} & set(names)
    assert not any({"src", "href", "onclick"} & set(attrs) for _, attrs in page.tags)
    assert dict(page.tags)["html"]["lang"] == spoken
    assert "<script>alert(1)</script>|`x`\\x1b[31m" in page.text

    text = forms.markdown(made, list(parts(made, only_slo=False)))
    assert "<script" not in re.sub(r"\\.", "", text)
    assert "\x1b" not in text


def test_a_spreadsheet_reads_the_table_and_runs_no_formula(db):
    evil = '=HYPERLINK("http://x","a,b")'
    with db.transaction() as tx:
        for name in (evil, "plain", "@sum", "-1+1"):
            history.add(tx, looks(name, START, START + 600))
    holds = dict.fromkeys((evil, "plain", "@sum", "-1+1"), 15.0)
    made = document(reporting.report(db, holds, {}, START, TILL))

    text = forms.table(made, only_slo=False)
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert text.count("\r\n") == len(rows) + 1 == text.count("\n")
    assert [row["name"] for row in rows] == [f"'{evil}", "plain", "'@sum", "'-1+1"]
    assert float(rows[1]["response.p50_s"]) == pytest.approx(0.02, rel=0.05)
    assert rows[0]["incidents.mttd_s"] == ""
    made["targets"][0]["slo"] = {"budget": {"left": -0.5}}
    rows = list(csv.DictReader(io.StringIO(forms.table(made, only_slo=True))))
    assert [row["slo.budget.left"] for row in rows] == ["-0.5", "", "", ""]
    assert set(rows[0]) == {"from", "to", "name", "slo.budget.left"}


def test_a_weekly_report_tells_of_inbox_decisions_and_care(db, spoken):
    with db.transaction() as tx:
        tx.executemany(
            "INSERT INTO supervisor_metrics_archive VALUES (?, ?, ?, ?)",
            [
                ("2026-09-21 15:00:00.000", 3, 1, 10.0),
                ("2026-09-21 16:00:00.000", 5, 0, 30.0),
                ("2026-09-22 01:00:00.000", 0, 0, 0.0),
                ("2026-09-22 14:00:00.000", 9, 9, 99.0),  # after its end
            ],
        )
        tx.executemany(
            "INSERT INTO task_audits (task_id, level, event_type, payload, created_at)"
            " VALUES (?, 'info', ?, ?, '2026-09-21 15:00:00.000')",
            [
                ("a", "SUPERVISOR_ALLOW", '{"decision_type": "allow"}'),
                ("a", "SUPERVISOR_ALLOW", '{"decision_type": "allow"}'),
                ("b", "SUPERVISOR_BLOCK", '{"decision_type": "block"}'),
                ("b", "SUPERVISORS", "{torn"),
            ],
        )
    upkeep.done(db, "cleanup", START + 60)
    for kind, about in (
        (guarded.REFUSED, {"code": "wrong_token", "count": 40}),
        (guarded.REFUSED, {"code": "wrong_token", "count": 2}),
        (guarded.MADE, {}),
        (guarded.VERIFIED, {}),
        (guarded.FAILED, {"why": "no room"}),
        ("CONFIG_RELOADED", {"result": "rejected"}),
        ("SUPERVISOR_BLOCKED", {"findings": [{"category": "redline"}]}),
        ("SUPERVISOR_PAUSED", {"event_type": "GATE_PAUSED"}),
    ):
        guarded.note(db, kind, "info", about, START + 30)

    found = trends.trends(db, START, TILL)
    told = areas.week_document(found)
    assert told["inbox"] == [
        {"day": "2026-09-21", "lag_s": 20.0, "most_lag_s": 30.0, "pending": 5, "failed": 1},
        {"day": "2026-09-22", "lag_s": 0.0, "most_lag_s": 0.0, "pending": 0, "failed": 0},
    ]  # fmt: skip
    assert told["decisions"] == {"allow": 2, "block": 1, "-": 2}
    assert told["audits"] == {"total": 12, "subjects": 3}
    assert told["security"] == {
        "refused": {"wrong_token": 42}, "redlines": 1, "gates": 1, "withheld": 0,
        "rejected": 1,
    }  # fmt: skip
    days = int((TILL - 0.001) // 86400 - START // 86400) + 1
    assert told["backup"] == {
        "made": 1, "verified": 1, "failed": 1, "missing": days - 1,
        "last": stamp(START + 30),
    }  # fmt: skip
    later = guarded.backups(db, TILL, TILL + 86400)
    assert (later.made, later.last) == (0, pytest.approx(START + 30))
    assert list(told["care"]) == ["cleanup"]
    empty = reporting.report(db, {}, {}, START, TILL)
    more = tuple(areas.week(found))
    text = forms.markdown(empty, [*parts(empty, only_slo=False), *more])
    assert "| 2026-09-21 | 20s | 30s | 5 | 1 |" in text
    assert f"| {say('report.guarded.wrong_token')} | 42 |" in text
    assert f"| {say('report.backup.missing')} |" in text
    assert "<td>2026-09-21</td>" in forms.html(
        empty, [*parts(empty, only_slo=False), *more]
    )


def test_a_percentage_is_never_rounded_up_to_all():
    from agent2.cli.reports.parts import percent

    assert [percent(share) for share in (1.0, 0.999999, 0.99884, 0.0, None)] == [
        "100.000 %", "99.999 %", "99.884 %", "0.000 %", "-",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "begin", "end"),
    [
        (("24h", None, None), TILL - DAY, TILL),
        (("7d", None, "2026-09-20T00:00:30+00:00"), 1_789_257_600.0, 1_789_862_430.0),
        ((None, "2026-09-01", None), None, TILL),
        ((None, "2026-09-01T00:00:59+00:00", "2099-01-01"), 1_788_220_800.0, TILL),
    ],
)
def test_a_time_may_be_said_in_many_ways(words, begin, end):
    first, last = command.time_of(*words, TILL)

    assert last == end
    assert first == begin or (begin is None and abs(first - 1_788_220_800.0) < DAY)


@pytest.mark.slow
def test_the_command_reports_in_each_form_and_refuses_what_it_cannot_know(tmp_path):
    cli = Cli(tmp_path)
    cli.state.mkdir(exist_ok=True)
    db = Database.open(str(cli.state / "agent2.db"))
    fill(db)
    db.close()
    config = tmp_path / "agent2.yaml"
    config.write_text(
        "targets:\n- {name: webui, checks: [{kind: tcp, port: 1}],"
        " slo: {objective: 99, window: 1d}}\n"
        "- {name: worker, checks: [{kind: tcp, port: 2}]}\n"
    )
    asked = ("report", "-c", config, "--from", "2026-09-21T14:00+00:00")
    assert START == 1_789_999_200.0  # 2026-09-21T14:00Z

    told = cli(*asked, "--to", "2026-09-22T14:00+00:00", "--json")
    webui, worker = told.json["targets"]
    assert told.code == 0
    assert webui["incidents"]["mttr_s"] == 720.0
    assert webui["slo"]["budget"]["left"] == -0.666667
    assert worker["slo"] is None
    assert [one["target"] for one in told.json["incidents"]] == [
        "webui",
        "webui",
        "worker",
    ]

    week = cli("report", "--weekly", "-c", config, "--json").json
    assert (len(week["areas"]), week["capacity"], week["logs"]) == (8, [], [])
    assert (
        "## Capacity\n\nNothing is measured"
        in cli("report", "--daily", "-c", config).out
    )

    text = cli(*asked, "--lang", "zh", "worker").out
    assert text.startswith("# Agent2 报告")
    assert "webui" not in text

    for words in (("nobody",), ("--from", "2026-09-01", "--weekly")):
        refused = cli("report", *words, "-c", config)
        assert (refused.code, refused.out) == (2, ""), words
        assert len(refused.err.splitlines()) == 2, refused.err


@pytest.mark.parametrize(
    "words",
    [("soon", None, None), (None, "2026-13-01", None), (None, "2099-01-01", None),
     ("24h", None, "1999-01-01T"), ("0s", None, None)],
)  # fmt: skip
def test_what_is_no_time_is_refused(words):
    with pytest.raises(Failure) as refused:
        command.time_of(*words, START)
    assert refused.value.code == 2


def followed(*paths):
    """A target whose log is followed, as the plan has it."""
    checks = [
        SimpleNamespace(kind="logfile", options={"file": str(path)}) for path in paths
    ]
    return SimpleNamespace(name="webui", checks=checks)


def test_the_eight_areas_of_the_guide_each_have_their_section(
    db, found, spoken, tmp_path
):
    log = tmp_path / "app.log"
    log.write_text(
        "2026-09-22 10:00:00,000 - app - ERROR - lost 17 rows\n"
        "2026-09-22 11:00:00,000 - app - ERROR - lost 4 rows\n"
        "2026-09-22 11:00:01,000 - app - INFO - GET /x - 200 (0.250s)\n"
        "2026-09-21 11:00:00,000 - app - ERROR - yesterday\n"
    )
    with db.transaction() as tx:
        series.add(
            tx,
            (
                ("host", f"resources/{name}", START + 300.0 * n, base + n * grows)
                for name, base, grows in (
                    ("cpu", 20.0, 0.0), ("memory", 40.0, 0.0), ("disk:/", 70.0, 0.05),
                )
                for n in range(288)
            ),
        )  # fmt: skip
    upkeep.done(db, "cleanup", START + 60)
    guarded.note(db, guarded.MADE, "info", {}, START + 30)
    said = logged.read_all([followed(log, tmp_path / "none.log")], TILL)
    rooms = capacity.rooms(db)
    more = areas.More(trends.trends(db, START, TILL), rooms, said)

    made = list(areas.arranged([*parts(found, only_slo=False), *more.sections()]))

    titles = [one.title for one in made]
    order = [say(f"report.area.{area}") for area in areas.AREAS]
    assert len(order) == 8
    assert list(dict.fromkeys(t.partition(":")[0] for t in titles)) == order
    assert said[0]["errors"] == 2
    assert said[0]["top"] == {"message": "lost <n> rows", "count": 2}
    assert "trouble" in said[1]
    (disk,) = [one for one in rooms if one["name"] == "Disk /"]
    assert disk["warning"].startswith("WARNING: Disk / usage may exceed 80%")
    text = forms.markdown(found, made)
    assert "| host | Disk / |" in text
    assert f"host: {disk['warning']}" in text

    empty = reporting.report(db, {}, {}, TILL + DAY, TILL + 2 * DAY)
    bare = list(areas.arranged(parts(empty, only_slo=False)))
    assert [one.title for one in bare] == order
    assert [one.lines for one in bare] == [
        (say(f"report.bare.{area}"),) for area in areas.AREAS
    ]
