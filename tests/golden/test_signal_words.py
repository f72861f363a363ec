"""``restart_signal``: what is written is read back, and what is broken is named."""

from __future__ import annotations

import pytest

from agent2.wire import signal
from agent2.wire.signal import Signal, SignalError

GOLDEN = """{
  "timestamp": "2026-01-02T03:04:05.678+08:00",
  "reason": "health_check_failed",
  "requested_by": "agent2",
  "schema": "agent2.restart-signal/1",
  "target": "网站",
  "incident_id": "web-1",
  "attempt": 2,
  "id": "web-1-2",
  "code": "status_value",
  "detail": "status is \\"fail\\""
}
"""
VALUE = Signal(
    timestamp="2026-01-02T03:04:05.678+08:00",
    reason="health_check_failed",
    target="网站",
    incident_id="web-1",
    attempt=2,
    id="web-1-2",
    code="status_value",
    detail='status is "fail"',
)


def test_the_file_is_spelled_exactly_so():
    assert signal.render(VALUE).decode() == GOLDEN
    assert signal.parse(GOLDEN.encode()) == VALUE


def test_a_lone_surrogate_in_a_detail_does_not_break_the_file():
    signal.render(Signal("t", "r", detail="\ud800")).decode("utf-8")


def test_a_file_made_by_hand_needs_only_time_and_reason():
    found = signal.parse(
        b'{"timestamp": "2026-01-01T00:00:00Z", "reason": "me", "x": 1}'
    )
    assert (found.reason, found.requested_by, found.target) == ("me", "", "")


BROKEN = {
    b"": "is empty",
    b" \n\0\0": "is empty",
    b"x" * 20_000: "is larger than",
    b"\xff": "is not UTF-8",
    b"{": "is not JSON",
    b"restart please": "is not JSON",
    b'{"timestamp": ': "is not JSON",
    b"[" * 9000: "is not JSON",
    b"9" * 9000: "is not JSON",
    b"[]": "not an object",
    b"null": "not an object",
    b"{}": 'has no "timestamp"',
    b'{"timestamp": "t"}': 'has no "reason"',
    b'{"timestamp": null, "reason": "r"}': 'has no "timestamp"',
    b'{"timestamp": 1, "reason": "r"}': '"timestamp" is not a text',
    b'{"timestamp": "t", "reason": ["r"]}': '"reason" is not a text',
    b'{"timestamp": "t", "reason": "r", "attempt": "1"}': '"attempt" is not a whole number',
    b'{"timestamp": "t", "reason": "r", "attempt": true}': '"attempt" is not a whole number',
    b'{"timestamp": "t", "reason": "r", "target": {}}': '"target" is not a text',
}


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_file_is_named_in_one_line(content):
    with pytest.raises(SignalError) as caught:
        signal.parse(content)
    assert BROKEN[content] in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("target", "primary", "path"),
    [
        ("webui", True, "/d/restart_signal"),
        ("webui", False, "/d/restart_signal.d/webui"),
        ("../x", False, "/d/restart_signal.d/%2E.%2Fx"),
        (".", False, "/d/restart_signal.d/%2E"),
        ("网", False, "/d/restart_signal.d/%E7%BD%91"),
        ("a b", False, "/d/restart_signal.d/a%20b"),
    ],
)
def test_every_target_has_a_place_inside_the_state_folder(target, primary, path):
    assert signal.place("/d", target, primary=primary) == path
