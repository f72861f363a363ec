"""Telemetry to a collector that speaks gRPC and nothing else."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.fakes.collector import REQUESTS

grpc = pytest.importorskip("grpc", reason="agent2[otlp-grpc] is not installed")
PROGRAM = """
import json, sys
from agent2.plan.telemetry import TelemetryPlan
from agent2.telemetry import calls
from agent2.telemetry.door import Door
from agent2.telemetry.shapes import Figure, Record, Span
def sent(headers, port=int(sys.argv[1])):
    calls.PORT = port
    plan = TelemetryPlan(endpoint=f"http://127.0.0.1:{port}", timeout=5.0)
    door = Door(plan, {"service.name": "agent2"}, headers)
    told = [
        door.send("traces", [Span(7, 8, 0, "incident", 1.0, 2.0, {"a": "b"})]),
        door.send("logs", [Record(1.0, "INFO", "n", "body", {})]),
        door.send("metrics", [Figure("m", "1", "help", (({}, 1.0),))]),
    ]
    door.close()
    return [[one.taken, one.again, one.why] for one in told]
found = [sent({"x-key": "right"}), sent({"x-key": "wrong"}), sent({"x-key": "odd"})]
found.append(sent({"x-key": "right", "x-long": "yes"}))
found.append(sent({}, int(sys.argv[2])))
sys.modules["grpc"] = None
print(json.dumps([*found, sent({})]))
"""


class Stub(grpc.GenericRpcHandler):
    """Takes what bears the right key."""

    def __init__(self):
        self.taken = {}

    def service(self, details):
        told = dict(details.invocation_metadata)
        key, long = told.get("x-key"), "x-long" in told

        def answer(body, context):
            if key != "right":
                wrong = grpc.StatusCode.UNAUTHENTICATED
                odd = grpc.StatusCode.INVALID_ARGUMENT
                context.abort(wrong if key == "wrong" else odd, "not this one")
            kind = details.method.split(".")[3]
            self.taken[kind] = body
            return bytes(100_000 if long else 0)

        return grpc.unary_unary_rpc_method_handler(answer)


@contextmanager
def collector(stub):
    server = grpc.server(ThreadPoolExecutor(1), handlers=[stub])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


@contextmanager
def shouting():
    """Answer everybody with a GOAWAY whose words act on a terminal (RFC 9113, 6.8)."""
    words = bytes(4) + b"\0\0\0\2" + b"\x1b[2J" + b"A" * 4000
    frame = len(words).to_bytes(3, "big") + b"\7" + bytes(5) + words
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        ThreadPoolExecutor(1) as do,
    ):

        def answer():
            while True:
                try:
                    client = listener.accept()[0]
                except OSError:
                    return
                with client:
                    client.recv(24)
                    client.sendall(bytes(3) + b"\4" + bytes(5) + frame)
                    client.recv(1 << 16)

        do.submit(answer)
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)


def test_all_three_signals_arrive_by_grpc_and_a_refusal_says_its_word():
    stub = Stub()
    clean = {name: each for name, each in os.environ.items() if name[:5] != "GRPC_"}
    with collector(stub) as port, shouting() as loud:
        words = [sys.executable, "-c", PROGRAM, str(port), str(loud)]
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=120, env=clean
        )
    assert (done.returncode, done.stderr) == (0, "")
    right, wrong, odd, long, gone, none = json.loads(done.stdout)

    assert right == [[True, False, ""]] * 3
    assert long == right, "an answer however long is a batch that was taken"
    traces = REQUESTS["/v1/traces"].FromString(stub.taken["trace"])
    assert traces.resource_spans[0].scope_spans[0].spans[0].name == "incident"
    assert set(stub.taken) == {"trace", "logs", "metrics"}
    assert wrong == [[False, True, "gRPC UNAUTHENTICATED: not this one"]] * 3
    assert odd == [[False, False, "gRPC INVALID_ARGUMENT: not this one"]] * 3
    for taken, again, why in gone:
        assert (taken, again) == (False, True)
        assert why.isprintable()
    for taken, again, why in none:
        assert (taken, again) == (False, True)
        assert 'pip install "agent2[otlp-grpc]"' in why
