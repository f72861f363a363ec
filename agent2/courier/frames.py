"""What courier and lane say to each other: one JSON object per line, by a socket."""

from __future__ import annotations

import json
from enum import Enum

from agent2.core.message import Alert
from agent2.core.model import AlertKind, Severity
from agent2.core.value import as_dict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def pack(tree: dict[str, Any]) -> bytes:
    """Return *tree* as one frame."""
    return json.dumps(tree, separators=(",", ":")).encode() + b"\n"


def unpack(line: bytes) -> dict[str, Any]:
    """Return what *line* says; {} if it is no frame."""
    try:
        tree = json.loads(line)
    except ValueError:
        return {}
    return tree if isinstance(tree, dict) else {}


def seconds(found: object, otherwise: float | None, most: float) -> float | None:
    """Return *found* if it is a number from 0 to *most*, cut to that; a lane's word."""
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        return otherwise
    return min(float(found), most) if found >= 0 else otherwise


def order(alert: Alert, *, repeat: bool) -> bytes:
    """Return the frame that asks a lane to send *alert*."""
    fields = as_dict(alert).items()
    plain = {k: v.value if isinstance(v, Enum) else v for k, v in fields}
    return pack({"repeat": repeat, "alert": plain})


def alert_of(tree: dict[str, Any]) -> Alert:
    """Return the alert of an ``order``."""
    fields = tree["alert"]
    return Alert(
        **fields
        | {
            "kind": AlertKind(fields["kind"]),
            "severity": Severity(fields["severity"]),
            "lines": tuple(fields["lines"]),
        }
    )
