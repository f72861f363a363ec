"""What each receiver gets, word for word: the literals that the documents promise."""

from __future__ import annotations

import hashlib
import hmac
import subprocess
import sys
from pathlib import Path

import pytest

from agent2.core.message import Cause
from agent2.core.model import AlertKind, Severity
from agent2.plugins import SendError
from tests.fakes.base import Behaviour
from tests.fakes.channels import SIGNING, channel
from tests.fakes.stage import ROUTING_KEY, alert

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")


def sent(kind, told=None, **changes):
    made = channel(kind)
    with made.fake:
        made.notifier(**changes).send(told or alert(), repeat=False)
    return made.fake.received[0]


def test_slack_gets_the_attachment_of_the_documents():
    message = sent("slack").json
    shown = message["attachments"][0]

    assert message["text"] == "Agent2 Alert"
    assert shown["color"] == "danger"
    assert shown["text"].endswith(f"\n`{alert().look}`")
    assert shown["fields"] == [
        {"title": "Issue", "value": "WebUI 进程不存在", "short": False},
        {"title": "Action", "value": "创建重启信号", "short": False},
        {"title": "Time", "value": "2025-11-20T18:30:00.000+00:00", "short": True},
    ]


def test_slack_shows_a_recovery_in_green_with_its_duration():
    shown = sent("slack", alert(AlertKind.RESOLVED)).json["attachments"][0]

    assert shown["color"] == "good"
    assert shown["fields"][-1] == {
        "title": "Duration",
        "value": "60.0 s",
        "short": True,
    }


def test_slack_by_a_bot_posts_into_its_channel():
    made = channel("slack")
    with made.fake:
        by_bot = {"webhook_url": "", "bot_token": made.fake.token, "url": made.fake.api}
        receipt = made.notifier(**by_bot, channel="C123").send(alert(), repeat=False)

        assert made.fake.received[0].json["channel"] == "C123"
        assert receipt.remote_id == "1700000000.000001"


@pytest.mark.parametrize(
    ("word", "cause"),
    [
        ("invalid_auth", Cause.AUTH),
        ("channel_not_found", Cause.AUTH),
        ("is_archived", Cause.AUTH),
        ("msg_too_long", Cause.REJECTED),
        ("ratelimited", Cause.RATE_LIMITED),
        ("internal_error", Cause.SERVER),
        ("something_new", Cause.UNKNOWN),
        ("<script>", Cause.INVALID_ANSWER),
    ],
)
def test_slack_says_by_a_word_why_it_refused_a_bot(word, cause):
    made = channel("slack")
    with made.fake:
        by_bot = {"webhook_url": "", "bot_token": made.fake.token, "url": made.fake.api}
        body = f'{{"ok": false, "error": "{word}"}}'
        made.fake.then(
            Behaviour(body=body, headers={"Content-Type": "application/json"})
        )

        with pytest.raises(SendError) as caught:
            made.notifier(**by_bot, channel="C123").send(alert(), repeat=False)

    assert caught.value.cause is cause
    assert made.fake.token not in caught.value.detail


def test_a_bot_without_a_token_and_a_webhook_are_told_apart():
    made = channel("slack")
    with made.fake:
        both = made.notifier(bot_token="xoxb-1", channel="C1")
        neither = made.notifier(webhook_url="")
        nowhere = made.notifier(webhook_url="", bot_token="xoxb-1")

    assert [field for field, _, _ in both.problems()] == ["webhook_url"]
    assert [field for field, _, _ in neither.problems()] == ["webhook_url"]
    assert [field for field, _, _ in nowhere.problems()] == ["channel"]


def test_pagerduty_gets_the_event_of_the_documents():
    got = sent("pagerduty")
    event = got.json
    payload = event["payload"]

    assert got.headers["content-type"] == "application/json"
    assert event["routing_key"] == ROUTING_KEY
    assert event["event_action"] == "trigger"
    assert event["dedup_key"] == "agent2/a1b2c3/webui/webui@1763661000.000"
    assert payload["summary"] == "Agent2: WebUI 进程不存在"
    assert payload["severity"] == "error"
    assert payload["source"] == "agent2"
    assert payload["timestamp"] == "2025-11-20T18:30:00.000+00:00"
    details = payload["custom_details"]
    assert details["issue"] == "WebUI 进程不存在"
    assert details["action"] == "创建重启信号"
    assert details["timestamp"] == "2025-11-20T18:30:00.000+00:00"


@pytest.mark.parametrize("kind", list(AlertKind), ids=lambda kind: kind.value)
def test_pagerduty_resolves_only_what_recovered(kind):
    event = sent("pagerduty", alert(kind)).json

    words = {AlertKind.RESOLVED: "resolve", AlertKind.ACKNOWLEDGED: "acknowledge"}
    expected = words.get(kind, "trigger")
    assert event["event_action"] == expected


