"""Texts that must not be seen: kept unexpanded, expanded where they are used.

A text that is from ``${...}`` or sits in a secret field is a ``Secret``: the plan keeps
its *unexpanded* source, so that no secret rests in the state folder.
"""

from __future__ import annotations

import os
import re

from agent2.core.text import scrub
from agent2.core.value import replace
from agent2.host.files import read_linked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from agent2.core.model import Finding
    from agent2.host.reactor import Reactor

_REFERENCE = r"\$(?:\$|\{(file:)?([^}:]+)(?::-([^}]*))?\})"
_SHORTEST = 6  # shorter texts are words such as "ok", or a port


class SecretError(Exception):
    """A variable or file that a secret refers to is not there. Names no secret."""


class Secret:
    """A text that prints as ``***`` wherever it goes; ``reveal()`` gives it out."""

    __slots__ = ("_base", "_source")

    def __init__(self, source: str, base: str = "") -> None:
        """Keep *source* (may hold ``${...}``); files are sought beside *base*."""
        self._source = source
        self._base = base

    def reveal(self) -> str:
        """Return the text with its references expanded.

        Raises:
            SecretError: a variable is not set or a file cannot be read.
        """
        return expand(self._source, self._base)

    def texts(self) -> Iterator[str]:
        """Yield it as a whole and what was put in: who quotes it may quote that alone.

        Raises:
            SecretError: as of ``reveal``.
        """
        yield self.reveal()
        for found in re.finditer(_REFERENCE, self._source):
            text = expand(found[0], self._base)
            if len(text) >= _SHORTEST:
                yield text

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._source == self._source

    def __hash__(self) -> int:
        return hash(self._source)


def expand(text: str, base: str) -> str:
    """Return *text* with ``${VAR}``, ``${VAR:-default}``, ``${file:name}`` put in.

    ``$$`` is a dollar sign. A file is looked up as it stands if absolute, else in
    ``$CREDENTIALS_DIRECTORY``, then in *base*; one trailing newline is dropped.

    Raises:
        SecretError: what it refers to is not there.
    """

    def put(match: re.Match[str]) -> str:
        is_file, name, default = match.groups()
        if name is None:
            return "$"
        if is_file:
            return _file(name, base)
        found = os.environ.get(name)
        if found:
            return found
        if default is None:
            raise SecretError(f"environment variable {name} is not set")
        return default

    return re.sub(_REFERENCE, put, text)


def _file(name: str, base: str) -> str:
    places = [p for p in (os.environ.get("CREDENTIALS_DIRECTORY"), base) if p]
    path = os.path.expanduser(name)
    paths = [path] if os.path.isabs(path) else [os.path.join(p, path) for p in places]
    for candidate in paths:
        try:
            return read_secret(candidate)[0]
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise SecretError(f"secret file {name}: {type(error).__name__}") from None
    raise SecretError(f"secret file {name} is not there")


def read_secret(path: str) -> tuple[str, os.stat_result]:
    """Return the text of a secret's file, less its last line's end, and its stat.

    Raises:
        OSError: it is not there, is no plain file, or cannot be read.
        UnicodeDecodeError: it is not UTF-8.
    """
    content, found = read_linked(path, 65536)
    return content.decode().removesuffix("\n").removesuffix("\r"), found


def inside(options: Any) -> Iterator[str]:
    """Yield the text of every secret in *options*, however deep, that can be read."""
    if isinstance(options, Secret):
        try:
            yield from options.texts()
        except SecretError:
            return
    elif isinstance(options, dict):
        for each in options.values():
            yield from inside(each)
    elif isinstance(options, tuple):
        for each in options:
            yield from inside(each)


def holds(options: Any) -> bool:
    """Is there a secret in *options*, however deep?"""
    if isinstance(options, dict):
        options = tuple(options.values())
    if isinstance(options, tuple):
        return any(map(holds, options))
    return isinstance(options, Secret)


def hide(text: str, plugin: Any) -> str:
    """Return *text* with each secret among the options of *plugin* as ``***``."""
    names = getattr(plugin, "__match_args__", ())
    found = inside(tuple(getattr(plugin, name) for name in names))
    return scrub(text, tuple(one for one in found if len(one) >= _SHORTEST))


_VEILED: dict[type, type] = {}


def veiled(cls: type[Any]) -> type[Any]:
    """Return the class of a check as one whose findings quote none of its secrets."""
    made = _VEILED.get(cls)
    if made is not None:
        return made

    async def probe(self: Any, reactor: Reactor, deadline: float) -> Finding:
        found: Finding = await cls.probe(self, reactor, deadline)
        return replace(found, detail=hide(found.detail, self))

    made = _VEILED[cls] = type(cls.__name__, (cls,), {"__slots__": (), "probe": probe})
    return made
