"""The files that take longest come first and the shortest tests last.

So no worker has a long file alone at the end. Files that wait and files that compute
stand among each other, so that there is always something to compute.
"""

from __future__ import annotations

import gc

import pytest

LONGEST = (
    "test_drills.py",
    "test_courier.py",
    "test_planted.py",
    "test_stories.py",
    "test_examples.py",
    "test_kills.py",
    "test_watcher_locked.py",
    "test_arch_rules.py",
    "test_watcher_people.py",
    "test_watcher_reload.py",
    "test_evidence.py",
    "test_watcher_life.py",
    "test_scripts.py",
    "test_watcher_cadence.py",
    "test_cli_backup.py",
    "test_watcher_gates.py",
    "test_web_stream.py",
    "test_store_kill.py",
    "test_cli_lifecycle.py",
    "test_cli_settings.py",
    "test_watcher_disk.py",
    "test_hostile_receivers.py",
    "test_real_systemd.py",
    "test_one_liners.py",
    "test_watcher_files.py",
    "test_telemetry.py",
    "test_flaws.py",
    "test_cli_demo.py",
    "test_watcher_words.py",
    "test_cli_events.py",
    "test_restarter.py",
    "test_store_hostile.py",
    "test_orphans.py",
    "test_config_edit.py",
    "test_report.py",
    "test_cli_install.py",
    "test_store_damage.py",
    "test_config_program.py",
    "test_real_docker.py",
    "test_processor.py",
    "test_cli_records.py",
    "test_web_hostile.py",
)
SHORTEST = "core"
# All of this folder in one worker: each other one would start a browser of its own.
TOGETHER = "tests/browser/"


def rank(item: pytest.Item) -> int:
    if item.nodeid.startswith(TOGETHER):
        return -1
    name = item.path.name
    if name in LONGEST:
        return LONGEST.index(name)
    return len(LONGEST) + (item.path.parent.name == SHORTEST)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    items.sort(key=rank)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Look for no rubbish among thousands of tests that all stay: it costs a tenth."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_xdist_make_scheduler(config, log):
    """Give a worker the tests of one file, or of one browser."""
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid):
            if nodeid.startswith(TOGETHER):
                return TOGETHER
            return super()._split_scope(nodeid)

    return ByFile(config, log)
