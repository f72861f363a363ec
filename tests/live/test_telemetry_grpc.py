"""Telemetry to a collector that speaks gRPC and nothing else."""

from __future__ import annotations

import json
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
calls.PORT = int(sys.argv[1])
plan = TelemetryPlan(endpoint=f"http://127.0.0.1:{calls.PORT}", timeout=5.0)
def sent(headers):
    door = Door(plan, {"service.name": "agent2"}, headers)
    told = [
        door.send("traces", [Span(7, 8, 0, "incident", 1.0, 2.0, {"a": "b"})]),
        door.send("logs", [Record(1.0, "INFO", "n", "body", {})]),
        door.send("metrics", [Figure("m", "1", "help", (({}, 1.0),))]),
    ]
    door.close()
    return [[one.taken, one.again, one.why] for one in told]
found = [sent({"x-key": "right"}), sent({"x-key": "wrong"}), sent({"x-key": "odd"})]
sys.modules["grpc"] = None
print(json.dumps([*found, sent({})]))
"""


class Stub(grpc.GenericRpcHandler):
    """Takes what bears the right key."""

    def __init__(self):
        self.taken = {}

    def service(self, details):
        key = dict(details.invocation_metadata).get("x-key")

        def answer(body, context):
            if key != "right":
                wrong = grpc.StatusCode.UNAUTHENTICATED
                odd = grpc.StatusCode.INVALID_ARGUMENT
                context.abort(wrong if key == "wrong" else odd, "not this one")
            kind = details.method.split(".")[3]
            self.taken[kind] = body
            return b""

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


def test_all_three_signals_arrive_by_grpc_and_a_refusal_says_its_word():
    stub = Stub()
    with collector(stub) as port:
        words = [sys.executable, "-c", PROGRAM, str(port)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    right, wrong, odd, none = json.loads(done.stdout)

    assert right == [[True, False, ""]] * 3
    traces = REQUESTS["/v1/traces"].FromString(stub.taken["trace"])
    assert traces.resource_spans[0].scope_spans[0].spans[0].name == "incident"
    assert set(stub.taken) == {"trace", "logs", "metrics"}
    assert wrong == [[False, True, "gRPC UNAUTHENTICATED: not this one"]] * 3
    assert odd == [[False, False, "gRPC INVALID_ARGUMENT: not this one"]] * 3
    for taken, again, why in none:
        assert (taken, again) == (False, True)
        assert 'pip install "agent2[otlp-grpc]"' in why
