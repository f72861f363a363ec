"""What mail needs beside the common contract: recipients, relays, TLS, threads."""

from __future__ import annotations

import pytest

from agent2.core.message import Cause
from agent2.core.model import AlertKind
from agent2.plugins import SendError
from tests.fakes.base import Behaviour
from tests.fakes.channels import channel
from tests.fakes.stage import alert


@pytest.fixture
def mail():
    made = channel("email")
    yield made
    made.fake.close()


def refused(made, **changes) -> SendError:
    with pytest.raises(SendError) as caught:
        made.notifier(**changes).send(alert(), repeat=False)
    return caught.value


def test_the_mail_of_the_documents_arrives(mail):
    mail.notifier().send(alert(), repeat=False)

    got = mail.fake.mails()[0]
    assert got["Subject"] == "[Agent2 Alert] WebUI 进程不存在"
    assert got["From"] == "agent2@agentos.local"
    assert got["To"] == "admin@example.com"
    assert got["Auto-Submitted"] == "auto-generated"
    assert got["X-Priority"] == "1"
    assert got["Date"].datetime.tzinfo is not None
    assert got.get_content().splitlines() == list(alert().lines)


def test_every_line_of_a_mail_ends_as_smtp_wants(mail):
    mail.notifier().send(alert(lines=("plain", "x" * 990, ".", "end")), repeat=False)

    raw = mail.fake.received[0].raw
    assert raw.count(b"\n") == raw.count(b"\r\n")
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_a_lone_dot_does_not_end_a_mail(mail):
    mail.notifier().send(alert(lines=("before", ".", "after")), repeat=False)

    assert mail.fake.mails()[0].get_content().splitlines() == ["before", ".", "after"]


def test_mails_of_one_incident_are_one_thread(mail):
    sender = mail.notifier()
    sender.send(alert(AlertKind.FIRING), repeat=False)
    sender.send(alert(AlertKind.RESOLVED), repeat=False)
    sender.send(alert(AlertKind.FIRING, incident="other@2"), repeat=False)

    first, last, other = mail.fake.mails()
    assert first["In-Reply-To"] == last["In-Reply-To"] == last["References"]
    assert first["References"] != other["References"]


def test_other_readers_get_another_message_id(mail):
    mail.notifier().send(alert(), repeat=False)
    mail.notifier(to=("other@example.com",)).send(alert(), repeat=False)

    first, other = mail.fake.mails()
    assert first["Message-ID"] != other["Message-ID"]


@pytest.mark.parametrize(
    ("step", "reply", "cause"),
    [
        ("", "554 no service here", Cause.AUTH),
        ("", "421 too busy", Cause.SERVER),
        ("MAIL", "421 later", Cause.SERVER),
        ("MAIL", "550 not you", Cause.REJECTED),
        ("MAIL", "530 log in first", Cause.AUTH),
        ("RCPT", "450 greylisted", Cause.SERVER),
        ("RCPT", "550 no such user", Cause.REJECTED),
        ("DATA", "451 later", Cause.SERVER),
        (".", "451 later", Cause.SERVER),
        (".", "552 too large", Cause.REJECTED),
        ("AUTH", "535 wrong password", Cause.AUTH),
        ("AUTH", "454 later", Cause.SERVER),
        ("MAIL", "cut", Cause.UNREACHABLE),
        (".", "cut", Cause.INVALID_ANSWER),
        ("", "HTTP/1.1 400 Bad Request", Cause.INVALID_ANSWER),
    ],
)
def test_a_reply_means_its_cause(mail, step, reply, cause):
    mail.fake.replies[step] = reply

    error = refused(mail)

    assert error.cause is cause
    assert mail.fake.password not in error.detail


def test_a_relay_that_hangs_after_the_mail_may_have_taken_it(mail):
    mail.fake.replies["."] = "hang"

    assert refused(mail, timeout=0.3).cause is Cause.TIMEOUT


def test_a_relay_that_hangs_before_the_mail_has_not_taken_it(mail):
    mail.fake.then(
        Behaviour(mode="hang"), Behaviour(mode="hang"), Behaviour(mode="hang")
    )

    assert refused(mail, timeout=1.1).cause is Cause.UNREACHABLE
    assert mail.fake.connections == 1


def test_a_relay_that_cannot_say_goodbye_has_the_mail(mail):
    for reply in ("cut", "hang", "500 what"):
        mail.fake.replies["QUIT"] = reply
        assert mail.notifier(timeout=1).send(alert(), repeat=False).detail

    assert len(mail.fake.received) == 3


def test_one_refused_reader_is_named_and_the_others_are_told(mail):
    mail.fake.replies["RCPT TO:<gone@"] = "550 no such user"

    to = ("admin@example.com", "gone@example.com")
    receipt = mail.notifier(to=to).send(alert(), repeat=False)

    assert receipt.refused == ("gone@example.com",)
    assert mail.fake.received[0].recipients == ("admin@example.com",)


def test_a_relay_without_starttls_gets_no_word_in_plain(mail):
    error = refused(mail, tls="starttls")

    assert error.cause is Cause.CONFIG
    assert not mail.fake.received
    assert not [
        each for each in mail.fake.commands if each.startswith(("AUTH", "MAIL"))
    ]


def test_a_loopback_relay_needs_no_tls_and_a_far_one_has_it(mail):
    def mode(**options):
        return mail.notifier(**options)._mode()

    assert mode(tls="auto", host="localhost") == "none"
    assert mode(tls="auto", host="127.0.0.1") == "none"
    assert mode(tls="auto", host="mail.example.com") == "starttls"
    assert mode(tls="implicit", host="localhost") == "implicit"


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"to": ()}, "to"),
        ({"to": ("a@b.example\r\nBcc: x@y",)}, "to"),
        ({"to": ("Somebody <a@b.example>",)}, "to"),
        ({"from_": "nobody"}, "from"),
        ({"tls": "sometimes"}, "tls"),
    ],
)
def test_a_wrong_option_is_named(mail, options, field):
    assert [name for name, _, _ in mail.notifier(**options).problems()] == [field]


def test_no_name_server_is_asked_who_we_are(mail):
    mail.notifier().send(alert(host="box.example.com"), repeat=False)
    mail.notifier().send(alert(host="not a name; RSET"), repeat=False)

    hellos = [each for each in mail.fake.commands if each.startswith("EHLO")]
    assert hellos == ["EHLO box.example.com", "EHLO localhost"]
