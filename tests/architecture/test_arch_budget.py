"""What the watcher may load: every import costs it memory and start time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import house_rules as rules
import pytest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
FORBIDDEN = (
    "asyncio", "ssl", "requests", "slack_sdk", "apprise", "tenacity", "pydantic", "yaml",
    "click", "rich", "psutil", "dataclasses", "typing", "logging", "subprocess",
    "inspect", "http.client", "urllib.request", "email", "argparse", "pathlib",
    "threading", "ctypes", "hashlib", "uuid", "tempfile", "shutil", "starlette", "uvicorn",
)  # fmt: skip
# Loaded only where they are needed, by name: an https target, a system without pidfd.
LATER = {
    "agent2.watcher.exporting",
    "agent2.checks.http_tls",
    "agent2.checks.certificate_tls",
    "agent2.host.processes_psutil",
    "agent2.host.machine_psutil",
}
MARK = f"running.{sys.implementation.cache_tag}.pyc"
ROOMS = (
    "core", "host", "logs", "plan", "store", "wire", "checks", "actions", "watcher",
)  # fmt: skip
FLAT = ("agent2.plugins",)


def modules():
    folders = [f"agent2/{room}" for room in ROOMS]
    names = [path[:-3].replace(os.sep, ".") for path in rules.files(ROOT, *folders)]
    return [*FLAT, *(name.removesuffix(".__init__") for name in names)]


def loaded(*names, root=ROOT):
    """What a bare interpreter, without site-packages, has loaded after *names*."""
    code = f"import sys; sys.path.insert(0, {str(root)!r})\n"
    code += "".join(f"import {name}\n" for name in names)
    code += "print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_watcher_with_all_its_rooms_loads_nothing_heavy():
    names = [name for name in modules() if name not in LATER]

    assert len(names) > 50
    assert sorted(loaded(*names).intersection(FORBIDDEN)) == []


def test_the_watchers_own_entry_loads_nothing_heavy_nor_any_other_program():
    found = loaded("agent2.watcher.main")

    assert sorted(found.intersection(FORBIDDEN)) == []
    others = (
        "agent2.cli", "agent2.courier", "agent2.compiler", "agent2.restarter", "agent2.web",
    )  # fmt: skip
    assert [name for name in sorted(found) if name.startswith(others)] == []


def test_what_is_loaded_later_is_still_there_and_not_loaded_before():
    assert set(modules()) >= LATER
    assert not LATER & loaded(*(name for name in modules() if name not in LATER))


def test_the_core_loads_nothing_but_itself_and_what_values_need():
    core = [name for name in modules() if name.startswith("agent2.core")]
    bare = loaded()

    foreign = {n for n in loaded(*core) - bare if not n.startswith("agent2")}
    assert {name.partition(".")[0] for name in foreign} <= {
        "enum", "types", "functools", "collections", "operator", "_operator", "keyword",
        "itertools", "math", "reprlib", "_collections", "_functools", "re", "_sre", "copyreg",
        "__future__", "_collections_abc",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["ssl", "logging", "typing", "http.client"])
def test_a_heavy_import_would_be_seen(tmp_path, name):
    (tmp_path / "planted.py").write_text(f"import {name}\n", encoding="utf-8")

    assert name in loaded("planted", root=tmp_path)


def test_what_a_watcher_of_a_ready_store_never_needs_is_not_loaded():
    never = {"importlib", "warnings", "agent2.store.migrations"}
    assert not never & loaded("agent2.watcher.running", "agent2.watcher.options")


@pytest.mark.slow
def test_the_watcher_has_a_child_compile_it_and_keeps_nothing_of_that(tmp_path):
    apart = shutil.ignore_patterns("__pycache__")
    shutil.copytree(f"{ROOT}/agent2", tmp_path / "agent2", ignore=apart)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from agent2.watcher.main import compile_apart\n"
        "compile_apart()\n"
        "print(*(n for n in sys.modules if n.startswith('agent2')))"
    )
    argv = [sys.executable, "-I", "-S", "-c", code]
    made = tmp_path / "agent2/watcher/__pycache__" / MARK

    def compiled():
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert done.stderr == ""
        names = ["agent2", "agent2.watcher", "agent2.watcher.main"]
        assert done.stdout.split() == names
        return made.stat().st_mtime_ns

    first = compiled()
    assert len(list(tmp_path.rglob("watcher/__pycache__/*.pyc"))) > 30
    assert len(list(tmp_path.rglob("checks/__pycache__/http_judge.*"))) == 1
    assert compiled() == first
    (tmp_path / "agent2/core/new.py").touch()  # as an update does
    assert compiled() > first
    (tmp_path / "agent2/core/newer.py").touch()
    no_room = "import os; os.fork = lambda: os.open('/nowhere/at/all', 0)\n"
    call = "from agent2.watcher.main import main; sys.exit(main(['--nonsense']))"
    argv[-1] = no_room + code.splitlines()[0] + f"\n{call}"
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.startswith("agent2: ")) == (2, True)
    shutil.rmtree(made.parent)
    argv[-2:] = [str(tmp_path / "agent2/agent2_monitor.py"), "--nonsense"]
    subprocess.run(argv, capture_output=True, check=False, umask=0)
    assert made.parent.stat().st_mode & 0o002 == 0  # as an init without a mask
