"""The effective configuration as YAML for people: each value with its source."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from agent2.compiler.problems import MASK, Loc
from agent2.compiler.scalars import resolve
from agent2.compiler.schema import Restart
from agent2.compiler.show import effective

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from agent2.compiler.entries import Entry
    from agent2.compiler.layers import Sourced
    from agent2.compiler.settle import Settled, SettledTarget

_SHORT = frozenset({"defaults", "log", "events", "store", "telemetry"})
_SHORT |= {"metrics", "observability", "evidence"}


def as_yaml(settled: Settled, path: str, part: str = "") -> str:
    """Return the effective configuration as YAML, with the source of each value.

    With *part* that section alone.
    """
    tree = effective(settled, words=True)
    head = f"# What counts, from {path}; {MASK} is a secret."
    lines = [head, "# A line is one of that file; what a note leaves out is a default."]
    tops = {"profile": settled.profile, "language": settled.language}
    for key, node in tree.items():
        if part and key != part:
            continue
        if key == "targets":
            lines.append("targets:")
            for index, target in enumerate(settled.targets):
                lines += _target_lines(settled, index, target, node[index])
        elif key in _SHORT:
            lines.append(f"{key}:")
            for name, each in node.items():
                note = f"  # {settled.source((key, name))}"
                note = _note(settled.defaults, name) if key == "defaults" else note
                lines += [f"  {text}" for text in _lines(name, each, note)]
        elif key in {"alert_texts", "restarter", "web"}:
            lines += _lines(key, node, _notes(settled, (key,), node))
        elif key == "notifiers":
            lines += _plugin_lines(settled, key, node, settled.notifiers)
        else:
            lines += _lines(key, node, _note(tops, key))
    return "\n".join(lines)


def _note(sources: dict[str, Sourced], key: str) -> str:
    return f"  # {sources[key].source}" if key in sources else ""


def _notes(settled: Settled, loc: Loc, keys: Iterable[str]) -> str:
    """Return where the values of one line are from: in one word if all are alike."""
    found = {key: settled.source((*loc, key)) for key in keys}
    found = {key: source for key, source in found.items() if source != "default"}
    if not found:
        return "  # default"
    first = next(iter(found.values()))
    if set(found.values()) == {first} and first.startswith("line"):
        return f"  # {first}"
    return "  # " + ", ".join(f"{key}: {source}" for key, source in found.items())


def _target_lines(
    settled: Settled, index: int, target: SettledTarget, tree: dict[str, Any]
) -> Iterator[str]:
    lead = "  - "
    for key, node in tree.items():
        if key == "restart":
            yield "    restart:"
            for name in Restart.model_fields:
                lines = _lines(name, node[name], _note(target.budget, name))
                if name == "actions":
                    lines = _plugin_lines(settled, name, node[name], target.actions)
                yield from (f"      {line}" for line in lines)
            continue
        note = _note(target.numbers, key)
        lines = _lines(key, node, note or _own(settled, index, key))
        if key == "checks":
            lines = _plugin_lines(settled, key, node, target.checks)
        for line in lines:
            yield lead + line
            lead = "    "


def _own(settled: Settled, index: int, key: str) -> str:
    """Return the note of a key that only a target has."""
    return "" if key == "name" else f"  # {settled.source(('targets', index, key))}"


def _plugin_lines(
    settled: Settled, key: str, nodes: list[Any], entries: tuple[Entry, ...]
) -> list[str]:
    """Return a list of plugins, a line each, with the sources of their options."""
    if not nodes:
        return [f"{key}: []"]
    lines = [f"{key}:"]
    for node, entry in zip(nodes, entries, strict=True):
        note = _notes(settled, entry.loc, node) if entry.loc else "  # default"
        lines.append(f"  - {_flow(node)}{note}")
    return lines


def _lines(key: str, node: Any, note: str) -> list[str]:
    """Return a key and its value: lists of mappings a line each, the rest in flow."""
    if isinstance(node, list) and node and isinstance(node[0], dict):
        return [f"{key}:{note}", *(f"  - {_flow(entry)}" for entry in node)]
    return [f"{key}: {_flow(node)}{note}"]


def _flow(node: Any) -> str:
    """Return *node* as flow YAML, which is JSON with fewer quotes."""
    if isinstance(node, dict):
        inner = ", ".join(f"{_flow(k)}: {_flow(v)}" for k, v in node.items())
        return f"{{{inner}}}"
    if isinstance(node, list):
        return f"[{', '.join(_flow(each) for each in node)}]"
    if isinstance(node, str) and _is_bare(node):
        return node
    return json.dumps(node, ensure_ascii=False)


def _is_bare(text: str) -> bool:
    """Need *text* no quotes in YAML?"""
    safe = text.isascii() and text.replace("_", "").replace("-", "").isalnum()
    return safe and text[0].isalnum() and type(resolve(text)) is str
