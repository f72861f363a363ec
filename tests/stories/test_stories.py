"""Runs ``*.story``: the command line as a user types it, in a home of its own.

    # a comment
    $ command        must succeed
    ! command        must fail
    ? 78 command     must end with that exit code
    > text           the next line of its output; [...] stands for anything,
                     and alone for any number of lines
    -- name --       the lines up to the next one are a file, made before the start

Output is not looked at after a command without ``>``. Commands run by bash in
``$HOME``; ``agent2`` and ``demo-target`` are on the path, ``eventually CMD`` tries
again until CMD succeeds, ``$PORT`` is a free port, ``$D`` the state folder.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.live import warm
from tests.live.cli_kit import MAIN, ROOT, Cli
from tests.ports import reserved

COLD = "first_minutes"  # as a user does it, from the start of the interpreter on
STORIES = sorted(Path(__file__).parent.glob("*.story"))
ANY = "[...]"
EVENTUALLY = """#!/bin/bash
while ((SECONDS < 60)); do
  if out="$("$@" 2>&1)"; then printf '%s\\n' "$out"; exit 0; fi
  sleep 0.05
done
printf '%s\\n' "$out"
exit 1
"""


@dataclass
class Step:
    line: int
    wanted: str
    command: str
    output: list[str] = field(default_factory=list)


def parse(text):
    """Return the steps of a story and its files."""
    steps, files, current = [], {}, None
    for number, line in enumerate(text.splitlines(), 1):
        head, _, rest = line.partition(" ")
        if match := re.fullmatch(r"-- (\S+) --", line):
            current = files.setdefault(match[1], [])
        elif current is not None:
            current.append(line)
        elif head in ("$", "!"):
            steps.append(Step(number, "0" if head == "$" else "!", rest))
        elif head == "?":
            code, _, command = rest.partition(" ")
            steps.append(Step(number, code, command))
        elif head == ">":
            steps[-1].output.append(rest)
        elif line.strip() and not line.startswith("#"):
            raise SyntaxError(f"line {number}: {line}")
    return steps, {name: "\n".join(lines) + "\n" for name, lines in files.items()}


def fits(wanted, got):
    """Do the lines *got* fit the patterns *wanted*?"""
    if not wanted:
        return not got
    if wanted[0] == ANY:
        return any(fits(wanted[1:], got[n:]) for n in range(len(got) + 1))
    if not got:
        return False
    parts = (re.escape(part) for part in wanted[0].split(ANY))
    return re.fullmatch(".*".join(parts), got[0]) is not None and fits(
        wanted[1:], got[1:]
    )


class Stage:
    """Where a story plays; with *cold* each ``agent2`` is a fresh interpreter."""

    def __init__(self, tmp_path, files, cold):
        self.cli = Cli(tmp_path)
        bin_folder = tmp_path / "bin"
        bin_folder.mkdir()
        demo = (sys.executable, ROOT / "agent2" / "demo" / "__main__.py")
        ours = (sys.executable, MAIN) if cold else warm.caller()
        for name, argv in (("agent2", ours), ("demo-target", demo)):
            path = bin_folder / name
            path.write_text(f'#!/bin/sh\nexec {" ".join(map(str, argv))} "$@"\n')
            path.chmod(0o755)
        (bin_folder / "eventually").write_text(EVENTUALLY)
        (bin_folder / "eventually").chmod(0o755)
        # The default folder of the documents, in a home of its own.
        self.cli.state = self.cli.home / ".agentos" / "multi_agent"
        self.env = self.cli.env | {
            "PATH": f"{bin_folder}:{self.cli.env['PATH']}",
            "PORT": str(reserved()),
            "D": str(self.cli.state),
            "COLUMNS": "1000",  # without a terminal ps cuts its lines at 80
            "SCRIPTS": str(ROOT / "scripts"),
        }
        del self.env["AGENT2_HOME"]
        for name, text in files.items():
            path = self.cli.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("$PORT", self.env["PORT"]))

    def play(self, step):
        done = subprocess.run(
            ["bash", "-c", step.command],
            env=self.env,
            cwd=self.cli.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        told = f"line {step.line}: {step.command}\n{done.stdout}"
        if step.wanted == "!":
            assert done.returncode != 0, told
        else:
            assert done.returncode == int(step.wanted), f"{done.returncode}: {told}"
        if step.output:
            assert fits(step.output, done.stdout.splitlines()), told
        assert "Traceback" not in done.stdout, told

    def close(self):
        self.cli.env["AGENT2_HOME"] = str(self.cli.state)
        self.cli.close()
        pid_file = self.cli.home / ".agentos" / "webui.pid"
        target = ROOT / "agent2" / "demo" / "__main__.py"
        subprocess.run(
            [sys.executable, target, "stop", "--pid-file", pid_file],
            capture_output=True,
            check=True,
        )


def needed(text):
    """The programs that a story says it needs."""
    return re.findall(r"^# needs: (\S+)", text, re.MULTILINE)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_story(path, tmp_path):
    text = path.read_text(encoding="utf-8")
    for program in needed(text):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    steps, files = parse(text)
    stage = Stage(tmp_path, files, cold=path.stem == COLD)
    try:
        for step in steps:
            stage.play(step)
    finally:
        stage.close()


def test_there_are_stories():
    assert len(STORIES) >= 4


@pytest.mark.parametrize(
    ("wanted", "got", "expected"),
    [
        (["a"], ["a"], True),
        (["a"], ["b"], False),
        (["a"], ["a", "b"], False),
        (["a [...] c"], ["a b c"], True),
        (["[...]"], [], True),
        (["[...]", "z"], ["x", "y", "z"], True),
        (["[...]", "z"], ["x", "y"], False),
        (["a.c"], ["abc"], False),
    ],
)
def test_the_runner_can_fail(wanted, got, expected):
    assert fits(wanted, got) is expected


def test_a_story_that_is_none_is_refused():
    with pytest.raises(SyntaxError):
        parse("agent2 status\n")


def test_no_story_touches_the_users_own_home():
    for path in STORIES:
        assert os.environ["HOME"] + "/" not in path.read_text()
