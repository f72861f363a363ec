"""Every refusal, as one JSON document: what is wrong, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent2.core.text import one_line
from agent2.web.replies import reply
from agent2.web.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

STATUS = {
    "bad_request": 400,
    "bad_json": 400,
    "bad_field": 400,
    "bad_query": 400,
    "body_unwanted": 400,
    "config_rejected": 400,
    "no_token": 401,
    "wrong_token": 401,
    "foreign_origin": 403,
    "not_found": 404,
    "unknown": 404,
    "method": 405,
    "slow_body": 408,
    "conflict": 409,
    "busy": 409,
    "too_large": 413,
    "not_json": 415,
    "foreign_host": 421,
    "too_many": 429,
    "long_head": 431,
    "internal": 500,
    "store": 503,
    "no_status": 503,
    "no_agent": 503,
    "silent_agent": 503,
    "full": 503,
}


class Refusal(Exception):  # noqa: N818  (not every refusal is an error)
    """The request is not served.

    Args:
        code: A key of ``STATUS``: the word for programs.
        headers: More headers of the answer.
        values: What the sentences name; no secret.
    """

    def __init__(
        self, code: str, headers: Mapping[str, str] | None = None, **values: object
    ) -> None:
        """Keep them."""
        super().__init__(code)
        self.code = code
        self.status = STATUS[code]
        self.headers = dict(headers or {})
        self.values = values


def document(code: str, language: str, values: Mapping[str, object]) -> dict[str, Any]:
    """Return the JSON of a refusal in *language*."""
    words = WORDS.get(language, WORDS["en"])
    shown = {name: one_line(str(each), 200) for name, each in values.items()}
    return {
        "error": words[code].format_map(shown),
        "code": code,
        "hint": words[f"{code}.hint"].format_map(shown),
    }


def answer(refusal: Refusal, language: str) -> Response:
    """Return the answer; the connection ends with it, whatever was still to come."""
    told = document(refusal.code, language, refusal.values)
    headers = {"connection": "close", **refusal.headers}
    return reply(told, refusal.status, headers)
