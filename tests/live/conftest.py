"""The rig as a fixture, and the drills that run beside all other live tests."""

from __future__ import annotations

import os

import pytest
from rig import Rig

from agent2.store.database import Database
from tests.fakes.health_server import HealthServer, document, http

DRILLS = "test_drills.py"
SHARED_OUT = "PYTEST_XDIST_WORKER" in os.environ


@pytest.fixture
def rig(tmp_path):
    """Start what a test needs; whatever it does, everything is ended after it."""
    made = Rig(tmp_path)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def server():
    """A health page that is well until a test changes its answers."""
    with HealthServer(http(document())) as made:
        yield made


@pytest.fixture
def path(tmp_path):
    """Where the store of a test stands."""
    return str(tmp_path / "agent2.db")


@pytest.fixture
def db(path):
    """An open store."""
    store = Database.open(path)
    yield store
    store.close()


def pytest_collection_modifyitems(items):
    """Ask last what the drills showed: until then they have run anyway.

    Where the files are shared out to several processes, the one that gets the drills
    runs nothing beside them: they come first, and the others go on meanwhile.
    """
    items.sort(key=lambda item: (item.path.name == DRILLS) is not SHARED_OUT)


class _OnDemand:
    """The drills of a process that may never be asked for them."""

    def __init__(self, make):
        self._make = make
        self.made = None

    def __getattr__(self, name):
        if self.made is None:
            self.made = self._make()
        return getattr(self.made, name)


@pytest.fixture(scope="session", autouse=True)
def drilled(request, tmp_path_factory):
    """Begin the drills with the first live test, if they are asked for at all."""
    if not any(item.path.name == DRILLS for item in request.session.items):
        yield None
        return
    from drilling import Drills

    drills = _OnDemand(lambda: Drills(tmp_path_factory.mktemp("drills")))
    if not SHARED_OUT:
        drills.crashes  # noqa: B018  (begins them)
    try:
        yield drills
    finally:
        if drills.made is not None:
            drills.made.close()
