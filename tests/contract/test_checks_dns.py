"""The name check against a server that answers, lies, cuts, and says nothing."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest

from agent2.checks.dns import DnsCheck
from agent2.core.model import Code, Outcome
from tests.contract.probing import ask
from tests.ports import reserved


class Names:
    """A name server on both transports; ``replies(asked, over_tcp)`` gives datagrams."""

    def __init__(self, replies):
        self.replies = replies
        self.asked = 0
        self.tcp = socket.create_server(("127.0.0.1", reserved()))
        self.port = self.tcp.getsockname()[1]
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.threads = [
            threading.Thread(target=target) for target in (self.datagrams, self.streams)
        ]
        for thread in self.threads:
            thread.start()

    def datagrams(self):
        while True:
            asked, who = self.udp.recvfrom(4096)
            if asked == b"end":
                return
            self.asked += 1
            for reply in self.replies(asked, False):
                self.udp.sendto(reply, who)

    def streams(self):
        while True:
            peer, _ = self.tcp.accept()
            with peer:
                asked = peer.recv(4096)[2:]
                if not asked:
                    return
                for reply in self.replies(asked, True):
                    peer.sendall(len(reply).to_bytes(2, "big") + reply)

    def close(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"end", ("127.0.0.1", self.port))
        socket.create_connection(("127.0.0.1", self.port)).close()
        for thread in self.threads:
            thread.join()
        self.udp.close()
        self.tcp.close()


@pytest.fixture
def serve():
    with contextlib.ExitStack() as stack:

        def start(replies):
            made = Names(replies)
            stack.callback(made.close)
            return made

        yield start


def answer(asked, *addresses, flags=0x8180, number=None):
    records = b"".join(
        b"\xc0\x0c" + asked[-4:] + bytes(4) + len(a).to_bytes(2, "big") + a
        for a in map(packed, addresses)
    )
    head = (number or asked[:2]) + flags.to_bytes(2, "big") + b"\0\1"
    return head + len(addresses).to_bytes(2, "big") + bytes(4) + asked[12:] + records


def packed(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.inet_pton(family, address)


def looked(server, seconds=5.0, **options):
    given = {"host": "db.example.com", "server": "127.0.0.1", "port": server.port}
    return ask(DnsCheck(**given | options), seconds)


def test_a_name_is_well_when_it_leads_where_it_should(serve):
    server = serve(lambda asked, _: [answer(asked, "192.0.2.1", "192.0.2.2")])

    well = looked(server, expect=("192.0.2.2", "192.0.2.1"))
    assert (well.outcome, well.code) == (Outcome.OK, Code.OK)
    assert well.detail == "db.example.com leads to 192.0.2.1, 192.0.2.2"
    assert looked(server).outcome is Outcome.OK
    strange = looked(server, expect=("192.0.2.1",))
    assert (strange.outcome, strange.code) == (Outcome.FAIL, Code.DNS)
    assert "leads to 192.0.2.2, expected 192.0.2.1" in strange.detail
    more = ("192.0.2.1", "192.0.2.2", "192.0.2.3")
    assert looked(server, expect=more).outcome is Outcome.OK
    lacking = looked(server, expect=more, complete=True)
    assert "without 192.0.2.3" in lacking.detail


def test_addresses_are_compared_and_not_their_spelling(serve):
    server = serve(lambda asked, _: [answer(asked, "2001:db8::1")])
    found = looked(server, type="AAAA", expect=("2001:DB8:0:0::1",))
    assert found.outcome is Outcome.OK


def test_who_answers_another_question_is_not_believed(serve):
    def replies(asked, _):
        forged = bytes([asked[0] ^ 1, asked[1]])
        return [answer(asked, "6.6.6.6", number=forged), answer(asked, "192.0.2.1")]

    assert looked(serve(replies), expect=("192.0.2.1",)).outcome is Outcome.OK


def test_a_cut_answer_is_asked_for_again_over_tcp(serve):
    def replies(asked, over_tcp):
        if over_tcp:
            return [answer(asked, *(f"192.0.2.{n}" for n in range(100)))]
        return [answer(asked, flags=0x8380)]

    assert "192.0.2.7," in looked(serve(replies)).detail
    lost = serve(lambda asked, tcp: [] if tcp else replies(asked, tcp))
    assert looked(lost).code is Code.DNS


def test_a_lost_datagram_is_sent_again(serve):
    server = serve(
        lambda asked, _: [answer(asked, "192.0.2.1")] if server.asked > 1 else []
    )
    assert looked(server).outcome is Outcome.OK
    assert server.asked == 2


def test_a_refusal_and_silence_are_failures_that_are_told_apart(serve):
    no = looked(serve(lambda asked, _: [answer(asked, flags=0x8183)]))
    assert (no.outcome, no.code) == (Outcome.FAIL, Code.DNS)
    assert "no such name" in no.detail
    assert "has no A address" in looked(serve(lambda a, _: [answer(a)])).detail
    silent = serve(lambda _asked, _tcp: [])
    found = looked(silent, 0.2)
    assert (found.outcome, found.code) == (Outcome.FAIL, Code.DNS)
    assert "in time" in found.detail


def test_the_systems_resolver_is_asked_without_a_server():
    check = DnsCheck(host="localhost", expect=("127.0.0.1",))
    assert ask(check).detail == "localhost leads to 127.0.0.1"


WRONG = [
    ({"host": "a..b"}, "host"),
    ({"host": "a", "server": "ns.example.com"}, "server"),
    ({"host": "a", "expect": ("::1",)}, "expect"),
    ({"host": "a", "complete": True}, "complete"),
]


@pytest.mark.parametrize(("options", "field"), WRONG)
def test_what_cannot_be_asked_is_refused(options, field):
    assert [name for name, _, _ in DnsCheck(**options).problems()] == [field]
