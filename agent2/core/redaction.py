"""Hide what looks like a secret in texts that others wrote: command lines, log lines.

Patterns know the common shapes; they are no proof. What Agent2 knows to be a secret is
hidden by its text as well (``text.scrub``). Who writes a line may be an enemy, so every
shape is bounded: the time grows with the length of the text and with nothing else.
"""

from __future__ import annotations

import re

_WORDS = (
    r"pass(?:word|wd|phrase|code)|pass(?![a-z])|pwd|secret|token|credential|"
    r"(?:api|access|private)[_-]?key|auth(?!or|en)|authorization"
)
_SCHEME = r"(?:(?:bearer|basic|digest|token|apikey|negotiate)[ \t]{1,8})?"
_VALUE = (
    r'(?:\\{1,8}"[^"\n]*+"?|"(?:[^"\\\n]|\\.)*+"?|'  # in JSON inside of JSON, in JSON
    r"'[^'\n]*+'?|[^\s\"',;&}]++)"
)
# key=value, key: value, "key": "value"
_NAMED = rf"((?:{_WORDS})[\w.-]{{0,60}}[\\\"']{{0,8}}\s{{0,8}}[=:]\s{{0,8}})"
# --key value, '--key', 'value'
_OPTION = (
    rf"(?<![\w.-])(--?(?=[\w.-]{{0,60}}?(?:{_WORDS}))"
    r"[\w.-]{1,99}+[\"']?,?\s{1,8})"
)
_SHAPES = (
    (r"(cookie[\"']?\s{0,8}[:=]\s{0,8})[^\n\"']++", r"\1***"),
    (rf"{_NAMED}{_SCHEME}{_VALUE}", r"\1***"),
    (rf"{_OPTION}(?!-){_VALUE}", r"\1***"),
    (r"\b(bearer|basic)[ \t]{1,8}[\w.~+/=-]{6,}+", r"\1 ***"),
    (r"(://)[^\s/?#]{1,500}@", r"\1***@"),
    (r"(?<![\w-])eyJ[\w-]{8,}+\.[\w-]{8,}+\.[\w-]*+", "***"),  # a JWT
    (r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b", "***"),  # an AWS key id
    (r"\b(?:xox[abposr]|gh[pousr]|sk|glpat)[-_][\w-]{8,}+", "***"),
    (r"(?s)-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*", "***"),
    (r"(?s)\A.*-----END [A-Z ]{0,30}PRIVATE KEY-----", "***"),  # its begin was cut off
)
_COMPILED = [(re.compile(f"(?i){shape}"), put) for shape, put in _SHAPES]


def redact(text: str) -> str:
    """Return *text* with every shape of a secret replaced by ``***``."""
    for shape, put in _COMPILED:
        text = shape.sub(put, text)
    return text
