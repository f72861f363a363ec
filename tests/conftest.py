"""The files that take longest come first and the shortest tests last.

So no worker has a long file alone at the end.
"""

from __future__ import annotations

import gc

import pytest

LONGEST = (
    "test_drills.py",
    "test_dashboard.py",
    "test_examples.py",
    "test_kills.py",
    "test_real_systemd.py",
    "test_stories.py",
    "test_cli_settings.py",
    "test_planted.py",
    "test_cli_lifecycle.py",
    "test_cli_backup.py",
    "test_courier.py",
    "test_scripts.py",
    "test_watcher_locked.py",
    "test_watcher_people.py",
    "test_flaws.py",
    "test_hostile_receivers.py",
    "test_cli_demo.py",
    "test_evidence.py",
    "test_restarter.py",
    "test_config_program.py",
    "test_watcher_cadence.py",
    "test_store_kill.py",
    "test_cli_check.py",
    "test_cli_events.py",
    "test_one_liners.py",
    "test_config_edit.py",
    "test_web_stream.py",
)
SHORTEST = "core"


def rank(item: pytest.Item) -> int:
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
