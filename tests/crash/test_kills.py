"""Whatever dies at whatever moment: nothing is lost, nothing doubled, nothing torn.

The same campaign with 1,000 kills is ``python bench/kills.py --kills 1000``.
"""

from __future__ import annotations

import json
import os

import campaign
import pytest

KILLS = 25
SEED = int(os.environ.get("AGENT2_KILL_SEED", "2"))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_kills_during_outages_lose_and_double_nothing(tmp_path):
    found = campaign.conduct(tmp_path, SEED, KILLS)
    print(json.dumps(found, indent=2))
    assert found["wrong"] == [], f"seed {SEED}: {campaign.shortened(found['wrong'])}"
    assert found["kills"]["in all"] == KILLS
    assert found["told"] == found["pagerduty trigger keys"] > 0
    assert found["torn"] == 0
    assert found["status pages"] > found["resumed_ms"]["n"] > 0
