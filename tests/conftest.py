"""The files that take longest come first: no worker has one of them alone at the end."""

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
    "test_real_docker.py",
    "test_flaws.py",
    "test_hostile_receivers.py",
    "test_cli_demo.py",
    "test_restarter.py",
    "test_config_program.py",
    "test_watcher_cadence.py",
    "test_store_kill.py",
    "test_cli_check.py",
    "test_cli_events.py",
)


def rank(item: pytest.Item) -> int:
    name = item.path.name
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


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
