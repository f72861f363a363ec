"""What holds for every notifier of the table, whatever is behind it."""

from __future__ import annotations

import logging
import traceback

import pytest

from agent2 import plugins
from agent2.core.message import Cause
from agent2.core.model import AlertKind
from agent2.plan.secret import SecretError
from agent2.plugins import SendError
from tests.fakes.base import Behaviour
from tests.fakes.channels import HTTP_KINDS, KINDS, OUR_HTTP, channel
from tests.fakes.stage import alert
from tests.ports import reserved

# Apprise imports a module that Python 3.13 drops; it has a substitute ready.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")

CAUSES = {
    301: Cause.REDIRECT,
    302: Cause.REDIRECT,
    307: Cause.REDIRECT,
    308: Cause.REDIRECT,
    400: Cause.REJECTED,
    401: Cause.AUTH,
    403: Cause.AUTH,
    404: Cause.AUTH,
    408: Cause.SERVER,
    410: Cause.AUTH,
    413: Cause.REJECTED,
    422: Cause.REJECTED,
    425: Cause.SERVER,
    429: Cause.RATE_LIMITED,
    500: Cause.SERVER,
    502: Cause.SERVER,
    503: Cause.SERVER,
    504: Cause.SERVER,
}
HOSTILE = "ok\r\nBcc: evil@example.com\r\n\r\n<!channel> \x00\x1b[31m \u2028 \u202e & <@U1> \udcff end"


@pytest.fixture(params=KINDS)
def any_channel(request):
    made = channel(request.param)
    yield made
    made.fake.close()


@pytest.fixture(params=HTTP_KINDS)
def http_channel(request):
    made = channel(request.param)
    yield made
    made.fake.close()


def refused(made, told=None, **changes) -> SendError:
    with pytest.raises(SendError) as caught:
        made.notifier(**changes).send(told or alert(), repeat=False)
    return caught.value


def test_an_alert_arrives_with_its_issue_and_its_action(any_channel):
    receipt = any_channel.notifier().send(alert(), repeat=False)

    assert receipt.detail
    assert "WebUI 进程不存在" in any_channel.text()
    assert "创建重启信号" in any_channel.text()
    assert "2025-11-20T18:30:00.000+00:00" in any_channel.text()


def test_an_alert_says_all_that_somebody_needs_at_night(any_channel):
    plain = alert()
    facts = {
        name: getattr(plain, name)
        for name in [
            "target",
            "issue",
            "reason",
            "detail",
            "action",
            "at",
            "incident",
            "host",
            "look",
        ]
    }
    told = alert(lines=tuple(facts.values()))  # core.alerting composes them so

    any_channel.notifier().send(told, repeat=False)

    said = any_channel.text()
    assert {name for name, fact in facts.items() if fact not in said} == set()


@pytest.mark.parametrize("kind", list(AlertKind), ids=lambda kind: kind.value)
def test_every_kind_of_alert_is_taken_by_the_receiver(any_channel, kind):
    any_channel.notifier().send(alert(kind), repeat=False)

    assert len(any_channel.fake.received) == 1


def test_a_recovery_after_its_failure_is_taken(any_channel):
    sender = any_channel.notifier()

    sender.send(alert(AlertKind.FIRING), repeat=False)
    sender.send(
        alert(
            AlertKind.RESOLVED,
            subject="[Agent2 Resolved] 已恢复: WebUI 进程不存在",
            closed_at="2025-11-20T18:31:00.000+00:00",
        ),
        repeat=False,
    )

    assert len(any_channel.fake.received) == 2


def test_a_status_means_its_cause(http_channel):
    found = {}
    for status in CAUSES:
        http_channel.fake.then(Behaviour(status=status, body="why"))
        found[status] = refused(http_channel).cause

    assert found == CAUSES


def test_a_redirect_is_not_followed(http_channel):
    elsewhere = {"Location": "/elsewhere"}
    for status in (301, 302, 303, 307, 308):
        http_channel.fake.then(Behaviour(status=status, headers=elsewhere))
        refused(http_channel)

    assert [each.method for each in http_channel.fake.received] == ["POST"] * 5
    assert not [e for e in http_channel.fake.received if e.path == "/elsewhere"]


@pytest.mark.parametrize("kind", OUR_HTTP)
def test_retry_after_is_read_or_left(kind):
    made = channel(kind)
    asked = {
        "7": 7.0,
        " 7 ": 7.0,
        "0": 0.0,
        "99999": 3600.0,
        "9" * 400: 3600.0,
        "abc": None,
        "1.5": None,
        "-5": None,
        "": None,
        "٣": None,
        "Sun, 06 Nov 1994 08:49:37 GMT": 0.0,
        "Fri, 01 Jan 2999 00:00:00 GMT": 3600.0,
    }
    with made.fake:
        found = {}
        for text in asked:
            made.fake.then(Behaviour(status=429, headers={"Retry-After": text}))
            found[text] = refused(made).retry_after

    assert found == asked


