"""Which keys two plans differ in, by the names that the configuration has for them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from agent2.plan.values import Plan

_OURS = {"stamp", "sha", "base", "config_path", "warnings"}  # nobody wrote those
_INSIDE = {"policy", "options"}  # the file has no such level


def changed(old: Plan, new: Plan) -> list[str]:
    """Return keys as ``targets.webui.interval``, in order; never what they hold."""
    return list(dict.fromkeys(_walk("", _parts(old), _parts(new))))


def _walk(at: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    for name in {**old, **new}:
        if not at and name in _OURS:
            continue
        before, after = old.get(name), new.get(name)
        if before == after and (name in old) == (name in new):
            continue
        key = at if name in _INSIDE else f"{at}.{name}".lstrip(".")
        inner = _parts(before), _parts(after)
        if all(inner):
            yield from _walk(key, *inner)
        else:
            yield key


def _parts(whole: Any) -> dict[str, Any]:
    """Return what *whole* is made of, {} if it is one piece."""
    if isinstance(whole, dict):
        return whole
    if isinstance(whole, tuple):
        names = [str(getattr(each, "name", "")) for each in whole]
        unique = all(names) and len(set(names)) == len(names)
        return dict(zip(names, whole, strict=True)) if unique else {}
    return {name: getattr(whole, name) for name in getattr(whole, "__match_args__", ())}
