"""Hostile clients: every refusal is one JSON document with the right status."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agent2.store.database import Database
from agent2.web import protocol
from agent2.web.limits import RateLimit
from agent2.web.words import EN, ZH
from tests.live.cli_kit import Cli, holding, until
from tests.live.web_kit import Web, compiled, read_all
from tests.ports import reserved

pytestmark = pytest.mark.slow
STATUS = {"status": "monitoring", "seq": 1, "targets": [{"name": "webui"}]}
EVENT = {"type": "X", "subject": "s"}
TWO_LENGTHS = (
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /livez HTTP/1.1\r\n\r\n"
)


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile") / "state"
    folder.mkdir()
    Database.open(str(folder / "agent2.db")).close()
    (folder / "agent2_status.json").write_text(json.dumps(STATUS))
    (folder / "secret.txt").write_text("canary")
    compiled(folder, "{rate_limit: 10000}")
    made = Web(folder)
    yield made
    code, _, err = made.close()
    assert (code, err) == (0, "")
    log = (folder / "web.log").read_text()
    assert "ERROR" not in log, log


def refused(got, status, code):
    assert (got.status, got.json.get("code")) == (status, code), got
    assert set(got.json) == {"error", "code", "hint"}
    assert got.headers["content-type"] == "application/json"
    assert "default-src 'none'" in got.headers["content-security-policy"]
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["connection"] == "close"
    assert "server" not in got.headers
    return got


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:80",
        "evil.example:8642",
        "127.0.0.1:80:80",
        "127.0.0.1:x",
        "user@127.0.0.1",
        "[::1",
        "",
    ],
)
def test_a_name_that_was_bent_to_this_machine_is_refused(web, host):
    refused(web.get("/api/v1/state", Host=host), 421, "foreign_host")


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:8642"]
)
def test_an_address_cannot_be_bent(web, host):
    assert web.get("/livez", Host=host).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://["},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_a_foreign_page_changes_nothing_even_with_the_token(web, headers):
    refused(web.post("/api/v1/events", EVENT, **headers), 403, "foreign_origin")


def test_a_page_of_ours_may(web):
    own = {"Origin": web.url.rstrip("/"), "Sec_Fetch_Site": "same-origin"}
    assert web.post("/api/v1/events", EVENT, **own).status == 202
    assert web.get("/livez", Origin="http://evil.example").status == 403


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("", "no_token"),
        ("Bearer", "no_token"),
        ("Basic dXNlcjpwYXNz", "no_token"),
        ("Bearer wrong", "wrong_token"),
        ("Bearer \xe9", "wrong_token"),
        ("Bearer {token}x", "wrong_token"),
    ],
)
def test_without_the_token_nothing_changes(web, given, code):
    header = given.format(token=web.token)
    for path in ("/api/v1/events", "/api/v1/gates", "/api/v1/config/reload", "/nix"):
        got = web.post(path, EVENT, Authorization=header)
        refused(got, 401, code)
        assert got.headers["www-authenticate"].startswith("Bearer")


def test_a_new_token_in_the_file_counts_at_once(web):
    old = web.token
    path = f"{web.state_dir}/web.token"
    with open(path, "w") as file:
        file.write("n" * 40)
    try:
        assert web.post("/api/v1/events", EVENT, token=old).status == 401
        assert web.post("/api/v1/events", EVENT).status == 202
    finally:
        with open(path, "w") as file:
            file.write(old)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{", "bad_json"),
        (b"\xff\xfe", "bad_json"),
        (b'{"a": NaN}', "bad_json"),
        (b'{"a": 1e999}', "bad_json"),
        (b"[" * 200_000, "bad_json"),
        (b"9" * 10_000, "bad_json"),
        (b'"text"', "bad_field"),
        (b"null", "bad_field"),
        (b'{"type": "X", "subject": "\\ud800"}', "bad_field"),
        (b'{"type": "X", "subject": "s", "at": "never"}', "bad_field"),
        (b'{"type": "X", "subject": "s", "payload": ' + b"[" * 90 + b"]" * 90 + b"}",
         "bad_field"),
        (b'{"type": "X", "subject": "s", "payload": {"a":' + b"[" * 90 + b"]" * 90 + b"}}",
         "bad_field"),
    ],
)  # fmt: skip
def test_a_body_that_is_no_good_is_refused(web, body, why):
    told = {"Authorization": f"Bearer {web.token}", "Content-Type": "application/json"}

    refused(web.ask("POST", "/api/v1/events", body, told), 400, why)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Type": "text/plain"},
        {"Content_Type": "application/x-www-form-urlencoded"},
        {"Content_Type": ""},
        {"Content_Encoding": "gzip"},
    ],
)
def test_what_is_not_said_to_be_json_is_refused(web, headers):
    refused(web.post("/api/v1/events", EVENT, **headers), 415, "not_json")


def test_many_large_bodies_at_once_are_read_one_at_a_time(web):
    """A body of a mebibyte is fifteen when it is read; a kind client sends few."""
    body = b"[" + b'"ab",' * 200_000 + b"{}]"
    named = {"Authorization": f"Bearer {web.token}", "Content-Type": "application/json"}
    with ThreadPoolExecutor(6) as pool:
        told = [
            pool.submit(web.ask, "POST", "/api/v1/events", body, named)
            for _ in range(6)
        ]
    for one in told:
        refused(one.result(), 400, "bad_field")
    status = Path(f"/proc/{web.child.pid}/status").read_text()
    (most,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
    assert int(most) < 90 * 1024


def test_a_body_of_very_many_parts_is_refused_before_it_is_read(web):
    body = b"[" + b'{"a":[]},' * 110_000 + b"{}]"
    told = {"Authorization": f"Bearer {web.token}", "Content-Type": "application/json"}
    refused(web.ask("POST", "/api/v1/events", body, told), 400, "bad_json")


def test_a_body_that_is_too_large_is_refused_before_it_is_read(web):
    head = (
        "POST /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {web.token}\r\nContent-Type: application/json\r\n"
    )
    told = web.raw(f"{head}Content-Length: 10485760\r\n\r\n".encode())
    assert told.startswith(b"HTTP/1.1 413 ")

    with web.connect() as made:  # a chunked one says no length
        made.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        with contextlib.suppress(OSError):
            for _ in range(160):
                made.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        told = read_all(made)
    assert told == b"" or told.startswith(b"HTTP/1.1 413 ")
    assert web.get("/livez").status == 200


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "X"])
def test_other_methods_are_refused(web, method):
    told = {"Authorization": f"Bearer {web.token}"}

    got = refused(web.ask(method, "/api/v1/state", None, told), 405, "method")

    assert "GET" in got.headers["allow"]
    assert web.ask(method, "/api/v1/state").status == 401
    both = web.ask(method, "/api/v1/events", None, told)
    assert set(both.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}
    assert not [name for name in got.headers if name.startswith("access-control")]


def test_a_head_of_twenty_thousand_bytes_is_refused(web):
    refused(web.get("/livez", X_Long="y" * 20_000), 431, "long_head")


def test_a_get_with_a_body_is_refused(web):
    refused(web.ask("GET", "/livez", b"{}"), 400, "body_unwanted")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/api/v1/targets/..%2f..%2fsecret.txt",
        "/static/../secret.txt",
        "//evil.example/",
        "/api/v1/state/",
        "/%00",
        "/%zz%",
        "/%ff%fe",
        "/api/v1/badge/..%2fx/state.svg",
        "/" + "a" * 8000,
        "/%0d%0aX-Evil:%201",
        "/<script>alert(1)</script>",
        "http://evil.example/livez",
    ],
)
def test_a_path_leads_nowhere_but_to_a_route(web, path):
    told = web.raw(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    head, _, body = told.partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 404 "), head
    assert json.loads(body)["code"] in ("not_found", "unknown")
    assert b"x-evil" not in head.lower()
    assert b"canary" not in body
    assert len(body) < 1000


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA B: c\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 700_000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        TWO_LENGTHS,
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused(web, raw):
    told = web.raw(raw)

    assert told == b"" or told.startswith(b"HTTP/1.1 400 "), told[:200]
    if told:
        assert json.loads(told.partition(b"\r\n\r\n")[2])["code"] == "bad_request"
    assert web.get("/livez").status == 200


@pytest.mark.parametrize(
    "query",
    [
        "incidents?limit=0", "incidents?limit=501", "incidents?limit=x", "outbox?cursor=x",
        "incidents?limit=" + "9" * 5000, "outbox?state=nix", "incidents?open=maybe",
        "audit?cursor=-1", "history", "history?target=a&cursor=%C2%B2", "uptime",
        "audit?limit=%D9%A3", "targets?cursor=" + "9" * 30,
    ],
)  # fmt: skip
def test_a_parameter_that_is_no_good_is_refused(web, query):
    refused(web.get(f"/api/v1/{query}"), 400, "bad_query")


def test_a_refusal_speaks_the_clients_language(web):
    got = web.get("/nix", Accept_Language="zh-CN,zh;q=0.9,en;q=0.8")
    assert "没有内容" in got.json["error"]
    assert "there is nothing" in web.get("/nix", Accept_Language="de").json["error"]
    assert EN.keys() == ZH.keys()


def test_clients_who_never_finish_are_given_up_and_hold_up_nobody(web):
    """All are begun at once; the program's own deadline ends them."""
    token = f"Authorization: Bearer {web.token}\r\nContent-Type: application/json\r\n"
    half = [
        b"",
        b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ",
        f"POST /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n{token}".encode()
        + b"Content-Length: 100\r\n\r\n{",
    ]
    begun = time.monotonic()
    made = [web.connect() for _ in half for _ in range(3)]
    for one, data in zip(made, half * 3, strict=True):
        one.sendall(data)

    while time.monotonic() - begun < protocol.HEAD_S:  # a trickle resets no clock
        assert web.get("/livez").status == 200
        for one in made[1::3]:
            with contextlib.suppress(OSError):
                one.sendall(b"x")
        time.sleep(0.5)

    for one in made:
        one.settimeout(60)
        told = read_all(one)
        assert told == b"" or b'"slow_body"' in told
        one.close()


