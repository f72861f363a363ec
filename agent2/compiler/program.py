"""The compiler as a program: read, compile, write or print, say what is wrong."""

from __future__ import annotations

import json
import os
import stat
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence

from agent2.compiler.compile import BUILT_IN, Compiled, compile_text
from agent2.compiler.problems import Problem, count
from agent2.plan import sources

_OK = 0
_CANNOT_CREATE = 73
_IO = 74
_PERMISSION = 77
_CONFIG = 78
_FLAGS = ("--check", "--show", "--schema", "--json", "--create", "--tree")


class _UnreadableError(Exception):
    def __init__(self, what: str, got: str, expected: str, hint: str) -> None:
        super().__init__(what)
        self.parts = (what, got, expected, hint)


def run(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Do what *argv* asks; return the exit code."""
    asked = _arguments(argv)
    if asked.schema:
        from agent2.compiler.published import config_schema

        sys.stdout.write(config_schema())
        return _OK
    path = sources.absolute(asked.config, environ) if asked.config else ""
    if asked.tree:
        return _tree(path)
    state_dir = sources.state_dir(asked.state_dir, environ)
    if asked.change:
        return _change(asked, path, state_dir, environ)
    # Before the reading: a file changed in between makes an old stamp, so a new plan.
    stamp = sources.current_stamp(path, asked.profile, environ, asked.set)
    try:
        raw = read(path) if path else None
    except _UnreadableError as error:
        problem = Problem(path, 1, 1, "file", *error.parts)
        return _refuse((problem,), path)
    given = (asked.profile, environ, stamp, asked.set)
    done = compile_text(raw, path, state_dir, *given)
    if done.tree is None:
        return _refuse(done.problems, path or BUILT_IN, done.more)
    _say(done.problems, path)
    if asked.check or asked.show:
        return _print(asked, done, path)
    return _write(asked.out or os.path.join(state_dir, sources.PLAN_NAME), done.tree)


def _arguments(argv: Sequence[str]) -> Namespace:
    parser = ArgumentParser("agent2 compiler", allow_abbrev=False)
    for name in ("--state-dir", "--config", "--profile", "--out"):
        parser.add_argument(name, default="")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--change", default="")
    parser.add_argument("--part", default="")
    parser.add_argument("--to")
    for name in _FLAGS:
        parser.add_argument(name, action="store_true")
    return parser.parse_args(argv)


def read(path: str) -> bytes:
    """Return the bytes of the configuration file.

    Raises:
        _UnreadableError: it is not there, no file, too large, or anybody's to write.
    """
    try:
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        what = "cannot be read"
        hint = (
            "config/agent2.yaml of the checkout is an example to copy."
            if isinstance(error, FileNotFoundError)
            else ""
        )
        got = str(error.strerror)
        raise _UnreadableError(what, got, "a readable file", hint) from None
    try:
        mode = os.fstat(number).st_mode
        if not stat.S_ISREG(mode):
            raise _UnreadableError("is no file", "something else", "a YAML file", "")
        if mode & stat.S_IWOTH:  # it names programs that are run as this user
            got, hint = f"mode {stat.S_IMODE(mode):04o}", f"Run: chmod o-w {path}"
            expected = "a file that not everybody can write"
            raise _UnreadableError("can be written by anybody", got, expected, hint)
        raw = os.read(number, sources.LARGEST + 1)
    finally:
        os.close(number)
    if len(raw) > sources.LARGEST:
        raise _UnreadableError("is too large", "more than 1 MiB", "at most 1 MiB", "")
    return raw


def _tree(path: str) -> int:
    """Print any YAML file as JSON, read as strictly as a configuration."""
    from agent2.compiler.yaml_marks import compose
    from agent2.compiler.yaml_tree import plain

    try:
        root, problems = compose(read(path), path)
    except _UnreadableError as error:
        return _refuse((Problem(path, 1, 1, "file", *error.parts),), path)
    if problems:
        return _refuse(tuple(problems), path)
    sys.stdout.write(json.dumps(plain(root), ensure_ascii=False) + "\n")
    return _OK


def _change(
    asked: Namespace, path: str, state_dir: str, environ: Mapping[str, str]
) -> int:
    from agent2.compiler import change
    from agent2.compiler.compile import built_in_text
    from agent2.compiler.overrides import meant

    def compiled(raw: bytes) -> Compiled:
        given = (asked.profile, environ, "-", asked.set)
        return compile_text(raw, path, state_dir, *given)

    fresh = built_in_text(asked.profile) if asked.create else None
    text = None if asked.to is None else meant(asked.change, asked.to)
    wanted = change.Change(asked.change, text)
    try:
        told = change.make(path, wanted, compiled, fresh)
    except change.RefusedError as refused:
        return _refuse(tuple(p for p in refused.problems if not p.warning), path)
    except OSError as error:
        why = str(error.strerror)
        sys.stderr.write(f"agent2: {path}: cannot be changed: {why}\n")
        return _PERMISSION if isinstance(error, PermissionError) else _IO
    sys.stdout.write(told + "\n")
    return _OK


def _refuse(problems: tuple[Problem, ...], path: str, more: int = 0) -> int:
    _say(problems, path, more)
    return _CONFIG


def _say(problems: tuple[Problem, ...], path: str, more: int = 0) -> None:
    if not problems:
        return
    lines = [str(problem) for problem in problems]
    text = "\n".join([*lines, count(problems, path or BUILT_IN, more)])
    sys.stderr.write(text.encode("utf-8", "backslashreplace").decode() + "\n")


def _print(asked: Namespace, done: Compiled, path: str) -> int:
    from agent2.compiler import show

    assert done.settled is not None
    if asked.check:
        text = show.summary(done.settled, path or BUILT_IN)
    elif asked.json:
        from agent2.compiler.show_origins import as_tree

        text = json.dumps(
            as_tree(done.settled, asked.part), ensure_ascii=False, indent=2
        )
    else:
        from agent2.compiler.show_yaml import as_yaml

        text = as_yaml(done.settled, path or BUILT_IN, asked.part)
    sys.stdout.write(text.rstrip("\n") + "\n")
    return _OK


def _write(path: str, tree: dict[str, object]) -> int:
    from agent2.host.files import ensure_dir, write_atomic

    content = json.dumps(tree, ensure_ascii=False, separators=(",", ":")).encode()
    try:
        ensure_dir(os.path.dirname(os.path.abspath(path)))
        # Not synced: a plan lost in a power cut is made anew.
        write_atomic(path, content, 0o600, sync=False)
    except OSError as error:
        sys.stderr.write(f"agent2: {path}: cannot be written: {error.strerror}\n")
        return _CANNOT_CREATE
    return _OK
