"""The result of ``agent2 check`` on a terminal."""

from __future__ import annotations

from typing import Any

from rich.markup import escape
from rich.table import Table

from agent2.cli.state.table import LOOKS, console, sign_of
from agent2.cli.words import say


def show(entries: list[dict[str, Any]], color: str) -> None:
    """Print a row per check."""
    table = Table(box=None, pad_edge=True, header_style="bold")
    for key in ("target", "state", "check", "found", "took", "detail"):
        table.add_column(say(f"table.{key}"), overflow="fold")
    for entry in entries:
        paint, word = LOOKS[entry["state"]]
        for place, one in enumerate(entry["checks"]):
            spent = one.get("response_s", one["duration_s"]) * 1000
            table.add_row(
                escape(entry["name"]) if place == 0 else "",
                f"[{paint}]{word}[/]" if place == 0 else "",
                escape(one["name"]),
                f"{sign_of(one)} {one['code']}",
                f"{spent:.1f} ms",
                escape(f"{one['asked']}  {one['detail']}"),
            )
    console(color).print(table)
