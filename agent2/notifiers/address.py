"""The address of a receiver: its parts, and whether it may be used at all.

Plain ``http`` stays on this machine unless a person insists.
"""

from __future__ import annotations

import re

from agent2.core.message import Cause
from agent2.core.value import value
from agent2.plan.secret import SecretError
from agent2.plugins import SendError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.plan.secret import Secret

_PORTS = {"http": 80, "https": 443}
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[^\s/?#@:\[\]]+)"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<path>[/?][^\s#]*)?(?:#\S*)?",
    re.IGNORECASE,
)
_LOOPBACK = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|\[?::1\]?", re.IGNORECASE)


@value
class Place:
    """The parts of an address; *path* includes the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def where(self) -> str:
        """Host and port: what a detail may show of an address."""
        return f"{self.host}:{self.port}"

    @property
    def usual(self) -> bool:
        """Is the port the one that goes without saying?"""
        return self.port == _PORTS[self.scheme]


def place(url: str) -> Place:
    """Return the parts of *url*.

    Raises:
        SendError: CONFIG, it is not an http(s) address or holds a user's name.
    """
    found = _URL.fullmatch(url)
    if found is None or not url.isascii():
        raise SendError(Cause.CONFIG, "the address is not an http or https URL")
    scheme = found["scheme"].lower()
    port = int(found["port"] or _PORTS[scheme])
    path = found["path"] or "/"
    path = path if path.startswith("/") else "/" + path
    return Place(scheme, found["host"], port, path)


def is_loopback(host: str) -> bool:
    """Return whether *host* names this machine without asking a name server."""
    return _LOOPBACK.fullmatch(host) is not None


def problems(
    field: str, url: str | Secret, *, allow_insecure: bool
) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with the address in *field*, without showing it.

    A secret address whose variable is not set here is judged when it is used.
    """
    try:
        found = place(url if isinstance(url, str) else url.reveal())
    except SecretError:
        return
    except SendError as error:
        yield field, error.detail, "write it as https://host/path"
        return
    if found.scheme == "http" and not is_loopback(found.host) and not allow_insecure:
        yield (
            field,
            "plain http to another machine can be read and forged on the way",
            "use https, or set allow_insecure: true beside it",
        )


def door(url: str, *, allow_insecure: bool) -> Place:
    """Return the parts of *url* if it may be used.

    Raises:
        SendError: CONFIG, with what is wrong.
    """
    for _field, wrong, hint in problems("url", url, allow_insecure=allow_insecure):
        raise SendError(Cause.CONFIG, f"{wrong}: {hint}")
    return place(url)
