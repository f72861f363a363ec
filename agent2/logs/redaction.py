"""A line of a log as people may see it: what looks like a secret is ``***``."""

from __future__ import annotations

import re

from agent2.core.text import one_line

_WORDS = "password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|authorization"
_NAMED = re.compile(
    rf"""(?i)(["']?[\w-]*(?:{_WORDS})[\w-]*["']?\s*[:=]\s*)"""
    r"""(?:(?:bearer|basic)\s+)?("(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;&"'}]+)"""
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}")
_ADDRESS = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s/@:]*):[^\s/@]+@")
_SHAPES = re.compile(
    r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*|\bsk-[\w-]{16,}|\bgh[pousr]_\w{20,}"
    r"|\bxox[abprs]-[\w-]{10,}|\bAKIA[0-9A-Z]{16}\b"
)
_LONGEST = 500


def redacted(line: bytes) -> str:
    """Return *line* as one short line in which no secret that can be known stands."""
    text = line[: 8 * _LONGEST].decode("utf-8", "replace")
    text = _NAMED.sub(r"\1***", text)
    text = _BEARER.sub(r"\1 ***", text)
    text = _ADDRESS.sub(r"\1:***@", text)
    return one_line(_SHAPES.sub("***", text), _LONGEST)
