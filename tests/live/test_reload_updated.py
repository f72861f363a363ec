"""The code on the disk is updated under an agent that runs, and it is asked to reload."""

from __future__ import annotations

import shutil
import subprocess
import sys

from tests.live.cli_kit import ROOT

RUNNING = """
import pathlib, sys
sys.path.insert(0, sys.argv[1])
from agent2.watcher import compiling  # the version that runs
emit = pathlib.Path(sys.argv[1], "agent2", "compiler", "emit.py")
text = emit.read_text(encoding="utf-8")
older, newer = '"name": model.name', '"of_the_next": 1, "name": model.name'
assert older in text
emit.write_text(text.replace(older, newer, 1), encoding="utf-8")
try:
    compiling.plan_now(sys.argv[2], "", "")
except compiling.RefusedError as error:
    print(error)
"""


def test_a_plan_of_a_later_version_is_refused_with_what_to_do(tmp_path):
    code, state = tmp_path / "code", tmp_path / "state"
    state.mkdir(exist_ok=True)
    leave = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "agent2", code / "agent2", ignore=leave)
    argv = [sys.executable, "-I", "-c", RUNNING, str(code), str(state)]

    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)

    assert done.stdout.startswith("agent2: Agent2 itself was updated"), done
    assert done.stdout.rstrip().endswith("agent2 restart")
