"""Questions and answers of the name service, byte by byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent2.core import dns

ASKED = dns.question(0x1234, "db.Example.com.", "A")
HOST = b"\2db\7example\3com\0"
POINTER = b"\xc0\x0c"  # to the name of the question


def record(owner, sort, content, space=1):
    numbers = b"".join(n.to_bytes(2, "big") for n in (sort, space, 0, 60, len(content)))
    return owner + numbers + content


def answer(*records, flags=0x8180, number=b"\x12\x34", host=HOST, kind=1, count=None):
    many = (len(records) if count is None else count).to_bytes(2, "big")
    head = number + flags.to_bytes(2, "big") + b"\0\1" + many + bytes(4)
    return head + host + kind.to_bytes(2, "big") + b"\0\1" + b"".join(records)


ONE = record(POINTER, 1, b"\xc0\0\2\x0a")
ALIAS = record(POINTER, 5, b"\2pg\xc0\x0f")  # db is pg.example.com


def test_the_question_is_what_the_standard_says():
    wanted = b"\x12\x34\1\0\0\1\0\0\0\0\0\0\2db\7Example\3com\0\0\1\0\1"
    assert dns.question(0x1234, "db.Example.com.", "A") == wanted
    assert dns.question(1, "a", "AAAA")[-4:] == b"\0\x1c\0\1"


ANSWERS = {
    "one": (answer(ONE), (b"\xc0\0\2\x0a",)),
    "capitals": (answer(ONE, host=HOST.upper()), (b"\xc0\0\2\x0a",)),
    "none": (answer(), ()),
    "alias": (
        answer(ALIAS, record(b"\2pg\xc0\x0f", 1, b"\1\1\1\1")),
        (b"\1\1\1\1",),
    ),
    "alias after": (
        answer(record(b"\2pg\xc0\x0f", 1, b"\1\1\1\1"), ALIAS),
        (b"\1\1\1\1",),
    ),
    "alias circle": (answer(record(POINTER, 5, POINTER)), ()),
    "of another": (answer(record(b"\4evil\0", 1, b"\6\6\6\6")), ()),
    "of another sort": (answer(record(POINTER, 16, b"\3txt"), ONE), (b"\xc0\0\2\x0a",)),
    "of another class": (answer(record(POINTER, 1, b"\6\6\6\6", space=3)), ()),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_the_addresses_of_the_name_and_of_its_aliases_are_found(name):
    raw, wanted = ANSWERS[name]
    assert dns.answered(raw, ASKED) == dns.Reply(False, "", wanted)


def test_a_refusal_and_a_cut_answer_are_told():
    assert dns.answered(answer(flags=0x8183), ASKED).trouble == "no such name"
    assert dns.answered(answer(flags=0x8182), ASKED).trouble == "SERVFAIL"
    assert dns.answered(answer(flags=0x8189), ASKED).trouble == "error 9"
    assert dns.answered(answer(flags=0x8380), ASKED).truncated


WRONG = {
    "another id": answer(ONE, number=b"\x12\x35"),
    "a question": answer(ONE, flags=0x0100),
    "another name": answer(ONE, host=b"\2dc\7example\3com\0"),
    "another type": answer(ONE, kind=28),
    "short": answer(ONE)[:-1],
    "records that are not there": answer(ONE, count=2),
    "too many": answer(ONE, count=65535),
    "five bytes": answer(record(POINTER, 1, b"\1\2\3\4\5")),
    "a name in a circle": answer(record(b"\xc0\x20", 1, b"\1\1\1\1")),
    "a label of 64": answer(record(b"\x40" + b"a" * 64 + b"\0", 1, b"\1\1\1\1")),
    "nothing": b"",
}


@pytest.mark.parametrize("raw", WRONG.values(), ids=WRONG)
def test_what_is_no_answer_to_the_question_is_refused(raw):
    with pytest.raises(dns.DnsError):
        dns.answered(raw, ASKED)


@given(st.binary(max_size=80), st.integers(0, 40), st.integers(0, 255))
def test_whatever_comes_is_an_answer_or_refused(tail, place, byte):
    raw = bytearray(answer(ALIAS, ONE, count=3) + tail)
    raw[12 + place % (len(raw) - 12)] = byte
    for one in (bytes(raw), ASKED[:2] + tail):
        try:
            assert isinstance(dns.answered(one, ASKED), dns.Reply)
        except dns.DnsError:
            pass


@pytest.mark.parametrize("host", ["", "a..b", ".", "ä.de", "a b", "a" * 64, "a." * 128])
def test_what_is_no_name_is_not_asked_for(host):
    assert not dns.is_name(host)
    assert dns.is_name("db.example.com.")
