"""Rules between the parts of a file: names that must exist, be unique, make no ring.

They read the plain tree, so they are kept even where another part is wrong and all
problems can be told at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agent2.compiler import groups, telemetry
from agent2.compiler.problems import Loc, nearest, shown
from agent2.compiler.report import Report
from agent2.compiler.urls import is_near
from agent2.core.model import AlertKind, Severity


def check(report: Report, tree: dict[str, Any]) -> None:
    """Tell of every name that leads nowhere."""
    targets = dict(_named(report, tree, "targets"))
    notifiers = dict(_named(report, tree, "notifiers"))
    _primary(report, tree)
    _dependencies(report, tree, targets)
    _web(report, tree)
    telemetry.check(report, tree.get("telemetry"))
    section = tree.get("events")
    for key in ("rules", "polling"):
        dict(_named(report, section, key, "events"))
    used = _routes(report, tree, targets, notifiers)
    _texts(report, tree.get("alert_texts"), notifiers)
    if isinstance(tree.get("routes"), list):
        for name, loc in notifiers.items():
            if name not in used:
                expected = "a route with it"
                hint = "Nobody hears of anything through it."
                what = "a notifier that no route uses"
                report.tell(
                    (*loc, "name"), what, shown(name), expected, hint, warning=True
                )


def _web(report: Report, tree: dict[str, Any]) -> None:
    web = tree.get("web")
    host = web.get("host", "127.0.0.1") if isinstance(web, dict) else None
    if not isinstance(web, dict) or not isinstance(host, str) or web.get("token_file"):
        return
    if web.get("enabled") is True and not is_near(host):
        hint = "Whoever reaches the port could use it; or listen on 127.0.0.1."
        what = "is missing while host is open to others"
        report.tell(("web", "token_file"), what, "nothing", "a file with a token", hint)


def _entries(node: Any, key: str) -> Iterator[tuple[Loc, dict[str, Any]]]:
    """Yield the mappings in the list under *key*, with their places."""
    found = node.get(key) if isinstance(node, dict) else None
    if isinstance(found, list):
        for index, entry in enumerate(found):
            if isinstance(entry, dict):
                yield (key, index), entry


def _named(
    report: Report, tree: Any, section: str, *above: str
) -> Iterator[tuple[str, Loc]]:
    seen: dict[str, Loc] = {}
    for inner, entry in _entries(tree, section):
        loc = (*above, *inner)
        name = entry.get("name")
        if not isinstance(name, str):
            continue
        if name in seen:
            first = report.source((*seen[name], "name"))
            hint = f"It stands in {first} already."
            expected = f"a name of its own for each of the {section}"
            report.tell((*loc, "name"), "is doubled", shown(name), expected, hint)
            continue
        seen[name] = loc
        yield name, loc


def _primary(report: Report, tree: dict[str, Any]) -> None:
    first = True
    for loc, target in _entries(tree, "targets"):
        if target.get("primary") is not True:
            continue
        if not first:
            hint = "The five old keys of the status tell of one target."
            expected = "true at one target at most"
            report.tell((*loc, "primary"), "is doubled", "true", expected, hint)
        first = False


def _dependencies(
    report: Report, tree: dict[str, Any], targets: dict[str, Loc]
) -> None:
    wanted: dict[str, list[str]] = {}
    together = groups.members(tree)
    for loc, target in _entries(tree, "targets"):
        parents = target.get("depends_on")
        name = target.get("name")
        if not isinstance(parents, list) or not isinstance(name, str):
            continue
        for index, parent in enumerate(parents):
            if not isinstance(parent, str):
                continue
            if parent in targets or parent in together:
                wanted.setdefault(name, []).extend(together.get(parent, [parent]))
                continue
            expected = "the name of a target or group"
            place = (*loc, "depends_on", index)
            hint = nearest(parent, [*targets, *together])
            report.tell(place, "no such target", shown(parent), expected, hint)
    _rings(report, wanted, targets)


def _rings(
    report: Report, wanted: dict[str, list[str]], targets: dict[str, Loc]
) -> None:
    """Tell of each ring once: strip whatever depends on nothing that is left."""
    left = {name: set(parents) for name, parents in wanted.items()}
    while free := [name for name in left if not left[name] & left.keys()]:
        for name in free:
            del left[name]
    while left:
        ring, name = [], next(iter(left))
        while name not in ring:
            ring.append(name)
            name = min(left[name] & left.keys(), default=name)
        ring = ring[ring.index(name) :]
        got = " -> ".join(shown(each) for each in (*ring, name))
        place = (*targets[name], "depends_on")
        expected = "parents that do not depend on it"
        report.tell(place, "depends on itself", got, expected)
        while gone := [n for n in left if n in ring or not left[n] & left.keys()]:
            for each in gone:
                del left[each]
            ring = []


def _routes(
    report: Report,
    tree: dict[str, Any],
    targets: dict[str, Loc],
    notifiers: dict[str, Loc],
) -> set[str]:
    used: set[str] = set()
    for loc, route in _entries(tree, "routes"):
        names = route.get("notifiers")
        for index, name in enumerate(names if isinstance(names, list) else ()):
            if not isinstance(name, str):
                continue
            used.add(name)
            if name not in notifiers:
                place = (*loc, "notifiers", index)
                hint = nearest(name, notifiers) or "Define it under notifiers."
                expected = "the name of a notifier"
                report.tell(place, "no such notifier", shown(name), expected, hint)
        match = route.get("match")
        for fact, wanted in match.items() if isinstance(match, dict) else ():
            _fact(report, (*loc, "match", fact), wanted, targets)
    return used


def _texts(report: Report, texts: Any, notifiers: dict[str, Loc]) -> None:
    for name in texts if isinstance(texts, dict) else ():
        if name not in notifiers:
            hint = nearest(str(name), notifiers) or "Define it under notifiers."
            place = ("alert_texts", name)
            expected = "the name of a notifier"
            report.tell(
                place, "no such notifier", shown(name), expected, hint, at_key=True
            )


def _fact(report: Report, loc: Loc, wanted: Any, targets: dict[str, Loc]) -> None:
    fact = str(loc[-1])
    known: dict[str, tuple[str, ...]] = {
        "severity": tuple(each.value for each in Severity),
        "kind": tuple(each.value for each in AlertKind),
        "target": tuple(targets),
    }
    if fact.startswith("label.") and fact != "label.":
        return
    if fact not in known:
        expected = "severity, target, kind or label.NAME"
        hint = nearest(fact, known)
        report.tell(loc, "no such fact", shown(fact), expected, hint, at_key=True)
    elif isinstance(wanted, str) and wanted not in known[fact]:
        expected = f"one of {', '.join(known[fact])}"
        hint = nearest(wanted, known[fact])
        report.tell(loc, "matches no alert", shown(wanted), expected, hint)
