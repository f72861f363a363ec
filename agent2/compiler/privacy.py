"""A warning for a configuration that holds secrets and that others can read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import Any

from agent2.compiler import plugin_models as models
from agent2.compiler import references
from agent2.compiler.entries import Entry
from agent2.compiler.problems import Loc
from agent2.compiler.report import Report
from agent2.compiler.settle import Settled
from agent2.plan.secret import Secret


def warn_of_open_file(report: Report, settled: Settled | None, path: str) -> None:
    """Warn at every secret that is written out in a file that others can read."""
    try:
        mode = stat.S_IMODE(os.stat(path).st_mode)
    except OSError:
        return
    if settled is None or not mode & 0o044:
        return
    found = [*settled.notifiers]
    for target in settled.targets:
        found += [*target.checks, *target.actions]
    for entry in found:
        for loc in _literal(entry):
            what = "a secret is written out in a file that others can read"
            hint = f"Run: chmod 600 {path}; or move it to ${{file:name}}."
            expected = "mode 0600, or a reference"
            got = f"mode {mode:04o}"
            report.tell((*entry.loc, *loc), what, got, expected, hint, warning=True)


def _literal(entry: Entry) -> Iterator[Loc]:
    for name, given in entry.options.items():
        key = models.yaml_name(name)
        if _is_literal(given):
            yield (key,)
        elif isinstance(given, dict):
            yield from ((key, inner) for inner in given if _is_literal(given[inner]))


def _is_literal(given: Any) -> bool:
    return isinstance(given, Secret) and not references.refers(given._source)
