"""Checks under the names of blackbox_exporter, for rules and boards that know those.

Asked for by ``metrics.compat: blackbox``. Names and phases are those of its release
0.25 (https://github.com/prometheus/blackbox_exporter, prober/http.go).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from agent2.wire.snapshot import objects

if TYPE_CHECKING:
    from agent2.metrics.family import Families
    from agent2.wire.snapshot import Snapshot

_G = "gauge"
_TC = ("target", "check")
_PHASES = {"dns": "resolve", "connect": "connect", "tls": "tls"}
_PHASES |= {"first_byte": "processing"}
_STATUS = re.compile(r"HTTP (\d{3})\b")
_MUTE = frozenset({"refused", "deadline", "dns", "tls", "reset", "proto"})

PROBES: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("probe_success", _G, _TC, "1 if the check was well, 0 if it was not."),
    ("probe_duration_seconds", _G, _TC, "How long the check took."),
    (
        "probe_dns_lookup_time_seconds",
        _G,
        _TC,
        "How long it took to look the name up.",
    ),
    (
        "probe_http_status_code",
        _G,
        _TC,
        "The status of the answer, 0 if there was none; missing if it is not told.",
    ),
    (
        "probe_http_duration_seconds",
        _G,
        (*_TC, "phase"),
        "By phase: resolve, connect, tls, processing, transfer.",
    ),
    ("probe_http_ssl", _G, _TC, "1 if the answer came over TLS."),
)


def probes(to: Families, seen: Snapshot) -> None:
    """Put the last look of each check; nothing of a status that nobody stands by."""
    if not seen.fresh:
        return
    told = seen.entries("targets")  # none where the lines were read as facts
    for target in told or objects(json.loads(seen.text or "{}").get("targets")):
        for check in objects(target.get("checks")):
            names = (str(target.get("name")), str(check.get("name")))
            to("probe_success").put(int(check.get("outcome") == "ok"), *names)
            _number(to, "probe_duration_seconds", check.get("duration_s"), *names)
            if check.get("kind") == "http":
                _http(to, check, names)


def _http(to: Families, check: dict[str, Any], names: tuple[str, str]) -> None:
    found = _STATUS.match(str(check.get("detail")))
    if found or check.get("code") in _MUTE:
        to("probe_http_status_code").put(int(found[1]) if found else 0, *names)
    told = check.get("timings")
    told = told if isinstance(told, dict) else {}
    to("probe_http_ssl").put(int("tls" in told), *names)
    _number(to, "probe_dns_lookup_time_seconds", told.get("dns", 0.0), *names)
    spent = 0.0
    for part, phase in _PHASES.items():
        took = told.get(part, 0.0)
        _number(to, "probe_http_duration_seconds", took, *names, phase)
        spent += took if isinstance(took, int | float) else 0.0
    whole = told.get("total", spent)
    if isinstance(whole, int | float):
        left = max(whole - spent, 0.0)
        to("probe_http_duration_seconds").put(left, *names, "transfer")


def _number(to: Families, name: str, value: object, *labels: str) -> None:
    if isinstance(value, int | float):
        to(name).put(value, *labels)
