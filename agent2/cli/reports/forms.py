"""A report as Markdown, as one HTML page without anything from elsewhere, as CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from agent2.cli.reports.parts import Part, span_of
from agent2.cli.words import language, say
from agent2.core.report import Report
from agent2.core.text import visible

# An underscore inside a word is no markup (CommonMark 6.2): codes stay as they are.
_SPECIAL = re.compile(r"([\\`*{}\[\]<>|#]|(?<!\w)_|_(?!\w))")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_STYLE = """\
body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;
padding:0 1rem;color:#1b1f24;background:#fff}
table{border-collapse:collapse;margin:.5rem 0;display:block;overflow-x:auto}
th,td{border-bottom:1px solid #c8ccd1;padding:.3rem .7rem;text-align:left;
white-space:nowrap}
th{background:#f1f3f5}
@media(prefers-color-scheme:dark){body{color:#e6e8ea;background:#16191d}
th{background:#23282e}th,td{border-color:#3d444c}}"""


def markdown(found: Report, sections: Sequence[Part]) -> str:
    """Return the report as Markdown; what targets say cannot become markup."""
    lines = [f"# {say('report.name')}", "", _md(span_of(found)), ""]
    for part in sections:
        lines += [f"## {_md(part.title)}", ""]
        if part.rows:
            lines += [_row(part.columns), "|" + "---|" * len(part.columns)]
            lines += [_row(row) for row in part.rows]
            lines.append("")
        bullet = "- " if len(part.lines) > 1 else ""
        lines += [f"{bullet}{_md(line)}" for line in part.lines]
        if part.lines:
            lines.append("")
    return "\n".join(lines)


def html(found: Report, sections: Sequence[Part]) -> str:
    """Return the report as one page that loads and runs nothing."""
    return "\n".join(_page(found, sections)) + "\n"


def _page(found: Report, sections: Sequence[Part]) -> Iterator[str]:
    title = escape(say("report.name"))
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    yield f'<!doctype html>\n<html lang="{language()}">\n<head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width,initial-scale=1">'
    yield f"<title>{title}</title><style>{_STYLE}</style></head>\n<body><main>"
    yield f"<h1>{title}</h1>\n<p>{escape(span_of(found))}</p>"
    for part in sections:
        yield f"<h2>{escape(part.title)}</h2>"
        if part.rows:
            heads = "".join(f'<th scope="col">{escape(c)}</th>' for c in part.columns)
            yield f"<table><thead><tr>{heads}</tr></thead><tbody>"
            for row in part.rows:
                cells = "".join(f"<td>{escape(visible(cell))}</td>" for cell in row)
                yield f"<tr>{cells}</tr>"
            yield "</tbody></table>"
        yield from (f"<p>{escape(visible(line))}</p>" for line in part.lines)
    yield "</main></body></html>"


def table(document: dict[str, Any], *, only_slo: bool) -> str:
    """Return the targets of a report's JSON as CSV (RFC 4180): one line each.

    The columns are the keys of the JSON, with dots. A text that a spreadsheet would
    take for a formula gets an apostrophe in front.
    """
    period = {"from": document["from"], "to": document["to"]}
    rows = []
    for target in document["targets"]:
        wanted = ("name", "slo") if only_slo else tuple(target)
        kept = {k: target[k] for k in wanted if target[k] is not None}
        rows.append(dict(_flat(period | kept)))
    columns = list(dict.fromkeys(key for row in rows for key in row)) or ["name"]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _flat(tree: dict[str, Any], above: str = "") -> Iterator[tuple[str, object]]:
    for key, node in tree.items():
        if isinstance(node, dict):
            yield from _flat(node, f"{above}{key}.")
        else:
            yield above + key, _cell(node)


def _cell(node: object) -> object:
    if isinstance(node, str):
        return f"'{node}" if node.startswith(_FORMULA) else node
    return "" if node is None else node


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(_md(cell) for cell in cells)} |"


def _md(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", visible(text))
