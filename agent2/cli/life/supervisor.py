"""``agent2 supervisor``: the program that judges events, for who wants it resident."""

from __future__ import annotations

from agent2.cli.command import with_settings
from agent2.cli.life import program as programs
from agent2.cli.life.beside import becomes, tell
from agent2.cli.life.program import SUPERVISOR
from agent2.cli.settings import Settings
from agent2.cli.state.status import lsb_code
from agent2.cli.words import say

supervisor = becomes(SUPERVISOR)


@supervisor.command(help=say("help.supervisor.status"))
@with_settings
def status(settings: Settings) -> int:
    """Tell whether a supervisor runs."""
    owner = programs.find(SUPERVISOR, settings)
    tell(SUPERVISOR, owner)
    return lsb_code(owner)
