"""Keys that the original program used and that its users still write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent2.compiler import yaml_tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

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


def _sections(root: yaml_tree.Mapping) -> Iterator[tuple[Loc, Any]]:
    if "defaults" in root.entries:
        yield ("defaults",), root.entries["defaults"][1]
    _, targets = root.entries.get("targets", (None, None))
    if isinstance(targets, yaml_tree.Sequence):
        for index, target in enumerate(targets.items):
            yield ("targets", index), target
