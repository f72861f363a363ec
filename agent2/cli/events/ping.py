"""``agent2 ping JOB``: a job says that it began, ended well or failed."""

from __future__ import annotations

import time

import click

from agent2.cli import codes
from agent2.cli.command import Command, with_json
from agent2.cli.configuration.plans import obtain
from agent2.cli.errors import Failure
from agent2.cli.events import deciding
from agent2.cli.records import Store, print_json
from agent2.cli.settings import Settings
from agent2.cli.words import say
from agent2.core.admission import refusal
from agent2.core.heartbeat import SAID
from agent2.core.text import visible
from agent2.plan import sources, stored
from agent2.store import heartbeats

_SHOWN = 20  # names of jobs in a refusal


@click.command(cls=Command, help=say("help.ping"))
@click.argument("job")
@click.argument("said", default="ok", type=click.Choice(SAID))
@click.option("--message", default="", help=say("option.ping_message"))
@with_json
def ping(settings: Settings, job: str, said: str, message: str, as_json: bool) -> None:
    """Report for a job."""
    _known(settings, job)
    now = time.time()
    payload = {"message": message} if message else {}
    event = heartbeats.event(job, said, payload, "cli", now)
    why = refusal(event)
    if why is not None:
        message = say("ping.refused", why=visible(why))
        raise Failure(codes.USAGE, message, "agent2 ping --help")
    with Store(settings, create=True) as db:
        heartbeats.report(db, said, message, event, now)
    deciding.nudge(settings)
    if as_json:
        print_json({"job": job, "state": said, "event_id": event.id})
    else:
        click.echo(say("ping.done", job=job, said=said))


def _known(settings: Settings, job: str) -> None:
    """See that somebody waits for *job*.

    The plan that is there is asked first: a report must come in though the
    configuration is just being broken.

    Raises:
        Failure: nobody does.
    """
    try:
        if job in stored.load(settings.path(sources.PLAN_NAME)).jobs:
            return
    except stored.PlanError:
        pass
    jobs = obtain(settings).jobs
    if job not in jobs:
        names = ", ".join(jobs[:_SHOWN]) or "-"
        message = say("ping.unknown", job=visible(job), names=names)
        raise Failure(codes.USAGE, message, "agent2 config show")
