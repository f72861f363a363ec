"""A certificate that is not the receiver's own stops every notifier."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from agent2.core.message import Cause
from agent2.plugins import SendError
from tests.fakes import certificates
from tests.fakes.channels import KINDS, OUR_HTTP, channel
from tests.fakes.smtp import FakeSmtp
from tests.fakes.stage import alert

pytestmark = [
    pytest.mark.filterwarnings("ignore:'imghdr' is deprecated"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def right(folder):
    return certificates.make(folder)


@pytest.fixture(scope="module")
def wrong(folder):
    return {
        "self-signed": (certificates.make(folder), ""),
        "other-name": (certificates.make(folder, "other.example"), "own"),
        "expired": (certificates.make(folder, expired=True), "own"),
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", ["self-signed", "other-name", "expired"])
def test_a_wrong_certificate_is_refused(kind, fault, wrong):
    certificate, trust = wrong[fault]
    made = channel(kind, certificate=certificate)
    changes = {} if trust or kind == "apprise" else {"ca_file": ""}
    with made.fake, pytest.raises(SendError) as caught:
        made.notifier(**changes).send(alert(), repeat=False)

    assert caught.value.cause is Cause.TLS
    assert not made.fake.received
    if kind != "apprise":
        assert _SAID[fault] in caught.value.detail


_SAID = {
    "self-signed": "cannot be trusted: self-signed certificate",
    "other-name": "cannot be trusted: IP address mismatch",
    "expired": "cannot be trusted: certificate has expired",
}


class Plain(BaseHTTPRequestHandler):
    """Answers whatever is no HTTP, as most servers do, with a 400 in plain text."""

    def log_message(self, *_words) -> None:
        pass


@pytest.mark.parametrize("kind", OUR_HTTP)
def test_a_receiver_that_speaks_no_tls_is_not_said_to_have_a_bad_certificate(kind):
    with ThreadingHTTPServer(("127.0.0.1", 0), Plain) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        made = channel(kind).at_port(server.server_port)
        address = made.options[made.address].replace("http:", "https:")
        with pytest.raises(SendError) as caught:
            made.notifier(**{made.address: address}).send(alert(), repeat=False)
        server.shutdown()

    assert caught.value.cause is Cause.TLS
    assert "no TLS there" in caught.value.detail


@pytest.mark.parametrize("kind", ["email", *OUR_HTTP])
def test_a_right_certificate_is_taken(kind, right):
    made = channel(kind, certificate=right)
    with made.fake:
        made.notifier().send(alert(), repeat=False)

    assert len(made.fake.received) == 1


@pytest.mark.parametrize("fault", [None, "other-name", "expired"])
def test_tls_from_the_first_byte_is_as_strict(fault, right, wrong):
    certificate = wrong[fault][0] if fault else right
    with FakeSmtp(tls=certificate.server()) as relay:
        sender = channel("email", certificate=certificate)
        sender.fake.close()
        notifier = sender.notifier(
            tls="implicit", port=relay.port, password=relay.password
        )
        if fault is None:
            notifier.send(alert(), repeat=False)
            assert len(relay.received) == 1
            return
        with pytest.raises(SendError) as caught:
            notifier.send(alert(), repeat=False)

    assert caught.value.cause is Cause.TLS
    assert not relay.received


@pytest.mark.parametrize("kind", ["email", *OUR_HTTP])
def test_a_missing_ca_file_is_our_own_mistake(right, kind):
    made = channel(kind, certificate=right)
    with made.fake, pytest.raises(SendError) as caught:
        made.notifier(ca_file="/nowhere/ca.pem").send(alert(), repeat=False)
    assert caught.value.cause is Cause.CONFIG
