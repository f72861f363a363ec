"""Reads a status file over and over, as an operator's tool would, and keeps a log.

    python tests/crash/reader.py STATUS --log FILE

Each new content is one line of FILE: ``at`` (epoch seconds), ``pid``, ``run``
(its ``started_at``), ``seq``, ``open`` (ids of open incidents), ``down`` (targets that
are shown with an incident) and ``reads`` so far; one that is no whole status is
``torn`` with its beginning. It ends when its standard input does.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import sys
import time

PAUSE = 2  # milliseconds


def page(content: bytes) -> dict:
    """Return what a line says of *content*."""
    try:
        tree = json.loads(content)
        return {
            "pid": tree["agent"]["pid"],
            "run": tree["agent"]["started_at"],
            "seq": tree["seq"],
            "open": [one["id"] for one in tree["incidents"]["open"]],
            "down": {
                one["name"]: one["consecutive_failures"]
                for one in tree["targets"]
                if one["incident"]
            },
        }
    except (ValueError, KeyError, TypeError):
        return {"torn": content[:200].decode("utf-8", "replace"), "size": len(content)}


def main(status: str, log: str) -> None:
    reads, last = 0, b""
    poll = select.poll()
    poll.register(sys.stdin, select.POLLIN | select.POLLHUP)
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    while not poll.poll(PAUSE) or sys.stdin.buffer.read1(1):
        try:
            with open(status, "rb", buffering=0) as file:
                content = file.read() or b""
        except FileNotFoundError:
            content = last
        reads += 1
        if content != last:
            last = content
            line = {"at": time.time(), "reads": reads} | page(content)
            os.write(out, json.dumps(line).encode() + b"\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("status")
    parser.add_argument("--log", required=True)
    options = parser.parse_args()
    main(options.status, options.log)
