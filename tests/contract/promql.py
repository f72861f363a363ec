"""What a PromQL expression names: metrics, and the labels that it asks each for."""

from __future__ import annotations

import re

KEYWORDS = {
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "and",
    "or",
    "unless",
    "bool",
    "offset",
    "sum",
    "avg",
    "min",
    "max",
    "count",
    "rate",
    "increase",
    "histogram_quantile",
    "absent",
    "label_values",
}
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_GROUPING = re.compile(r"\b(by|on|without|ignoring)\s*\(([^)]*)\)")
_SELECTED = re.compile(r"([A-Za-z_:][A-Za-z0-9_:]*)\s*(?:\{([^}]*)\})?")


def named(expression):
    """Return metric -> labels that its selector names, and the labels of groupings."""
    bare = _TEXT.sub('""', expression)
    grouped = {
        label.strip()
        for _, labels in _GROUPING.findall(bare)
        for label in labels.split(",")
        if label.strip()
    }
    bare = _GROUPING.sub(" ", bare)
    bare = re.sub(r"\[[^]]*\]", " ", bare)
    found = {}
    for name, selector in _SELECTED.findall(bare):
        if name in KEYWORDS:
            continue
        labels = re.findall(r"([A-Za-z_]\w*)\s*[=!]", selector or "")
        found.setdefault(name, set()).update(labels)
    return found, grouped
