"""The words of an alert and the people it goes to."""

from __future__ import annotations

import pytest

from agent2.core.alerting import (
    REASONS,
    Facts,
    address,
    compose,
    issue,
    matches,
    notices,
    routed,
    warning_issue,
)
from agent2.core.effects import Notify
from agent2.core.message import Alert, Cause, Delivery, DeliveryState
from agent2.core.model import AlertKind, Code, Facet, Severity
from agent2.core.value import as_dict, replace
from agent2.wire.languages import words

OPENED, NOW = 1_700_000_000.0, 1_700_000_061.25


def facts(language="en", **changes):
    return replace(
        Facts(
            words(language),
            language,
            lambda at: f"T{at - OPENED:g}",
            "box",
            "i-1",
            "/s/agent2_status.json",
            name="WebUI",
            port="8080",
        ),
        **changes,
    )


def wish(kind=AlertKind.FIRING, **changes):
    return replace(
        Notify(
            kind,
            "webui",
            "webui@1",
            Severity.CRITICAL,
            NOW,
            OPENED,
            Facet.PROCESS,
            Code.PID_DEAD,
            "pid 7 is gone",
        ),
        **changes,
    )


SLOW = {
    "severity": Severity.WARNING,
    "facet": Facet.HEALTH,
    "code": Code.SLOW,
    "detail": "3.61 s",
    "response_s": 3.614,
}
FLAP = {"incident": "webui@1~flapping", "detail": "42%"}


def test_an_outage_that_is_only_a_warning_is_not_called_slow():
    told = compose(wish(severity=Severity.WARNING), facts(), "")

    assert told.issue == "WebUI process is not alive"


def test_an_outage_within_which_something_above_was_down_says_so():
    above = (("api", 0.0), ("db", OPENED + 9.0), ("disk", None), ("old", OPENED - 9.0))

    told = compose(wish(), facts(above=above), "").lines
    assert "Consequence of (down meanwhile): db disk" in told
    assert not any("Consequence" in one for one in compose(wish(), facts(), "").lines)


# --- words --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facet", "code", "seconds", "english", "chinese"),
    [
        (Facet.PROCESS, Code.PID_DEAD, None, "WebUI process is not alive", "WebUI 进程不存在"),
        (Facet.PROCESS, Code.ZOMBIE, 1.0, "WebUI process is not alive", "WebUI 进程不存在"),
        (Facet.PROCESS, Code.STOPPED, None, "health check API failed", "健康检查 API 失败"),
        (Facet.PORT, Code.PORT_REFUSED, None, "port 8080 is not listening", "端口 8080 未监听"),
        (Facet.PORT, Code.SLOW, 4.0, "port 8080 is not listening", "端口 8080 未监听"),
        (Facet.HEALTH, Code.HTTP_STATUS, 4.0, "health check API failed", "健康检查 API 失败"),
        (Facet.HEALTH, Code.STALE_HEARTBEAT, None, "a job or its file is late or failed",
         "任务或其文件超时或失败"),
        (Facet.HEALTH, Code.LOG_LINES, None, "the log shows trouble", "日志出现异常"),
        (Facet.HEALTH, Code.LOG_MISSING, None, "the log shows trouble", "日志出现异常"),
        (Facet.HEALTH, Code.ERROR_RATE, None, "the error rate is too high", "错误率过高"),
        (Facet.HEALTH, Code.SLOW, None, "slow response", "响应时间过长"),
        (Facet.HEALTH, Code.SLOW, 3.456, "slow response: 3.46s", "响应时间过长: 3.46s"),
        (Facet.HEALTH, Code.SLOW, 0.0, "slow response: 0.00s", "响应时间过长: 0.00s"),
    ],
)  # fmt: skip
def test_the_issue_in_two_languages(facet, code, seconds, english, chinese):
    assert issue(facts("en"), facet, code, seconds) == english
    assert issue(facts("zh"), facet, code, seconds) == chinese


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (Code.SLOW, "slow response: 3.50s"),
        (Code.STOPPED, "health check is not ok: half"),
        (Code.STATUS_VALUE, "health check is not ok: half"),
        (Code.COMPONENT, "health check is not ok: half"),
        (Code.COMMAND_FAILED, "health check is not ok: half"),
    ],
)
def test_a_warning_says_what_is_half_well(code, text):
    assert warning_issue(facts(), code, "half", 3.5) == text


