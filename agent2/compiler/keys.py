"""A key as people type it, ``targets[webui].checks[http].slow``, and what it names."""

from __future__ import annotations

import re
from typing import Any

from agent2 import plugins
from agent2.compiler import yaml_tree
from agent2.compiler.expectations import at, known_keys
from agent2.compiler.plugin_models import model_of
from agent2.compiler.problems import Loc, nearest
from agent2.compiler.schema import Root
from agent2.compiler.word import Word
from agent2.compiler.words import Wrong
from agent2.plan import sources

_KEY = re.compile(r"[^.\[\]=]+(?:\.[^.\[\]]+|\[[^\[\]]+\])*")
_PART = re.compile(r"\[([^\[\]]+)\]|\.?([^.\[\]]+)")
_FAMILIES = ("checks", "actions", "notifiers")
_EXAMPLE = "a key such as log.level or targets[webui].interval"


def resolve(root: Any, key: str) -> Loc:
    """Return where *key* leads in the tree *root*; an entry by its number or name.

    Raises:
        Wrong: it is no key, its first word is unknown, or there is no such entry.
    """
    if not _KEY.fullmatch(key):
        raise Wrong("is no key", "", expected=_EXAMPLE)
    parts = [bracket or word for bracket, word in _PART.findall(key)]
    known = known_keys(Root)
    if parts[0] not in known:
        raise Wrong("unknown key", _meant(key), expected=f"one of {', '.join(known)}")
    loc: Loc = ()
    node = root
    for part in parts:
        if isinstance(node, yaml_tree.Sequence):
            loc += (_entry(node, part),)
        else:
            loc += (part,)
        node = yaml_tree.child(root, loc)
    return loc


def _meant(key: str) -> str:
    last = {full.rpartition(".")[2]: full for full in reversed(sources.SETTABLE)}
    full = last.get(key.rpartition(".")[2])
    return f"Did you mean {full}?" if full else nearest(key, sources.SETTABLE)


def _entry(node: yaml_tree.Sequence, part: str) -> int:
    found = [yaml_tree.plain(each) for each in node.items]
    entries = [each if isinstance(each, dict) else {} for each in found]
    if part.isascii() and part.isdigit() and int(part) < len(entries):
        return int(part)
    names = _names(entries)
    kinds = [str(each.get("kind")) for each in entries]
    for words in (names, kinds):
        if words.count(part) == 1:
            return words.index(part)
    numbers = f"0 to {len(entries) - 1}"
    expected = f"one of {', '.join(names)}, or a number from {numbers}"
    raise Wrong("no such entry", nearest(part, names), expected=expected)


def _names(entries: list[dict[str, Any]]) -> list[str]:
    """Return what each is called: its name, or its kind, counted (``http-2``)."""
    taken = {str(each["name"]) for each in entries if each.get("name")}
    names = []
    for each in entries:
        name, count = str(each.get("name") or each.get("kind")), 1
        while not each.get("name") and name in taken:
            count += 1
            name = f"{each.get('kind')}-{count}"
        taken.add(name)
        names.append(name)
    return names


def word_at(root: Any, loc: Loc) -> Word | None:
    """Return the type of the single value at *loc* in the tree *root*, if it is one."""
    model: Any = Root
    for place in range(len(loc) - 2, 0, -1):
        if loc[place - 1] in _FAMILIES and isinstance(loc[place], int):
            entry = yaml_tree.plain(yaml_tree.child(root, loc[: place + 1]))
            kind = entry.get("kind") if isinstance(entry, dict) else None
            try:
                cls: Any = plugins.load(str(loc[place - 1]), str(kind))
                model = model_of(cls)
            except Exception:  # said when the entry itself is read
                return None
            loc = loc[place + 1 :]
            break
    found = at(model, loc)
    return found if isinstance(found, Word) else None
