"""A health page that wants to hurt: it costs the loop nothing and says no secret."""

from __future__ import annotations

import json
import os
import resource
import signal

import pytest

from agent2 import plugins
from agent2.checks.command import CommandCheck
from agent2.checks.http import HttpCheck
from agent2.checks.http_wire import Answer
from agent2.checks.net import ProbeError
from agent2.core.model import Code, Outcome
from agent2.plan.secret import Secret
from tests.contract.probing import ask
from tests.fakes.health_server import http, raw

CANARY = "cAnArY-7f3a91d2"
_CPU = 3  # seconds of processor time; what is asked for takes a tenth


def ended_within_its_cpu(work) -> bool:
    """Run *work* in a child that the kernel kills after some seconds of processor."""
    pid = os.fork()
    if pid == 0:
        try:
            spent = sum(os.times()[:2])
            most = int(spent) + 1 + _CPU
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_CPU, (most, most + 1))
            signal.signal(signal.SIGXCPU, signal.SIG_DFL)
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(pid, 0)[1] == 0


def feed(pieces) -> None:
    answer = Answer()
    try:
        for piece in pieces:
            if answer.feed(piece):
                return
    except ProbeError:
        return


def singly(content: bytes):
    return (bytes([byte]) for byte in content)


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
COSTLY = {
    "blanks within a header": [HEAD + b"Location: x" + b" " * 65_000 + b"x\r\n\r\n"],
    "tabs within a length": [
        HEAD + b"Content-Length:1" + b"\t" * 65_000 + b"1\r\n\r\n"
    ],
    "headers byte by byte": [*singly(HEAD + b"a:\r\n" * 16_000)],
    "trailers byte by byte": [*singly(CHUNKED + b"0\r\n" + b"a" * 64_000)],
}


@pytest.mark.parametrize("pieces", COSTLY.values(), ids=COSTLY)
def test_no_answer_of_64_kib_can_hold_the_loop_up(pieces):
    assert ended_within_its_cpu(lambda: [feed(pieces) for _ in range(4)])


def test_a_body_in_thousands_of_pieces_is_refused_early():
    answer = Answer()
    with pytest.raises(ProbeError) as refused:
        answer.feed(CHUNKED + b"1\r\na\r\n" * 10_000)
    assert refused.value.code is Code.BODY_LIMIT
    assert "chunks" in refused.value.finding.detail


@pytest.mark.parametrize("part", ["{}", "[]", '{"a":[]}'])
def test_a_document_of_thousands_of_parts_is_refused(serve, part):
    many = ",".join([part] * 4100)
    finding = ask(HttpCheck(url=serve(http(f'{{"status":"ok","a":[{many}]}}')).url))
    assert (finding.outcome, finding.code) == (Outcome.FAIL, Code.JSON)
    assert "more than 4096" in finding.detail


@pytest.mark.parametrize("digits", [309, 400, 4299])
def test_a_number_beyond_every_float_is_above_its_limit(serve, digits):
    body = f'{{"status": "ok", "metrics": {{"cpu": {"9" * digits}}}}}'
    finding = ask(HttpCheck(url=serve(http(body)).url, metrics={"cpu": 90.0}))
    assert (finding.outcome, finding.code) == (Outcome.OK, Code.COMPONENT)
    assert finding.detail == "cpu is over 1e308, above 90"


def test_a_redirect_tells_no_login_query_or_fragment(serve):
    where = f"http://me:{CANARY}@elsewhere/in?a={CANARY}#token={CANARY}"
    server = serve(raw("HTTP/1.1 302 Found", f"Location: {where}"))
    finding = ask(HttpCheck(url=server.url))
    assert finding.code is Code.REDIRECT
    assert "to http://elsewhere/in:" in finding.detail
    assert CANARY not in finding.detail


QUOTES = {
    "status": http(json.dumps({"status": f"no such token: {CANARY}"})),
    "status cut": http(json.dumps({"status": "x" * 50 + CANARY})),
    "component": http(json.dumps({"status": "ok", "db": [f"Bearer {CANARY}"]})),
    "redirect": raw("HTTP/1.1 302 Found", f"Location: /login/{CANARY}"),
    "encoding": raw("HTTP/1.1 200 OK", f"Content-Encoding: {CANARY}"),
}


@pytest.mark.parametrize("answer", QUOTES.values(), ids=QUOTES)
@pytest.mark.parametrize("place", ["header", "path"])
def test_a_server_that_quotes_our_secret_is_not_quoted(serve, answer, place):
    url = serve(answer).url
    if place == "header":
        check = HttpCheck(
            url=url,
            headers={"Authorization": Secret(f"Bearer {CANARY}")},
            components={"db": "ok"},
        )
    else:
        check = HttpCheck(url=Secret(f"{url}?t={CANARY}"), components={"db": "ok"})
    finding = ask(check)
    assert finding.outcome is Outcome.FAIL
    assert CANARY[:8] not in finding.detail
    assert "***" in finding.detail


QUOTING = {
    "process": {"match": "${KEY}"},
    "resources": {"match": "${KEY}", "user": "root"},
    "logfile": {"file": "/nowhere/${KEY}", "missing": "fail"},
    "tcp": {"host": "/${KEY}", "port": 1},
    "docker": {"container": "a", "socket": "/nowhere/${KEY}"},
    "supervisord": {"program": "a", "socket": "/nowhere/${KEY}"},
    "command": {"argv": ("/bin/sh", "-c", "echo ${KEY}; exit 2")},
}


@pytest.mark.parametrize("kind", QUOTING)
def test_no_check_quotes_what_came_from_a_variable(kind, monkeypatch, tmp_path):
    monkeypatch.setenv("KEY", CANARY)
    check = plugins.check(kind, veil(QUOTING[kind]), str(tmp_path), keeps=False)
    finding = ask(check)
    assert CANARY not in finding.detail
    assert "***" in finding.detail
    assert check == plugins.check(kind, veil(QUOTING[kind]), "", keeps=False)


def veil(options):
    """Make a secret of each text with a reference, as the plan does."""
    if isinstance(options, dict):
        return {name: veil(each) for name, each in options.items()}
    if isinstance(options, tuple):
        return tuple(map(veil, options))
    return Secret(options) if "${" in str(options) else options


def test_a_secret_that_reads_like_a_key_changes_no_verdict(serve):
    server = serve(http('{"status": "ok", "database": "ok"}'))
    check = HttpCheck(
        url=server.url,
        headers={"X-Kind": Secret("status database")},
        components={"database": "ok"},
    )
    assert ask(check).code is Code.OK


def test_a_command_that_prints_its_secret_cut_in_two_is_not_quoted():
    check = CommandCheck(
        argv=("/bin/sh", "-c", 'echo "$TOKEN"; exit 2'),
        env={"TOKEN": Secret(f"{CANARY}|tail")},
    )
    finding = ask(check)
    assert finding.code is Code.COMMAND_FAILED
    assert CANARY not in finding.detail
