"""Answers as JSON, with the tag by which a client asks "is it still the same?"."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

JSON = "application/json"


def body_of(tree: Any) -> bytes:
    """Return *tree* as JSON in UTF-8; half a character becomes a question mark."""
    text = json.dumps(tree, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def reply(
    tree: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return *tree* as the JSON body of an answer."""
    return Response(body_of(tree), status, headers, JSON)


def tagged(
    request: Request,
    body: bytes,
    media_type: str = JSON,
    cache: str = "no-cache",
) -> Response:
    """Return *body* with its ETag, or 304 to who has it already."""
    tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    headers = {"etag": tag, "cache-control": cache}
    known = request.headers.get("if-none-match", "")
    if known == "*" or tag in {
        one.strip().removeprefix("W/") for one in known.split(",")
    }:
        return Response(b"", 304, headers)
    return Response(body, 200, headers, media_type)
