"""The status on a terminal: one screen, the agent's own health first."""

from __future__ import annotations

import os
import sys
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent2 import __version__
from agent2.cli.life import program as programs
from agent2.cli.settings import Settings
from agent2.cli.state.machine import cost, duration, memory
from agent2.cli.state.past import Past, columns
from agent2.cli.state.plain import FIXES, fix_line, presence
from agent2.cli.state.remarks import remarks
from agent2.cli.state.snapshot import Snapshot, objects, seconds_since
from agent2.cli.words import say

# Never by colour alone: each state has its sign and its word.
LOOKS = {
    "ok": ("green", "✓ ok"),
    "warn": ("yellow", "▲ warn"),
    "down": ("red", "✕ down"),
    "unknown": ("dim", "? unknown"),
}
_OUTCOMES = {"ok": "✓", "fail": "✕", "error": "?"}

_WIDE = 160  # columns of a pipe: nobody has to fold them


def console(color: str) -> Console:
    """Return the terminal; ``NO_COLOR`` and *color* ``never`` make it plain."""
    plain = bool(os.environ.get("NO_COLOR")) and color != "always"
    return Console(
        no_color=plain or color == "never",
        force_terminal=True if color == "always" else None,
        highlight=False,
        soft_wrap=True,
        width=None if "COLUMNS" in os.environ or sys.stdout.isatty() else _WIDE,
    )


def show(seen: Snapshot, settings: Settings) -> None:
    """Print the status as tables."""
    out = console(settings.color)
    out.print(_headline(seen))
    url = programs.address(settings)
    if url:
        out.print(f" {escape(say('web.at', url=url))}")
    for line in remarks(seen, settings):
        out.print(f"[yellow]![/] {escape(line)}")
    targets = seen.entries("targets")
    if targets:
        out.print()
        out.print(_table(targets, columns(settings), fresh=seen.fresh))
    fixes = seen.entries("fixes")
    if fixes:
        out.print(f"\n {escape(say('status.fixes', count=FIXES))}")
        for fix in fixes[-FIXES:]:
            out.print(f" {escape(fix_line(fix))}")


def _headline(seen: Snapshot) -> str:
    color, word = LOOKS[seen.health]
    parts = [f"[bold]agent2 {__version__}[/]", f"[{color}]{word}[/]", presence(seen)]
    if seen.owner.running:
        parts.append(f"pid {seen.owner.pid}")
        spent = cost(seen.owner.pid)
        if spent is not None:
            parts += [duration(spent.age), memory(spent.rss), f"{spent.cpu:.1f}% CPU"]
    path = seen.part("agent", "config", "path")
    if seen.tree:
        name = os.path.basename(path) if path else say("status.defaults")
        parts.append(escape(str(name)))
    return " · ".join(parts)


def _table(
    targets: list[dict[str, Any]], past: dict[str, Past], *, fresh: bool
) -> Table:
    table = Table(box=None, pad_edge=True, header_style="bold")
    more = [
        key
        for key in ("uptime", "p95", "promise", "recent")
        if any(getattr(one, key) for one in past.values())
    ]
    for key in ("target", "state", "since", "checks", "restarts", *more):
        table.add_column(say(f"table.{key}"), overflow="fold")
    for target in targets:
        state = target.get("state") if fresh else "unknown"
        color, word = LOOKS.get(str(state), LOOKS["unknown"])
        since = seconds_since(target.get("since"))
        table.add_row(
            escape(str(target.get("name"))),
            f"[{color}]{word}[/]",
            "-" if since is None else duration(since),
            "  ".join(_check(c) for c in objects(target.get("checks"))),
            _budget(target.get("restarts")),
            *(getattr(past.get(str(target.get("name"))), key, "") for key in more),
        )
    return table


def sign_of(check: dict[str, Any]) -> str:
    """Return the sign of a check's finding; one that passes and warns has its own."""
    if check.get("outcome") == "ok" and check.get("code") != "ok":
        return "▲"
    return _OUTCOMES.get(str(check.get("outcome")), "")


def _check(check: dict[str, Any]) -> str:
    sign, code = sign_of(check), str(check.get("code"))
    told = "" if code == "ok" else f" {code}"
    spent = check.get("response_s")
    took = f" {spent * 1000:.0f} ms" if isinstance(spent, (int, float)) else ""
    return escape(f"{check.get('name')} {sign}{told}{took}")


def _budget(restarts: object) -> str:
    if not isinstance(restarts, dict):
        return "-"
    if not restarts.get("enabled", True):
        return say("table.off")
    return f"{restarts.get('used', 0)} / {restarts.get('limit', '-')}"