@pytest.mark.parametrize(
    ("kind", "changes", "english", "chinese"),
    [
        (
            AlertKind.FIRING,
            {},
            "[Agent2 Alert] WebUI process is not alive",
            "[Agent2 Alert] WebUI 进程不存在",
        ),
        (
            AlertKind.DEGRADED,
            SLOW,
            "[Agent2 Warning] slow response: 3.61s",
            "[Agent2 Warning] 响应时间过长: 3.61s",
        ),
        (
            AlertKind.DEGRADED,
            SLOW | {"code": Code.COMPONENT, "detail": "db: warn"},
            "[Agent2 Warning] health check is not ok: db: warn",
            "[Agent2 Warning] 健康检查返回非 OK 状态: db: warn",
        ),
        (
            AlertKind.REMINDER,
            {"count": 3},
            "[Agent2 Alert] WebUI process is not alive (reminder 3)",
            "[Agent2 Alert] WebUI 进程不存在 (第 3 次提醒)",
        ),
        (
            AlertKind.EXHAUSTED,
            {"facet": Facet.PORT},
            "[Agent2 Alert] port 8080 is not listening (restart budget is spent)",
            "[Agent2 Alert] 端口 8080 未监听 (重启预算已用尽)",
        ),
        (
            AlertKind.RESOLVED,
            {"facet": Facet.HEALTH},
            "[Agent2 Resolved] recovered: health check API failed",
            "[Agent2 Resolved] 已恢复: 健康检查 API 失败",
        ),
        (
            AlertKind.RESOLVED,
            SLOW | {"response_s": None},
            "[Agent2 Resolved] recovered: slow response",
            "[Agent2 Resolved] 已恢复: 响应时间过长",
        ),
        (
            AlertKind.FLAPPING,
            FLAP,
            "[Agent2 Warning] WebUI changes state too often",
            "[Agent2 Warning] WebUI 状态频繁波动",
        ),
        (
            AlertKind.RESOLVED,
            FLAP,
            "[Agent2 Resolved] recovered: WebUI changes state too often",
            "[Agent2 Resolved] 已恢复: WebUI 状态频繁波动",
        ),
        (
            AlertKind.TEST,
            {"facet": Facet.PORT},
            "[Agent2 Test] port 8080 is not listening",
            "[Agent2 Test] 端口 8080 未监听",
        ),
    ],
)
def test_the_subject_of_each_kind_in_two_languages(kind, changes, english, chinese):
    asked = wish(kind, **changes)

    assert compose(asked, facts("en"), "act").subject == english
    assert compose(asked, facts("zh"), "act").subject == chinese


def test_an_end_that_only_nobody_looks_for_is_not_called_a_recovery():
    asked = wish(AlertKind.RESOLVED, unwatched=True)

    english, chinese = (compose(asked, facts(each), "") for each in ("en", "zh"))

    assert english.subject.startswith("[Agent2 Resolved] no longer watched: ")
    assert chinese.subject.startswith("[Agent2 Resolved] 不再监控: ")
    assert english.kind is AlertKind.RESOLVED
    assert english.closed_at is not None


def test_a_test_message_names_no_cause_as_nothing_is_wrong():
    told = compose(wish(AlertKind.TEST, code=Code.OK), facts("en"), "act")
    assert not [line for line in told.lines if "health_check_failed" in line]


def test_every_kind_has_a_subject_in_every_language():
    for language in ("en", "zh"):
        for kind in AlertKind:
            assert f"subject.{kind.value}" in words(language)


def test_an_alert_is_complete_in_itself():
    alert = compose(wish(count=2), facts(), "create restart signal")

    assert as_dict(replace(alert, lines=())) == {
        "id": "webui@1/firing/2",
        "kind": AlertKind.FIRING,
        "incident": "webui@1",
        "dedup_key": "agent2/i-1/webui/webui@1",
        "target": "webui",
        "severity": Severity.CRITICAL,
        "subject": "[Agent2 Alert] WebUI process is not alive",
        "issue": "WebUI process is not alive",
        "action": "create restart signal",
        "reason": "process_not_alive",
        "code": "pid_dead",
        "detail": "pid 7 is gone",
        "at": "T61.25",
        "opened_at": "T0",
        "closed_at": None,
        "duration_s": 61.25,
        "host": "box",
        "instance": "i-1",
        "look": "cat /s/agent2_status.json",
        "lines": (),
        "language": "en",
        "count": 2,
    }