def test_pagerduty_warns_of_what_is_only_slow():
    event = sent("pagerduty", alert(AlertKind.DEGRADED, severity=Severity.WARNING)).json

    assert event["payload"]["severity"] == "warning"


def test_pagerduty_may_answer_202_alone_or_another_success_with_its_word():
    made = channel("pagerduty")
    with made.fake:
        made.fake.then(
            Behaviour(status=202),
            Behaviour(status=200, body='{"status": "success", "dedup_key": "k"}'),
            Behaviour(status=200, body='{"status": "other"}'),
            Behaviour(status=200, body="[" * 100_000),
        )
        sender = made.notifier()

        assert sender.send(alert(), repeat=False).remote_id == ""
        assert sender.send(alert(), repeat=False).remote_id == "k"
        for _ in range(2):
            with pytest.raises(SendError) as caught:
                sender.send(alert(), repeat=False)
            assert caught.value.cause is Cause.INVALID_ANSWER


def test_pagerduty_says_why_an_event_is_invalid():
    made = channel("pagerduty")
    with made.fake, pytest.raises(SendError) as caught:
        made.notifier(routing_key="short").send(alert(), repeat=False)

    assert caught.value.cause is Cause.REJECTED
    assert "Event object is invalid" in caught.value.detail
    assert "short" not in caught.value.detail


def test_a_webhook_gets_a_cloud_event_that_it_can_verify():
    got = sent("webhook")
    event = got.json
    parts = dict(
        each.split("=") for each in got.headers["x-agent2-signature"].split(",")
    )
    signed = f"{parts['t']}.".encode() + got.body

    assert got.headers["content-type"].startswith("application/cloudevents+json")
    assert event["specversion"] == "1.0"
    assert event["id"] == alert().id == got.headers["idempotency-key"]
    assert event["type"] == "agent2.alert.firing"
    assert event["time"] == "2025-11-20T18:30:00.000+00:00"
    assert event["data"]["issue"] == "WebUI 进程不存在"
    assert event["data"]["severity"] == "critical"
    assert parts["v1"] == hmac.new(SIGNING.encode(), signed, hashlib.sha256).hexdigest()


def test_a_webhook_without_a_secret_is_not_signed():
    assert "x-agent2-signature" not in sent("webhook", secret="").headers


def test_a_webhook_waits_for_the_real_answer_after_an_interim_one():
    made = channel("webhook")
    with made.fake:
        made.fake.then(Behaviour(status=100, headers={"Content-Length": "0"}))
        with pytest.raises(SendError) as caught:
            made.notifier(timeout=0.3).send(alert(), repeat=False)

    assert caught.value.cause is Cause.TIMEOUT


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/",
        "127.0.0.1/x",
        "http://",
        "http://a b/",
        "http://u:p@127.0.0.1/",
        "http://127.0.0.1/\r\nX: y",
        "http://127.0.0.1:99999999/",
        "http://例子/",
    ],
)
def test_an_address_that_is_none_is_our_own_mistake(url):
    made = channel("webhook")
    with made.fake, pytest.raises(SendError) as caught:
        made.notifier(url=url).send(alert(), repeat=False)

    assert caught.value.cause is Cause.CONFIG
    assert url not in caught.value.detail


ONE = """
import sys
sys.path.insert(0, sys.argv[1])
from agent2.notifiers.apprise_load import load_one
alone = load_one(sys.argv[2])
from apprise import Apprise
channel = Apprise()
known = channel.add(sys.argv[2])
loaded = sum(name.startswith("apprise.plugins.") for name in sys.modules)
print(alone, type(channel[0]).__name__ if known else None, loaded < 40)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("json://127.0.0.1:9/", "True NotifyJSON True"),
        ("mailtos://u:p@example.com", "True NotifyEmail True"),
        ("nonsense://127.0.0.1/", "False None False"),  # Apprise itself has looked
    ],
)
def test_apprise_loads_the_one_channel_of_its_address(url, said):
    argv = [sys.executable, "-c", ONE, str(ROOT), url]
    told = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == said


def test_apprise_refuses_an_address_of_no_known_kind():
    made = channel("apprise")
    with made.fake, pytest.raises(SendError) as caught:
        made.notifier(url="nonsense://token-1234567").send(alert(), repeat=False)

    assert caught.value.cause is Cause.CONFIG
    assert "token" not in caught.value.detail


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (AlertKind.FIRING, "failure"),
        (AlertKind.RESOLVED, "success"),
        (AlertKind.DEGRADED, "warning"),
    ],
)
def test_apprise_gets_subject_body_and_colour(kind, word):
    message = sent("apprise", alert(kind)).json

    assert message["title"] == "[Agent2 Alert] WebUI 进程不存在"
    assert "操作: 创建重启信号" in message["message"]
    assert message["type"] == word
