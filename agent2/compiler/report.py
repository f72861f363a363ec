"""Collects what is wrong, with the place in the file, in the words of the house."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from agent2.compiler import yaml_tree
from agent2.compiler.expectations import at, known_keys, told
from agent2.compiler.problems import (
    MASK,
    Guess,
    Loc,
    Problem,
    key_path,
    nearest,
    shown,
    sort_of,
)
from agent2.compiler.words import Scope, Wrong
from agent2.core.value import value

# Keys that other tools, older versions and tired people write.
_MEANT = {
    "type": "kind",
    "threshold": "failure_threshold",
    "pid_file": "file",
    "pidfile": "file",
    "command": "argv",
    "cmd": "argv",
    "smtp_server": "host",
    "smtp_host": "host",
    "server": "host",
    "smtp_port": "port",
    "smtp_user": "username",
    "user": "username",
    "recipients": "to",
    "service_key": "routing_key",
    "integration_key": "routing_key",
    "webhook": "webhook_url",
    "token": "bot_token",
    "expected_status": "status",
    "status_code": "status",
    "slow_warn": "slow",
    "slow_threshold": "slow",
    "notify": "notifiers",
    "grace": "start_grace",
    "start_period": "start_grace",
    "service": "name",
}


MOST = 1000


@value
class Origin:
    """Where a value is from that is not of the file.

    Attributes:
        place: ``environment``, ``command line`` or ``--set``.
        name: The variable, option or key as it was given.
    """

    place: str
    name: str

    @property
    def source(self) -> str:
        """The layer, as ``config show`` names it."""
        named = self.place == "environment"
        return f"{self.place} {self.name}" if named else self.place


class Report:
    """All problems of one file; *root* is its tree, for the places."""

    def __init__(self, path: str, root: Any) -> None:
        self.path = path
        self.root = root
        self.origins: dict[Loc, Origin] = {}
        self.lent: dict[Loc, str] = {}  # of values that another place gives a check
        self.copies: tuple[int, ...] = ()  # of each target: its number in the file
        self._told: dict[Problem, None] = {}
        self.more = 0  # problems beyond those that anybody would read

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All that was told, each once, at most ``MOST``."""
        return tuple(self._told)

    def add(self, problem: Problem) -> None:
        """Add a problem that has its place already."""
        if len(self._told) < MOST:
            self._told[problem] = None
        elif problem not in self._told:
            self.more += 1

    @property
    def refused(self) -> bool:
        """Is there a problem that is more than a warning?"""
        return not all(problem.warning for problem in self._told)

    def copied(self, copies: tuple[int, ...]) -> None:
        """From now on the target *n* is a copy of the file's target ``copies[n]``."""
        self.copies = copies
        given, self.origins = self.origins, {}
        for loc, origin in given.items():
            one = loc[1] if loc[0] == "targets" and len(loc) > 1 else None
            for number in [n for n, of in enumerate(copies) if of == one]:
                self.origins["targets", number, *loc[2:]] = origin
            if one is None:
                self.origins[loc] = origin

    def _in_file(self, loc: Loc) -> Loc:
        if not self.copies or len(loc) < 2 or loc[0] != "targets":
            return loc
        return (loc[0], self.copies[int(loc[1])], *loc[2:])

    def tell(
        self,
        loc: Loc,
        what: str,
        got: str,
        expected: str,
        hint: str | None = "",
        *,
        at_key: bool = False,
        warning: bool = False,
    ) -> None:
        """Add a problem of the value (or the key) at *loc*."""
        if len(self._told) >= MOST:
            self.more += 1
            return
        origin = self.origins.get(loc)
        loc = self._in_file(loc)
        path, key = self.path, key_path(loc)
        mark = yaml_tree.locate(self.root, loc, key=at_key)
        if origin is not None:
            path, key, mark = origin.place, origin.name, yaml_tree.Mark(0, 0)
        hint = hint or ""
        self.add(Problem(path, *mark, key, what, got, expected, hint, warning))

    def source(self, loc: Loc) -> str:
        """Return where the value at *loc* is from, for people."""
        if loc in self.lent:
            return self.lent[loc]
        for place, origin in self.origins.items():
            if place[: len(loc)] == loc:  # it, or an entry of it
                return origin.source
        loc = self._in_file(loc)
        line = yaml_tree.locate(self.root, loc, key=True).line
        return f"line {line}" if yaml_tree.holds(self.root, loc) else "default"

    def check(self, model: Any, node: Any, loc: Loc, scope: Scope) -> Any:
        """Return *node* as an instance of *model*, or None and problems."""
        try:
            return model.model_validate(node, context=scope)
        except ValidationError as error:
            for found in error.errors(include_url=False):
                self._translate(model, found, loc)
            return None

    def wrong(self, loc: Loc, wrong: Wrong, node: Any) -> None:
        """Add what a type said of the value at *loc*."""
        got = MASK if wrong.hidden and node is not None else shown(node)
        self.tell(loc, wrong.what, got, wrong.expected, wrong.hint)

    def _translate(self, model: Any, found: Any, prefix: Loc) -> None:
        own: Loc = found["loc"]
        loc, node, sort = prefix + own, found["input"], found["type"]
        if sort == "value_error" and isinstance(found["ctx"]["error"], Wrong):
            self.wrong(loc, found["ctx"]["error"], node)
        elif sort == "extra_forbidden":
            self.unknown(loc, known_keys(at(model, own[:-1])))
        elif sort == "missing":
            expected = told(at(model, own))
            self.tell(loc, "is missing", "nothing", expected, _missing_hint(own))
        elif sort == "too_short":
            self.tell(loc, "is empty", "an empty list", "at least one entry")
        else:
            self.tell(loc, "is of the wrong sort", *_sorts(node, at(model, own)))

    def unknown(self, loc: Loc, known: Iterable[str]) -> None:
        """Add that the key at *loc* is none of *known*; its value is never shown."""
        if len(self._told) >= MOST:
            self.more += 1
            return
        known = tuple(known)
        word = str(loc[-1])
        meant = _MEANT.get(word, "")
        hint = f"Did you mean {meant}?" if meant in known else nearest(word, known)
        expected = f"one of {', '.join(known)}"
        self.tell(loc, "unknown key", shown(word), expected, hint, at_key=True)


def _missing_hint(loc: Loc) -> str:
    return "Without a file the defaults are watched." if loc == ("targets",) else ""


def _sorts(node: Any, annotation: Any) -> tuple[str, str, str]:
    expected = told(annotation)
    hint = ""
    if (
        "list" in expected
        and isinstance(node, str | int)
        and not isinstance(node, bool)
    ):
        hint = "Put it in brackets: [ ]."
    if isinstance(node, Guess):
        hint = "If text is meant, put it in quotes."
    return sort_of(node), expected, hint
