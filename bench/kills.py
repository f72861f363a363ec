"""Random ``kill -9`` of watcher, courier and lanes during outages: what is lost?

* ``lost``, ``doubled_keys``, ``torn``: must be 0; ``wrong`` says what was found.
* ``resumed_ms``: start of the watcher -> a status that shows the incidents that were
  open when its predecessor died.
* ``repeats``: what a receiver got once more, each after an attempt that was recorded
  as ambiguous (a receiver that deduplicates by key shows it once).

    python bench/kills.py --kills 1000 --seed 7
    python bench/kills.py --planted          # does the checker see wrong orders?
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path

import measure

sys.path[:0] = [os.path.join(measure.ROOT, "tests", "crash"), measure.ROOT]

import campaign  # noqa: E402
import planted  # noqa: E402


def run(kills: int, seed: int, package: Path) -> dict:
    """Do one campaign on the package in *package*; return the document."""
    folder = Path(tempfile.mkdtemp(prefix="agent2-kills-"))
    measure.note(f"seed {seed}, {folder}")
    found = campaign.conduct(folder, seed, kills, package=package)
    wrong = found["wrong"]
    if wrong:
        measure.note(f"kept for a look: {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    lost = {"nothing_lost", "every_incident_is_told", "delivered_is_received"}
    figures = found | {
        "wrong": campaign.shortened(wrong),
        "lost": sum(what.partition(":")[0] in lost for what in wrong),
        "doubled_keys": sum(what.startswith("no_doubled_key") for what in wrong),
    }
    resumed = figures["resumed_ms"].get("p99")
    return measure.document(
        "kills",
        figures,
        {
            "kills.lost": figures["lost"],
            "kills.doubled_keys": figures["doubled_keys"],
            "kills.torn": figures["torn"],
            "kills.resumed_ms.p99": resumed,
        },
    )


def run_planted(kills: int, seed: int) -> dict:
    """Do a short campaign against each faulty copy; return what was seen."""
    seen = {}
    for name, fault in planted.FAULTS.items():
        folder = Path(tempfile.mkdtemp(prefix="agent2-planted-"))
        package = planted.plant((name,), Path(measure.ROOT), folder)
        found = campaign.conduct(
            folder / "run",
            seed,
            kills,
            package=package,
            settle=planted.SETTLE,
            told=(fault.told,),
        )
        shutil.rmtree(folder, ignore_errors=True)
        rules = {what.partition(":")[0] for what in found["wrong"]}
        seen[name] = {
            "kills": found["kills"]["in all"],
            "seen": bool(rules & set(fault.seen_by)),
            "by": sorted(rules),
        }
        measure.note(f"{name}: {seen[name]}")
    missed = sum(not each["seen"] for each in seen.values())
    figures = {"faults": seen, "missed": missed}
    return measure.document("kills planted", figures, {"kills.missed": missed})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--package", default=measure.ROOT, help="where agent2/ is")
    parser.add_argument("--planted", action="store_true")
    asked = parser.parse_args()
    chosen = asked.seed or random.SystemRandom().randrange(1, 1 << 31)
    if asked.planted:
        measure.show(run_planted(asked.kills or 16, chosen))
    else:
        measure.show(run(asked.kills or 1000, chosen, Path(asked.package)))
