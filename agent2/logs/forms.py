"""Which counter a log wants: by the name of its form, or by its first line."""

from __future__ import annotations

from agent2.logs.access import Access
from agent2.logs.application import Application
from agent2.logs.nginx import FORMATS, FormatError, LogFormat

FORMS = ("auto", "json", "agent2", "nginx:main", "nginx:combined")


def counter(
    form: str, first: bytes, date: str = "", slow: float = 5.0
) -> Application | Access:
    """Return what counts a log of *form*; ``auto`` looks at its *first* block.

    ``nginx:`` takes a name or a ``log_format`` itself.

    Raises:
        FormatError: there is no such form.
    """
    if form == "auto":
        form = _seen(first)
    if form in {"json", "agent2"}:
        return Application(form, date, slow)
    kind, _, text = form.partition(":")
    if kind != "nginx" or (text not in FORMATS and "$" not in text):
        raise FormatError(f"{form!r} is no form of a log")
    return Access(LogFormat(text), date)


def _seen(first: bytes) -> str:
    line = first.lstrip().partition(b"\n")[0]
    if line.startswith(b"{"):
        return "json"
    for name in FORMATS:
        if LogFormat(name).whole().fullmatch(line):
            return f"nginx:{name}"
    return "agent2"
