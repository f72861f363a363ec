"""YAML becomes a plan, or every problem at once (PyYAML, pydantic).

The program is ``__main__.py``; in Python, ``compile_text`` does the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agent2.compiler.problems import Problem


def compile_text(
    text: str | bytes | None,
    path: str,
    state_dir: str,
    profile: str,
    environ: Mapping[str, str],
    sets: Sequence[str] = (),
) -> tuple[dict[str, Any] | None, tuple[Problem, ...]]:
    """Return the plan's tree (None if refused) and the problems of *text*.

    *text* None is "no file": what is watched by default. *path* is where the text is
    from, "" for nowhere; *profile* and *sets* are those of the command line.
    """
    from agent2.compiler.compile import compile_text as work

    done = work(text, path, state_dir, profile, environ, sets=sets)
    return done.tree, done.problems
