"""The health page: only a whole, proper, good answer is good."""

from __future__ import annotations

import gzip
import json
import socket
import warnings

import pytest

from agent2 import plugins
from agent2.checks.http import HttpCheck
from agent2.core.model import Code, Outcome
from agent2.plan.secret import Secret
from tests.contract.probing import all_gone, ask, children, closed_again, descriptors
from tests.fakes import certificates
from tests.fakes.health_server import chunked, document, http, raw

OK = '{"status": "ok"}'


def test_a_good_answer_is_good_and_says_how_long_it_took(serve):
    server = serve(http(OK))
    finding = ask(HttpCheck(url=server.url))
    assert (finding.outcome, finding.code) == (Outcome.OK, Code.OK)
    assert finding.detail == "HTTP 200, status ok"
    names = [name for name, _ in finding.timings]
    assert names == ["connect", "first_byte", "total"]
    assert finding.response_s == dict(finding.timings)["total"] > 0


def test_the_request_is_plain_and_asks_for_no_compression(serve):
    server = serve(http(OK))
    ask(HttpCheck(url=server.url + "?detailed=true#top"))
    lines = server.wait(1)[0].raw.decode().split("\r\n")
    assert lines[0] == "GET /api/health?detailed=true HTTP/1.1"
    assert f"Host: 127.0.0.1:{server.port}" in lines
    assert "Accept-Encoding: identity" in lines
    assert "Connection: close" in lines


GOOD = {
    "length": http(OK),
    "chunked": chunked(OK.encode()),
    "two chunks": chunked(b'{"status"', b': "ok"}'),
    "chunk extension": raw(
        "HTTP/1.1 200 OK",
        "Transfer-Encoding: chunked",
        body=b"10;a=b\r\n" + OK.encode() + b"\r\n0\r\nTrailer: x\r\n\r\n",
    ),
    "until close": raw(
        "HTTP/1.0 200 OK", "Content-Type: application/json", body=OK.encode()
    ),
    "100-continue": raw("HTTP/1.1 100 Continue")
    + raw("HTTP/1.1 103 Early Hints", "Link: x")
    + http(OK),
    "no reason": raw("HTTP/1.1 200", "Content-Length: 16", body=OK.encode()),
    "identity": http(OK, 200, "Content-Encoding: identity"),
    "full document": http(
        document(
            timestamp="x",
            uptime_seconds=1.5,
            components={"database": "ok"},
            metrics={"cpu_percent": 1},
        )
    ),
    "white space": http(f" \r\n\t{OK}\n"),
    "chinese": http(document(note="健康")),
    "extra bytes": http(OK) + b"more",
}


@pytest.mark.parametrize("answer", GOOD.values(), ids=GOOD)
def test_every_proper_way_to_answer_is_understood(serve, answer):
    assert ask(HttpCheck(url=serve(answer).url)).code is Code.OK


@pytest.mark.parametrize("name", ["length", "chunked", "until close", "100-continue"])
def test_an_answer_in_single_bytes_is_understood(serve, name):
    server = serve(GOOD[name], after="drip")
    server.drip = lambda wire, content, _every: [
        wire.sendall(bytes([b])) for b in content
    ]
    assert ask(HttpCheck(url=server.url)).code is Code.OK


