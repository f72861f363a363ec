"""The texts of the configuration as types: names, secrets, paths, URLs."""

from __future__ import annotations

import os
import re
from typing import Annotated, Any

from agent2.compiler import references, urls
from agent2.compiler.word import PORT, TRUTH, Word, settled
from agent2.compiler.words import PUBLIC, Scope, Wrong
from agent2.plan.secret import Secret as Hidden

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
# None of our own paths, no dots: a proxy and a browser take those away.
_OWN = "api|health|livez|readyz|metrics|static"
_ROOT = re.compile(rf"(?!/(?:{_OWN})(?:/|$))(/(?!\.\.?(?:/|$))[A-Za-z0-9._~-]+)*")


def _text(node: Any, scope: Scope) -> str | Hidden:
    """Read a text; with a reference it stays unexpanded and hidden."""
    if not isinstance(node, str):
        raise Wrong("is no text", "Put it in quotes.")
    if references.refers(node):
        references.expand(node, scope.base, scope.environ)
        return Hidden(node, scope.base)
    return node.replace("$$", "$")


def _public(node: Any, _scope: Scope) -> str:
    if not isinstance(node, str):
        raise Wrong("is no text", "Put it in quotes.")
    if references.refers(node):
        raise Wrong("a reference stands where everybody can read it", PUBLIC)
    return node.replace("$$", "$")


def is_name(text: str) -> bool:
    """May *text* be a name, or a part of one?"""
    return _NAME.fullmatch(text) is not None


def _name(node: Any, scope: Scope) -> str:
    text = _public(node, scope)
    if not is_name(text):
        raise Wrong("cannot be a name", "It becomes the name of a file.")
    return text


def _instance(node: Any, scope: Scope) -> str:
    plain_number = isinstance(node, int) and not isinstance(node, bool)
    return _name(str(node) if plain_number else node, scope)


def _root(node: Any, scope: Scope) -> str:
    text = _public(node, scope)
    if not _ROOT.fullmatch(text):
        raise Wrong("is no such path, or one of our own", "For example /agent2.")
    return text


def _secret(node: Any, scope: Scope) -> Hidden:
    if not isinstance(node, str):
        raise Wrong("is no text", "Put it in quotes.")
    if not references.expand(node, scope.base, scope.environ) and not node:
        raise Wrong("is empty", "Leave the key out if there is no secret.")
    return Hidden(node, scope.base)


def _path(node: Any, scope: Scope) -> str | Hidden:
    text = _text(node, scope)
    if isinstance(text, Hidden):
        behind = references.expand(node, scope.base, scope.environ)
        if not os.path.isabs(os.path.expanduser(behind)):
            raise Wrong("is a relative path behind a reference", "Make it absolute.")
        return text
    if not text or "\0" in text:
        raise Wrong("is no path", "Leave the key out if there is no file.")
    if text == "~" or text.startswith("~/"):
        text = scope.home + text[1:]
    return os.path.normpath(os.path.join(scope.base, os.path.expanduser(text)))


def _public_path(node: Any, scope: Scope) -> str:
    return str(_path(settled(node, scope), scope))


def _url(node: Any, scope: Scope) -> str | Hidden:
    text = _text(node, scope)
    plain = references.expand(node, scope.base, scope.environ)
    fault = urls.fault(plain)
    if fault:
        raise Wrong(*fault, hidden=urls.is_private(plain))
    return text


def _public_url(node: Any, scope: Scope) -> str:
    text = _public(node, scope)
    fault = urls.fault(text) if text else None
    if fault:
        raise Wrong(*fault, hidden=urls.is_private(text))
    if text and urls.is_readable(text):
        raise Wrong("is not encrypted and leaves this machine", "Use https://.")
    return text


def _truth_or_path(node: Any, scope: Scope) -> bool | str:
    given = settled(node, scope)
    return given if isinstance(given, bool) else _public_path(given, scope)


_URL = "an http:// or https:// URL with a host"
_TEXT = {"type": "string"}

TEXT = Word("a text", _text, _TEXT, "Put it in quotes.")
PLAIN = Word("a text without references", _public, _TEXT, "Put it in quotes.")
NAME = Word(
    "1 to 63 letters, digits, dots, dashes or underscores, a letter or digit first",
    _name,
    _TEXT | {"pattern": f"^{_NAME.pattern}$"},
)
INSTANCE = Word(
    "a number, or letters, digits, dots, dashes, underscores",
    _instance,
    {"anyOf": [{"type": "integer"}, _TEXT | {"pattern": f"^{_NAME.pattern}$"}]},
)
ROOT = Word(
    "a path that begins with / and does not end with it",
    _root,
    _TEXT | {"pattern": f"^{_ROOT.pattern}$"},
)
SECRET = Word("a text, best as ${NAME} or ${file:name}", _secret, _TEXT, secret=True)
PATH = Word("a path", _path, _TEXT)
PUBLIC_URL = Word(_URL, _public_url, _TEXT)
PUBLIC_PATH = Word("a path", _public_path, _TEXT)
URL = Word(_URL, _url, _TEXT, "For example http://127.0.0.1:8080/api/health.")
TRUTH_OR_PATH = Word(
    "true, false or a path",
    _truth_or_path,
    {"anyOf": [{"type": "boolean"}, _TEXT]},
    "Write true or false.",
)
Plain = Annotated[str, PLAIN]
Name = Annotated[str, NAME]
InstanceName = Annotated[str, INSTANCE]
Truth = Annotated[bool, TRUTH]
Port = Annotated[int, PORT]
PublicUrl = Annotated[str, PUBLIC_URL]
PublicPath = Annotated[str, PUBLIC_PATH]
