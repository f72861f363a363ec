"""Certificates of servers and in files: how long they hold, and who would believe."""

from __future__ import annotations

import socket

import pytest

from agent2.checks.certificate import CertificateCheck
from agent2.core.model import Code, Outcome
from tests.contract.probing import ask, until
from tests.fakes import certificates
from tests.fakes.health_server import HealthServer, http
from tests.fakes.smtp import FakeSmtp
from tests.ports import reserved

DAY = 86400.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def own(folder):
    return certificates.make(folder, days=20.5)


def server(certificate):
    return HealthServer(http("ok"), tls=certificate.server())


def looked(fake, **options):
    with fake:
        return ask(CertificateCheck(host="127.0.0.1", port=fake.port, **options))


def test_days_that_are_left_warn_and_then_fail(own):
    ca = {"ca_file": str(own.ca_file)}
    well = looked(server(own), **ca, warn=20 * DAY)
    warns = looked(server(own), **ca)
    fails = looked(server(own), **ca, critical=21 * DAY)

    assert (well.outcome, well.code) == (Outcome.OK, Code.OK)
    assert well.detail.startswith('certificate "127.0.0.1" expires in 20 d')
    assert (warns.outcome, warns.code) == (Outcome.OK, Code.TLS)
    assert (fails.outcome, fails.code) == (Outcome.FAIL, Code.TLS)


def test_what_no_client_would_believe_is_named_with_its_reason(folder, own):
    stranger = looked(server(own))
    other = certificates.make(folder, "other.example", days=99.5)
    wrong = looked(server(other), ca_file=str(other.ca_file))
    old = certificates.make(folder, expired=True)
    expired = looked(server(old), ca_file=str(old.ca_file))

    for found in (stranger, wrong, expired):
        assert (found.outcome, found.code) == (Outcome.FAIL, Code.TLS)
    assert "self-signed" in stranger.detail
    assert "expires in 20 d" in stranger.detail
    assert "127.0.0.1" in wrong.detail
    assert 'certificate "other.example" expires in 99 d' in wrong.detail
    assert "expired 1 d ago" in expired.detail


def test_a_mail_server_is_asked_for_encryption_first(own):
    ca = {"ca_file": str(own.ca_file), "starttls": "smtp", "warn": 20 * DAY}
    assert looked(FakeSmtp(starttls=own.server()), **ca).code is Code.OK

    plain = FakeSmtp()
    plain.replies["STARTTLS"] = "502 not here\x1b[31m"
    refused = looked(plain, **ca)
    assert (refused.outcome, refused.code) == (Outcome.FAIL, Code.PROTO)
    assert "502 not here" in refused.detail


def test_who_speaks_no_tls_or_says_nothing_is_a_failure():
    mail = looked(FakeSmtp())
    assert (mail.outcome, mail.code) == (Outcome.FAIL, Code.TLS)

    with socket.create_server(("127.0.0.1", reserved())) as silent:
        check = CertificateCheck(host="127.0.0.1", port=silent.getsockname()[1])
        late = []

        def told():
            late.append(ask(check, 1.0))
            return late[-1].code is not Code.INTERNAL  # our thread itself was late

        assert until(told)
    assert (late[-1].outcome, late[-1].code) == (Outcome.FAIL, Code.DEADLINE)


def test_in_a_file_the_one_that_ends_first_counts(folder, own, tmp_path):
    long = certificates.make(folder, "long.example", days=300)
    chain = tmp_path / "chain.pem"
    chain.write_bytes(long.path.read_bytes() + own.path.read_bytes())

    found = ask(CertificateCheck(file=str(chain)))
    assert (found.outcome, found.code) == (Outcome.OK, Code.TLS)
    assert 'certificate "127.0.0.1" expires in 20 d' in found.detail
    assert ask(CertificateCheck(file=str(long.path))).code is Code.OK


@pytest.mark.parametrize("text", ["", "-----BEGIN CERTIFICATE-----\nx", "-----BEGIN CERTIFICATE-----\nAAAA\n"])  # fmt: skip
def test_a_file_without_a_certificate_is_a_failure(tmp_path, text):
    path = tmp_path / "a.pem"
    path.write_text(text)
    for name in (path, tmp_path / "none"):
        found = ask(CertificateCheck(file=str(name)))
        assert (found.outcome, found.code) == (Outcome.FAIL, Code.TLS)


def test_either_a_server_or_a_file_is_named():
    def wrong(**options):
        return [name for name, _, _ in CertificateCheck(**options).problems()]

    assert wrong() == ["host"]
    assert wrong(host="a", file="/b") == ["host"]
    assert wrong(host="a", warn=1.0) == ["warn"]
    assert wrong(file="/b") == []
