"""Which counter a log wants: by the name of its form, or by its first line."""

from __future__ import annotations

from agent2.logs.access import Access
from agent2.logs.application import Application
from agent2.logs.nginx import detected, needed

FORMS = ("auto", "json", "agent2", "nginx:main", "nginx:combined")


def counter(
    form: str, first: bytes, date: str = "", slow: float = 5.0
) -> Application | Access:
    """Return what counts a log of *form*; ``auto`` looks at its *first* block.

    ``nginx:`` takes a name or a ``log_format`` itself.

    Raises:
        FormatError: there is no such form.
    """
    access = detected(first) if form == "auto" else needed(form)
    if access is not None:
        return Access(access, date)
    if form == "auto":
        form = "json" if first.lstrip().startswith(b"{") else "agent2"
    return Application(form, date, slow)
