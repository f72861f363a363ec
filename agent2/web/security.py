"""Who may ask for what: the host, the page behind it, the token.

A browser that was led here by a foreign page is the danger on a loopback port: a name
that was bent to 127.0.0.1 (DNS rebinding) shows in ``Host``, a foreign page in
``Origin`` or ``Sec-Fetch-Site``. An address in ``Host`` cannot have been bent.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agent2.web import pages
from agent2.web.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent2.web.settings import WebSettings
    from agent2.web.token import Token

HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}
READING = frozenset({"GET", "HEAD"})
_HOST = re.compile(
    r"(?:\[(?P<address>[0-9a-f:.]+)\]|(?P<name>[a-z0-9._-]+))(?::[0-9]{1,5})?"
)
# What a load balancer or an init system asks for tells nothing of what is watched.
OPEN = frozenset({"/livez", "/readyz", *pages.OPEN})


class Security:
    """The rules of one running program."""

    def __init__(self, settings: WebSettings, token: Token) -> None:
        """Take the names that may stand in ``Host``."""
        self._token = token
        self._private = not settings.is_local
        names = {"localhost", *settings.allowed_hosts}
        if settings.host:
            names.add(settings.host)
        self._names = frozenset(name.lower() for name in names)

    def check(self, method: str, path: str, headers: Mapping[str, str]) -> None:
        """Let the request pass.

        *headers* are by lower-case name.

        Raises:
            Refusal: foreign_host, foreign_origin, no_token, wrong_token.
        """
        host = headers.get("host", "")
        if not self._is_ours(host):
            raise Refusal("foreign_host", host=host or "-")
        reads = method in READING
        origin = headers.get("origin")
        if origin is not None and urlsplit_netloc(origin) != host.lower():
            raise Refusal("foreign_origin", origin=origin)
        site = headers.get("sec-fetch-site", "none")
        if not reads and site not in ("same-origin", "none"):
            raise Refusal("foreign_origin", origin=site)
        is_open = path in OPEN or path.startswith(pages.PREFIX)
        if not reads or (self._private and not is_open):
            self._authorize(headers.get("authorization", ""))

    def _authorize(self, given: str) -> None:
        scheme, _, token = given.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refusal("no_token", {"www-authenticate": "Bearer"})
        if not self._token.is_right(token.strip().encode("utf-8", "replace")):
            challenge = {"www-authenticate": 'Bearer error="invalid_token"'}
            raise Refusal("wrong_token", challenge)

    def _is_ours(self, host: str) -> bool:
        """Is *host* (of the header, with a port or without) an address or allowed?"""
        found = _HOST.fullmatch(host.lower())
        if found is None:
            return False
        name = found["address"] or found["name"]
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def urlsplit_netloc(origin: str) -> str:
    """Return host and port of an ``Origin``, in lower case; "" for ``null``."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
