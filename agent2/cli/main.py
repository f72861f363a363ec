"""The root of the command line, and the one place where errors become sentences."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from agent2 import __version__
from agent2.cli import codes
from agent2.cli.errors import Failure
from agent2.cli.words import decide, say, speak
from agent2.plan import sources

if TYPE_CHECKING:
    from click import Context

LAZY = {
    "run": "agent2.cli.life.lifecycle:run",
    "start": "agent2.cli.life.lifecycle:start",
    "stop": "agent2.cli.life.lifecycle:stop",
    "restart": "agent2.cli.life.lifecycle:restart",
    "reload": "agent2.cli.life.reloading:reload",
    "status": "agent2.cli.state.status:status",
    "check": "agent2.cli.state.check:check",
    "config": "agent2.cli.configuration.config:config",
    "notify": "agent2.cli.alerts.notify:notify",
    "incidents": "agent2.cli.state.incidents:incidents",
    "why": "agent2.cli.state.why:why",
    "trace": "agent2.cli.state.trace:trace",
    "history": "agent2.cli.state.history:history",
    "doctor": "agent2.cli.doctor.doctor:doctor",
    "report": "agent2.cli.reports.report:report",
    "resources": "agent2.cli.reports.resources:resources",
    "outbox": "agent2.cli.alerts.outbox:outbox",
    "db": "agent2.cli.care.db:db",
    "events": "agent2.cli.events.events:events",
    "inbox": "agent2.cli.events.inbox:inbox",
    "ping": "agent2.cli.events.ping:ping",
    "gate": "agent2.cli.events.gate:gate",
    "pause": "agent2.cli.events.gate:pause",
    "resume": "agent2.cli.events.gate:resume",
    "silence": "agent2.cli.people.silence:silence",
    "annotate": "agent2.cli.people.annotate:annotate",
    "check-now": "agent2.cli.people.targets:check_now",
    "restart-target": "agent2.cli.people.targets:restart_target",
    "audit": "agent2.cli.events.audit:audit",
    "backup": "agent2.cli.care.backup:backup",
    "integrity": "agent2.cli.care.integrity:integrity",
    "supervisor": "agent2.cli.life.supervisor:supervisor",
    "telemetry": "agent2.cli.life.telemetry:telemetry",
    "web": "agent2.cli.life.web:web",
    "logs": "agent2.cli.logs.logs:logs",
    "maintain": "agent2.cli.logs.maintain:maintain",
    "metrics": "agent2.cli.reports.metrics:metrics",
    "open": "agent2.cli.life.open:open_page",
    "statuspage": "agent2.cli.reports.statuspage:statuspage",
    "restarter": "agent2.cli.life.restarter:restarter",
    "demo": "agent2.cli.demo.demo:demo",
    "install": "agent2.cli.install.install:install",
    "uninstall": "agent2.cli.install.install:uninstall",
    "schema": "agent2.cli.schema:schema",
    "healthcheck": "agent2.cli.state.status:healthcheck",
    "version": "agent2.cli.version:version",
}


def main(argv: list[str] | None = None) -> None:
    """Run the command line and exit with its code; never ends in a traceback."""
    given = sys.argv[1:] if argv is None else argv
    try:
        speak(decide(_option(given, "--lang"), _config(given), os.environ))
    except (OSError, ValueError):
        speak("en")  # the command itself will say what is wrong with the paths
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets an escape, not a crash.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    try:
        code = _guarded(given)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (head, less) has left: the rest is for nobody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = codes.OK
    sys.exit(code)


def _guarded(argv: list[str]) -> int:
    import click

    try:
        result = _root().main(argv, prog_name="agent2", standalone_mode=False)
    except Failure as failure:
        return _complain(failure.code, failure.message, failure.hint)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return codes.USAGE
    except click.UsageError as error:
        from agent2.cli.usage import explain

        return _complain(codes.USAGE, *explain(error))
    except (KeyboardInterrupt, click.Abort):
        return codes.INTERRUPTED
    except BrokenPipeError:
        raise
    except PermissionError as error:
        where = error.filename or "?"
        text = say("error.permission", path=where)
        return _complain(codes.PERMISSION, text, say("try.permission", path=where))
    except Exception as error:
        from agent2.cli.usage import outside, report

        if isinstance(error, OSError) and (found := outside(error)):
            return _complain(*found)

        folder = sources.state_dir(_option(argv, "--state-dir"), os.environ)
        return _complain(codes.INTERNAL, *report(error, folder))
    return result if isinstance(result, int) else codes.OK


def _complain(code: int, message: str, hint: str) -> int:
    sys.stdout.flush()
    print(f"agent2: {message}", file=sys.stderr)
    if hint:
        from agent2.cli.typed import retyped

        print(f"{say('try')} {retyped(hint)}", file=sys.stderr)
    return code


def _root() -> Group:
    """Build the root group; its words need the language, so not at import."""
    import click

    from agent2.cli.command import Group

    def show_version(ctx: Context, _param: click.Parameter, asked: bool) -> None:
        if asked:
            print(f"agent2 {__version__}")
            ctx.exit(0)

    option = click.Option(
        ["--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=show_version,
        help=say("command.version"),
    )
    return Group("agent2", lazy=LAZY, params=[option], help=say("help.agent2"))


def _option(argv: list[str], *names: str) -> str:
    """Return the last value of an option before the command line is parsed."""
    found = ""
    for place, word in enumerate(argv):
        for name in names:
            if word == name and place + 1 < len(argv):
                found = argv[place + 1]
            elif word.startswith(f"{name}="):
                found = word[len(name) + 1 :]
    return found


def _config(argv: list[str]) -> str:
    folder = _option(argv, "--state-dir")
    asked = _option(argv, "-c", "--config")
    return sources.find_config(asked, os.environ, folder)


if TYPE_CHECKING:
    from agent2.cli.command import Group
