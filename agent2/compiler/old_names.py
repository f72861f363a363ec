"""Keys that the original program and the documents use, and that people still write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agent2.compiler import yaml_tree
from agent2.compiler.problems import Loc
from agent2.compiler.report import Report

OLD, NEW = "check_interval", "interval"


def take(report: Report, root: yaml_tree.Mapping) -> None:
    """Read ``check_interval`` as ``interval``, in ``defaults`` and in each target."""
    for loc, section in _sections(root):
        if not isinstance(section, yaml_tree.Mapping) or OLD not in section.entries:
            continue
        if NEW in section.entries:
            what = f"is the old name of {NEW}"
            report.tell((*loc, OLD), what, "both", "one of them", at_key=True)
        found = section.entries.pop(OLD)
        section.entries.setdefault(NEW, found)
    for loc, check in _checks(root):
        _unfold(report, check, loc)


def _unfold(report: Report, check: yaml_tree.Mapping, loc: Loc) -> None:
    """Read ``expect: {status: 200, body_contains: ok}`` as keys of the check itself."""
    _, inner = check.entries.get("expect", (None, None))
    kind = check.entries.get("kind", (None, None))[1]
    is_http = isinstance(kind, yaml_tree.Scalar) and kind.text == "http"
    if not is_http or not isinstance(inner, yaml_tree.Mapping):
        return
    del check.entries["expect"]
    for key, found in inner.entries.items():
        if key in check.entries:
            what = "stands in expect too"
            report.tell((*loc, key), what, "both", "one of them", at_key=True)
        check.entries.setdefault(key, found)


def _checks(root: yaml_tree.Mapping) -> Iterator[tuple[Loc, Any]]:
    for loc, target in _sections(root):
        entries = target.entries if isinstance(target, yaml_tree.Mapping) else {}
        checks = entries.get("checks", (None, None))[1]
        if isinstance(checks, yaml_tree.Sequence):
            for index, check in enumerate(checks.items):
                if isinstance(check, yaml_tree.Mapping):
                    yield (*loc, "checks", index), check


def _sections(root: yaml_tree.Mapping) -> Iterator[tuple[Loc, Any]]:
    if "defaults" in root.entries:
        yield ("defaults",), root.entries["defaults"][1]
    _, targets = root.entries.get("targets", (None, None))
    if isinstance(targets, yaml_tree.Sequence):
        for index, target in enumerate(targets.items):
            yield ("targets", index), target
