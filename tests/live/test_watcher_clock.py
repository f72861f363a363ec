"""A wall clock that somebody sets while the watcher runs."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import pytest
from rig import config, watching

FAKETIME = next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)
PATIENT = {"interval": 0.2, "timeout": 20}


@pytest.mark.skipif(FAKETIME is None, reason="needs libfaketime")
@pytest.mark.parametrize("step", [3600, -3600])
def test_a_clock_that_is_set_harms_no_healthy_target_and_is_followed_at_once(
    rig, tmp_path, step
):
    stamp = tmp_path / "stamp"
    stamp.write_text("+0")
    agent = rig.agent(config(watching(rig.target(), **PATIENT)), start=False)
    agent.env = agent.env | {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(stamp),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    agent.start()
    agent.until_word("ok")

    stamp.write_text(f"{step:+d}")

    def ahead(status: dict) -> float:
        shown = datetime.fromisoformat(status["updated_at"])
        return shown.timestamp() - time.time()

    agent.until(lambda s: abs(ahead(s) - step) < 60, 60, "the time that is set")
    agent.until_line(f"the system clock jumped by {step:+d}.")
    assert not agent.lines("something is wrong")
    agent.until_word("ok")  # a look that took too long on a busy machine says unknown
