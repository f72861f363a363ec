"""The five key points of the handbook: each held or not, and what to do about it.

A configuration of its own for each environment, rotation, alerts, maintenance, tests.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent2.cli.doctor.machine import is_ruled
from agent2.cli.records import NAME
from agent2.cli.typed import typed
from agent2.cli.words import say
from agent2.host.clock import stamp
from agent2.store import meta, outbox_view
from agent2.store.errors import StoreError
from agent2.store.glance import Glance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.cli.doctor.finding import Case
    from agent2.plan.values import Plan

_RECENT = 90 * 86400.0  # seconds for which a restart that helped counts as a test


@dataclass(frozen=True, slots=True)
class Point:
    """One point: *text* says how it stands, *do* what to do where it is not *held*."""

    name: str
    held: bool
    text: str
    do: str

    def tree(self) -> dict[str, Any]:
        """Return it as JSON."""
        told = {"name": self.name, "pass": self.held, "text": self.text}
        return told | {"do": None if self.held else self.do}


def look(case: Case) -> Iterator[Point]:
    """Yield the five, from the plan that counts and from the store."""
    plan, settings = case.plan, case.settings
    told, proved = _store(case)
    path = settings.config_path
    own = bool(path) and bool(case.facts.get("configuration", {}).get("compiles"))
    profile = plan.profile if plan is not None else "-"
    text = say("point.own", path=path or "-", profile=profile)
    if not own:
        text = say("point.refused", path=path) if path else say("point.no_file")
    do = typed("config check" if path else "demo --help", settings, config=bool(path))
    yield Point("configuration", own, text, do)

    turned = plan is not None and plan.log.max_bytes > 0
    rotated = turned or is_ruled(settings.state_dir)
    text = say("point.rotated") if rotated else say("point.not_rotated")
    do = typed("config set log.max_bytes 10000000", settings)
    yield Point("rotation", rotated, text, do)

    names = [one.name for one in plan.notifiers] if plan is not None else []
    silent = [name for name in names if name not in told]
    text = say("point.told", names=", ".join(names))
    if silent or not names:
        text = say("point.untold", names=", ".join(silent)) if names else ""
        text = text or say("doctor.nobody")
    test = typed(f"notify test {next(iter(silent), '')}".strip(), settings)
    do = test if names else say("doctor.do_nobody")
    yield Point("alerts", bool(names) and not silent, text, do)

    kept = plan is not None and plan.store.upkeep
    text = say("point.kept") if kept else say("point.not_kept")
    yield Point(
        "maintenance", kept, text, typed("config set store.upkeep true", settings)
    )

    text, held = say("point.untested"), proved is not None or not _restarts(plan)
    if held:
        text = say("point.tested", at=stamp(proved)) if proved else say("point.none")
    yield Point("tests", held, text, say("point.do_test"))


def _store(case: Case) -> tuple[frozenset[str], float | None]:
    """Return who has been told anything, and when a restart was last seen to help."""
    path = case.settings.path(NAME)
    if not os.path.exists(path):
        return frozenset(), None
    try:
        with Glance.at(path) as db:
            found, tried = outbox_view.counts(db), meta.tried(db)
            [(at,)] = db.rows(
                "SELECT max(done_at) FROM actions WHERE result = 'success'"
            )
    except StoreError:
        return frozenset(), None
    told = {name for name, one in found.items() if one.last_success_at} | {*tried}
    recent = isinstance(at, float) and case.now - at < _RECENT
    return frozenset(told), at if recent else None


def _restarts(plan: Plan | None) -> bool:
    """Does anything restart a target at all?"""
    return plan is None or any(t.policy.restart.enabled for t in plan.targets)
