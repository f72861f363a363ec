"""Why it died: told in the incident, as the kernel says it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rig import FAST, config

MEMORY = Path("/sys/fs/cgroup/memory")  # v1
UNIFIED = Path("/sys/fs/cgroup")  # v2
EATS = """
import sys
sys.stdin.readline()
eaten = [bytearray(b"x" * 1_000_000) for _ in range(500)]
"""


def watched(tmp_path):
    file = tmp_path / "web.pid"
    checks = [{"kind": "pid", "file": str(file)}]
    return file, {"name": "webui", "checks": checks, "failure_threshold": 1} | FAST


def told(agent):
    """What the incident and the alert's journal line say of the cause."""
    agent.until_word("down", 60)
    (detail,) = agent.rows("SELECT detail FROM incidents")[0]
    ((_, body),) = agent.journal("incident.opened")
    assert body["detail"] == detail
    assert agent.until_signal()["detail"] == detail
    return detail


@pytest.fixture
def small():
    """A memory cgroup of 40 MB; the function that puts a process into it."""
    version_1 = (MEMORY / "memory.limit_in_bytes").exists()
    root, limit = (MEMORY, "memory.limit_in_bytes")
    if not version_1:
        root, limit = (UNIFIED, "memory.max")
    place = root / f"agent2-test-{os.getpid()}"
    try:
        place.mkdir()
        (place / limit).write_text("40000000")
    except OSError as error:
        if place.exists():
            place.rmdir()
        pytest.skip(f"no memory cgroup can be made here: {error}")
    yield lambda pid: (place / "cgroup.procs").write_text(str(pid))
    place.rmdir()


def test_a_process_killed_for_want_of_memory_is_said_to_be(rig, tmp_path, small):
    file, target = watched(tmp_path)
    eater = subprocess.Popen([sys.executable, "-c", EATS], stdin=subprocess.PIPE)
    small(eater.pid)
    file.write_text(str(eater.pid))
    agent = rig.agent(config(target))
    agent.until_word("ok", 60)
    eater.stdin.write(b"\n")
    eater.stdin.close()
    assert eater.wait(60) == -signal.SIGKILL
    assert (
        told(agent)
        == f"process {eater.pid} is gone: killed by SIGKILL: out of memory (OOM)"
    )


def test_a_process_killed_by_somebody_is_not_said_to_want_memory(rig, tmp_path):
    file, target = watched(tmp_path)
    with subprocess.Popen(["/bin/sleep", "1000"]) as process:
        file.write_text(str(process.pid))
        agent = rig.agent(config(target))
        agent.until_word("ok", 60)
        process.kill()
        process.wait()
    assert told(agent).endswith("killed by SIGKILL")