BAD = {
    "500": (http(OK, 500), Code.HTTP_STATUS),
    "503 with a body": (http('{"status": "fail"}', 503), Code.HTTP_STATUS),
    "204": (raw("HTTP/1.1 204 No Content"), Code.HTTP_STATUS),
    "301": (raw("HTTP/1.1 301 Moved", "Location: http://elsewhere/"), Code.REDIRECT),
    "302": (
        raw("HTTP/1.1 302 Found", "Location: /login?token=x", "Content-Length: 0"),
        Code.REDIRECT,
    ),
    "304": (raw("HTTP/1.1 304 Not Modified"), Code.REDIRECT),
    "101": (raw("HTTP/1.1 101 Switching Protocols", "Upgrade: x"), Code.PROTO),
    "gzip": (
        http(gzip.compress(OK.encode()), 200, "Content-Encoding: gzip"),
        Code.PROTO,
    ),
    "http 0.9": (OK.encode(), Code.PROTO),
    "http 2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Code.PROTO),
    "http 3 digit": (raw("HTTP/1.1 20 OK", "Content-Length: 0"), Code.PROTO),
    "http 1.2": (raw("HTTP/1.2 200 OK", "Content-Length: 0"), Code.PROTO),
    "ssh": (b"SSH-2.0-OpenSSH_9.2\r\n", Code.PROTO),
    "nothing": (b"", Code.RESET),
    "half a head": (b"HTTP/1.1 200 OK\r\nContent-", Code.PROTO),
    "half a body": (
        raw("HTTP/1.1 200 OK", "Content-Length: 500", body=OK.encode()),
        Code.PROTO,
    ),
    "half a chunk": (
        raw("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", body=b"10\r\n{"),
        Code.PROTO,
    ),
    "no last chunk": (chunked(OK.encode(), end=b""), Code.PROTO),
    "two lengths": (
        raw(
            "HTTP/1.1 200 OK",
            "Content-Length: 16",
            "Content-Length: 17",
            body=OK.encode(),
        ),
        Code.PROTO,
    ),
    "the same length twice": (
        raw(
            "HTTP/1.1 200 OK",
            "Content-Length: 16",
            "Content-Length: 16",
            body=OK.encode(),
        ),
        Code.PROTO,
    ),
    "length and chunked": (
        raw(
            "HTTP/1.1 200 OK",
            "Content-Length: 16",
            "Transfer-Encoding: chunked",
            body=OK.encode(),
        ),
        Code.PROTO,
    ),
    "negative length": (
        raw("HTTP/1.1 200 OK", "Content-Length: -1", body=OK.encode()),
        Code.PROTO,
    ),
    "length plus": (
        raw("HTTP/1.1 200 OK", "Content-Length: +16", body=OK.encode()),
        Code.PROTO,
    ),
    "length list": (
        raw("HTTP/1.1 200 OK", "Content-Length: 16, 16", body=OK.encode()),
        Code.PROTO,
    ),
    "length arabic": (
        raw("HTTP/1.1 200 OK", "Content-Length: \xb9\xb6", body=OK.encode()),
        Code.PROTO,
    ),
    "gzip, chunked": (
        raw("HTTP/1.1 200 OK", "Transfer-Encoding: gzip, chunked"),
        Code.PROTO,
    ),
    "bare line feeds": (
        b"HTTP/1.1 200 OK\nContent-Length: 16\n\n" + OK.encode(),
        Code.PROTO,
    ),
    "folded header": (
        raw("HTTP/1.1 200 OK", "X: a", " b", "Content-Length: 16", body=OK.encode()),
        Code.PROTO,
    ),
    "space before colon": (
        raw("HTTP/1.1 200 OK", "Content-Length : 16", body=OK.encode()),
        Code.PROTO,
    ),
    "header without colon": (
        raw("HTTP/1.1 200 OK", "nonsense", body=OK.encode()),
        Code.PROTO,
    ),
    "nul in header": (
        raw("HTTP/1.1 200 OK", "X: a\0b", "Content-Length: 16", body=OK.encode()),
        Code.PROTO,
    ),
    "chunk size word": (
        raw("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", body=b"xyz\r\n"),
        Code.PROTO,
    ),
    "chunk size negative": (
        raw("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", body=b"-1\r\n"),
        Code.PROTO,
    ),
    "chunk too long": (
        raw(
            "HTTP/1.1 200 OK",
            "Transfer-Encoding: chunked",
            body=b"2\r\n{}}\r\n0\r\n\r\n",
        ),
        Code.PROTO,
    ),
    "chunk without its end": (
        raw(
            "HTTP/1.1 200 OK",
            "Transfer-Encoding: chunked",
            body=b"10\r\n" + OK.encode() + b"XX0\r\n\r\n",
        ),
        Code.PROTO,
    ),
    "endless chunk line": (
        raw("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", body=b"1" * 4000),
        Code.PROTO,
    ),
    "chunk of 4 GB": (
        raw("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", body=b"ffffffff\r\n"),
        Code.BODY_LIMIT,
    ),
    "chunks of one byte": (chunked(*[b"0"] * 40_000), Code.BODY_LIMIT),
    "100 MB": (
        raw("HTTP/1.1 200 OK", "Content-Length: 100000000", body=b"{"),
        Code.BODY_LIMIT,
    ),
    "1 MB of headers": (
        raw("HTTP/1.1 200 OK", *[f"X-{n}: {'x' * 100}" for n in range(9000)]),
        Code.BODY_LIMIT,
    ),
    "one header of 1 MB": (
        raw("HTTP/1.1 200 OK", "X: " + "x" * 1_000_000),
        Code.BODY_LIMIT,
    ),
    "64 KiB and a byte": (raw("HTTP/1.0 200 OK", body=b" " * 65536), Code.BODY_LIMIT),
    "continue for ever": (raw("HTTP/1.1 100 Continue") * 4000, Code.BODY_LIMIT),
    "empty body": (http(""), Code.JSON),
    "text body": (http("ok"), Code.JSON),
    "html": (http("<html>Sign in</html>"), Code.JSON),
    "two documents": (http(OK + OK), Code.JSON),
    "duplicate keys": (http('{"status": "fail", "status": "ok"}'), Code.JSON),
    "duplicate keys below": (
        http('{"status": "ok", "a": {"b": 1, "b": 2}}'),
        Code.JSON,
    ),
    "nan": (http('{"status": "ok", "x": NaN}'), Code.JSON),
    "infinity": (http('{"status": "ok", "x": -Infinity}'), Code.JSON),
    "33 deep": (http('{"status": "ok", "x": ' + "[" * 32 + "]" * 32 + "}"), Code.JSON),
    "10,000 deep": (http("[" * 10_000), Code.JSON),
    "number of 10,000 digits": (
        http('{"status": "ok", "x": ' + "9" * 10_000 + "}"),
        Code.JSON,
    ),
    "not utf-8": (http(b'{"status": "ok\xff"}'), Code.JSON),
    "byte order mark": (http("\ufeff" + OK), Code.JSON),
    "single quotes": (http("{'status': 'ok'}"), Code.JSON),
    "list": (http('["ok"]'), Code.SHAPE),
    "null": (http("null"), Code.SHAPE),
    "string": (http('"ok"'), Code.SHAPE),
    "no status": (http('{"state": "ok"}'), Code.SHAPE),
    "status number": (http('{"status": 200}'), Code.SHAPE),
    "status true": (http('{"status": true}'), Code.SHAPE),
    "status null": (http('{"status": null}'), Code.SHAPE),
    "status fail": (http('{"status": "fail"}'), Code.STATUS_VALUE),
    "status OK": (http('{"status": "OK"}'), Code.STATUS_VALUE),
    "status empty": (http('{"status": ""}'), Code.STATUS_VALUE),
    "status hostile": (
        http(json.dumps({"status": "\x1b[2J\u202eko\n" * 500})),
        Code.STATUS_VALUE,
    ),
    "status surrogate": (http('{"status": "\\ud800"}'), Code.STATUS_VALUE),
}


