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
# Faults of one copy do not hide one another. The value is who is told.
TOGETHER = {
    ("two transactions", "recoveries overtake"): "pager",
    ("leases are ignored", "status written in place"): "mail",
    ("marked before it is sent", "shown before it is committed"): "mail",
}
CHOSEN = [name for names in TOGETHER for name in names]
# Kills, seconds between two of them, and seconds to tell everything after them. The
# next round, of one fault alone, only if it was not hit: a busy machine does little
# in between.
ROUNDS = {8: (0.35, SETTLE), 16: (1.0, 4 * SETTLE), 24: (2.0, 8 * SETTLE)}
FIRST, *LATER = ROUNDS


def begin(names: tuple[str, ...], folder: Path, kills: int) -> subprocess.Popen:
    folder.mkdir()
    package = plant(names, ROOT, folder)
    told = TOGETHER.get(names, FAULTS[names[0]].told)
    gap, settle = map(str, ROUNDS[kills])
    argv = [sys.executable, str(CAMPAIGN), "--kills", str(kills), "--seed", str(kills)]
    argv += ["--package", str(package), "--folder", str(folder / "run")]
    argv += ["--gap", gap, "--settle", settle, "--only", told]
    return subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def seen(child: subprocess.Popen) -> set[str]:
    """Return the rules that see something wrong when the campaign has ended."""
    out, err = child.communicate()
    assert out, err
    return {what.partition(":")[0] for what in json.loads(out)["wrong"]}


@pytest.fixture(scope="module")
def first_round(tmp_path_factory):
    """Return the rules that see something in the faulty copy, by fault."""
    folder = tmp_path_factory.mktemp("together")
    children = {
        names: begin(names, folder / str(n), FIRST) for n, names in enumerate(TOGETHER)
    }
    found = {names: seen(child) for names, child in children.items()}
    return {name: rules for names, rules in found.items() for name in names}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", CHOSEN)
def test_the_checker_sees(first_round, tmp_path, name):
    rules = first_round[name]
    for kills in LATER:
        if rules & set(FAULTS[name].seen_by):
            return
        print(f"{name} was not hit, only {rules}: {kills} kills more")
        rules = seen(begin((name,), tmp_path / str(kills), kills))
    assert rules & set(FAULTS[name].seen_by), f"{name} is not seen, only {rules}"
