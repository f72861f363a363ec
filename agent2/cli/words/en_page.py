"""English sentences of the public status page."""

from __future__ import annotations

PAGE = {
    "command.statuspage": "a public status page as plain files",
    "help.statuspage": "A public status page for any web server: only targets with "
    "public: true, no hosts, no texts of checks.",
    "help.statuspage.export": "Write index.html, summary.json (Statuspage v2), "
    "feed.atom and badges into DIR.",
    "option.page_title": "Title of the page.",
    "option.page_every": "Write it again and again: 1m, 5m.",
    "page.title": "Service status",
    "page.written": "{folder}: {count} targets",
    "page.none": "no target has public: true, so there is nothing to show",
    "page.refused": "{path}: {why}",
    "page.all_ok": "All services are up",
    "page.all_warn": "Some services are degraded",
    "page.all_down": "Some services are down",
    "page.all_unknown": "The state of some services is not known",
    "page.ok": "up",
    "page.warn": "degraded",
    "page.down": "down",
    "page.unknown": "not known",
    "page.resolved": "resolved",
    "page.going_on": "going on",
    "page.troubles": "Incidents of the last 14 days",
    "page.no_trouble": "None.",
    "page.updated": "As of",
    "page.again": "look again",
    "page.days": "{count} days: {share} up",
}
