"""Targets that do one work together, and the short spelling of one: ``instances``.

A target with instances is put down as so many targets before anything else reads it:
what follows knows ordinary targets alone. The copies keep the places of the file.
"""

from __future__ import annotations

from typing import Any

from agent2.compiler import fields
from agent2.compiler.problems import Loc, shown
from agent2.compiler.report import Report
from agent2.compiler.words import Instance
from agent2.compiler.yaml_tree import Mapping, Scalar, Sequence

HOLE = "{instance}"
_OWN = ("name", "instances", "primary")


def expand(report: Report, root: Mapping) -> Mapping:
    """Return *root* with a target for each instance; tell of those that cannot be."""
    mark, targets = root.entries.get("targets", (root.mark, None))
    if not isinstance(targets, Sequence):
        return root
    made: list[Any] = []
    copies: list[int] = []
    for index, target in enumerate(targets.items):
        found = _copies(report, target, ("targets", index))
        made += found
        copies += [index] * len(found)
    report.copied(tuple(copies))
    for number, (one, of) in enumerate(zip(made, copies, strict=True)):
        if one is not targets.items[of]:
            said = report.source(("targets", number, "instances"))
            report.lent["targets", number, "group"] = said
    put = {"targets": (mark, targets._replace(items=made))}
    return root._replace(entries=root.entries | put)


def _copies(report: Report, target: Any, loc: Loc) -> list[Any]:
    if not isinstance(target, Mapping) or "instances" not in target.entries:
        return [target]
    if not _is_sound(report, target, loc):
        return [target]
    name = target.entries["name"][1]
    kept = {k: node for k, node in target.entries.items() if k not in _OWN}
    made = []
    instances = {one.text: one for one in target.entries["instances"][1].items}
    for number, one in enumerate(instances.values()):
        own = {key: (at, _put(node, one.text)) for key, (at, node) in kept.items()}
        called = name._replace(text=f"{name.text}.{one.text}", quoted=True)
        entries = {"name": (target.entries["name"][0], called), **own}
        entries["group"] = (target.entries["instances"][0], name)
        if number == 0 and "primary" in target.entries:
            entries["primary"] = target.entries["primary"]
        made.append(target._replace(entries=entries))
    return made


def _is_sound(report: Report, target: Mapping, loc: Loc) -> bool:
    """Can *target* be put down once for each instance? Tell what is wrong with them.

    What is no list of names at all the models tell.
    """
    found, name = target.entries["instances"][1], target.entries.get("name")
    if "group" in target.entries:
        hint = "The instances are a group by themselves, of the target's name."
        report.tell(
            (*loc, "group"), "stands beside instances", "both", "one of them", hint
        )
    if not isinstance(found, Sequence) or not found.items:
        return False
    if name is None or not isinstance(name[1], Scalar):
        return False
    place, seen = (*loc, "instances"), set()
    for index, one in enumerate(found.items):
        if not isinstance(one, Scalar) or not fields.is_name(one.text):
            return False
        if one.text in seen:
            expected = "each instance once"
            report.tell((*place, index), "is doubled", shown(one.text), expected)
        seen.add(one.text)
    if not _holds(target.entries.get("checks", (None, None))[1]):
        what = "all of them would be looked at in the same place"
        hint = f'Write {HOLE} where they differ, in quotes: port: "{HOLE}".'
        report.tell(place, what, f"no {HOLE} in checks", f"{HOLE} in a check", hint)
    return True


def _holds(node: Any) -> bool:
    if isinstance(node, Mapping):
        return any(_holds(child) for _, child in node.entries.values())
    if isinstance(node, Sequence):
        return any(map(_holds, node.items))
    return isinstance(node, Scalar) and HOLE in node.text


def _put(node: Any, text: str) -> Any:
    """Return *node* with *text* in its holes; what has none is shared."""
    if not _holds(node):
        return node
    if isinstance(node, Mapping):
        entries = {
            k: (at, _put(child, text)) for k, (at, child) in node.entries.items()
        }
        return node._replace(entries=entries)
    if isinstance(node, Sequence):
        return node._replace(items=[_put(child, text) for child in node.items])
    if node.text == HOLE:
        return node._replace(text=Instance(text), quoted=True)
    return node._replace(text=node.text.replace(HOLE, text))


def members(tree: dict[str, Any]) -> dict[str, list[str]]:
    """Return the names of the targets of each group in the plain *tree*."""
    found: dict[str, list[str]] = {}
    for _, target in _targets(tree):
        group, name = target.get("group"), target.get("name")
        if isinstance(group, str) and isinstance(name, str):
            found.setdefault(group, []).append(name)
    return found


def check(report: Report, tree: dict[str, Any]) -> None:
    """Tell of groups that could not be meant so."""
    found = members(tree)
    names = {target.get("name") for _, target in _targets(tree)}
    least: dict[str, Any] = {}
    for loc, target in _targets(tree):
        group, wanted = target.get("group"), target.get("min_healthy", 1)
        place = (*loc, "min_healthy")
        if not isinstance(group, str):
            if "min_healthy" in target and "instances" not in target:
                hint = "It says how many of several must be well."
                expected = "instances or group beside it"
                report.tell(place, "stands alone", shown(wanted), expected, hint)
            continue
        if group in names:
            what = "is the name of a target too"
            hint = "Routes and depends_on could mean either."
            report.tell((*loc, "group"), what, shown(group), "another name", hint)
        if wanted != least.setdefault(group, wanted):
            expected = f"{least[group]}, as at the first of {group}"
            report.tell(place, "differs within its group", shown(wanted), expected)
        many = len(found.get(group, ()))
        if isinstance(wanted, int) and wanted > many:
            expected = f"at most {many}, as many as there are in {group}"
            report.tell(place, "can never be reached", shown(wanted), expected)


def _targets(tree: dict[str, Any]) -> list[tuple[Loc, dict[str, Any]]]:
    targets = tree.get("targets")
    return [
        (("targets", index), target)
        for index, target in enumerate(targets if isinstance(targets, list) else ())
        if isinstance(target, dict)
    ]
