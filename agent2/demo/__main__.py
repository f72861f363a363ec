"""The demo target as a program of its own.

    python agent2/demo/__main__.py serve   --port 8080 --pid-file F   (foreground)
    python agent2/demo/__main__.py start   --port 8080 --pid-file F
    python agent2/demo/__main__.py restart --port 8080 --pid-file F
    python agent2/demo/__main__.py stop    --pid-file F
    python agent2/demo/__main__.py status  --pid-file F
    python agent2/demo/__main__.py fault hang --port 8080

It ends 0, or 1 with one line on stderr; ``status`` ends 3 when it does not run.
"""

from __future__ import annotations

import argparse
import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))

from agent2.demo import control
from agent2.demo.server import FAULTS, serve

DEFAULT_PID_FILE = "~/.agentos/webui.pid"


def main(argv: list[str]) -> int:
    """Do what *argv* says; return the exit code."""
    asked = _parse(argv)
    pid_file = os.path.abspath(os.path.expanduser(asked.pid_file))
    try:
        return _do(asked, pid_file)
    except (control.DemoError, OSError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


def _do(asked: argparse.Namespace, pid_file: str) -> int:
    if asked.verb == "serve":
        return serve(asked.port, pid_file)
    if asked.verb == "fault":
        print(control.fault(asked.port, asked.word))
        return 0
    if asked.verb == "status":
        process = control.find(pid_file)
        if process is None:
            print("demo target: not running")
            return 3
        print(f"demo target: running (PID: {process.pid})")
        process.close()
        return 0
    if asked.verb in ("stop", "restart"):
        ended = control.stop(pid_file)
        if asked.verb == "stop":
            print(f"stopped (PID: {ended})" if ended else "not running")
            return 0
    process = control.find(pid_file)
    if process is not None:
        print(f"already running (PID: {process.pid})")
        process.close()
        return 0
    pid, url = control.start(asked.port, pid_file)
    print(f"{url} (PID: {pid})")
    return 0


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="agent2-demo", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("serve", "start", "stop", "restart", "status", "fault"):
        one = verbs.add_parser(verb)
        if verb == "fault":
            one.add_argument("word", choices=FAULTS)
        one.add_argument("--port", type=int, default=8080)
        one.add_argument("--pid-file", default=DEFAULT_PID_FILE)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
