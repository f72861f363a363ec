"""A program whose standard error takes nothing ends with the code that it means."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

from agent2.compiler import compile_text
from tests.live.cli_kit import ROOT

_PROGRAMS = "courier evidence restarter supervisor telemetry upkeep watcher web"
_ASK = f"""
import os, sys
from importlib import import_module
os.dup2(os.open("/dev/full", os.O_WRONLY), 2)
for name in "{_PROGRAMS}".split():
    try:
        code = import_module(f"agent2.{{name}}.main").main(["--nonsense"])
    except SystemExit as end:
        code = end.code
    print(name, code)
"""


def test_wrong_usage_is_2_whether_it_can_be_told_or_not():
    asked = [sys.executable, "-c", _ASK]
    env = {"PYTHONPATH": os.pathsep.join(sys.path), "HOME": "/nonexistent"}
    ended = subprocess.run(
        asked, stdout=subprocess.PIPE, text=True, env=env, timeout=60, check=False
    )
    assert ended.stdout.split() == [w for n in _PROGRAMS.split() for w in (n, "2")]
    assert ended.returncode == 0


def test_where_nothing_can_be_written_a_check_says_so_in_one_line(tmp_path):
    """As on a read-only root without a /tmp."""

    def no_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    asked = [sys.executable, str(ROOT / "agent2" / "__main__.py"), "check"]
    env = {"HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]}
    ended = subprocess.run(
        asked, capture_output=True, text=True, env=env, timeout=60, preexec_fn=no_room
    )
    assert ended.stderr.splitlines() == [
        "agent2: no folder takes a temporary file",
        "Try: set TMPDIR to a folder that can be written",
    ]
    assert ended.returncode == 73


def test_byte_code_of_a_command_is_nobody_elses_to_change(tmp_path):
    asked = [sys.executable, str(ROOT / "agent2" / "__main__.py"), "version"]
    env = {"HOME": str(tmp_path), "PYTHONPYCACHEPREFIX": str(tmp_path / "made")}
    assert subprocess.run(asked, env=env, timeout=60, umask=0).returncode == 0
    made = [Path(folder) for folder, _, _ in os.walk(tmp_path / "made")]
    ours = [folder for folder in made if folder.name == "cli"]
    assert ours
    assert not [folder for folder in ours if folder.stat().st_mode & 0o002]


def test_a_header_that_no_collector_can_be_sent_ends_the_start_with_one_line(tmp_path):
    headers = tmp_path / "headers"
    headers.write_text("x-key: caf\u00e9\n", encoding="utf-8")
    headers.chmod(0o600)
    text = "targets: [{name: a, checks: [{kind: tcp, port: 1}]}]\n"
    text += f"telemetry: {{enabled: true, headers_file: {headers}}}\n"
    tree, problems = compile_text(text, "/etc/a.yaml", str(tmp_path), "", {})
    assert not [each for each in problems if not each.warning]
    (tmp_path / "plan.json").write_text(json.dumps(tree))
    program = [sys.executable, "-m", "agent2.telemetry", "--state-dir", str(tmp_path)]
    ended = subprocess.run(
        program, capture_output=True, text=True, timeout=60, cwd=ROOT, check=False
    )
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"agent2 telemetry: headers_file {headers}: holds what no")
    assert "caf" not in line
    assert ended.returncode == 78