@pytest.mark.parametrize(("answer", "code"), BAD.values(), ids=BAD)
def test_every_improper_answer_fails_with_its_own_code(serve, answer, code):
    finding = ask(HttpCheck(url=serve(answer).url))
    assert (finding.outcome, finding.code) == (Outcome.FAIL, code), finding.detail


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"]
)
def test_a_reset_is_a_reset(serve, answer):
    finding = ask(HttpCheck(url=serve(answer, after="reset").url))
    assert (finding.outcome, finding.code) == (Outcome.FAIL, Code.RESET)
    assert finding.response_s is None


LATE = {
    "accepts and says nothing": (b"", "hold"),
    "does not even read": (b"", "deaf"),
    "drips its headers": (http(OK, 200, "X: " + "x" * 500), "drip"),
    "drips its body": (http(" " * 5000), "drip"),
    "drips chunks": (chunked(*[b" "] * 1000), "drip"),
    "promises more": (
        raw("HTTP/1.1 200 OK", "Content-Length: 500", body=OK.encode()),
        "hold",
    ),
    "never closes": (raw("HTTP/1.1 200 OK", body=OK.encode()), "hold"),
    "only continues": (raw("HTTP/1.1 100 Continue"), "hold"),
}


@pytest.mark.parametrize(("answer", "after"), LATE.values(), ids=LATE)
def test_the_deadline_counts_everything(serve, answer, after):
    finding = ask(HttpCheck(url=serve(answer, after=after).url), seconds=0.2)
    assert (finding.outcome, finding.code) == (Outcome.FAIL, Code.DEADLINE)
    assert finding.response_s is None


