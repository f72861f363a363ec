"""``GET /api/v1/events``: nothing is missed, nothing comes twice, nobody is held up."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import time

import pytest

from agent2.store import guarded, journal, meta
from agent2.store.database import Database
from tests.live.cli_kit import Cli, until
from tests.live.web_kit import Web, compiled, read_all

pytestmark = pytest.mark.slow


def add(db, count, body=None):
    """Write so many entries in one commit; return the number of the last."""
    with db.transaction() as tx:
        for number in range(count):
            told = body or {"n": number}
            last = journal.append(tx, time.time(), "test.entry", "webui", None, told)
    return last


class Listener:
    """One event stream, read by hand: ``next()`` is ``(id, event, document)``."""

    def __init__(self, web, last="", **headers):
        self.socket = web.connect()
        named = {"Last-Event-ID": last} if last else {}
        lines = ["GET /api/v1/events HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name}: {each}" for name, each in (named | headers).items()]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self.buffer = b""
        self.chunks = b""
        while b"\r\n\r\n" not in self.chunks:
            self.chunks += self.socket.recv(65536)
        head, _, self.chunks = self.chunks.partition(b"\r\n\r\n")
        self.head = head.decode().lower()

    def _more(self):
        """Take one chunk (RFC 9112, 7.1) into the buffer; False at the end."""
        while True:
            size, found, rest = self.chunks.partition(b"\r\n")
            if found and len(rest) >= int(size, 16) + 2:
                length = int(size, 16)
                self.buffer += rest[:length]
                self.chunks = rest[length + 2 :]
                return length > 0
            part = self.socket.recv(1 << 20)
            if not part:
                return False
            self.chunks += part

    def next(self):
        deadline = time.monotonic() + 60
        while True:
            while b"\n\n" not in self.buffer:
                assert time.monotonic() < deadline, "nothing but beats"
                if not self._more():
                    return None
            told, _, self.buffer = self.buffer.partition(b"\n\n")
            fields = {}
            for line in told.decode().split("\n"):
                name, _, each = line.partition(": ")
                fields[name] = each
            if "data" in fields:
                event = fields.get("event", "message")
                return fields["id"], event, json.loads(fields["data"])

    def take(self, count):
        return [self.next() for _ in range(count)]

    def close(self):
        self.socket.close()


@contextlib.contextmanager
def listening(web, last="", **headers):
    made = Listener(web, last, **headers)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("stream") / "state"
    made.mkdir()
    compiled(made, "{rate_limit: 10000, max_clients: 40}")
    return made


@pytest.fixture(scope="module")
def db(folder):
    store = Database.open(str(folder / "agent2.db"))
    meta.instance(store)
    add(store, 10)
    yield store
    store.close()


@pytest.fixture(scope="module")
def web(folder, db):
    made = Web(folder)
    yield made
    assert made.close()[::2] == (0, "")


def store_id(db):
    return meta.instance(db)


def test_a_new_listener_gets_the_state_and_then_what_happens(web, db):
    with listening(web) as one:
        assert "content-type: text/event-stream" in one.head
        assert "cache-control: no-cache, no-transform" in one.head
        assert "x-accel-buffering: no" in one.head
        number, event, state = one.next()
        assert event == "reset"
        assert number == f"{store_id(db)}.{state['journal']['seq']}"

        last = add(db, 3)
        told = one.take(3)

    assert [each[0] for each in told] == [
        f"{store_id(db)}.{n}" for n in range(last - 2, last + 1)
    ]
    assert [each[2]["body"]["n"] for each in told] == [0, 1, 2]
    assert {(each[1], each[2]["kind"]) for each in told} == {("message", "test.entry")}


def test_who_comes_back_gets_what_it_missed_and_no_more(web, db):
    begin = journal.last(db)
    last = add(db, 450)
    with listening(web, f"{store_id(db)}.{begin}") as one:
        told = one.take(450)
        add(db, 2)
        told += one.take(2)

    numbers = [each[2]["seq"] for each in told]
    assert numbers == list(range(begin + 1, last + 3))
    with listening(web, f"{store_id(db)}.{last + 2}") as one:  # nothing missed
        add(db, 1)
        assert one.next()[2]["seq"] == last + 3


def test_who_knows_more_than_was_told_yet_is_believed(web, db):
    """Its id is from ``/api/v1/state``, ahead of what the others were sent."""
    with listening(web) as one:
        one.next()
        for _ in range(5):
            last = add(db, 1)
            with listening(web, f"{store_id(db)}.{last}") as other:
                add(db, 1)
                assert other.next()[2]["seq"] == last + 1


@pytest.mark.parametrize(
    "named",
    ["abcabcabcabc.1", "{store}.999999999", "{store}.x", "nonsense", "{store}."],
)
def test_who_names_a_place_that_is_none_begins_anew(web, db, named):
    with listening(web, named.format(store=store_id(db))) as one:
        assert one.next()[1] == "reset"


def test_who_was_away_too_long_begins_anew(web, db):
    begin = journal.last(db)
    add(db, 1001)
    with listening(web, f"{store_id(db)}.{begin}") as one:
        assert one.next()[1] == "reset"
    with listening(web, f"{store_id(db)}.{begin + 1}") as one:
        assert one.next()[1] == "message"
    with db.transaction() as tx:
        tx.execute("DELETE FROM journal WHERE seq < ?", (begin + 500,))
    with listening(web, f"{store_id(db)}.{begin + 100}") as one:
        assert one.next()[1] == "reset"
    with listening(web, f"{store_id(db)}.{begin + 600}") as one:
        assert one.next()[2]["seq"] == begin + 601


def test_a_killed_program_leaves_no_gap_and_no_repeat(folder, db, tmp_path):
    """It is killed again and again while entries come; one listener sees them all."""
    words = [f"--socket={tmp_path}/web.sock"]
    other = tmp_path / "state"
    other.mkdir()
    store = Database.open(str(other / "agent2.db"))
    place = f"{meta.instance(store)}.0"
    seen, written = [], 0
    for _ in range(3):
        web = Web(other, *words)
        with listening(web, place) as one:
            for _ in range(3):
                written = add(store, 5)
                while not seen or seen[-1] < written:
                    place, event, told = one.next()
                    assert event == "message"
                    seen.append(told["seq"])
            written = add(store, 5)  # perhaps told, perhaps not
            web.child.send_signal(signal.SIGKILL)
            with contextlib.suppress(OSError):
                while (told := one.next()) is not None:
                    place = told[0]
                    seen.append(told[2]["seq"])
        web.close()
    web = Web(other, *words)
    with listening(web, place) as one:
        while seen[-1] < written:
            seen.append(one.next()[2]["seq"])
    web.close()
    store.close()
    assert seen == list(range(1, written + 1))


def test_another_store_in_its_place_is_told_at_once(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir()
    path = str(folder / "agent2.db")
    first = Database.open(path)
    meta.instance(first)
    add(first, 5)
    web = Web(folder)
    try:
        with listening(web) as one:
            assert one.next()[1] == "reset"
            first.close()
            for name in os.listdir(folder):
                if name.startswith("agent2.db") and not name.endswith(".lock"):
                    os.unlink(folder / name)
            second = Database.open(path)
            new = meta.instance(second)
            add(second, 1)
            number, event, _ = one.next()
            assert (event, number.partition(".")[0]) == ("reset", new)
            assert one.next() is None  # and it ends: come back from there
        with listening(web, number) as one:
            last = add(second, 1)
            told = [one.next()[2]["seq"]]
            while told[-1] < last:
                told.append(one.next()[2]["seq"])
        assert told == list(range(told[0], last + 1))
        second.close()
    finally:
        web.close()


def test_who_does_not_read_is_dropped_and_holds_up_nobody(web, db):
    def stream():
        return web.get("/api/health?detailed=true").json["stream"]

    before = stream()
    deaf = [Listener(web) for _ in range(2)]
    for each in deaf:
        each.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with listening(web) as one:
        one.next()
        wanted = 0
        while stream()["dropped"] < before["dropped"] + 2:
            add(db, 50, {"x": "y" * 20_000})
            wanted += 50
            told = one.take(50)
            assert len(told) == 50
            assert wanted < 20_000
        assert web.get("/livez").status == 200
        assert stream()["clients"] == 1
    for each in deaf:
        each.close()
    assert until(lambda: stream()["clients"] == 0)


def test_a_quiet_stream_beats(web, db):
    with listening(web) as one:
        one.next()
        one.socket.settimeout(60)
        while b": beat" not in one.buffer:
            assert one._more()


def test_there_is_room_for_so_many_and_the_others_are_told_when_to_come_again(web):
    held = [Listener(web) for _ in range(20)]
    try:
        got = web.get("/api/v1/events")
        assert (got.status, got.json["code"]) == (503, "full")
        assert got.headers["retry-after"] == "5"
        assert web.get("/livez").status == 200
    finally:
        for one in held:
            one.close()
    assert until(lambda: "200" in Listener(web).head)


def test_a_head_of_the_stream_ends_and_foreign_hosts_get_none(web):
    got = web.ask("HEAD", "/api/v1/events")
    assert (got.status, got.headers["content-type"]) == (
        200,
        "text/event-stream; charset=utf-8",
    )
    assert web.get("/api/v1/events", Host="evil.example").status == 421
    assert web.get("/api/v1/events", Origin="http://evil.example").status == 403


def test_term_ends_the_streams_in_time(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir()
    db = Database.open(str(folder / "agent2.db"))
    web = Web(folder)
    held = [Listener(web) for _ in range(10)]
    for _ in range(3):
        assert web.get("/api/v1/events", Host="evil.example").status == 421

    assert web.close()[::2] == (0, "")
    now = time.time()
    assert guarded.guarded(db, now - 600, now).refused == {"foreign_host": 3}
    db.close()

    for one in held:
        one.socket.settimeout(30)
        read_all(one.socket)
        one.close()


def test_the_command_follows_and_takes_up_where_it_was(folder, db, web, tmp_path):
    cli = Cli(tmp_path, AGENT2_HOME=str(folder))
    begin = journal.last(db)
    add(db, 3)
    since = f"{store_id(db)}.{begin}"

    told = cli("events", "follow", "--since", since, "--count", "3", "--json")
    plain = cli("events", "follow", "--since", since, "--count", "1")

    assert told.code == 0, told
    lines = [json.loads(line) for line in told.out.splitlines()]
    assert [one["data"]["seq"] for one in lines] == [begin + 1, begin + 2, begin + 3]
    assert "test.entry  webui  n=0" in plain.out
    assert cli("events").code == 2


def test_without_the_web_program_nothing_can_be_followed(tmp_path):
    told = Cli(tmp_path)("events", "--follow")

    assert (told.code, "agent2 web start" in told.err) == (69, True)
