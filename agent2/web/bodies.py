"""The JSON that comes with a change: bounded in length, time and what it may be."""

from __future__ import annotations

import asyncio
import json
import math
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from agent2.web.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Receive, Scope

LARGEST = 1 << 20  # bytes of a body
SMALL = 1 << 16  # what is longer may weigh 15 MB when it is read: one at a time
PARTS = 20_000  # objects and lists in a body: they weigh 30 times what they are long
BODY_S = 5.0


def may_be_large(headers: Mapping[str, str]) -> bool:
    """Must a change with these *headers* wait for its turn?"""
    length = headers.get("content-length", "0")
    return "transfer-encoding" in headers or not (
        length.isdecimal() and int(length) <= SMALL
    )


async def body(scope: Scope, headers: dict[str, str], receive: Receive) -> Any:
    """Return the JSON that comes with a change; None if nothing comes.

    Raises:
        Refusal: too_large, slow_body, not_json, bad_json.
    """
    length = headers.get("content-length", "0")
    if length.isdecimal() and int(length) > LARGEST:
        raise Refusal("too_large", limit=LARGEST)
    try:
        raw = await asyncio.wait_for(_read(Request(scope, receive)), BODY_S)
    except TimeoutError:
        raise Refusal("slow_body", seconds=f"{BODY_S:.0f}") from None
    if not raw:
        return None
    sort = headers.get("content-type", "").partition(";")[0].strip().lower()
    if sort != "application/json" or "content-encoding" in headers:
        raise Refusal("not_json")
    return parsed(raw)


async def _read(request: Request) -> bytes:
    raw = b""
    async for part in request.stream():
        raw += part
        if len(raw) > LARGEST:
            raise Refusal("too_large", limit=LARGEST)
    return raw


def parsed(raw: bytes) -> Any:
    """Return the document; only what JSON knows (RFC 8259), in UTF-8.

    Raises:
        Refusal: bad_json.
    """
    if raw.count(b"{") + raw.count(b"[") > PARTS:
        raise Refusal("bad_json", why=f"more than {PARTS} objects and lists")
    try:
        return json.loads(
            raw.decode("utf-8"), parse_constant=_no_number, parse_float=_finite
        )
    except RecursionError:
        raise Refusal("bad_json", why="nested too deep") from None
    except ValueError as error:
        raise Refusal("bad_json", why=error) from None


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _finite(text: str) -> float:
    found = float(text)
    if math.isinf(found):
        raise ValueError(f"{text} is too large")
    return found