def test_an_endless_body_is_cut_at_the_limit(serve):
    server = serve(raw("HTTP/1.0 200 OK"), after="endless")
    finding = ask(HttpCheck(url=server.url))
    assert (finding.outcome, finding.code) == (Outcome.FAIL, Code.BODY_LIMIT)


def test_a_wrong_status_with_an_endless_body_is_still_the_wrong_status(serve):
    server = serve(raw("HTTP/1.0 500 Oh"), after="endless")
    assert ask(HttpCheck(url=server.url)).code is Code.HTTP_STATUS


def test_a_closed_port_is_refused_and_a_full_one_is_late():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        finding = ask(HttpCheck(url=url))
        assert (finding.outcome, finding.code) == (Outcome.FAIL, Code.REFUSED)
        taken.listen(0)
        with socket.create_connection(taken.getsockname()), socket.socket() as second:
            second.setblocking(False)
            second.connect_ex(taken.getsockname())
            assert ask(HttpCheck(url=url), 0.2).code is Code.DEADLINE


def test_a_redirect_names_where_to_without_the_query(serve):
    finding = ask(HttpCheck(url=serve(BAD["302"][0]).url))
    assert "/login" in finding.detail
    assert "token" not in finding.detail


def test_a_foreign_word_is_shown_cut_and_escaped(serve):
    finding = ask(HttpCheck(url=serve(BAD["status hostile"][0]).url))
    assert "\\x1b" in finding.detail
    assert len(finding.detail) < 100


def test_a_list_of_status_codes_is_believed(serve):
    server = serve(http(OK, 503))
    assert ask(HttpCheck(url=server.url, status=(200, 503))).code is Code.OK
    moved = serve(raw("HTTP/1.1 302 Found", "Location: /x", "Content-Length: 0"))
    assert ask(HttpCheck(url=moved.url, status=(302,), json=False)).code is Code.OK


def test_without_json_the_status_code_is_enough(serve):
    assert ask(HttpCheck(url=serve(http("welcome")).url, json=False)).code is Code.OK
    empty = serve(raw("HTTP/1.1 204 No Content"))
    assert ask(HttpCheck(url=empty.url, json=False, status=(204,))).code is Code.OK


def test_a_page_of_plain_text_is_well_where_the_words_stand_in_it(serve):
    url = serve(http("nginx is healthy\n")).url
    found = ask(HttpCheck(url=url, body_contains="healthy"))
    assert (found.outcome, found.code) == (Outcome.OK, Code.OK)
    assert found.detail == "HTTP 200, 'healthy' is in its body"
    found = ask(HttpCheck(url=url, body_contains="ready"))
    assert (found.outcome, found.code) == (Outcome.FAIL, Code.SHAPE)
    assert found.detail == "HTTP 200, 'ready' is not in its body"
    sick = serve(http("nginx is healthy", 503)).url
    assert ask(HttpCheck(url=sick, body_contains="healthy")).code is Code.HTTP_STATUS
    slow = ask(HttpCheck(url=url, body_contains="healthy", slow=1e-9))
    assert (slow.outcome, slow.code) == (Outcome.OK, Code.SLOW)


