"""The web program beside the watcher: started with it, found by its address."""

from __future__ import annotations

import click

from agent2.cli.errors import Failure
from agent2.cli.life import program as programs
from agent2.cli.life.launch import launch
from agent2.cli.life.lifecycle import GRACE, stop_program
from agent2.cli.life.program import WEB
from agent2.cli.settings import Settings
from agent2.cli.typed import typed
from agent2.cli.words import say
from agent2.plan import sources, stored


def stop_with(settings: Settings, grace: float = GRACE) -> bool:
    """Stop the web program; did one run?"""
    runs = programs.find(WEB, settings).running
    if runs:
        stop_program(WEB, settings, grace)
    return runs


def go_with(settings: Settings, *, anyway: bool = False) -> None:
    """Start the web program if the configuration has it on, or *anyway*.

    A watcher without its pages is better than none: trouble is a remark.
    """
    if not (anyway or _wanted(settings)) or programs.find(WEB, settings).running:
        return
    try:
        told = launch(WEB, settings)
        why = told.text.removeprefix("agent2 web: ") if told.code else ""
        why = why or (say("error.ended", code=told.code) if told.code else "")
    except Failure as failure:
        why = failure.message
    if why:
        command = typed("web", settings)
        click.echo(f"! {say('web.not_started', why=why, command=command)}")
    else:
        click.echo(say("web.at", url=programs.address(settings)))


def _wanted(settings: Settings) -> bool:
    try:
        found = stored.load(settings.path(sources.PLAN_NAME))
    except stored.PlanError:
        return False
    return found.web.get("enabled") is True
