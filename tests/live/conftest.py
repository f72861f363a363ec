"""The rig as a fixture, and the drills that run beside all other live tests."""

from __future__ import annotations

import pytest
from rig import Rig

DRILLS = "test_drills.py"


@pytest.fixture
def rig(tmp_path):
    """Start what a test needs; whatever it does, everything is ended after it."""
    made = Rig(tmp_path)
    try:
        yield made
    finally:
        made.close()


def pytest_collection_modifyitems(items):
    """Ask last what the drills showed: until then they have run anyway."""
    items.sort(key=lambda item: item.path.name == DRILLS)


@pytest.fixture(scope="session", autouse=True)
def drilled(request, tmp_path_factory):
    """Begin the drills with the first live test, if they are asked for at all."""
    if not any(item.path.name == DRILLS for item in request.session.items):
        yield None
        return
    from drilling import Drills

    drills = Drills(tmp_path_factory.mktemp("drills"))
    try:
        yield drills
    finally:
        drills.close()