def test_a_dead_port_is_unreachable(any_channel):
    error = refused(any_channel.at_port(reserved()))

    assert error.cause is Cause.UNREACHABLE


@pytest.mark.parametrize("kind", ["email", *OUR_HTTP])
def test_a_name_that_does_not_exist_is_unreachable(kind):
    made = channel(kind)
    place = {made.address: "https://nowhere.invalid/x"}
    if kind == "email":
        place = {"host": "nowhere.invalid", "tls": "starttls"}
    with made.fake:
        assert refused(made, **place).cause is Cause.UNREACHABLE


def test_a_connection_cut_after_the_request_may_have_arrived(http_channel):
    for mode in ("reset", "cut"):
        http_channel.fake.then(Behaviour(mode=mode))
        assert refused(http_channel).cause is Cause.INVALID_ANSWER, mode


def test_a_receiver_that_slams_the_door_is_tried_again_within_the_attempt():
    for kind in ("email",):
        made = channel(kind)
        with made.fake:
            made.fake.then(Behaviour(mode="slam"))
            made.notifier().send(alert(), repeat=False)

            assert len(made.fake.received) == 1


def test_no_secret_is_in_any_detail_log_repr_or_trace(any_channel, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    modes = [Behaviour(status=status) for status in (302, 404, 429, 500)]
    modes += [Behaviour(mode="reset"), Behaviour(mode="cut")]
    told = []
    if any_channel.kind == "email":
        modes = [Behaviour(mode="slam")] * 3
        any_channel.fake.replies["AUTH"] = "535 5.7.8 no"
    for mode in modes:
        any_channel.fake.behaviours.clear()
        any_channel.fake.then(mode, mode, mode)
        error = refused(any_channel)
        told += [error.detail, repr(error), str(error)]
        told += traceback.format_exception(error)
    error = refused(any_channel.at_port(reserved()))
    told += [error.detail, *traceback.format_exception(error)]
    told += [repr(any_channel.notifier()), caplog.text, *capfd.readouterr()]

    for secret in any_channel.secrets:
        assert secret not in "\n".join(told)


def test_the_key_of_an_incident_reaches_the_wire(any_channel):
    sender = any_channel.notifier()
    first, last = alert(AlertKind.FIRING), alert(AlertKind.RESOLVED)

    sender.send(first, repeat=False)
    sender.send(first, repeat=True)
    sender.send(last, repeat=False)

    got = any_channel.fake.received
    match any_channel.kind:
        case "pagerduty":
            assert [each.json["dedup_key"] for each in got] == [first.dedup_key] * 3
            assert any_channel.fake.closed == [first.dedup_key]
        case "webhook":
            keys = [each.headers["idempotency-key"] for each in got]
            assert keys == [first.id, first.id, last.id]
            assert len(any_channel.fake.kept) == 2
        case "email":
            mails = any_channel.fake.mails()
            assert mails[0]["Message-ID"] == mails[1]["Message-ID"]
            assert mails[0]["Message-ID"] != mails[2]["Message-ID"]
            assert len({mail["References"] for mail in mails}) == 1
        case "slack":
            feet = [each.json["attachments"][0]["footer"] for each in got]
            assert all(first.incident in foot for foot in feet)
        case "apprise":
            assert len(got) == 3
        case _:
            keys = (first.dedup_key.encode(), first.incident.encode())
            assert all(any(key in each.body for key in keys) for each in got)


def test_a_possible_repeat_says_so_where_nobody_drops_it(any_channel):
    sender = any_channel.notifier()

    sender.send(alert(), repeat=False)
    once = any_channel.text()
    sender.send(alert(), repeat=True)

    assert "可能重复" not in once
    assert ("可能重复" in any_channel.text()) is not sender.deduplicates


def test_a_huge_text_is_cut_between_two_characters(any_channel):
    huge = "🧨é漢" * 30_000
    told = alert(
        detail=huge, issue=huge, subject=f"[Agent2 Alert] {huge}", lines=(huge,) * 200
    )

    any_channel.notifier().send(told, repeat=False)

    assert "🧨é漢" in any_channel.text()
    assert "\ufffd" not in any_channel.text()
    assert len(any_channel.fake.received[0].raw) < 1_500_000
    if any_channel.kind == "pagerduty":
        event = any_channel.fake.received[0].json
        assert len(event["payload"]["summary"]) == 1024
        assert len(any_channel.fake.received[0].body) < 512_000


def test_a_hostile_text_changes_nothing_but_itself(any_channel):
    told = alert(
        subject=f"[Agent2 Alert] {HOSTILE}",
        issue=HOSTILE,
        detail=HOSTILE,
        action=HOSTILE,
        host=HOSTILE,
        target=HOSTILE,
        incident=HOSTILE,
        id=HOSTILE,
        dedup_key=HOSTILE,
        instance=HOSTILE,
        lines=(HOSTILE, "last"),
    )

    any_channel.notifier().send(told, repeat=True)

    got = any_channel.fake.received[0]
    shown = any_channel.text()
    assert "end" in shown
    for sign in "\x00\x1b\u2028\u202e":
        assert sign not in shown
    if any_channel.kind == "email":
        assert any_channel.fake.mails()[0]["Bcc"] is None
        assert got.recipients == ("admin@example.com",)
    else:
        assert "bcc" not in got.headers
    if any_channel.kind == "slack":
        assert b"<!channel>" not in got.body
        assert b"<@U1>" not in got.body


@pytest.mark.parametrize("kind", OUR_HTTP)
def test_an_answer_without_end_is_not_read_to_its_end(kind):
    made = channel(kind)
    with made.fake:
        made.fake.then(Behaviour(mode="endless"))
        try:
            made.notifier().send(alert(), repeat=False)
        except SendError as error:
            assert error.cause is Cause.INVALID_ANSWER

    assert made.fake.sent_bytes < 32 << 20


def test_a_packed_bomb_is_not_unpacked():
    for kind in ("slack", "pagerduty"):
        made = channel(kind)
        with made.fake:
            made.fake.then(Behaviour(mode="bomb", size=64 << 20))
            assert refused(made).cause is Cause.INVALID_ANSWER


def test_a_login_page_is_no_delivery():
    page = Behaviour(
        status=200,
        headers={"Content-Type": "text/html"},
        body="<html><title>Sign in</title>",
    )
    for kind in ("slack", "pagerduty"):
        made = channel(kind)
        with made.fake:
            made.fake.then(page)
            error = refused(made)

            assert error.cause is Cause.INVALID_ANSWER
            assert "Sign in" not in error.detail


def test_an_answer_that_is_no_text_keeps_its_meaning():
    made = channel("slack")
    with made.fake:
        for status, cause in {
            200: Cause.INVALID_ANSWER,
            500: Cause.SERVER,
            404: Cause.AUTH,
        }.items():
            made.fake.then(Behaviour(status=status, body="\udcff\udcfe"))
            assert refused(made).cause is cause
        made.fake.then(
            Behaviour(
                status=200,
                body="ok",
                headers={"Content-Type": "text/plain; charset=klingon"},
            )
        )
        assert refused(made).cause is Cause.INVALID_ANSWER


@pytest.mark.parametrize("kind", OUR_HTTP)
def test_no_proxy_of_the_environment_is_asked(monkeypatch, tmp_path, kind):
    dead = f"http://127.0.0.1:{reserved()}"
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, dead)
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login root password leaked\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))

    made = channel(kind)
    with made.fake:
        made.notifier().send(alert(), repeat=False)

        assert "authorization" not in made.fake.received[0].headers


def test_a_missing_secret_is_our_own_mistake(any_channel):
    hints = plugins.load("notifiers", any_channel.kind).__annotations__
    options = {
        name: "${AGENT2_NOT_THERE}"
        for name in any_channel.options
        if "Secret" in hints[name]
    }

    with pytest.raises(SecretError, match="AGENT2_NOT_THERE is not set"):
        any_channel.notifier(**options).send(alert(), repeat=False)


@pytest.mark.parametrize("kind", ["email", *OUR_HTTP])
@pytest.mark.parametrize(
    "host", ["events.example.com", "192.0.2.1", "127.0.0.1.evil.example"]
)
def test_plain_text_to_another_machine_needs_a_word(kind, host):
    made = channel(kind)
    options = {made.address: f"http://{host}/hook"}
    if kind == "email":
        options = {"host": host, "tls": "none"}
    with made.fake:
        strict = made.notifier(**options)
        loose = made.notifier(**options, allow_insecure=True)

        assert [field for field, _, _ in strict.problems()]
        assert not list(loose.problems())
        assert refused(made, **options).cause is Cause.CONFIG


def test_options_that_work_have_no_problems(any_channel):
    assert not list(any_channel.notifier().problems())
