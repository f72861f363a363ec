"""How a command behaves: global options at any place, lazy groups, nearest match."""

from __future__ import annotations

from functools import update_wrapper
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


def with_settings(command: Any) -> Any:
    """Let *command* begin with the settings that all commands of this call share."""

    def called(ctx: click.Context, /, *args: Any, **given: Any) -> Any:
        return command(settings(ctx), *args, **given)

    return click.pass_context(update_wrapper(called, command))


def with_json(command: Any) -> Any:
    """Let *command* begin with the settings, and take ``--json``."""
    option = click.option("--json", "as_json", is_flag=True, help=say("option.json"))
    return option(with_settings(command))


def _keep(name: str) -> Any:
    def callback(ctx: click.Context, _param: click.Parameter, given: Any) -> None:
        if given is not None:
            setattr(settings(ctx), name, given)

    return callback


def _add(ctx: click.Context, _param: click.Parameter, given: tuple[str, ...]) -> None:
    for item in given:
        if not item.partition("=")[1]:
            raise Failure(USAGE, say("error.set", item=item), "--set log.level=DEBUG")
    settings(ctx).sets += given


def _option(*names: str, told: str, **more: Any) -> click.Parameter:
    return click.Option(list(names), expose_value=False, help=told, **more)


def _global_options() -> list[click.Parameter]:
    """Make the options that every command takes, before and after its words."""
    languages = click.Choice(["auto", "en", "zh"])
    colors = click.Choice(["auto", "always", "never"])
    keep = {name: _keep(name) for name in ("config", "folder", "profile", "color")}
    file: dict[str, Any] = {"metavar": "FILE", "callback": keep["config"]}
    folder: dict[str, Any] = {"metavar": "DIR", "callback": keep["folder"]}
    profile: dict[str, Any] = {"metavar": "NAME", "callback": keep["profile"]}
    sets: dict[str, Any] = {"metavar": "KEY=VALUE", "multiple": True, "callback": _add}
    color: dict[str, Any] = {"type": colors, "callback": keep["color"]}
    return [
        _option("-c", "--config", told=say("option.config"), **file),
        _option("--state-dir", told=say("option.state_dir"), **folder),
        _option("--profile", told=say("option.profile"), **profile),
        _option("--set", told=say("option.set"), **sets),
        _option("--lang", told=say("option.lang"), type=languages),
        _option("--color", told=say("option.color"), **color),
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
