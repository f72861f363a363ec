"""The URL of a health check, taken apart by hand (RFC 3986, only what is needed)."""

from __future__ import annotations

import re

from agent2.core.value import value

_URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?:\[(?P<six>[0-9A-Fa-f:.%a-z]+)\]|(?P<host>[^\s/?#@:\[\]\\]+))"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[^\s?#]*)?(?P<query>\?[^\s#]*)?(?:#.*)?",
    re.IGNORECASE,
)


class UrlError(ValueError):
    """It is no URL that can be asked; the text says why and never repeats it."""


@value
class Url:
    """Where to connect to and what to ask for; *authority* is the Host header."""

    secure: bool
    host: str
    port: int
    authority: str
    path: str


def parse(text: str) -> Url:
    """Take *text* apart.

    Raises:
        UrlError: another scheme, a user name, control or non-ASCII characters,
            a port out of range.
    """
    if not text.isascii() or not text.isprintable():
        raise UrlError("holds characters that must be percent-encoded")
    authority = re.split(r"[/?#]", text.partition("://")[2], maxsplit=1)[0]
    if "@" in authority:
        raise UrlError("holds a user name or password; use headers for those")
    match = _URL.fullmatch(text)
    if match is None:
        raise UrlError("is no http:// or https:// URL")
    secure = match["scheme"].lower() == "https"
    port = int(match["port"] or (443 if secure else 80))
    if not 0 < port < 65536:
        raise UrlError(f"has port {port}, which does not exist")
    host = (match["six"] or match["host"]).lower()
    path = (match["path"] or "/") + (match["query"] or "")
    return Url(secure, host, port, authority, path)
