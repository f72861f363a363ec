"""The integration test of the operations guide, runnable by itself or by pytest.

    python tests/test_agent2_integration.py

It starts the demo target and Agent2 by the scripts, in a home folder of its own and on
a free port, stops the target, and leaves nothing running. It needs no pytest.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

if "pytest" in sys.modules:
    import pytest

    pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "scripts"
PATIENCE = 15.0  # seconds, of the guide
CONFIG = """\
version: 1
targets:
  - name: webui
    checks:
      - {{kind: pid, file: ~/.agentos/webui.pid}}
      - {{kind: tcp, port: {port}}}
      - {{kind: http, url: "http://127.0.0.1:{port}/api/health"}}
"""


class World:
    """A home folder with the demo target and Agent2 in it."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="agent2-integration-"))
        self.state = self.home / ".agentos" / "multi_agent"
        self.started: set[int] = set()
        own = ("AGENT2_", "XDG_")
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(own)}
        self.env |= {"HOME": str(self.home), "LC_ALL": "C.UTF-8"}
        if all(map(find_spec, ("click", "pydantic", "yaml"))):
            self.env["AGENT2_PYTHON"] = sys.executable
        elif (ROOT / ".venv").exists() or os.access(ROOT, os.W_OK):
            self.env["AGENT2_VENV"] = str(ROOT / ".venv")

    def start(self) -> None:
        self.script("agent2", "demo", "target", "start", "--port", "0")
        config = self.home / ".config" / "agent2" / "agent2.yaml"
        config.parent.mkdir(parents=True)
        config.write_text(CONFIG.format(port=self.port), encoding="utf-8")
        self.script("start_agent2.sh")
        self.started.add(self.pid(self.state / "agent2.pid"))

    def script(self, name: str, *words: str) -> None:
        done = subprocess.run(
            ["bash", str(SCRIPTS / name), *words],
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,  # the first start makes the virtual environment
            check=False,
        )
        assert done.returncode == 0, f"{name} {' '.join(words)}: {done.stderr}"
        if words[:3] == ("demo", "target", "start"):
            self.started.add(self.pid(self.home / ".agentos" / "webui.pid"))

    @staticmethod
    def pid(path: Path) -> int:
        return int(path.read_text())

    @property
    def port(self) -> int:
        return json.loads((self.state / "demo.json").read_text())["port"]

    @property
    def signal(self) -> Path:
        return self.state / "restart_signal"

    def status(self) -> dict:
        return json.loads((self.state / "agent2_status.json").read_text())

    def close(self) -> None:
        """End all of it, prove that it ended, and remove the folder."""
        try:
            if (self.state / "agent2.pid").exists():
                self.script("stop_agent2.sh")
            if (self.state / "demo.json").exists():
                self.script("agent2", "demo", "target", "stop")
            for pid in self.started:
                within(lambda pid=pid: not lives(pid), f"process {pid} still runs")
        finally:
            shutil.rmtree(self.home, ignore_errors=True)


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def within(look, complaint: str, seconds: float = PATIENCE):
    """Return the first true answer of *look*; asked until *seconds* are over."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            found = look()
        except (OSError, ValueError):
            found = None
        if found:
            return found
        assert time.monotonic() < deadline, f"{complaint} ({seconds:.0f} s)"
        time.sleep(0.05)


worlds: list[World] = []


def setup_module(_module: object = None) -> None:
    worlds.append(World())
    worlds[0].start()


def teardown_module(_module: object = None) -> None:
    while worlds:
        worlds.pop().close()


def test_agent2_startup() -> None:
    """The status file says that it monitors, and when it looked last."""
    (world,) = worlds
    found = within(
        lambda: world.status()["last_check"] and world.status(),
        "no check was finished",
    )
    assert found["status"] == "monitoring", found["status"]
    assert found["last_check"] is not None
    print("✓ Agent2 启动正常: status = monitoring")


def test_health_endpoint() -> None:
    """The health page answers 200 and says ok."""
    (world,) = worlds
    asked = http.client.HTTPConnection("127.0.0.1", world.port, timeout=5)
    try:
        asked.request("GET", "/api/health")
        answer = asked.getresponse()
        assert answer.status == 200, answer.status
        assert json.loads(answer.read())["status"] == "ok"
    finally:
        asked.close()
    print("✓ 健康检查端点正常: 200, status = ok")


def test_stopped_target_gives_a_signal() -> None:
    """A stop of the target gives a restart signal, its start takes that back."""
    (world,) = worlds
    within(lambda: world.status()["health_status"] == "ok", "the target is not well")
    world.script("agent2", "demo", "target", "stop")
    try:
        within(world.signal.exists, "no restart_signal")
        found = json.loads(world.signal.read_text())
        assert found["requested_by"] == "agent2", found
        assert found["reason"] == "process_not_alive", found
        print(f"✓ 目标停止后生成重启信号: {found['reason']}")
    finally:
        world.script("agent2", "demo", "target", "start")
    within(lambda: world.status()["health_status"] == "ok", "it did not recover")
    within(lambda: not world.signal.exists(), "the signal was not withdrawn")
    print("✓ 目标恢复后信号撤回: health_status = ok")


def main() -> int:
    """Run every test in order; 0 if all passed."""
    try:
        try:
            setup_module()
            test_agent2_startup()
            test_health_endpoint()
            test_stopped_target_gives_a_signal()
        finally:
            teardown_module()
    except (AssertionError, OSError, ValueError, subprocess.SubprocessError) as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1
    print("所有测试通过!")
    return 0


if __name__ == "__main__":
    sys.exit(main())
