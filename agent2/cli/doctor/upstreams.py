"""Who nginx sends requests to, held against who is watched.

A member that nobody watches may be dead for weeks; an instance that is watched and not
in the upstream of its group does no work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agent2.cli.doctor.finding import Finding
from agent2.cli.doctor.nginx import directives
from agent2.cli.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.cli.doctor.finding import Case
    from agent2.plan.values import Plan, TargetPlan

AREA = "upstream"
_HERE = frozenset({"localhost", "::1", "0.0.0.0", ""})  # noqa: S104
Place = tuple[str, int]


def compare(case: Case, text: str, plan: Plan) -> Iterator[Finding]:
    """Yield each difference between the upstreams of ``nginx -T`` and *plan*."""
    known = {one.name: set(_places(one)) for one in plan.targets}
    watched = set().union(*known.values())
    for name, members in upstreams(text).items():
        case.note(AREA, **{name: [f"{host}:{port}" for host, port in members]})
        for host, port in members:
            if (host, port) not in watched:
                told = say("host.unwatched", name=name, member=f"{host}:{port}")
                yield Finding(AREA, "unwatched", told, say("host.do_watch", port=port))
        groups = {one.group for one in plan.targets if known[one.name] & {*members}}
        for one in plan.targets:
            idle = (
                one.group and one.group in groups and not known[one.name] & {*members}
            )
            if idle and known[one.name]:
                host, port = min(known[one.name])
                told = say("host.idle", target=one.name, name=name)
                do = say("host.do_nginx", line=f"server {host}:{port};")
                yield Finding(AREA, "idle", told, do)


def upstreams(text: str) -> dict[str, tuple[Place, ...]]:
    """Return the members of each ``upstream``; one that is ``down`` is none.

    A member without a port has 80; Unix sockets are left out.
    """
    found: dict[str, list[Place]] = {}
    name = ""
    for _, word, rest in directives(text):
        if word == "upstream":
            name = rest
            found.setdefault(name, [])
        elif word == "server" and rest and name:
            first, *more = rest.split()
            if "down" not in more and not first.startswith("unix:"):
                found[name].append(_place(f"//{first}", 80))
        elif word in ("server", "location", "http", "stream"):
            name = ""
    return {name: tuple(members) for name, members in found.items()}


def _places(target: TargetPlan) -> Iterator[Place]:
    """Yield where the checks of *target* ask."""
    for check in target.checks:
        options = check.options
        if check.kind == "tcp":
            yield _named(str(options.get("host", ""))), int(options.get("port", 8080))
        elif isinstance(options.get("url"), str):
            secure = options["url"].startswith("https:")
            yield _place(options["url"], 443 if secure else 80)


def _place(url: str, usual: int) -> Place:
    try:
        parts = urlsplit(url)
        return _named(parts.hostname or ""), parts.port or usual
    except ValueError:
        return url, usual


def _named(host: str) -> str:
    return "127.0.0.1" if host in _HERE else host
