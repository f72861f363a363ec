"""From the start of the process to the first finished check.

The end is seen from the service: the first client that had asked the health URL has
read the whole answer and hung up. ``status_ms`` is when the status file first says
when it was checked. Runs are interleaved, on a store that is already there.
"""

from __future__ import annotations

import argparse
import os
import sys

import measure
from inotify import Folder
from places import KINDS, Place

NOTIFIERS = """
notifiers:
  - {name: oncall, kind: pagerduty, routing_key: "${PD_KEY:-0123456789abcdef0123456789abcdef}"}
  - {name: ops, kind: slack, webhook_url: "${SLACK_URL:-http://127.0.0.1:9/T/B/x}"}
  - {name: mail, kind: email, host: localhost, from: agent2@example.com, to: [a@example.com]}
routes:
  - {match: {severity: critical}, notifiers: [oncall, ops, mail]}
"""


def yaml(place: Place) -> str:
    """Return the default configuration for *place*, with three notifiers."""
    service = place.service
    return f"""version: 1
language: en
targets:
  - name: webui
    checks:
      - {{kind: pid, file: "{service.pid_file}"}}
      - {{kind: tcp, port: {service.port}}}
      - {{kind: http, url: "http://127.0.0.1:{service.port}/api/health"}}
    restart: {{actions: [{{kind: signal_file}}]}}
{NOTIFIERS}"""


def configure(place: Place) -> None:
    """Give *place* the default configuration as YAML; the watcher compiles it."""
    with open(place.config, "w", encoding="utf-8") as file:
        file.write(yaml(place))


def once(place: Place) -> dict[str, float]:
    """Start once; return milliseconds until the check and until the status."""
    if os.path.exists(place.status_file):
        os.unlink(place.status_file)
    folder = Folder(place.folder)
    place.service.forget()
    began = place.start()
    try:
        served = float(place.service.wait("c", "/api/health", patience=20)[-1])
        told = folder.wait(lambda _: bool(place.status().get("last_check")), 10)
    except TimeoutError:
        with open(os.path.join(place.folder, "bench.out")) as file:
            sys.exit(f"{place.kind} did not start:\n{file.read()}")
    finally:
        folder.close()
        place.stop()
    found = {"check_ms": 1000 * (served - began)}
    if told is not None:
        found["status_ms"] = 1000 * (told - began)
    return found


def run(runs: int) -> dict:
    """Measure; return the document."""
    columns = {kind: Place(kind) for kind in KINDS}
    columns["agent2 compiling"] = Place("agent2")
    found: dict[str, list[dict[str, float]]] = {name: [] for name in columns}
    try:
        for name in ("agent2", "agent2 compiling"):
            configure(columns[name])
        for turn in range(runs + 1):
            for name, place in columns.items():
                if name.endswith("compiling"):
                    _forget_plan(place)
                figures = once(place)
                if turn:  # the first makes folders, caches and the store
                    found[name].append(figures)
            measure.note(f"start {turn}/{runs}")
    finally:
        for place in columns.values():
            place.close()
    figures = {
        name: {
            key: measure.spread(each[key] for each in rows if key in each)
            for key in ("check_ms", "status_ms")
        }
        for name, rows in found.items()
    }
    mid = {name: each["check_ms"]["p50"] for name, each in figures.items()}
    return measure.document(
        "start",
        figures,
        {
            "start.unchanged_ms.p50": mid["agent2"],
            "start.compiling_ms.p50": mid["agent2 compiling"],
        },
        {
            "to floor": measure.ratio(mid["agent2"], mid["floor"]),
            "to reference": measure.ratio(mid["agent2"], mid["reference"]),
        },
    )


def _forget_plan(place: Place) -> None:
    try:
        os.unlink(os.path.join(place.folder, "plan.json"))
    except FileNotFoundError:
        pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    measure.show(run(parser.parse_args().runs))