def test_the_body_line_by_line_in_english():
    assert compose(wish(), facts(), "create restart signal").lines == (
        "Issue: WebUI process is not alive",
        "Action: create restart signal",
        "Time: T61.25",
        "Target: webui",
        "Cause: process_not_alive (pid_dead) pid 7 is gone",
        "Incident: webui@1",
        "Host: box",
        "Since: T0",
        "Duration: 61.2 s",
        "",
        "See more:",
        "  cat /s/agent2_status.json",
    )


def test_the_body_line_by_line_in_chinese_leaves_out_what_is_not_known():
    fresh = wish(at=OPENED, detail="")

    assert compose(fresh, facts("zh"), "").lines == (
        "问题: WebUI 进程不存在",
        "时间: T0",
        "目标: webui",
        "原因: process_not_alive (pid_dead)",
        "事件: webui@1",
        "主机: box",
        "开始: T0",
        "",
        "查看详情:",
        "  cat /s/agent2_status.json",
    )


def test_what_was_found_at_the_first_failure_stands_after_the_cause():
    known = replace(facts(), evidence="process 7 is stopped")
    lines = compose(wish(), known, "").lines
    at = lines.index("Evidence: process 7 is stopped")
    assert lines[at - 1].startswith("Cause: ")


def test_only_a_recovery_has_an_end():
    ended = {
        kind: compose(wish(kind), facts(), "").closed_at is not None
        for kind in AlertKind
    }

    assert [kind for kind, has in ended.items() if has] == [AlertKind.RESOLVED]
    assert compose(wish(AlertKind.RESOLVED), facts(), "").closed_at == "T61.25"


def test_a_duration_is_rounded_and_never_negative():
    assert compose(wish(at=OPENED + 1.23456), facts(), "").duration_s == 1.235
    assert compose(wish(at=OPENED - 5), facts(), "").duration_s == 0.0


def test_all_alerts_of_an_incident_share_their_key_and_no_two_their_id():
    alerts = [
        compose(wish(kind, count=count), facts(), "")
        for kind in AlertKind
        for count in (0, 1)
    ]

    assert len({a.dedup_key for a in alerts}) == 1
    assert len({a.id for a in alerts}) == len(alerts)


def test_a_long_key_is_cut_where_incidents_do_not_differ():
    keys = [
        compose(wish(incident=f"{'w' * 300}@{second}"), facts(), "").dedup_key
        for second in (1, 2)
    ]

    assert keys[0] != keys[1]
    assert [len(key) for key in keys] == [255, 255]


def test_the_three_reasons_are_those_of_the_restart_signal():
    assert {
        Facet.PROCESS: "process_not_alive",
        Facet.PORT: "port_not_listening",
        Facet.HEALTH: "health_check_failed",
    } == REASONS


# --- routes -------------------------------------------------------------------

ALERT = compose(wish(), facts(), "")
ALL = ("oncall", "ops", "mail")


@pytest.mark.parametrize(
    ("match", "holds"),
    [
        ({}, True),
        ({"severity": "critical"}, True),
        ({"severity": "warning"}, False),
        ({"target": "webui"}, True),
        ({"target": "db"}, False),
        ({"kind": "firing"}, True),
        ({"kind": "resolved"}, False),
        ({"label.team": "core"}, True),
        ({"label.team": "web"}, False),
        ({"label.none": "core"}, False),
        ({"team": "core"}, False),
        ({"severity": "critical", "target": "webui", "label.team": "core"}, True),
        ({"severity": "critical", "target": "db"}, False),
        ({"anything": "webui"}, False),
    ],
)
def test_a_route_matches_when_all_of_it_holds(match, holds):
    assert matches(match, ALERT, {"team": "core"}) is holds


@pytest.mark.parametrize(
    ("routes", "names"),
    [
        ([], ALL),
        ([({}, ("ops",))], ("ops",)),
        ([({}, ("mail", "oncall"))], ("oncall", "mail")),
        ([({}, ("ops",)), ({"target": "webui"}, ("ops", "mail"))], ("ops", "mail")),
        ([({"target": "db"}, ("ops",))], ()),
        ([({"target": "db"}, ("ops",)), ({}, ("mail",))], ("mail",)),
        ([({}, ("nobody",))], ()),
        ([({}, ())], ()),
    ],
)
def test_an_alert_goes_once_to_each_notifier_of_every_route_that_matches(routes, names):
    assert routed(ALERT, routes, ALL, {}) == names
    assert routed(ALERT, iter(routes), ALL, {}) == names