def test_a_degraded_word_warns_and_fails_only_when_strict(serve):
    server = serve(http('{"status": "warn"}'))
    finding = ask(HttpCheck(url=server.url))
    assert (finding.outcome, finding.code) == (Outcome.OK, Code.STATUS_VALUE)
    finding = ask(HttpCheck(url=server.url, strict=True))
    assert (finding.outcome, finding.code) == (Outcome.FAIL, Code.STATUS_VALUE)


def test_the_healthy_words_can_be_chosen(serve):
    server = serve(http('{"status": "UP"}'))
    assert ask(HttpCheck(url=server.url, healthy=("UP",))).code is Code.OK


COMPONENTS = [
    ({"database": "ok"}, True),
    ({"database": {"status": "ok", "ms": 3}}, True),
    ({"database": "down"}, False),
    ({"database": {"status": "down"}}, False),
    ({"database": {}}, False),
    ({"database": None}, False),
    ({}, False),
    ("ok", False),
]


@pytest.mark.parametrize(("components", "good"), COMPONENTS)
def test_a_component_must_have_its_value(serve, components, good):
    server = serve(http(document(components=components)))
    check = HttpCheck(url=server.url, components={"components.database": "ok"})
    finding = ask(check)
    expected = (Outcome.OK, Code.OK) if good else (Outcome.FAIL, Code.COMPONENT)
    assert (finding.outcome, finding.code) == expected
    assert good or "components.database" in finding.detail


def test_a_component_fails_even_a_degraded_service(serve):
    server = serve(http(document(status="warn", db="down")))
    check = HttpCheck(url=server.url, components={"db": "ok"})
    assert ask(check).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("metrics", "named"),
    [
        (
            {"cpu_percent": 81, "memory_mb": 513},
            ["cpu_percent is 81", "memory_mb is 513"],
        ),
        ({"cpu_percent": 80, "memory_mb": 512}, []),
        ({"cpu_percent": "99"}, []),
        ({"cpu_percent": True}, []),
        ({}, []),
    ],
)
def test_metrics_above_their_limit_warn(serve, metrics, named):
    server = serve(http(document(metrics=metrics)))
    limits = {"cpu_percent": 80.0, "memory_mb": 512.0}
    finding = ask(HttpCheck(url=server.url, metrics=limits))
    assert finding.outcome is Outcome.OK
    assert finding.code is (Code.COMPONENT if named else Code.OK)
    assert all(text in finding.detail for text in named)


@pytest.mark.parametrize(("database", "code"), [(501, Code.COMPONENT), (499, Code.OK)])
def test_a_dependency_that_takes_longer_than_its_own_limit_warns(serve, database, code):
    times = {"database": database, "model": 2900}
    server = serve(http(document(metrics={"rely_server_request_time": times})))
    name = "rely_server_request_time"
    limits = {f"{name}.database": 500.0, f"{name}.model": 3000.0}
    finding = ask(HttpCheck(url=server.url, metrics=limits))
    assert (finding.outcome, finding.code) == (Outcome.OK, code)
    told = f"{name}.database is 501, above 500"
    assert finding.detail.endswith(told if database == 501 else "ok")


def test_a_slow_answer_warns_and_is_still_an_answer(serve):
    server = serve(http(OK), after="drip")
    server.pause = 0.002
    finding = ask(HttpCheck(url=server.url, slow=0.05))
    assert (finding.outcome, finding.code) == (Outcome.OK, Code.SLOW)
    assert finding.response_s > 0.05
    assert ask(HttpCheck(url=server.url, slow=0.0)).code is Code.OK


def test_a_flaky_service_is_asked_again_within_one_check(serve):
    server = serve(http(OK, 503), b"", http(OK))
    check = HttpCheck(url=server.url, max_retry=3, retry_delay=0.01)
    finding = ask(check)
    assert finding.code is Code.OK
    assert "attempt 3 of 3" in finding.detail
    assert len(server.wait(3)) == 3


def test_the_tries_end_with_the_deadline(serve):
    server = serve(http(OK, 503))
    check = HttpCheck(url=server.url, max_retry=100, retry_delay=0.05)
    finding = ask(check, seconds=0.2)
    # The last try may be cut by the deadline itself.
    assert finding.code in {Code.HTTP_STATUS, Code.DEADLINE}
    assert "of 100" in finding.detail
    assert len(server.received) <= 5


