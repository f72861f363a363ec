"""``agent2 gate``: a person holds actions back, or lets them go on."""

from __future__ import annotations

import os
import pwd
import time

import click

from agent2.cli import codes
from agent2.cli.command import Command, Group, with_json
from agent2.cli.command import settings as shared
from agent2.cli.errors import Failure
from agent2.cli.records import Store, moment, print_json, print_rows
from agent2.cli.settings import Settings
from agent2.cli.state import snapshot
from agent2.cli.words import say
from agent2.core.events import Gate
from agent2.core.gates import is_held
from agent2.core.text import visible
from agent2.host.wake import wake
from agent2.store import audits
from agent2.store import gates as records
from agent2.store.commands import Command as Order
from agent2.store.commands import carry_out
from agent2.store.database import Database
from agent2.wire.records import gate as document

_ALL = "*"
_SHOWN = 10  # names of targets in a warning


gate = Group("gate", help=say("help.gate"))


def _verb(name: str, told: str, help_text: str) -> None:
    """Make one of the three commands; they differ in their word alone."""

    @gate.command(name, cls=Command, help=help_text)
    @click.argument("target", required=False)
    @click.option("--all", "everything", is_flag=True, help=say("option.gate_all"))
    @click.option("--gate", "named", default="", help=say("option.gate"))
    @click.option("--reason", "--why", "reason", default="", help=say("option.reason"))
    @click.option("--json", "as_json", is_flag=True, help=say("option.json"))
    @click.pass_context
    def command(
        ctx: click.Context,
        target: str | None,
        everything: bool,
        named: str,
        reason: str,
        as_json: bool,
    ) -> int:
        settings = shared(ctx)
        if bool(target) == everything:
            hint = f"agent2 gate {name} --help"
            raise Failure(codes.USAGE, say("gate.choose"), hint)
        subject = target or _ALL
        with Store(settings, create=True) as db:
            stranger = "" if everything else _stranger(db, subject, settings)
            unique, now = f"cli-{os.urandom(16).hex()}", time.time()
            order = Order(unique, name, subject, named, reason, who(), now, "cli")
            done = carry_out(db, order)
            still = is_held(records.of(db, subject), subject)
        wake(settings.state_dir, "gates")
        if as_json:
            tree = {"gates": [document(one) for one in done]}
            print_json(tree | {"held_by": document(still) if still else None})
            return codes.OK
        shown = say("gate.everything") if everything else visible(subject)
        names = visible(", ".join(one.name for one in done))
        held = _still(still) if name == "approve" else ""
        lines = (say(told, subject=shown, gate=names), stranger, held)
        click.echo("\n".join(filter(None, lines)))
        return codes.OK


_verb("pause", "gate.paused", say("help.gate.pause"))
_verb("approve", "gate.approved", say("help.gate.approve"))
pause, resume = gate.commands["pause"], gate.commands["approve"]
_verb("reject", "gate.rejected", say("help.gate.reject"))


@gate.command("list", help=say("help.gate.list"))
@click.argument("target", required=False)
@with_json
def listing(settings: Settings, target: str | None, as_json: bool) -> None:
    """List the gates, of one target with those of all."""
    with Store(settings) as db:
        found = records.of(db, target) if target else records.all_of(db)
    if as_json:
        print_json({"gates": [document(one) for one in found]})
        return
    print_rows(
        ("target", "gate", "state", "set_at", "who", "reason"),
        [
            (one.subject, one.name, one.state, moment(one.at), one.who, one.reason)
            for one in found
        ],
        say("gate.none"),
        settings.color,
    )


def _still(gate: Gate | None) -> str:
    if gate is None:
        return ""
    return say("gate.still", gate=visible(f"{gate.subject}/{gate.name}"))


def _stranger(db: Database, subject: str, settings: Settings) -> str:
    """Return a warning for a name that no target has and nothing was ever about."""
    names = [str(one.get("name")) for one in snapshot.read(settings).entries("targets")]
    if not names or subject in {*names, _ALL} or audits.trail(db, subject, 1):
        return ""
    told, shown = visible(subject), visible(", ".join(names[:_SHOWN]))
    more = " …" if len(names) > _SHOWN else ""
    return say("gate.stranger", subject=told, names=shown + more)


def who() -> str:
    """Return the name of the person who types: behind sudo, theirs."""
    named = os.environ.get("SUDO_USER", "")
    if named and os.geteuid() == 0:
        return named
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
