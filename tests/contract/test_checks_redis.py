"""The redis check against a server that speaks the protocol, one that lies, and Redis."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import threading

import pytest

from agent2.checks.redis import RedisCheck
from agent2.core.model import Code, Outcome
from agent2.plan.secret import Secret
from tests.contract.probing import ask, until
from tests.ports import reserved

CANARY = "pass-w0rd-canary"
REDIS = shutil.which("redis-server")


@contextlib.contextmanager
def server(*answers, hold=False):
    """Answer the first caller with *answers*, a piece each; yield port and what came."""
    asked = []
    with socket.create_server(("127.0.0.1", reserved())) as door:

        def serve():
            wire, _ = door.accept()
            with wire:
                wire.settimeout(30)
                asked.append(wire.recv(65536))
                with contextlib.suppress(OSError):
                    for answer in answers:
                        wire.sendall(answer)
                    if hold:
                        wire.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        yield door.getsockname()[1], asked
        thread.join()


def told(*answers, seconds=5.0, hold=False, **options):
    with server(*answers, hold=hold) as (port, asked):
        finding = ask(RedisCheck(port=port, **options), seconds)
    return finding, asked[0]


def test_a_pong_is_well_however_it_is_cut():
    finding, asked = told(b"+PO", b"NG\r", b"\n")

    assert (finding.outcome, finding.code) == (Outcome.OK, Code.OK)
    assert asked == b"*1\r\n$4\r\nPING\r\n"
    assert dict(finding.timings)["total"] > 0


def test_it_logs_in_and_chooses_its_database_first():
    login = {"username": "watch", "password": Secret(CANARY)}
    finding, asked = told(b"+OK\r\n+OK\r\n+PONG\r\n", db=3, **login)

    assert finding.code is Code.OK
    size = len(CANARY)
    assert (
        asked
        == (
            f"*3\r\n$4\r\nAUTH\r\n$5\r\nwatch\r\n${size}\r\n{CANARY}\r\n"
            "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n*1\r\n$4\r\nPING\r\n"
        ).encode()
    )


NO_PASSWORD = b"-NOAUTH Authentication required.\r\n"


@pytest.mark.parametrize(
    ("answer", "options", "outcome", "code", "said"),
    [
        (NO_PASSWORD, {}, Outcome.FAIL, Code.STATUS_VALUE, "PING with NOAUTH"),
        (
            b"-WRONGPASS no user with " + CANARY.encode() + b"\r\n" + NO_PASSWORD,
            {"password": Secret(CANARY)},
            Outcome.FAIL,
            Code.STATUS_VALUE,
            "AUTH with WRONGPASS",
        ),
        (
            b"-ERR DB index is out of range\r\n+PONG\r\n",
            {"db": 99},
            Outcome.FAIL,
            Code.STATUS_VALUE,
            "SELECT with ERR DB index",
        ),
        (
            b"-LOADING Redis is loading the dataset in memory\r\n",
            {},
            Outcome.ERROR,
            Code.STATUS_VALUE,
            "LOADING",
        ),
        (b"-ERR max number of clients reached\r\n", {"db": 1}, Outcome.FAIL,
         Code.STATUS_VALUE, "max number"),
        (b"+OK\r\n", {}, Outcome.FAIL, Code.PROTO, "PING with OK"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", {}, Outcome.FAIL, Code.PROTO, "no Redis"),
        (b"+" + b"x" * 5000, {}, Outcome.FAIL, Code.PROTO, "no Redis"),
        (b"+PONG\r\n+PONG\r\n", {}, Outcome.FAIL, Code.PROTO, "no Redis"),
        (b"+PO", {}, Outcome.FAIL, Code.PROTO, "hung up"),
        (b"", {}, Outcome.FAIL, Code.PROTO, "hung up"),
    ],
)  # fmt: skip
def test_what_is_no_pong_is_named(answer, options, outcome, code, said):
    finding, _ = told(answer, **options)

    assert (finding.outcome, finding.code) == (outcome, code)
    assert said in finding.detail
    assert CANARY not in finding.detail


def test_half_an_answer_and_nobody_there_end_in_time():
    finding, _ = told(b"+PO", seconds=0.3, hold=True)
    assert (finding.outcome, finding.code) == (Outcome.FAIL, Code.DEADLINE)
    assert "only a part" in finding.detail

    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        gone = ask(RedisCheck(port=bound.getsockname()[1]))
    assert (gone.outcome, gone.code) == (Outcome.FAIL, Code.REFUSED)


def test_what_cannot_be_asked_is_refused():
    wrong = RedisCheck(host=" ", username="a", db=-1)
    assert [field for field, *_ in wrong.problems()] == ["host", "username", "db"]
    assert not list(RedisCheck().problems())


@pytest.mark.skipif(REDIS is None, reason="redis-server is not installed")
def test_a_real_redis_is_asked(tmp_path):
    port = reserved()
    argv = [REDIS, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    argv += ["--requirepass", CANARY, "--dir", str(tmp_path), "--databases", "4"]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL) as redis:
        try:
            right = RedisCheck(port=port, password=Secret(CANARY), db=3)
            assert until(lambda: ask(right).code is Code.OK)
            assert "NOAUTH" in ask(RedisCheck(port=port)).detail
            wrong = ask(RedisCheck(port=port, password=Secret("no")))
            assert "AUTH with WRONGPASS" in wrong.detail
            far = ask(RedisCheck(port=port, password=Secret(CANARY), db=4))
            assert "out of range" in far.detail
        finally:
            redis.terminate()
            redis.wait(60)
    assert ask(right).code is Code.REFUSED
