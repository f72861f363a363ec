"""Where each value of the effective configuration is from, for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent2.compiler.show import effective

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from agent2.compiler.entries import Entry
    from agent2.compiler.layers import Sourced
    from agent2.compiler.settle import Settled, SettledTarget


def as_tree(settled: Settled, part: str = "") -> dict[str, Any]:
    """Return the effective configuration, and under ``origins`` each value's source.

    With *part* that section alone.

    A source (``default``, ``profile test``, ``line 7``, a variable's name, ``--set``)
    stands under the path of its value, such as ``targets.0.interval``.
    """
    tree = effective(settled, words=False)
    found = dict(sorted(_origins(settled, tree)))
    if part:
        tree = {part: tree[part]}
        found = {at: of for at, of in found.items() if at.partition(".")[0] == part}
    return tree | {"origins": found}


def _origins(settled: Settled, tree: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "profile", settled.profile.source
    yield "language", settled.language.source
    for key, node in tree.items():
        if isinstance(node, dict) and key != "defaults":
            if not node:
                yield key, settled.source((key,))
            for name in node:
                yield f"{key}.{name}", settled.source((key, name))
            if not node:
                yield key, settled.source((key,))
    yield from _sourced("defaults", settled.defaults)
    for index, target in enumerate(settled.targets):
        yield from _target(settled, index, target, tree["targets"][index])
    yield from _plugins(settled, "notifiers", tree["notifiers"], settled.notifiers)
    for index in range(len(settled.routes)):
        yield f"routes.{index}", settled.source(("routes", index))


def _target(
    settled: Settled, index: int, target: SettledTarget, tree: dict[str, Any]
) -> Iterator[tuple[str, str]]:
    place = f"targets.{index}"
    yield from _sourced(place, target.numbers)
    yield from _sourced(f"{place}.restart", target.budget)
    yield from _plugins(settled, f"{place}.checks", tree["checks"], target.checks)
    actions = tree["restart"]["actions"]
    yield from _plugins(settled, f"{place}.restart.actions", actions, target.actions)
    for key in tree.keys() - target.numbers.keys() - {"checks", "restart"}:
        yield f"{place}.{key}", settled.source(("targets", index, key))


def _sourced(place: str, found: dict[str, Sourced]) -> Iterator[tuple[str, str]]:
    for name, each in found.items():
        yield f"{place}.{name}", each.source


def _plugins(
    settled: Settled, place: str, nodes: list[Any], entries: tuple[Entry, ...]
) -> Iterator[tuple[str, str]]:
    for index, (node, entry) in enumerate(zip(nodes, entries, strict=True)):
        for name in node:
            source = settled.source((*entry.loc, name)) if entry.loc else "default"
            yield f"{place}.{index}.{name}", source
