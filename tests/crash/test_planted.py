"""The checker of the kill tests can fail: it sees each fault that is planted.

All of ``planted.FAULTS`` in turn: ``python bench/kills.py --planted``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from campaign import ROOT
from planted import FAULTS, SETTLE, plant

CAMPAIGN = Path(__file__).with_name("campaign.py")
# Kills, seconds between two of them, and seconds to tell everything after them; the
# next round only if the fault was not hit: a busy machine does little in between.
ROUNDS = {8: (0.35, SETTLE), 16: (1.0, 4 * SETTLE), 24: (2.0, 8 * SETTLE)}
FIRST = 8
CHOSEN = (
    "marked before it is sent",
    "two transactions",
    "status written in place",
    "leases are ignored",
    "recoveries overtake",
    "shown before it is committed",
)


def begin(name: str, folder: Path, package: Path, kills: int) -> subprocess.Popen:
    argv = [sys.executable, str(CAMPAIGN), "--kills", str(kills), "--seed", str(kills)]
    argv += ["--package", str(package), "--folder", str(folder / f"run{kills}")]
    gap, settle = map(str, ROUNDS[kills])
    argv += ["--gap", gap, "--settle", settle, "--only", FAULTS[name].told]
    if kills != FIRST and FAULTS[name].slow_mark:
        argv += ["--victim", "courier"]
    return subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Begin the first round against every faulty copy, all at once."""
    found = {}
    for number, name in enumerate(CHOSEN):
        folder = tmp_path_factory.mktemp(f"fault{number}")
        package = plant(name, ROOT, folder)
        found[name] = (folder, package, begin(name, folder, package, FIRST))
    yield found
    for _, _, child in found.values():
        child.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("name", CHOSEN)
def test_the_checker_sees(places, name):
    folder, package, child = places[name]
    wrong: list[str] = []
    for kills in ROUNDS:
        if kills != FIRST:
            child = begin(name, folder, package, kills)
        out, err = child.communicate()
        assert out, err
        wrong = json.loads(out)["wrong"]
        if {what.partition(":")[0] for what in wrong} & set(FAULTS[name].seen_by):
            return
    pytest.fail(f"{name} is not seen, only: {wrong}")
