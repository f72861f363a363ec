"""What the environment and the command line say of single keys, put into the tree.

They are then read, checked and refused by the same types as the file's own values;
only the place that a complaint names is another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agent2.compiler import keys, references, yaml_marks, yaml_tree
from agent2.compiler.problems import MASK, Loc, Problem, shown
from agent2.compiler.report import Origin, Report
from agent2.compiler.words import Scope, Wrong
from agent2.core.value import value
from agent2.plan import sources

SET = "--set"
_WORDS = {"profile", "language"}  # a variable's text is the word, never a number
_NOWHERE = yaml_tree.Mark(0, 0)


@value
class Given:
    """A key, the text that it is to have, and who says so."""

    key: str
    text: str
    origin: Origin


def collect(
    environ: Mapping[str, str], profile: str, sets: Sequence[str], report: Report
) -> tuple[Given, ...]:
    """Return what was given, the strongest last."""
    return tuple(_collect(environ, profile, sets, report))


def _collect(
    environ: Mapping[str, str], profile: str, sets: Sequence[str], report: Report
) -> Iterator[Given]:
    for name, key in sources.OVERRIDES.items():
        if environ.get(name):
            yield Given(key, environ[name], Origin("environment", name))
    if profile:
        yield Given("profile", profile, Origin("command line", "--profile"))
    for item in sets:
        key, sign, text = item.partition("=")
        if sign:
            yield Given(key.strip(), text, Origin(SET, key.strip()))
            continue
        what, expected = "has no value", "KEY=VALUE, for example log.level=DEBUG"
        report.add(Problem(SET, 0, 0, shown(key), what, "no =", expected))


def profile_of(given: Sequence[Given]) -> str:
    """Return the profile that was asked for, "" for none or one that is not known."""
    asked = [one.text for one in given if one.key == "profile"]
    return asked[-1] if asked and asked[-1] in sources.PROFILES else ""


def put(report: Report, root: Any, given: Sequence[Given], scope: Scope) -> Any:
    """Return the tree *root* with all that was *given* in it.

    What stands there in the file is read all the same: a slip is no less one for
    being covered today.
    """
    for one in given:
        try:
            loc = keys.resolve(root, one.key)
            node = _node(root, loc, one)
        except Wrong as wrong:
            _refuse(report, one, wrong)
            continue
        if loc not in report.origins:
            _covered(report, root, loc, scope)
        report.origins[loc] = one.origin
        root = yaml_tree.grafted(root, loc, node)
    return root


def _covered(report: Report, root: Any, loc: Loc, scope: Scope) -> None:
    there, word = yaml_tree.child(root, loc), keys.word_at(root, loc)
    if there is None or word is None:
        return
    node = yaml_tree.plain(there)
    try:
        word.take(node, scope)
    except Wrong as wrong:
        report.wrong(loc, wrong, node)


def _node(root: Any, loc: Loc, one: Given) -> yaml_tree.Scalar:
    word = keys.word_at(root, loc)
    text = meant(one.key, one.text)
    if one.origin.place != SET:
        # A variable is no YAML: its text is taken as it is, without references.
        if "${" in text:
            expected = word.name if word else "a value"
            raise Wrong("holds a reference", None, expected=expected, hidden=True)
        return yaml_tree.Scalar(text, one.key in _WORDS, _NOWHERE)
    if word is not None and word.secret and not references.refers(text):
        hint = "All users see a command line; put it into the file, or a variable."
        expected = "${NAME} or ${file:name}"
        raise Wrong("is a secret", hint, expected=expected, hidden=True)
    return scalar(text)


def meant(key: str, text: str) -> str:
    """Return the *text* that is meant for *key*: levels are typed in small letters."""
    return text.upper() if key == "log.level" else text


def scalar(text: str) -> yaml_tree.Scalar:
    """Return what *text* is as a single YAML value.

    Raises:
        Wrong: it is a list, a mapping, or no YAML.
    """
    if not text.strip():
        raise Wrong("is empty", "", expected="a value")
    root, problems = yaml_marks.compose(text.encode("utf-8", "replace"), SET)
    if isinstance(root, yaml_tree.Scalar) and not problems:
        return root._replace(mark=_NOWHERE)
    if isinstance(root, yaml_tree.Mapping | yaml_tree.Sequence):
        what, hint = "is a list or mapping", "Write those into the file."
        raise Wrong(what, hint, expected="a single value", hidden=True)
    hint = "If text is meant, put it in quotes, inside those of the shell."
    raise Wrong("is not YAML", hint, expected="a single value", hidden=True)


def _refuse(report: Report, one: Given, wrong: Wrong) -> None:
    got = MASK if wrong.hidden else shown(one.text)
    if wrong.what in {"unknown key", "no such entry", "is no key"}:
        got = shown(one.key)
    place, name, hint = one.origin.place, one.origin.name, wrong.hint or ""
    report.add(Problem(place, 0, 0, name, wrong.what, got, wrong.expected, hint))
