"""As much of XML-RPC (xmlrpc.com/spec) as supervisord's interface needs.

The standard library's reader loads http.client and expat, 3 MB in a process that counts
its imports; the answers of supervisord are flat lists of plain values.
"""

from __future__ import annotations

import re
from binascii import b2a_base64

from agent2.host import unix_http

_PLAIN = re.compile(
    r"<value>\s*(?:<(string|int|i4|boolean|double)\s*/?>"
    r"([^<]*)(?:</(?:string|int|i4|boolean|double)>)?|([^<]*))\s*</value>"
)
_MEMBER = re.compile(r"<name>([^<]*)</name>\s*" + _PLAIN.pattern)
_ENTITY = re.compile(r"&(lt|gt|amp|quot|apos|#x[0-9A-Fa-f]{1,6}|#[0-9]{1,7});")
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from agent2.host.reactor import Reactor

    Plain: TypeAlias = str | int | float | bool


class FaultError(Exception):
    """The other side refused: ``code`` and its text."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


async def ask(
    reactor: Reactor,
    path: str,
    login: str,
    deadline: float,
    method: str,
    *arguments: str | bool,
) -> dict[str, Plain]:
    """Call *method* at the socket *path*; *login* is ``name:password`` or "".

    Raises:
        FaultError: the other side refused.
        AnswerError: nobody is there, or it speaks something else.
        TimeoutError: not over before *deadline*.
        OSError: our own trouble.
    """
    head = "POST /RPC2\nContent-Type: text/xml"
    if login:
        head += f"\nAuthorization: Basic {_encoded(login)}"
    body = call(method, *arguments)
    status, told = await unix_http.ask(reactor, path, head, body, deadline)
    if status == 401:
        raise unix_http.AnswerError("it asks for a username and password")
    if status != 200:
        raise unix_http.AnswerError(f"it answers with status {status}")
    try:
        return answer(told)
    except ValueError as error:
        raise unix_http.AnswerError(f"its answer is no XML-RPC: {error}") from None


def call(method: str, *arguments: str | bool) -> bytes:
    """Return the body of a call of *method*."""
    values = "".join(f"<param><value>{_spell(a)}</value></param>" for a in arguments)
    text = f"<methodCall><methodName>{method}</methodName><params>{values}</params>"
    return f'<?xml version="1.0"?>{text}</methodCall>'.encode()


def answer(body: bytes) -> dict[str, Plain]:
    """Return the members of the answered struct; a plain value stands under ``""``.

    Raises:
        FaultError: it is a fault.
        ValueError: it is no answer of XML-RPC.
    """
    text = body.decode("utf-8", "replace")
    if "<methodResponse>" not in text:
        raise ValueError("no methodResponse")
    members = {_text(m[1]): _value(m[2], m[3], m[4]) for m in _MEMBER.finditer(text)}
    if "<fault>" in text:
        code = members.get("faultCode", 0)
        code = code if isinstance(code, int) else 0
        raise FaultError(code, str(members.get("faultString", "")))
    if members:
        return members
    plain = _PLAIN.search(text)
    if plain is None:
        raise ValueError("no value")
    return {"": _value(plain[1], plain[2], plain[3])}


def _encoded(login: str) -> str:
    return b2a_base64(login.encode(), newline=False).decode()


def _spell(argument: str | bool) -> str:
    if isinstance(argument, bool):
        return f"<boolean>{int(argument)}</boolean>"
    text = argument.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"<string>{text}</string>"


def _value(kind: str | None, typed: str | None, bare: str | None) -> Plain:
    text = _text(typed if kind else bare or "")
    if kind in ("int", "i4"):
        return int(text)
    if kind == "boolean":
        return text.strip() == "1"
    return float(text) if kind == "double" else text


def _text(raw: str | None) -> str:
    def put(match: re.Match[str]) -> str:
        name = match[1]
        if name in _ENTITIES:
            return _ENTITIES[name]
        number = int(f"0{name[1:]}", 16 if name[1] == "x" else 10)
        return chr(number) if number < 0x110000 else "\N{REPLACEMENT CHARACTER}"

    return _ENTITY.sub(put, raw or "")