def test_labels_reach_the_routes():
    routes = [({"label.team": "core"}, ("ops",))]

    assert routed(ALERT, routes, ALL, {"team": "core"}) == ("ops",)
    assert routed(ALERT, routes, ALL, {}) == ()


def test_each_notifier_gets_one_delivery_due_at_once():
    rows = address(ALERT, ("oncall", "mail"), 5.0)

    assert rows == (
        Delivery("webui@1/firing/0/oncall", "oncall", ALERT, 5.0, 5.0),
        Delivery("webui@1/firing/0/mail", "mail", ALERT, 5.0, 5.0),
    )
    assert address(ALERT, (), 5.0) == ()


# --- dead letters -------------------------------------------------------------


def dead(**changes):
    row = Delivery("x/oncall", "oncall", ALERT, 1.0, 1.0, DeliveryState.DEAD)
    return replace(
        row, **{"cause": Cause.AUTH, "detail": "403 invalid_token"} | changes
    )


def test_a_dead_letter_is_told_through_the_other_notifiers():
    rows = notices(dead(), ALL, 9.0, words("en"))

    assert [row.notifier for row in rows] == ["ops", "mail"]
    assert [row.id for row in rows] == [
        "webui@1~oncall/undelivered/0/ops",
        "webui@1~oncall/undelivered/0/mail",
    ]
    told = rows[0].alert
    what = "oncall could not be told (auth): WebUI process is not alive"
    assert told == replace(
        ALERT,
        id="webui@1~oncall/undelivered/0",
        kind=AlertKind.UNDELIVERED,
        incident="webui@1~oncall",
        dedup_key="agent2/i-1/webui/webui@1~oncall",
        subject=f"[Agent2 Alert] {what}",
        issue=what,
        action="check this notifier",
        detail="403 invalid_token",
        lines=(what, *ALERT.lines),
    )
    assert (rows[0].created_at, rows[0].next_at) == (9.0, 9.0)
    assert rows[0].state is DeliveryState.PENDING


def test_a_dead_letter_is_told_in_chinese():
    told = notices(dead(cause=None), ALL, 9.0, words("zh"))[0].alert

    assert told.issue == "通知 oncall 未送达 (unknown): WebUI process is not alive"
    assert told.action == "请检查该通知渠道"


def test_a_dead_notice_is_not_told_again():
    notice = notices(dead(), ALL, 9.0, words("en"))[0]

    assert notices(replace(notice, cause=Cause.AUTH), ALL, 10.0, words("en")) == ()


def test_when_there_is_no_other_notifier_nobody_can_be_told():
    assert notices(dead(), ("oncall",), 9.0, words("en")) == ()


def test_the_key_of_a_notice_is_cut_where_it_does_not_differ():
    long = replace(ALERT, target="w" * 300, incident="w" * 300 + "@1")
    keys = {
        notices(dead(alert=long, notifier=name), ("ops",), 9.0, words("en"))[0]
        .alert.dedup_key
        for name in ("oncall", "mail")
    }  # fmt: skip

    assert {len(key) for key in keys} == {255}
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("facet", "code", "said"),
    [
        (Facet.PORT, Code.PORT_REFUSED, "shop: port 8080 is not listening"),
        (Facet.HEALTH, Code.HTTP_STATUS, "shop: health check API failed"),
        (Facet.HEALTH, Code.SLOW, "shop: slow response: 3.50s"),
        (Facet.PROCESS, Code.PID_DEAD, "shop process is not alive"),
    ],
)
def test_among_many_targets_each_issue_says_whose_it_is(facet, code, said):
    one = facts(name="shop", many=True)
    assert issue(one, facet, code, 3.5) == said
    told = compose(wish(facet=facet, code=code, response_s=3.5), one, "")
    assert told.subject == f"[Agent2 Alert] {said}"


def test_among_many_targets_a_warning_says_whose_it_is():
    one = facts(name="shop", many=True)
    said = warning_issue(one, Code.STATUS_VALUE, "half-well", None)
    assert said == "shop: health check is not ok: half-well"


def test_facts_have_defaults_for_what_not_every_target_has():
    assert as_dict(Facts({}, "en", str, "h", "i", "s")) | {"words": 0, "stamp": 0} == {
        "words": 0,
        "language": "en",
        "stamp": 0,
        "host": "h",
        "instance": "i",
        "status_path": "s",
        "name": "",
        "port": "",
        "labels": {},
        "many": False,
        "evidence": "",
        "log": (),
        "above": (),
    }
    assert Alert.__defaults__ == {"language": "en", "count": 0}
