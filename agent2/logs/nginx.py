"""nginx's ``log_format`` as expressions over blocks of whole lines.

Each field gets one expression with one group, which leaps over what stands before:
nginx escapes a quote inside a value (``escape=default``), so that quotes delimit.
Asked for alone, a field is found four times faster than in a whole match, but only of
lines that are whole: a broken one would be read into the next.
Source: https://nginx.org/en/docs/http/ngx_http_log_module.html
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    Expression = re.Pattern[bytes]

FORMATS = {
    "combined": '$remote_addr - $remote_user [$time_local] "$request" $status '
    '$body_bytes_sent "$http_referer" "$http_user_agent"',
    "main": '$remote_addr - $remote_user [$time_local] "$request" $status '
    '$body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for"',
}
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


class FormatError(ValueError):
    """A ``log_format`` that cannot be read back."""


def needed(form: str) -> LogFormat | None:
    """Return the ``log_format`` that *form* names; None: it is no access log.

    Raises:
        FormatError: there is no such form.
    """
    if form in {"auto", "json", "agent2"}:
        return None
    kind, _, text = form.partition(":")
    if kind != "nginx" or (text not in FORMATS and "$" not in text):
        raise FormatError(f"{form!r} is no form of a log")
    return LogFormat(text)


def detected(block: bytes) -> LogFormat | None:
    """Return the ``log_format`` in which the first line of *block* is; None: none."""
    line = block.lstrip().partition(b"\n")[0]
    made = (LogFormat(name) for name in FORMATS)
    return next((form for form in made if form.whole().fullmatch(line)), None)


class LogFormat:
    """One ``log_format``: its names, and an expression for the whole or a field."""

    def __init__(self, text: str) -> None:
        """Read *text*: a name of ``FORMATS``, or the format itself.

        Raises:
            FormatError: no variable, or two without anything between them.
        """
        self.text = text
        parts = _VARIABLE.split(FORMATS.get(text, text))
        self.names = tuple(
            a or b for a, b in zip(parts[1::3], parts[2::3], strict=True)
        )
        self._between = [part.encode() for part in parts[0::3]]
        if not self.names:
            raise FormatError("has no variable")
        if not all(self._between[1:-1]):
            raise FormatError("has two variables without anything between them")

    def whole(self) -> Expression:
        """Return the expression of a whole line, a group for each variable."""
        made = b"(?m)^" + re.escape(self._between[0])
        for after in self._between[1:]:
            stop = re.escape(after[:1])
            made += b"([^" + stop + b"\\n]*+)" + re.escape(after)
        return re.compile(made + b"$")

    def field(self, name: str) -> Expression | None:
        """Return the expression of one field, behind the newline before its line.

        None: the format has no such field.
        """
        if name not in self.names:
            return None
        place = self.names.index(name)
        after = re.escape(self._between[place + 1]) or b"$"
        value = b"(" + self._value(place) + b")"
        return re.compile(b"(?m)\\n" + self._until(place) + value + after)

    def where(self, name: str, other: str, begins: bytes) -> Expression | None:
        """Return the expression of the field *name* in lines whose *other* begins so.

        None: the format lacks one, or has them the other way round.
        """
        found = self._pair(name, other)
        if found is None:
            return None
        begin, end = found
        made = b"\\n" + self._until(begin) + b"(" + self._value(begin) + b")"
        made += re.escape(self._between[begin + 1][:1])
        rest = self._between[begin + 1 : end + 1]
        rest[0] = rest[0][1:]
        return re.compile(made + self._leap(rest, begin + 1) + re.escape(begins))

    def through(self, name: str, other: str, width: int) -> Expression | None:
        """Return the expression of all from *name* to *width* characters of *other*.

        One pass for two fields; a line without blank is not read into the next.
        None: the format lacks one, or has them the other way round.
        """
        found = self._pair(name, other)
        if found is None:
            return None
        begin, end = found
        stop = re.escape(self._between[begin + 1][:1])
        made = b"\\n" + self._until(begin) + b"([^" + stop + b"\\n]*"
        made += re.escape(self._between[begin + 1]) + self._exact(begin + 1, end)
        return re.compile(made + b".{%d})" % width)

    def after(self, name: str) -> bytes:
        """Return the character that ends the field *name*."""
        place = self.names.index(name) if name in self.names else -1
        return self._between[place + 1][:1] or b"\n"

    def _pair(self, name: str, other: str) -> tuple[int, int] | None:
        if name not in self.names or other not in self.names:
            return None
        begin, end = self.names.index(name), self.names.index(other)
        return (begin, end) if begin < end else None

    def _until(self, place: int) -> bytes:
        """Return what stands before *place*."""
        return self._leap(self._between[: place + 1], 0)

    def _leap(self, literals: list[bytes], place: int) -> bytes:
        """Return the *literals* with the variables from *place* on between them.

        Over quotes it leaps: only what stands behind the last of them is exact.
        """
        quoted = [n for n, literal in enumerate(literals) if b'"' in literal]
        if not quoted:
            made, last = re.escape(literals[0]), 0
        else:
            last = quoted[-1]
            made = b'[^"]*"' * sum(literal.count(b'"') for literal in literals)
            made += re.escape(literals[last].rpartition(b'"')[2])
        return made + self._exact(place + last, place + len(literals) - 1)

    def _exact(self, begin: int, end: int) -> bytes:
        """Return the variables from *begin* up to *end*, each with what follows it."""
        return b"".join(
            self._value(n) + re.escape(self._between[n + 1]) for n in range(begin, end)
        )

    def _value(self, place: int) -> bytes:
        # One character that is none is a loop in C; two would be a set, at half the
        # speed. It may run over the end of a broken line: see ``Access``.
        stop = self._between[place + 1][:1] or b"\n"
        return b"[^" + re.escape(stop) + b"]*"