def test_proxies_and_netrc_of_the_environment_are_ignored(serve, tmp_path, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    (tmp_path / ".netrc").chmod(0o600)
    server = serve(http(OK))
    assert ask(HttpCheck(url=server.url)).code is Code.OK
    request = server.wait(1)[0].raw.lower()
    assert b"authorization" not in request
    assert request.startswith(b"get /api/health ")


def test_a_secret_header_is_sent_and_never_shown(serve, monkeypatch):
    monkeypatch.setenv("TOKEN", "topsecret")
    server = serve(http('{"status": "fail"}'))
    check = HttpCheck(
        url=server.url, headers={"Authorization": Secret("Bearer ${TOKEN}")}
    )
    finding = ask(check)
    assert b"\r\nAuthorization: Bearer topsecret\r\n" in server.wait(1)[0].raw
    assert "topsecret" not in finding.detail + repr(check)


@pytest.mark.parametrize("text", ["${NOT_SET_ANYWHERE}", "a\r\nX-Evil: 1", "健康"])
def test_a_header_that_cannot_be_sent_is_our_trouble_and_never_shown(serve, text):
    server = serve(http(OK))
    source = Secret(text.replace("$$", "$"))
    finding = ask(HttpCheck(url=server.url, headers={"X": source}))
    assert (finding.outcome, finding.code) == (Outcome.ERROR, Code.INTERNAL)
    assert text not in finding.detail
    assert not server.received


def test_a_name_is_resolved_and_localhost_needs_no_resolver(serve):
    server = serve(http(OK))
    url = f"http://localhost:{server.port}/"
    assert ask(HttpCheck(url=url)).code is Code.OK
    finding = ask(HttpCheck(url="http://no-such-host.invalid/", allow_insecure=True))
    assert (finding.outcome, finding.code) == (Outcome.FAIL, Code.DNS)


def test_an_ipv6_address_is_asked():
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with listener:
        port = listener.getsockname()[1]
        assert ask(HttpCheck(url=f"http://[::1]:{port}/"), 0.1).code is Code.DEADLINE


def test_no_descriptor_left_is_our_trouble_and_not_the_targets(serve):
    import resource

    server = serve(http(OK))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    from agent2.host.reactor import Reactor

    reactor = Reactor()
    try:
        coroutine = HttpCheck(url=server.url).probe(reactor, reactor.now() + 5)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            task = reactor.spawn(coroutine)
            task.waiter = reactor.stop
            reactor.run()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    finally:
        reactor.close()
    assert task.error is None
    assert (task.result.outcome, task.result.code) == (Outcome.ERROR, Code.INTERNAL)


def test_nothing_stays_open_after_any_answer(serve):
    servers = [serve(answer) for answer, _ in BAD.values()]
    servers += [serve(a, after="hold") for a in (b"", b"HTTP/1.1 200 OK\r\n")]
    before, born = descriptors(), children()
    with warnings.catch_warnings(record=True) as left_to_chance:
        warnings.simplefilter("always", ResourceWarning)
        for server in servers:
            ask(HttpCheck(url=server.url), 0.1)
    assert [w for w in left_to_chance if "peer" in str(w) or "raddr" in str(w)] == []
    for server in servers:
        server._stopped.set()
    assert closed_again(before)
    assert all_gone(born)


URLS = {
    "http://user:pw@host/": "user name",
    "http://user@host/": "user name",
    "ftp://host/": "http://",
    "host/health": "http://",
    "http:///path": "http://",
    "http://host:0/": "port 0",
    "http://host:65536/": "port 65536",
    "http://host:x/": "http://",
    "http://ho st/": "http://",
    "http://host/a b": "http://",
    "http://host/\r\nX: 1": "percent",
    "http://hôte/": "percent",
    "": "http://",
}


@pytest.mark.parametrize(("url", "why"), URLS.items())
def test_a_url_that_cannot_be_asked_is_named_and_never_asked(url, why):
    check = HttpCheck(url=url)
    fields = {field: what for field, what, _hint in check.problems()}
    assert why in fields["url"]
    assert "pw" not in fields["url"]
    assert ask(check).outcome is Outcome.ERROR


def test_plain_http_to_another_machine_must_be_allowed():
    far = {"url": "http://192.0.2.1/health"}
    assert [field for field, *_ in HttpCheck(**far).problems()] == ["url"]
    assert not list(HttpCheck(**far, allow_insecure=True).problems())
    for near in (
        "http://127.8.8.8/",
        "http://localhost/",
        "http://[::1]:80/",
        "https://a.b/",
    ):
        assert not list(HttpCheck(url=near).problems())


PROBLEMS = [
    ({"status": ()}, "status"),
    ({"status": (100,)}, "status"),
    ({"healthy": ()}, "healthy"),
    ({"degraded": ("ok",)}, "degraded"),
    ({"max_retry": 0}, "max_retry"),
    ({"slow": -1.0}, "slow"),
    ({"retry_delay": -1.0}, "retry_delay"),
    ({"headers": {"Bad Name": "x"}}, "headers"),
    ({"headers": {"Content-Length": "1"}}, "headers"),
]


@pytest.mark.parametrize(("options", "field"), PROBLEMS)
def test_options_that_contradict_are_named(options, field):
    check = HttpCheck(url="http://127.0.0.1/", **options)
    assert [name for name, *_ in check.problems()] == [field]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return certificates.make(tmp_path_factory.mktemp("tls"))


def test_https_is_verified_and_timed(serve, certificate):
    server = serve(http(OK), tls=certificate.server())
    options = {"ca_file": str(certificate.ca_file), "slow": 0.0}
    finding = ask(HttpCheck(url=server.url, **options))
    assert (finding.outcome, finding.code) == (Outcome.OK, Code.OK), finding.detail
    names = [name for name, _ in finding.timings]
    assert names == ["dns", "connect", "tls", "first_byte", "total"]


def test_https_with_a_stranger_s_certificate_fails(serve, certificate, tmp_path):
    server = serve(http(OK), tls=certificate.server())
    other = certificates.make(tmp_path, "other.example")
    assert ask(HttpCheck(url=server.url)).code is Code.TLS
    wrong_name = serve(http(OK), tls=other.server())
    finding = ask(HttpCheck(url=wrong_name.url, ca_file=str(other.ca_file)))
    assert (finding.outcome, finding.code) == (Outcome.FAIL, Code.TLS)


def test_https_to_a_plain_port_and_with_no_ca_file(serve, certificate):
    server = serve(http(OK))
    url = server.url.replace("http:", "https:")
    assert ask(HttpCheck(url=url, ca_file=str(certificate.ca_file)), 1.0).code in (
        Code.TLS,
        Code.DEADLINE,
    )
    assert ask(HttpCheck(url=url, ca_file="/nowhere.pem")).outcome is Outcome.ERROR


@pytest.mark.parametrize(
    "name", ["gzip", "500", "302", "duplicate keys", "100 MB", "nothing", "half a body"]
)
def test_https_has_the_same_rules(serve, certificate, name):
    answer, code = BAD[name]
    server = serve(answer, tls=certificate.server())
    finding = ask(HttpCheck(url=server.url, ca_file=str(certificate.ca_file)))
    assert (finding.outcome, finding.code) == (Outcome.FAIL, code)


@pytest.mark.parametrize("name", ["accepts and says nothing", "drips its headers"])
def test_https_has_the_same_deadline(serve, certificate, name):
    answer, after = LATE[name]
    server = serve(answer, after=after, tls=certificate.server())
    before = descriptors()
    finding = ask(HttpCheck(url=server.url, ca_file=str(certificate.ca_file)), 0.5)
    assert (finding.outcome, finding.code) == (Outcome.FAIL, Code.DEADLINE)
    server.close()
    assert closed_again(before)


def test_the_table_of_plugins_leads_here():
    assert plugins.load("checks", "http") is HttpCheck
