"""The public page as HTML without JavaScript, as Statuspage JSON and as Atom."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from agent2.cli.reports.statuspage_facts import Facts, Part, Trouble
from agent2.cli.words import say

# The words of Statuspage's API v2; it has none for "not known", and the nearest that
# does not claim that all is well is taken.
_COMPONENT = {
    "ok": "operational",
    "warn": "degraded_performance",
    "down": "major_outage",
    "unknown": "degraded_performance",
}
_INDICATOR = {"ok": "none", "warn": "minor", "down": "major", "unknown": "minor"}
_STATE = {
    "ok": "page.ok",
    "warn": "page.warn",
    "down": "page.down",
    "unknown": "page.unknown",
}
_ALL = {
    "ok": "page.all_ok",
    "warn": "page.all_warn",
    "down": "page.all_down",
    "unknown": "page.all_unknown",
}
_SIGN = {"ok": "✓", "warn": "▲", "down": "✕", "unknown": "?"}
STYLE = """\
:root { color-scheme: light dark; --ink: light-dark(#1a1e23, #e8eaed);
  --faint: light-dark(#596069, #9da6b1); --line: light-dark(#e2e4e0, #2b3138);
  --ok: light-dark(#17703e, #4fc488); --warn: light-dark(#8a4f00, #f2ab4b);
  --down: light-dark(#b3202a, #ff8085); --unknown: var(--faint); }
body { max-width: 720px; margin: 0 auto; padding: 40px 20px; color: var(--ink);
  background: light-dark(#f6f6f4, #121518); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 18px; } h2 { font-size: 16px; margin-top: 40px; }
.all { font-size: 24px; font-weight: 600; margin: 8px 0 32px; }
.all small { font-size: 13px; font-weight: 400; }
ul { list-style: none; padding: 0; } a { color: inherit; }
.part, .trouble { border-top: 1px solid var(--line); padding: 14px 0; }
.row { display: flex; justify-content: space-between; gap: 16px; font-weight: 550; }
.ok { color: var(--ok); } .warn { color: var(--warn); }
.down { color: var(--down); } .unknown, small, time { color: var(--faint); }
svg { display: block; width: 100%; height: 28px; margin: 8px 0 2px; }
.d-ok { fill: var(--ok); } .d-warn { fill: var(--warn); }
.d-down { fill: var(--down); } .d-none { fill: var(--line); }
"""


def page(facts: Facts) -> str:
    """Return the page; it tells its time, and never changes under who reads it."""
    parts = "\n".join(map(_part, facts.parts))
    troubles = "\n".join(map(_trouble, facts.troubles))
    troubles = troubles or f"<li>{say('page.no_trouble')}</li>"
    return f"""<!doctype html>
<html lang="{facts.language}">
<head><meta charset="utf-8">
<meta http-equiv="content-security-policy"
content="default-src 'none'; style-src 'self'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{_SIGN[facts.worst]} {escape(facts.title)}</title>
<link rel="stylesheet" href="style.css">
<link rel="alternate" type="application/atom+xml" href="feed.atom"></head>
<body><main><h1>{escape(facts.title)}</h1>
<p class="all {facts.worst}">{_SIGN[facts.worst]} {say(_ALL[facts.worst])}<br>
<small>{say("page.updated")} {_time(facts.now)} ·
<a href="index.html">{say("page.again")}</a></small></p>
<ul>
{parts}
</ul>
<h2>{say("page.troubles")}</h2>
<ul>
{troubles}
</ul>
<p><small><a href="summary.json">JSON</a> · <a href="feed.atom">Atom</a></small></p>
</main></body></html>
"""


def _part(one: Part) -> str:
    share = "–" if one.uptime is None else f"{int(one.uptime * 10000) / 100:.2f} %"
    words = say("page.days", count=len(one.days), share=share)
    bars = "".join(_day(number, each) for number, each in enumerate(one.days))
    return f"""<li class="part"><div class="row"><span>{escape(one.name)}</span>
<span class="{one.state}">{_SIGN[one.state]} {say(_STATE[one.state])}</span></div>
<svg viewBox="0 0 {4 * len(one.days)} 28" preserveAspectRatio="none" role="img"
aria-label={quoteattr(words)}>{bars}</svg><small>{escape(words)}</small></li>"""


def _day(number: int, share: float | None) -> str:
    """A day without judgement is a line, one with an outage is taller."""
    look, tall = "none", 2
    if share is not None:
        look = "ok" if share >= 0.9999 else "warn" if share >= 0.99 else "down"
        tall = {"ok": 18, "warn": 23, "down": 28}[look]
    place = f'x="{4 * number}" y="{28 - tall}" width="3" height="{tall}"'
    return f'<rect class="d-{look}" {place}/>'


def _trouble(one: Trouble) -> str:
    end = _time(one.resolved_at) if one.resolved_at else say("page.going_on")
    state = "ok" if one.resolved_at else one.state
    word = say("page.resolved" if one.resolved_at else _STATE[one.state])
    return (
        f'<li class="trouble"><b>{escape(one.target)}</b> '
        f'<span class="{state}">{_SIGN[state]} {word}</span><br>'
        f"{_time(one.opened_at)} – {end}</li>"
    )


def _time(at: float) -> str:
    return f'<time datetime="{stamp(at)}">{_shown(at)}</time>'


def _shown(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def stamp(at: float | None) -> str | None:
    """Return RFC 3339 in UTC."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def summary(facts: Facts) -> dict[str, Any]:
    """Return ``summary.json`` of Statuspage's API v2."""
    told = stamp(facts.now)
    components = [
        {
            "id": _id(one.name),
            "name": one.name,
            "status": _COMPONENT[one.state],
            "description": say(_STATE[one.state]),
            "position": number,
            "created_at": None,
            "updated_at": told,
            "start_date": None,
            "page_id": _id(facts.title),
            "group_id": None,
            "group": False,
            "showcase": True,
            "only_show_if_degraded": False,
        }
        for number, one in enumerate(facts.parts, 1)
    ]
    return {
        "page": {
            "id": _id(facts.title),
            "name": facts.title,
            "url": "",
            "time_zone": "Etc/UTC",
            "updated_at": told,
        },
        "status": {
            "indicator": _INDICATOR[facts.worst],
            "description": say(_ALL[facts.worst]),
        },
        "components": components,
        "incidents": [
            _incident(one) | {"page_id": _id(facts.title)}
            for one in facts.troubles
            if one.resolved_at is None
        ],
        "scheduled_maintenances": [],
    }


def _incident(one: Trouble) -> dict[str, Any]:
    begun, told = stamp(one.opened_at), f"{one.target}: {say(_STATE[one.state])}"
    common = {"status": "investigating", "created_at": begun, "updated_at": begun}
    update = {"id": _id(f"{one.id} 1"), "incident_id": _id(one.id), "body": told}
    return common | {
        "id": _id(one.id),
        "name": told,
        "impact": _INDICATOR[one.state],
        "started_at": begun,
        "monitoring_at": None,
        "resolved_at": None,
        "shortlink": "",
        "incident_updates": [common | update | {"display_at": begun}],
        "components": [{"id": _id(one.target), "name": one.target}],
    }


def feed(facts: Facts) -> str:
    """Return the incidents as an Atom feed (RFC 4287), newest first."""
    entries = "\n".join(map(_entry, facts.troubles))
    return f"""<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>{escape(facts.title)}</title>
<id>urn:agent2:{_id(facts.title)}</id><updated>{stamp(facts.now)}</updated>
<author><name>Agent2</name></author>
{entries}
</feed>
"""


def _entry(one: Trouble) -> str:
    word = say("page.resolved" if one.resolved_at else _STATE[one.state])
    changed = stamp(one.resolved_at or one.opened_at)
    end = _shown(one.resolved_at) if one.resolved_at else say("page.going_on")
    span = f"{_shown(one.opened_at)} – {end}"
    return (
        f"<entry><id>urn:agent2:{_id(one.id)}</id><updated>{changed}</updated>"
        f"<published>{stamp(one.opened_at)}</published>"
        f"<title>{escape(one.target)}: {word}</title>"
        f"<content>{escape(one.target)}: {word}, {span}</content></entry>"
    )


def _id(text: str) -> str:
    """Return an id that stays the same and tells nothing."""
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=6).hexdigest()
