"""The rig as a fixture: everything that a test started is ended after it."""

from __future__ import annotations

import pytest
from rig import Rig


@pytest.fixture
def rig(tmp_path):
    made = Rig(tmp_path)
    try:
        yield made
    finally:
        made.close()
