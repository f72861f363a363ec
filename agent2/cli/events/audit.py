"""``agent2 audit [SUBJECT]``: what was decided, why, by whom, and what came of it."""

from __future__ import annotations

import json

import click

from agent2.cli.command import Command, with_json
from agent2.cli.records import Store, moment, print_json, print_rows
from agent2.cli.settings import Settings
from agent2.cli.words import say
from agent2.core.text import visible
from agent2.store import audits
from agent2.store.audits import Audit
from agent2.wire.records import audit as audit_document


@click.command(cls=Command, help=say("help.audit"))
@click.argument("subject", required=False)
@click.option("--limit", type=click.IntRange(1), default=100, help=say("option.limit"))
@with_json
def audit(settings: Settings, subject: str | None, limit: int, as_json: bool) -> None:
    """Print the audit of one subject, or of all; newest first."""
    with Store(settings) as db:
        found = audits.trail(db, subject, limit)
    if as_json:
        print_json({"audit": [audit_document(one) for one in found]})
        return
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


__all__ = ["audit_document", "audit_line", "why"]

_FIRST = ("decision_type", "reason", "who")


def audit_line(one: Audit) -> str:
    """Return one line for people: when, how grave, what, why."""
    why = [f"{name}={one.payload[name]}" for name in _FIRST if name in one.payload]
    if not why:
        why = [json.dumps(one.payload, ensure_ascii=False, default=str)]
    return f"{moment(one.at)}  {one.level:5}  {one.type}  {' '.join(why)}"


def why(one: Audit) -> object:
    """Return the reason of a decision, or what came of an action."""
    found = (one.payload.get(name) for name in ("result", "detail"))
    came = ": ".join(str(text) for text in found if text)
    reason = one.payload.get("reason")
    return (ruled().get(str(reason), reason) if reason else came) or None


def ruled() -> dict[str, str]:
    """Return the reasons that the built-in policies write, in the reader's words."""
    return {
        "a plain change of state": say("ruled.plain"),
        "flapping: it changes too often to tell": say("ruled.flapping"),
        "interactive mode: a person decides": say("ruled.interactive"),
        "no concerns": say("ruled.no_concerns"),
        "the restart budget is spent": say("ruled.spent"),
        "under maintenance": say("ruled.maintenance"),
        "what nobody took up is taken back": say("ruled.taken_back"),
        "within budget, nothing holds it": say("ruled.free"),
    }
