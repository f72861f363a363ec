"""The request of a health check: what is sent, and what may be configured."""

from __future__ import annotations

import re

from agent2 import __version__
from agent2.checks import net
from agent2.checks.http_url import Url, UrlError, parse
from agent2.core.text import plain, revealed
from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Protocol

    class Source(Protocol):
        """A check that asks a URL."""

        @property
        def url(self) -> object:
            """Where it asks; perhaps a secret."""

        @property
        def headers(self) -> Mapping[str, Any]:
            """What it sends along."""

        @property
        def ca_file(self) -> str:
            """Who verifies the server."""

        @property
        def allow_insecure(self) -> bool:
            """May it leave this machine without encryption?"""


_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # compiled where there is a header
_TEXT = r"[\t\x20-\x7e\x80-\xff]*"
_PART = r"[\s/?&=;,]+"
_SHORTEST = 6  # shorter parts are words such as "api"
_FRAMING = ("connection", "content-length", "transfer-encoding", "accept-encoding")


class HeaderError(ValueError):
    """A header cannot be sent as it is; the text names it and never its value."""


@value
class Ready:
    """A request ready to be sent. It may be kept if *lasting*: no secret is in it.

    *hidden*: what of its secrets an answer may repeat and nobody else must see.
    """

    place: Url
    request: bytes
    choices: tuple[net.Address, ...]
    lasting: bool
    hidden: tuple[str, ...] = ()


def prepare(url: object, headers: Mapping[str, Any]) -> Ready:
    """Return the request for *url*.

    Raises:
        UrlError, HeaderError: an option cannot be used.
        plan.SecretError: a secret's source is not there.
    """
    place = parse(plain(url))
    fields = {
        "Host": place.authority,
        "User-Agent": f"agent2/{__version__}",
        "Accept": "application/json, */*;q=0.5",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    names = {name.lower(): name for name in fields}
    for name, secret in headers.items():
        text = plain(secret)
        if not re.fullmatch(_NAME, name) or not re.fullmatch(_TEXT, text):
            raise HeaderError("a header has characters that cannot be sent")
        fields[names.get(name.lower(), name)] = text
    lines = [f"GET {place.path} HTTP/1.1"]
    lines += [f"{name}: {text}" for name, text in fields.items()]
    request = "\r\n".join([*lines, "", ""]).encode("latin-1")
    choices = net.numeric(place.host, place.port)
    lasting = isinstance(url, str) and not headers
    return Ready(place, request, choices, lasting, _hidden(url, headers))


def _hidden(url: object, headers: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the secrets, and their parts: a server may quote a token alone."""
    paths = (text.partition("://")[2].partition("/")[2] for text in revealed((url,)))
    texts = (*revealed(headers.values()), *paths)
    parts = (part for text in texts for part in re.split(_PART, text))
    return tuple(part for part in (*texts, *parts) if len(part) >= _SHORTEST)


def reachable(check: Source) -> Iterator[tuple[str, str, str]]:
    """Tell what is wrong with the address of a check, and with its headers."""
    yield from _url_problems(check)
    for name in check.headers:
        if not re.fullmatch(_NAME, name) or name.lower() in _FRAMING:
            yield "headers", f"{name!r} cannot be set", "it is Agent2's own"


def problems(check: Any) -> Iterator[tuple[str, str, str]]:
    """Tell what is wrong with the options of an ``HttpCheck``."""
    yield from reachable(check)
    for number in check.status:
        if not 200 <= number <= 599:
            yield "status", f"{number} is no status of an answer", "200 is usual"
    if not check.status:
        yield "status", "is empty: nothing would be well", "200 is usual"
    if check.json and not check.healthy:
        yield "healthy", "is empty: nothing would be well", "use json: false"
    for word in set(check.healthy) & set(check.degraded):
        yield "degraded", f"{word!r} is among healthy too", "keep it in one of them"
    if check.max_retry < 1:
        yield "max_retry", "is less than 1", "1 asks once"
    for field in ("slow", "retry_delay"):
        if getattr(check, field) < 0:
            yield field, "is negative", "0 is the least"


def _url_problems(check: Source) -> Iterator[tuple[str, str, str]]:
    try:
        place = parse(plain(check.url))
    except UrlError as error:
        yield "url", str(error), "for example http://127.0.0.1:8080/api/health"
        return
    except Exception:
        return  # a secret that is only there at run time
    if not (place.secure or check.allow_insecure or net.is_loopback(place.host)):
        hint = "use https://, or add allow_insecure: true"
        yield "url", "is not encrypted and leaves this machine", hint
