"""The section ``store`` as a model."""

from __future__ import annotations

from typing import Annotated

from agent2.compiler import word
from agent2.compiler.events import WINDOW
from agent2.compiler.fields import PublicPath, Truth
from agent2.compiler.section import Section, described
from agent2.plan.store import StorePlan

_PLAN = StorePlan()
_DAY = 86400.0
_YEARS = 3650 * _DAY


class Store(Section):
    """How `agent2.db` is looked after; `agent2 db upkeep` does it at once."""

    upkeep: Truth = described(
        _PLAN.upkeep, "Do it by itself; else by cron, timers or hand"
    )
    upkeep_interval: Annotated[float, word.duration(1.0, _DAY)] = described(
        _PLAN.upkeep_interval, "How often it is asked what is due"
    )
    keep_events: Annotated[float, word.duration(0.0, _YEARS)] = described(
        _PLAN.keep_events, "Completed events that are older go, once a day"
    )
    keep_audits: Annotated[float, word.duration(30 * _DAY, _YEARS)] = described(
        _PLAN.keep_audits, "Audits that are older go, once a day"
    )
    vacuum: list[Annotated[str, WINDOW]] = described(
        list(_PLAN.vacuum), "Windows in which empty pages go back to the disk"
    )
    alert_size: Annotated[int, word.SIZE] = described(
        _PLAN.alert_size, "People are told of a larger store; 0 never"
    )
    push_silence: Annotated[float, word.duration(0.0, 30 * _DAY)] = described(
        _PLAN.push_silence,
        "People are told when no event is pushed for so long while polled ones come;"
        " 0 never",
    )
    backup_folder: PublicPath = described(
        _PLAN.backup_folder,
        "Where backups lie; without it `backups` in the state folder",
    )
    backup_age: Annotated[float, word.duration(0.0, _YEARS)] = described(
        _PLAN.backup_age, "People are told when the newest good one is older; 0 never"
    )
