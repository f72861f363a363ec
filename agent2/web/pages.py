"""The dashboard's files: read once, sent packed, kept by browsers for good.

Our modules are sent as one (``bundle``), and so are the style sheets. Every file but
the page itself stands under a folder whose name is the digest of all of them: another
version has other addresses, so nothing old is ever mixed with it.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from agent2.web import bundle
from agent2.web.refusals import Refusal

if TYPE_CHECKING:
    from starlette.requests import Request

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "static")
PREFIX = "/static/"
# What a browser may fetch without the token even beyond this machine: it tells nothing.
OPEN = ("/", "/favicon.ico")
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FOR_GOOD = "public, max-age=31536000, immutable"
_MAP = re.compile(rb'<script type="importmap">(.*?)</script>', re.DOTALL)
_UNSAID = re.compile(rb"^[ \t]*(?://.*\n?|/\*.*\*/\n)?| // .*$", re.MULTILINE)
_AIRY = re.compile(rb"\s*([{};])\s*|(?<=:) |(?<=,)\n")
_POLICY = (
    "default-src 'self'; script-src 'self' 'sha256-{digest}'; style-src 'self'; "
    "img-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


@dataclass(frozen=True, slots=True)
class Page:
    """One file as it is sent: plain, and packed where that is shorter."""

    body: bytes
    packed: bytes
    media_type: str
    tag: str


@dataclass(frozen=True, slots=True)
class Site:
    """All files by their name from the folder; *policy* is the CSP of the page."""

    digest: str
    files: dict[str, Page]
    index: Page
    policy: str


@cache
def site() -> Site:
    """Read the files of the dashboard."""
    raw = {name: _read(name) for name in _names()}
    index = raw.pop("index.html")
    names = bundle.parts(raw, "app.js")
    whole = bundle.joined(raw, names)
    raw = {name: body for name, body in raw.items() if name not in names}
    raw["app.js"] = whole
    raw["app.css"] = raw.pop("vendor/uPlot.min.css") + b"\n" + raw["app.css"]
    digest = _digest(b"".join(name.encode() + raw[name] for name in sorted(raw)))
    modules = [name for name in sorted(raw) if name.endswith((".js", ".mjs"))]
    wanted = [name for name in modules if not name.startswith(("words_", "vendor/u"))]
    links = "\n".join(
        f'<link rel="modulepreload" href=".{PREFIX}{digest}/{name}">' for name in wanted
    )
    text = index.replace(b"{preload}", links.encode())
    text = text.replace(b"{base}", f".{PREFIX}{digest}".encode())
    found = _MAP.search(text)
    assert found is not None
    known = base64.b64encode(hashlib.sha256(found[1]).digest()).decode()
    return Site(
        digest,
        {name: _page(name, body) for name, body in raw.items()},
        _page("index.html", text),
        _POLICY.format(digest=known),
    )


def _names() -> list[str]:
    found = []
    for place, _, names in os.walk(FOLDER):
        inner = os.path.relpath(place, FOLDER)
        found += [os.path.normpath(os.path.join(inner, name)) for name in names]
    return [name for name in found if os.path.splitext(name)[1] in _TYPES]


def _read(name: str) -> bytes:
    """Return a file as it is sent: ours go without indentation and comments."""
    with open(os.path.join(FOLDER, name), "rb") as file:
        body = file.read()
    if name.startswith("vendor") or not name.endswith((".js", ".css")):
        return body
    body = _UNSAID.sub(b"", body)
    return _AIRY.sub(rb"\1", body) if name.endswith(".css") else body


def _page(name: str, body: bytes) -> Page:
    packed = gzip.compress(body, 9, mtime=0)
    shorter = packed if len(packed) < len(body) else b""
    return Page(body, shorter, _TYPES[os.path.splitext(name)[1]], _digest(body))


def _digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=9).hexdigest()


async def index(request: Request) -> Response:
    """Send the page; it is asked for anew each time."""
    found = site()
    answer = _sent(request, found.index, "no-cache")
    answer.headers["content-security-policy"] = found.policy
    return answer


async def static(request: Request) -> Response:
    """Send a file; an old page that asks for what it knew gets what is there now."""
    found = site()
    page = found.files.get(request.path_params["name"])
    if page is None:
        raise Refusal("not_found", path=request.url.path)
    known = request.path_params["digest"] == found.digest
    return _sent(request, page, _FOR_GOOD if known else "no-cache")


async def favicon(request: Request) -> Response:
    """Send the picture that browsers ask for unasked."""
    return _sent(request, site().files["icon-unknown.svg"], "no-cache")


def _sent(request: Request, page: Page, cache: str) -> Response:
    packs = "gzip" in request.headers.get("accept-encoding", "") and page.packed
    tag = f'"{page.tag}{"-gz" if packs else ""}"'
    headers = {"cache-control": cache, "etag": tag, "vary": "Accept-Encoding"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(b"", 304, headers)
    if packs:
        headers["content-encoding"] = "gzip"
    return Response(page.packed if packs else page.body, 200, headers, page.media_type)


ROUTES = (
    Route("/", index),
    Route("/favicon.ico", favicon),
    Route(PREFIX + "{digest}/{name:path}", static),
)