def test_too_many_clients_or_requests_hear_that_it_is_so(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir()
    compiled(folder, "{rate_limit: 2}")  # fewer than the slowest machine answers
    Database.open(str(folder / "agent2.db")).close()
    web = Web(folder)
    held = []

    def refused_one():
        held.append(web.connect())
        if len(held) <= 128:
            return b""
        held[-1].settimeout(0.5)
        with contextlib.suppress(TimeoutError):
            return held[-1].recv(65536)

    try:
        told = until(refused_one)
        assert told.startswith(b"HTTP/1.1 503 ")
        assert json.loads(told.partition(b"\r\n\r\n")[2])["code"] == "full"
        assert b"retry-after" in told
        while held:
            held.pop().close()

        def answered():
            with web.connect() as made:
                made.sendall(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 400)
                made.shutdown(socket.SHUT_WR)
                return read_all(made)

        heard = until(lambda: b"HTTP/1.1 200 " in (told := answered()) and told)
        assert b"HTTP/1.1 429 " in heard
        assert b'"too_many"' in heard
        assert until(lambda: web.get("/livez").status == 200)
    finally:
        for one in held:
            one.close()
        web.close()


def test_the_bucket_fills_up_with_time_and_forgets_old_addresses():
    now = [0.0]
    rate = RateLimit(2.0, lambda: now[0])

    assert [rate.take("a") for _ in range(4)] == [0.0] * 4
    assert rate.take("a") == 0.5
    assert rate.take("b") == 0.0
    now[0] = 0.5
    assert (rate.take("a"), rate.take("a")) == (0.0, 0.5)
    for number in range(2000):
        rate.take(str(number))
    assert len(rate._buckets) == 1024


@pytest.mark.parametrize(
    "addresses",
    [
        [f"127.0.0.{number}" for number in range(1, 6)],
        [f"2001:db8:1:2::{number}" for number in range(1, 6)],
    ],
)
def test_who_has_many_addresses_has_one_bucket(addresses):
    rate = RateLimit(2.0, lambda: 0.0)

    assert [bool(rate.take(one)) for one in addresses] == [False] * 4 + [True]
    others = ("10.0.0.1", "10.0.0.2", "::1", "::ffff:10.0.0.3", "2001:db8:1:3::1")
    assert not any(map(rate.take, others))


def test_a_stream_of_nonsense_is_passed_over_by_who_follows(tmp_path):
    cli = Cli(tmp_path)
    cli.state.mkdir(exist_ok=True)
    good = (
        '{"at": "\\u001b[31mnow", "kind": "k", "target": "t", "body": {"x": "\\u009b"}}'
    )
    nonsense = ["5", "[]", "{}", "{", "[" * 100_000, '{"at": 1, "body": []}']
    stream = "".join(f"data: {one}\n\n" for one in [*nonsense, good])
    stream = "".join(f"x{number}: y\n" for number in range(1000)) + stream
    answer = f"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{stream}".encode()
    with socket.create_server(("127.0.0.1", reserved())) as door:
        port = door.getsockname()[1]
        (cli.state / "web.url").write_text(f"http://127.0.0.1:{port}\n")
        thread = threading.Thread(target=_answer, args=(door, answer))
        thread.start()
        with holding(cli.state / "web.pid", "agent2/web"):
            told = cli("events", "follow", "--count", "1")
        thread.join()

    assert (told.code, told.err) == (0, "")
    assert told.out == "\\x1b[31mnow  k  t  x=\\x9b\n"


def _answer(door, answer):
    other, _ = door.accept()
    with other:
        other.recv(65536)
        other.sendall(answer)
