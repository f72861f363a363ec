"""How a command behaves: global options at any place, lazy groups, nearest match."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from agent2.cli.codes import USAGE
from agent2.cli.errors import Failure
from agent2.cli.settings import Settings
from agent2.cli.words import say


def settings(ctx: click.Context) -> Settings:
    """Return the settings that all commands of this call share."""
    found: Settings = ctx.find_root().ensure_object(Settings)
    return found


def _keep(name: str) -> Any:
    def callback(ctx: click.Context, _param: click.Parameter, given: Any) -> None:
        if given is not None:
            setattr(settings(ctx), name, given)

    return callback


def _global_options() -> list[click.Parameter]:
    """Make the options that every command takes, before and after its words."""
    shared: dict[str, Any] = {"expose_value": False}
    return [
        click.Option(
            ["-c", "--config"],
            metavar="FILE",
            callback=_keep("config"),
            help=say("option.config"),
            **shared,
        ),
        click.Option(
            ["--state-dir"],
            metavar="DIR",
            callback=_keep("folder"),
            help=say("option.state_dir"),
            **shared,
        ),
        click.Option(
            ["--profile"],
            metavar="NAME",
            callback=_keep("profile"),
            help=say("option.profile"),
            **shared,
        ),
        click.Option(
            ["--lang"],
            type=click.Choice(["auto", "en", "zh"]),
            help=say("option.lang"),
            **shared,
        ),
        click.Option(
            ["--color"],
            type=click.Choice(["auto", "always", "never"]),
            callback=_keep("color"),
            help=say("option.color"),
            **shared,
        ),
    ]


class _Formatter(click.HelpFormatter):
    """Help with its headings in the language of the user."""

    def write_heading(self, heading: str) -> None:
        named = {"Options": "help.options", "Commands": "help.commands"}
        super().write_heading(say(named[heading]) if heading in named else heading)

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, prefix or say("help.usage"))


class _Context(click.Context):
    formatter_class = _Formatter


class Command(click.Command):
    """A command that takes the global options too."""

    context_class = _Context

    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("context_settings", {"help_option_names": ["-h", "--help"]})
        super().__init__(*args, **options)
        self.params.extend(_global_options())

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return ``--help`` with its words in the language of the user."""
        found = super().get_help_option(ctx)
        if found is not None:
            found.help = say("option.help")
        return found


class Group(Command, click.Group):
    """A group whose commands are imported when they are used.

    *lazy* is ``name -> module:attribute``; the short help stands in the catalogue
    under ``command.<path>``, so that ``--help`` imports none of them.
    """

    command_class = Command

    def __init__(
        self, *args: Any, lazy: dict[str, str] | None = None, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.lazy = lazy or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the table."""
        return [*self.lazy, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import the command *name*; None when there is none."""
        if name not in self.lazy:
            return super().get_command(ctx, name)
        module, _, attribute = self.lazy[name].partition(":")
        found: click.Command = getattr(import_module(module), attribute)
        return found

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the list of commands without importing them."""
        rows = [(name, self._short(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def _short(self, ctx: click.Context, name: str) -> str:
        if name in self.lazy:
            return say(f"command.{name}")
        found = super().get_command(ctx, name)
        return found.get_short_help_str(60) if found else ""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or end with the nearest name."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(name, self.list_commands(ctx), n=1, cutoff=0.5)
            path = ctx.command_path
            wanted = f"{path} {near[0]}" if near else f"{path} --help"
            raise Failure(USAGE, say("error.no_command", name=name), wanted)
        return super().resolve_command(ctx, args)
