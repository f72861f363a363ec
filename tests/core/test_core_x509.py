"""A certificate read by hand, held against the library that made it."""

from __future__ import annotations

import datetime as dt

import pytest
from cryptography import x509 as reference
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from agent2.core import x509
from agent2.core.x509 import Certificate, stands

KEY = ec.generate_private_key(ec.SECP256R1())


def made(subject, issuer, begins, ends, oid=NameOID.COMMON_NAME):
    def name(text):
        country = reference.NameAttribute(NameOID.COUNTRY_NAME, "DE")
        return reference.Name([country, reference.NameAttribute(oid, text)])

    builder = (
        reference.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(KEY.public_key())
        .serial_number(7)
        .not_valid_before(begins)
        .not_valid_after(ends)
    )
    found = builder.sign(KEY, hashes.SHA256())
    return found.public_bytes(serialization.Encoding.DER)


DATES = st.datetimes(dt.datetime(1951, 1, 1), dt.datetime(2150, 1, 1))
NAMES = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=16)


@given(NAMES, NAMES, DATES, DATES)
def test_names_and_times_are_those_that_it_was_made_with(subject, issuer, one, two):
    begins, ends = (
        day.replace(microsecond=0, tzinfo=dt.UTC) for day in sorted((one, two))
    )
    wanted = Certificate(subject, issuer, begins.timestamp(), ends.timestamp())
    assert x509.read(made(subject, issuer, begins, ends)) == wanted


DER = made(
    "example.com",
    "Root",
    dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    dt.datetime(2026, 12, 3, 12, tzinfo=dt.UTC),
)
FOUND = x509.read(DER)


@given(st.integers(0, len(DER)), st.integers(0, 255))
def test_what_is_damaged_is_a_certificate_or_is_refused(place, byte):
    for raw in (DER[:place], DER[:place] + bytes([byte]) + DER[place + 1 :]):
        try:
            assert isinstance(x509.read(raw), Certificate)
        except x509.CertificateError:
            pass


@pytest.mark.parametrize("raw", [b"", b"\x30\x00", b"\x30\x80", bytes(50), b"\x30\x84"])
def test_what_is_none_is_refused(raw):
    with pytest.raises(x509.CertificateError):
        x509.read(raw)


def test_how_it_stands_is_said_with_its_date():
    def said(days):
        return stands(FOUND, FOUND.ends - days * 86400)

    assert said(12) == 'certificate "example.com" expires in 12 d (2026-12-03), by Root'
    assert said(-3) == 'certificate "example.com" expired 3 d ago (2026-12-03)'
    assert said(400).startswith('certificate "example.com" holds only in ')


def test_without_a_common_name_the_organisation_is_said():
    day = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    raw = made("We", "They", day, day, NameOID.ORGANIZATION_NAME)
    assert x509.read(raw).subject == "We"
