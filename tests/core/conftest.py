"""How hard the laws are tried: ``AGENT2_LAWS=5000`` for a long run."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

# A busy machine is slow, not wrong: no deadline, no complaint of slow drawing.
settings.register_profile(
    "core",
    max_examples=int(os.environ.get("AGENT2_LAWS", "40")),
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
# For mutants.py: the same examples each time, and no search for the smallest one.
settings.register_profile(
    "mutants",
    settings.get_profile("core"),
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
)
settings.load_profile(os.environ.get("AGENT2_LAWS_PROFILE", "core"))
