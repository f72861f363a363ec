"""Run all benchmarks; print one document, and a table of goals on stderr.

Quick (the default) takes about four minutes; ``--full`` takes the intervals and the
crowds of the goals themselves, about twenty-five minutes. ``--only start,crash``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys

import measure
from places import BENCH

QUICK = {
    "start": ["--runs", "15"],
    "crash": ["--kills", "60", "--interval", "0.5"],
    "hang": ["--turns", "3"],
    "alert": ["--turns", "2"],
    "idle": ["--seconds", "65"],
    "hostile": ["--seconds", "12"],
    "check_cost": ["--counts", "100,1000", "--rounds", "3"],
    "inbox": ["--events", "2000", "--seconds", "5"],
}
FULL = {name: ["--full"] for name in QUICK} | {
    "start": ["--runs", "40"],
    "inbox": ["--events", "20000", "--seconds", "30"],
}


def one(name: str, arguments: list[str]) -> dict:
    """Run one benchmark as a program of its own."""
    argv = [sys.executable, os.path.join(BENCH, f"{name}.py"), *arguments]
    ended = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=False)
    try:
        return json.loads(ended.stdout)
    except ValueError:
        return {"bench": name, "error": f"ended with {ended.returncode}", "goals": []}


def table(documents: list[dict]) -> str:
    """Return goals and ratios as lines of text."""
    lines = [f"{'figure':34}{'goal':>10}{'measured':>12}  met"]
    for document in documents:
        if "error" in document:
            lines.append(f"{document['bench']}: {document['error']}")
        for goal in document["goals"]:
            found = goal["measured"]
            shown = "-" if found is None else f"{found:.4g}"
            met = {True: "yes", False: "NO", None: "-"}[goal["met"]]
            lines.append(f"{goal['figure']:34}{goal['goal']:>10g}{shown:>12}  {met}")
    lines.append("")
    for document in documents:
        for name, ratio in document.get("ratios", {}).items():
            lines.append(f"{document['bench']:12}{name:34}{ratio!s:>10}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", default=",".join(QUICK))
    asked = parser.parse_args()
    ways = FULL if asked.full else QUICK
    documents = []
    for name in asked.only.split(","):
        measure.note(f"--- {name}")
        documents.append(one(name, ways[name]))
    measure.show({"machine": measure.machine(), "benches": documents})
    sys.stderr.write(table(documents) + "\n")
    return int(any("error" in each for each in documents))


if __name__ == "__main__":
    sys.exit(main())
