"""The status as plain text: the block of the user's documents, for pipes and watch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agent2.cli.life import program as programs
from agent2.cli.settings import Settings
from agent2.cli.state.machine import cost, duration, is_stopped, memory
from agent2.cli.state.remarks import remarks
from agent2.cli.state.snapshot import Snapshot, objects
from agent2.cli.words import say
from agent2.core.text import visible
from agent2.host.owner import Presence

FIXES = 5  # most recent fix records that are shown


def lines(seen: Snapshot, settings: Settings) -> Iterator[str]:
    """Return the block, line by line, without colour."""
    yield say("status.title")
    yield ""
    yield say("status.process")
    yield from _process(seen)
    url = programs.address(settings)
    if url:
        yield f"  {say('web.at', url=url)}"
    yield ""
    yield say("status.monitor")
    yield from _monitor(seen)
    targets = seen.entries("targets")
    if targets:
        yield ""
        yield say("status.targets")
        yield from (f"  {target_line(t, fresh=seen.fresh)}" for t in targets)
    yield ""
    yield say("status.fixes", count=FIXES)
    fixes = seen.entries("fixes")
    if not fixes:
        yield f"  {say('status.no_fixes')}"
    yield from (f"  {fix_line(f)}" for f in fixes[-FIXES:])
    yield from (f"! {line}" for line in remarks(seen, settings))


def _process(seen: Snapshot) -> Iterator[str]:
    owner = seen.owner
    yield say("status.state", value=presence(seen))
    if not owner.running:
        return
    yield say("status.pid", value=owner.pid)
    spent = cost(owner.pid)
    if spent is not None:
        yield say("status.cpu", value=f"{spent.cpu:.1f}%")
        yield say("status.memory", value=memory(spent.rss))
        yield say("status.uptime", value=duration(spent.age))


def presence(seen: Snapshot) -> str:
    """Return in words whether the agent runs."""
    keys = {
        Presence.RUNNING: "status.running",
        Presence.STALE: "status.stale_pid",
        Presence.ABSENT: "status.not_running",
        Presence.UNREADABLE: "status.unreadable",
        Presence.FOREIGN: "status.foreign",
    }
    frozen = seen.owner.running and is_stopped(seen.owner.pid)
    return say("status.stopped" if frozen else keys[seen.owner.presence])


def _monitor(seen: Snapshot) -> Iterator[str]:
    tree = seen.tree
    if not tree:
        yield f"  {say('status.no_file')}"
        return
    yield say("status.word", value=tree.get("status", "-"))
    health = seen.health
    told = tree.get("health_status")
    if told != health:
        health += f" ({say('status.last_known', value=told)})"
    yield say("status.health", value=health)
    yield say("status.last_check", value=tree.get("last_check") or "-")
    yield say("status.failures", value=tree.get("consecutive_failures", "-"))
    yield say("status.fix_count", value=tree.get("fixes_total", _count(tree)))


def _count(tree: dict[str, Any]) -> int:
    fixes = tree.get("fixes")
    return len(fixes) if isinstance(fixes, list) else 0


def target_line(target: dict[str, Any], *, fresh: bool) -> str:
    """Return one target in one line; what is not *fresh* is only the last known."""
    told = ", ".join(check_words(c) for c in objects(target.get("checks")))
    state = str(target.get("state"))
    if not fresh:
        state = f"unknown ({say('status.last_known', value=state)})"
    return visible(f"{target.get('name')}: {state} [{told}]")


def check_words(check: dict[str, Any]) -> str:
    """Return one check: its name, what it found, how long it took."""
    words = f"{check.get('name')} {check.get('code')}"
    spent = check.get("response_s", check.get("duration_s"))
    if isinstance(spent, (int, float)):
        words += f" {spent * 1000:.1f} ms"
    return words


def fix_line(fix: dict[str, Any]) -> str:
    """Return one fix record as the documents print it."""
    result = f"{fix.get('result')}"
    if fix.get("withdrawn"):
        result += f", {say('status.withdrawn')}"
    return visible(
        f"[{fix.get('timestamp')}] {fix.get('issue')} -> {fix.get('action')} ({result})"
    )
