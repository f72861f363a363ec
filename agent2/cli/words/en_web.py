"""English sentences of web program, public status page, telemetry program."""

from __future__ import annotations

WEB = {
    "command.web": "the program that serves the API",
    "command.metrics": "all figures, for Prometheus",
    "help.web": "Serve the API in the foreground, until it is stopped. With "
    "web.enabled: true, agent2 start starts it beside the watcher.",
    "help.web.run": "Serve in the foreground.",
    "help.web.start": "Start it in the background.",
    "help.web.stop": "Stop it.",
    "help.web.status": "Tell whether it runs, and where (LSB: 0, 1, 3, 4).",
    "help.web.token": "Print the token that every change needs.",
    "option.host": "Address to listen on (127.0.0.1).",
    "option.web_port": "Port to listen on (8642; 0 takes a free one).",
    "option.socket": "Unix socket to listen on in place of host and port.",
    "web.at": "API: {url}",
    "web.not_started": "the API is not served: {why}; watching goes on. "
    "To see more: {command}",
    "web.no_token": "{path}: {why}; the token is made when the web program first "
    "starts",
    "help.events.follow": "Print what happens as it happens (needs the web program).",
    "option.since_id": "Begin after this event ID; what was missed comes first.",
    "option.count": "End after so many.",
    "option.json_lines": "Print one JSON document per line.",
    "events.follows": "following from {id}",
    "events.not_followed": "events cannot be followed: {why}",
    "help.metrics": "Print all figures in the form of Prometheus.",
    "option.textfile": "Put them into this file instead, for the textfile collector of "
    "a node exporter (*.prom).",
    "error.textfile": "{path} does not end in {end}: the node exporter would not "
    "read it",
    "command.open": "the dashboard in the browser",
    "help.open": "Open the dashboard in the browser, with the token that changes "
    "need. The web program is started if it does not run.",
    "option.open_print": "Print the address with the token instead of opening it: keep "
    "it to yourself.",
    "open.none": "the web program does not run",
    "open.socket": "it listens on {url}, which no browser opens: set web.port",
    "open.done": "{url} opens in the browser",
    "command.statuspage": "a public status page as plain files",
    "help.statuspage": "A public status page for any web server: only targets with "
    "public: true, no hosts, no texts of checks.",
    "help.statuspage.export": "Write index.html, summary.json (Statuspage v2), "
    "feed.atom and badges into DIR.",
    "option.page_title": "Title of the page.",
    "option.page_every": "Write it again and again: 1m, 5m.",
    "page.title": "Service status",
    "page.written": "{folder}: {count:target|targets}",
    "page.none": "no target has public: true, so there is nothing to show",
    "page.own": "{folder} is the state folder, which is not for the public",
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
    "page.days": "{count:day|days}: {share} up",
    "command.telemetry": "the program that sends to an OpenTelemetry collector",
    "help.telemetry": "Send metrics, logs and traces to an OpenTelemetry collector in "
    "the foreground. With telemetry.enabled: true the watcher keeps it running.",
    "help.telemetry.run": "Send in the foreground.",
    "help.telemetry.status": "Tell whether it runs, and what was sent and dropped "
    "(LSB: 0, 1, 3, 4).",
    "telemetry.signal": "{signal}: {sent} sent, {dropped} dropped{why}",
    "telemetry.never": "nothing was sent yet",
}
