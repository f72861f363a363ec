"""The page of the metrics says of each what the code says, and of no other."""

from __future__ import annotations

import re
from pathlib import Path

from agent2.metrics.table import TABLE

PAGE = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| (.+?) \| (.+) \|$", re.MULTILINE)


def test_the_page_lists_every_metric_with_its_type_labels_and_meaning():
    told = {
        name: (kind, labels, text)
        for name, kind, labels, text in ROW.findall(PAGE.read_text(encoding="utf-8"))
    }
    known = {
        metric.name: (metric.type, ", ".join(metric.labels) or "-", metric.help)
        for metric in TABLE.values()
    }

    lines = [f"| `{name}` | {' | '.join(row)} |" for name, row in known.items()]
    odd = [name for name in known.keys() | told if known.get(name) != told.get(name)]
    assert told == known, f"{PAGE.name} is to say of {odd}:\n" + "\n".join(
        line for line in lines if line.split("`")[1] in odd
    )


def test_names_are_as_prometheus_wants_them():
    for metric in TABLE.values():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", metric.name)
        assert (metric.type == "counter") == metric.name.endswith("_total"), metric
        assert metric.type != "histogram" or metric.name.endswith("_seconds"), metric
        assert "url" not in metric.labels
        assert "le" not in metric.labels
