"""The OpenAPI document (3.1), made of the table of routes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import agent2
from agent2.web.refusals import STATUS
from agent2.web.routes import Entry
from agent2.web.shapes import TEXT, objects

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent2.web.routes import Entry

PATH = "/api/v1/openapi.json"
_ALWAYS = ("foreign_host", "foreign_origin", "body_unwanted", "too_many", "full")
_CHANGES = (
    "no_token",
    "wrong_token",
    "bad_json",
    "bad_field",
    "slow_body",
    "too_large",
    "not_json",
    "store",
)
_REFUSAL = {"$ref": "#/components/schemas/Refusal"}


def document(table: Iterable[Entry], root: str = "") -> dict[str, Any]:
    """Return the document of all routes, which stand under the path *root*."""
    paths: dict[str, dict[str, Any]] = {}
    for entry in table:
        path = entry.path.replace(":path}", "}")
        paths.setdefault(path, {})[entry.method.lower()] = _operation(entry)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Agent2", "version": agent2.__version__},
        "servers": [{"url": root or "/"}],
        "paths": paths,
        "components": {
            "schemas": {"Refusal": objects(error=TEXT, code=TEXT, hint=TEXT)},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(entry: Entry) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", f"{entry.method}{entry.path}").strip("_"),
        "summary": entry.summary,
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": TEXT}
            for name in re.findall(r"{(\w+)[:}]", entry.path)
        ]
        + [
            {"name": name, "in": "query", "description": about, "schema": shape}
            for name, (shape, about) in (entry.query or {}).items()
        ],
        "responses": _responses(entry),
    }
    if entry.method != "GET":
        told["security"] = [{"token": []}]
    if entry.body is not None:
        content = {"application/json": {"schema": entry.body}}
        told["requestBody"] = {"content": content}
    return told


def _responses(entry: Entry) -> dict[str, Any]:
    good: dict[str, Any] = {
        "description": entry.summary,
        "content": {entry.media_type: {"schema": entry.answers or TEXT}},
    }
    found = {str(entry.status): good}
    codes = [*_ALWAYS, *entry.refuses, *(_CHANGES if entry.method != "GET" else ())]
    if entry.query:
        codes.append("bad_query")
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(STATUS[code], []).append(code)
    for status, names in sorted(by_status.items()):
        found[str(status)] = {
            "description": ", ".join(names),
            "content": {"application/json": {"schema": _REFUSAL}},
        }
    return found
