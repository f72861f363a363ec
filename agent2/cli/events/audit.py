"""``agent2 audit [SUBJECT]``: what was decided, why, by whom, and what came of it."""

from __future__ import annotations

import click

from agent2.cli import codes
from agent2.cli.command import Command
from agent2.cli.command import settings as shared
from agent2.cli.events.audit_show import audit_document, why
from agent2.cli.records import Store, moment, print_json, print_rows
from agent2.cli.words import say
from agent2.core.text import visible
from agent2.store import audits


@click.command(cls=Command, help=say("help.audit"))
@click.argument("subject", required=False)
@click.option("--limit", type=click.IntRange(1), default=100, help=say("option.limit"))
@click.option("--json", "as_json", is_flag=True, help=say("option.json"))
@click.pass_context
def audit(ctx: click.Context, subject: str | None, limit: int, as_json: bool) -> int:
    """Print the audit of one subject, or of all; newest first."""
    settings = shared(ctx)
    with Store(settings) as db:
        found = audits.trail(db, subject, limit)
    if as_json:
        print_json({"audit": [audit_document(one) for one in found]})
        return codes.OK
    about = () if subject else ("subject",)
    none = say("audit.none", subject=visible(subject)) if subject else ""
    print_rows(
        ("time", "level", *about, "type", "ruling", "who", "reason"),
        [
            (
                moment(one.at),
                one.level,
                *((one.subject,) if about else ()),
                one.type,
                one.payload.get("decision_type"),
                one.payload.get("who"),
                why(one),
            )
            for one in found
        ],
        none or say("audit.empty"),
        settings.color,
    )
    return codes.OK
