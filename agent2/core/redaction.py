"""Hide what looks like a secret in texts that others wrote: command lines, log lines.

Patterns know the common shapes; they are no proof. What Agent2 knows to be a secret is
hidden by its text as well (``text.scrub``).
"""

from __future__ import annotations

import re

_WORDS = "pass(?:word|wd|phrase)?|secret|token|api[_-]?key|credential|auth"
_KEY = rf"[\w.-]*(?:{_WORDS})[\w.-]*"
_SHAPES = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}"), r"\1 ***"),
    # key=value, key: value, "key": "value", --key value
    (re.compile(rf"(?i)(\b{_KEY}[\"']?\s*[=:]\s*[\"']?)[^\s\"',;&]+"), r"\1***"),
    (re.compile(rf"(?i)(--?{_KEY}\s+)[^\s-]\S*"), r"\1***"),
    (re.compile(r"(://)[^\s/@]+@"), r"\1***@"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), "***"),  # a JWT
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), "***"),  # an AWS key id
    (re.compile(r"\b(?:xox[abposr]|gh[pousr]|sk|glpat)[-_][\w-]{8,}"), "***"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*", re.DOTALL), "***"),
)


def redact(text: str) -> str:
    """Return *text* with every shape of a secret replaced by ``***``."""
    for shape, put in _SHAPES:
        text = shape.sub(put, text)
    return text
