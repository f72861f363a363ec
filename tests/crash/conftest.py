"""The rig as a fixture, here too."""

from __future__ import annotations

import pytest

from tests.live.rig import Rig


@pytest.fixture
def rig(tmp_path):
    made = Rig(tmp_path)
    try:
        yield made
    finally:
        made.close()
