"""One configured plugin: found by its kind, read by its model, asked for problems."""

from __future__ import annotations

from typing import Any

from agent2 import plugins
from agent2.compiler import plugin_models as models
from agent2.compiler import urls
from agent2.compiler.problems import MASK, Loc, nearest, shown, sort_of
from agent2.compiler.report import Report
from agent2.compiler.words import Scope
from agent2.core.text import plain
from agent2.core.value import value
from agent2.plan.secret import Secret

# What the documents' own examples hold and today's receivers do not need:
# family, kind -> key -> the key it is read as ("" for none).
_OLD = {("notifiers", "pagerduty"): {"api_key": "", "service_key": "routing_key"}}
_FAMILIES = {"checks": "check", "actions": "action", "notifiers": "notifier"}


@value
class Entry:
    """A plugin as it goes into the plan; *options* are only those that are given."""

    name: str
    kind: str
    cls: Any
    options: dict[str, Any]
    loc: Loc


def read(report: Report, family: str, node: Any, loc: Loc, scope: Scope) -> Any:
    """Return the Entry of *node*, or None and problems."""
    if not isinstance(node, dict):
        return None  # the section's model has said so
    cls = _class(report, family, node, loc)
    if cls is None:
        return None
    node = _renamed(report, family, node, loc)
    entry = report.check(models.model_of(cls), node, loc, scope)
    if entry is None:
        return None
    options = models.options(cls, entry)
    made = Entry(entry.x_name, node["kind"], cls, options, loc)
    return made if _sound(report, made) else None


def _class(report: Report, family: str, node: dict[str, Any], loc: Loc) -> Any:
    kind = node.get("kind")
    what = _FAMILIES[family]
    if "kind" not in node:
        known = ", ".join(plugins.kinds(family))
        hint = "Did you mean kind instead of type?" if "type" in node else ""
        report.tell((*loc, "kind"), "is missing", "nothing", f"one of {known}", hint)
        return None
    try:
        if isinstance(kind, str):
            return plugins.load(family, kind)
    except plugins.UnknownKindError:
        pass
    except Exception as error:
        why = f"the {what} cannot be loaded: {type(error).__name__}"
        expected = "a plugin that can be imported"
        report.tell((*loc, "kind"), why, shown(kind), expected, "Install it again.")
        return None
    kinds = plugins.kinds(family)
    hint = nearest(kind, kinds) if isinstance(kind, str) else ""
    got = shown(kind) if isinstance(kind, str) else sort_of(kind)
    expected = f"one of {', '.join(kinds)}"
    report.tell((*loc, "kind"), f"unknown kind of {what}", got, expected, hint)
    return None


def _renamed(
    report: Report, family: str, node: dict[str, Any], loc: Loc
) -> dict[str, Any]:
    kept = dict(node)
    for old, new in _OLD.get((family, node["kind"]), {}).items():
        if old not in kept or (new and new in kept):
            continue
        found = kept.pop(old)
        expected, hint = "no such key", "Leave it out."
        if new:
            kept[new] = found
            expected, hint = new, f"It is read as {new}."
        what = "an old key of Events API v1"
        report.tell((*loc, old), what, old, expected, hint, at_key=True, warning=True)
    return kept


def _sound(report: Report, entry: Entry) -> bool:
    """Ask the plugin itself, and the rules for whatever leaves this machine."""
    before = len(report.problems)
    for name, given in entry.options.items():
        _reachable(report, entry, name, given)
    if len(report.problems) > before:
        return False
    try:
        plugin = entry.cls(**entry.options)
        found = list(plugin.problems()) if hasattr(plugin, "problems") else []
    except Exception as error:
        found = [("kind", f"cannot be used: {type(error).__name__}", "")]
    for name, what, hint in found:
        report.tell(
            (*entry.loc, models.yaml_name(name)),
            what,
            _got(entry, name),
            _wanted(entry, name),
            f"{hint[:1].upper()}{hint[1:]}." if hint else "",
        )
    return not found


def _reachable(report: Report, entry: Entry, name: str, given: Any) -> None:
    """Refuse addresses that nothing may ask, wherever they stand."""
    word = models.word_of(entry.cls, name)
    hidden = isinstance(given, Secret)
    if name != "host" and not (name.endswith("url") and hidden):
        return
    try:
        text = plain(given)
    except Exception:  # it is set where the agent runs, not here
        return
    if name == "host":
        fault = urls.host_fault(text)
    else:
        fault = urls.fault(text) if text.startswith(("http:", "https:")) else None
    if fault:
        got = MASK if hidden else shown(given)
        report.tell((*entry.loc, name), fault[0], got, word.name, fault[1])


def _field(entry: Entry, name: str) -> str:
    names = models.option_names(entry.cls)
    return name if name in names else f"{name}_"


def _got(entry: Entry, name: str) -> str:
    given = entry.options.get(_field(entry, name))
    if given is None:
        return "nothing"
    word = models.word_of(entry.cls, _field(entry, name))
    if isinstance(given, tuple):
        return sort_of(list(given))
    if isinstance(given, str) and urls.is_private(given):
        return MASK
    return MASK if isinstance(given, Secret) or (word and word.secret) else shown(given)


def _wanted(entry: Entry, name: str) -> str:
    field = _field(entry, name)
    if field not in models.option_names(entry.cls):
        return "a plugin that takes these options"
    word = models.word_of(entry.cls, field)
    if word and word.secret and name.endswith("url"):
        return "an https:// address"
    return word.name if word else "what its reference says"
