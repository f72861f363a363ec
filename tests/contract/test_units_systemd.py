"""The units, as systemd itself judges them."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNITS = ROOT / "systemd"
NAMES = (
    "agentos-agent2.service",
    "agent2.service",
    "agent2-restarter.service",
    "agent2-web.service",
    "agent2-telemetry.service",
)
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


def filled(tmp_path, name):
    """The unit with this checkout and interpreter in place of /opt/agent2."""
    root = tmp_path / "opt"
    if not root.exists():
        (root / ".venv" / "bin").mkdir(parents=True)
        (root / ".venv" / "bin" / "python").symlink_to("/bin/true")
        for folder in ("scripts", "agent2", "docs"):
            (root / folder).symlink_to(ROOT / folder)
        (root / "README.md").touch()
    text = (UNITS / name).read_text().replace("/opt/agent2", str(root))
    path = tmp_path / name
    path.write_text(text)
    return path


def values(name):
    """All values by key; a key may stand several times."""
    found = {}
    for line in (UNITS / name).read_text().splitlines():
        if match := re.match(r"([A-Za-z]+)=(.*)", line):
            found.setdefault(match[1], []).append(match[2])
    return found


@needs_systemd
@pytest.mark.parametrize("name", NAMES)
def test_systemd_has_nothing_to_say_against_it(tmp_path, name):
    told = subprocess.run(
        ["systemd-analyze", "verify", filled(tmp_path, name)],
        capture_output=True,
        text=True,
    )

    assert (told.returncode, told.stderr, told.stdout) == (0, "", "")


@needs_systemd
def test_this_test_would_see_the_guides_obsolete_key(tmp_path):
    path = filled(tmp_path, NAMES[0])
    path.write_text(path.read_text().replace("MemoryMax", "MemoryLimit"))

    told = subprocess.run(
        ["systemd-analyze", "verify", path], capture_output=True, text=True
    )

    assert "MemoryLimit" in told.stderr


@needs_systemd
@pytest.mark.parametrize(
    "name", ["agent2.service", "agent2-web.service", "agent2-telemetry.service"]
)
def test_a_recommended_unit_is_exposed_by_two_points_at_most(tmp_path, name):
    told = subprocess.run(
        [
            "systemd-analyze",
            "security",
            "--offline=true",
            "--threshold=20",
            filled(tmp_path, name),
        ],
        capture_output=True,
        text=True,
    )

    assert told.returncode == 0, told.stdout[-200:]
    score = re.search(r"Overall exposure level.*: ([0-9.]+)", told.stdout)
    assert float(score[1]) <= 2.0


def test_the_forking_unit_is_that_of_the_guide():
    found = values("agentos-agent2.service")

    assert found["Type"] == ["forking"]
    assert found["After"] == ["network.target agentos-webui.service"]
    assert found["Wants"] == ["agentos-webui.service"]
    assert found["ExecStart"] == ["/opt/agent2/scripts/start_agent2.sh"]
    assert found["ExecStop"] == ["/opt/agent2/scripts/stop_agent2.sh"]
    assert found["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert found["PIDFile"][0].endswith("/.agentos/multi_agent/agent2.pid")
    assert found["Restart"] == ["on-failure"]
    assert found["RestartSec"] == ["10s"]
    assert found["StartLimitIntervalSec"] == ["5min"]
    assert found["StartLimitBurst"] == ["3"]
    assert found["MemoryMax"] == ["100M"]
    assert found["CPUQuota"] == ["10%"]
    assert found["NoNewPrivileges"] == found["PrivateTmp"] == ["yes"]
    assert found["WantedBy"] == ["multi-user.target"]
    assert {"User", "Group", "WorkingDirectory"} <= found.keys()
    assert "MemoryLimit" not in found
    assert '"PATH=/opt/agent2/.venv/bin:' in found["Environment"][0]


def test_the_recommended_unit_is_watched_and_never_gives_up():
    found = values("agent2.service")

    assert found["Type"] == ["notify"]
    assert found["NotifyAccess"] == ["main"]
    assert found["WatchdogSec"] == ["30"]
    assert found["Restart"] == ["always"]
    assert found["StartLimitIntervalSec"] == ["0"]
    assert "78" in found["RestartPreventExitStatus"][0].split()
    assert "CPUQuota" not in found
    # A PID check looks at /proc of others.
    assert "ProtectProc" not in found
    assert "ProcSubset" not in found


def test_every_unit_starts_a_file_that_is_there():
    for name in NAMES:
        for line in values(name)["ExecStart"]:
            for word in line.split():
                if word.startswith("/opt/agent2/") and "/.venv/" not in word:
                    assert (ROOT / word.removeprefix("/opt/agent2/")).exists(), word


def test_the_watcher_is_started_by_a_path_that_ps_shows():
    assert "/agent2_monitor.py" in values("agent2.service")["ExecStart"][0]


def test_the_drop_in_only_changes_what_the_unit_has():
    known = configparser.ConfigParser(strict=False, interpolation=None)
    known.optionxform = str
    known.read(UNITS / "agent2.service")
    drop = configparser.ConfigParser(strict=False, interpolation=None)
    drop.optionxform = str
    drop.read(UNITS / "agent2-local.conf")

    new = set(drop["Service"]) - set(known["Service"])
    assert new == {"User", "Group", "ReadWritePaths"}


def test_the_unit_of_the_api_gives_way_to_the_watcher_and_needs_no_rights():
    found, watcher = values("agent2-web.service"), values("agent2.service")

    assert found["User"] == ["agent2"]  # that of the watcher's unit, by its name
    assert found["StateDirectory"] == watcher["StateDirectory"]
    assert int(found["OOMScoreAdjust"][0]) > 0 > int(watcher["OOMScoreAdjust"][0])
    assert found["CapabilityBoundingSet"] == [""]
    assert found["IPAddressDeny"] == ["any"]
    assert "74" not in found["RestartPreventExitStatus"][0].split()
