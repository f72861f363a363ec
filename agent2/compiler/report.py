"""Collects what is wrong, with the place in the file, in the words of the house."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from pydantic import BaseModel, ValidationError

from agent2.compiler import yaml_marks
from agent2.compiler.fields import Word
from agent2.compiler.problems import (
    MASK,
    Guess,
    Problem,
    key_path,
    nearest,
    shown,
    sort_of,
)
from agent2.compiler.words import Wrong

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from agent2.compiler.problems import Loc
    from agent2.compiler.words import Scope

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


class Report:
    """All problems of one file; *root* is its tree, for the places."""

    def __init__(self, path: str, root: Any) -> None:
        """Begin with none."""
        self.path = path
        self.root = root
        self.problems: list[Problem] = []

    @property
    def refused(self) -> bool:
        """Is there a problem that is more than a warning?"""
        return not all(problem.warning for problem in self.problems)

    def tell(
        self,
        loc: Loc,
        what: str,
        got: str,
        expected: str,
        hint: str = "",
        *,
        at_key: bool = False,
        warning: bool = False,
    ) -> None:
        """Add a problem of the value (or the key) at *loc*."""
        mark = yaml_marks.locate(self.root, loc, key=at_key)
        found = Problem(
            self.path, *mark, key_path(loc), what, got, expected, hint, warning
        )
        if found not in self.problems:
            self.problems.append(found)

    def line(self, loc: Loc) -> int:
        """Return the line of *loc*."""
        return yaml_marks.locate(self.root, loc, key=True).line

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
            self.unknown(loc, known_keys(_at(model, own[:-1])))
        elif sort == "missing":
            expected = _told(_at(model, own))
            self.tell(loc, "is missing", "nothing", expected, _missing_hint(own))
        elif sort == "too_short":
            self.tell(loc, "is empty", "an empty list", "at least one entry")
        else:
            self.tell(loc, "is of the wrong sort", *_sorts(node, _at(model, own)))

    def unknown(self, loc: Loc, known: Iterable[str]) -> None:
        """Add that the key at *loc* is none of *known*; its value is never shown."""
        known = tuple(known)
        word = str(loc[-1])
        meant = _MEANT.get(word, "")
        hint = f"Did you mean {meant}?" if meant in known else nearest(word, known)
        expected = f"one of {', '.join(known)}"
        self.tell(loc, "unknown key", shown(word), expected, hint, at_key=True)


def expected(model: Any, key: str) -> str:
    """Return what people call that which *key* of *model* takes."""
    return _told(_at(model, (key,)))


def _missing_hint(loc: Loc) -> str:
    return "Without a file the defaults are watched." if loc == ("targets",) else ""


def _sorts(node: Any, annotation: Any) -> tuple[str, str, str]:
    expected = _told(annotation)
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


def known_keys(model: Any) -> tuple[str, ...]:
    """Return the keys of *model* as they are written."""
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return ()
    return tuple(f.alias or name for name, f in model.model_fields.items())


def _at(model: Any, loc: Loc) -> Any:
    """Return the annotation (or model, or Word) of what stands at *loc* in *model*."""
    here = model
    for part in loc:
        if isinstance(part, int):
            here = _inner(here)
            continue
        inner = _model_in(here)
        if inner is None:
            here = _inner(here)
            continue
        for name, field in inner.model_fields.items():
            if part == (field.alias or name):
                here = _word_of(field.metadata) or field.annotation
                break
    return _model_in(here) or here if not isinstance(here, Word) else here


def _model_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return None


def _inner(annotation: Any) -> Any:
    arguments = get_args(annotation)
    if not arguments:
        return annotation
    last = arguments[-1]
    return _word_of(getattr(last, "__metadata__", ())) or last


def _word_of(metadata: Iterable[Any]) -> Word | None:
    return next((each for each in metadata if isinstance(each, Word)), None)


def _told(annotation: Any) -> str:
    """Return how people name what *annotation* takes."""
    word = annotation if isinstance(annotation, Word) else None
    word = word or _word_of(getattr(annotation, "__metadata__", ()))
    if word:
        return word.name
    model = _model_in(annotation)
    if model:
        return f"a mapping with the keys {', '.join(known_keys(model))}"
    text = str(annotation)
    if text.startswith("list["):
        inner = _told(_inner(annotation))
        return f"a list, each {inner}"
    return "a mapping" if "dict[" in text else "another value"
