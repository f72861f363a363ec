"""The documents' drills in real time: kill and hang with each of the six profiles.

    python bench/drills.py            the default profile, five of each (some 25 s)
    python bench/drills.py --full     all profiles, five of each (some 110 s)

Everything runs side by side. ``latest`` is the documents' own arithmetic for the worst
case (fixed delay); ``within`` says that every run kept it. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "live")]

from rig import Rig, config, wait_for, watching  # noqa: E402

from agent2.compiler.compile import compile_text  # noqa: E402

RUNS = 5
# Seconds from the fault to restart_signal, at worst: after a kill, after a hang.
LATEST = {
    "test": (10.1, 20.0),
    "dev": (4.1, 14.0),
    "low_latency": (2.2, 5.0),
    "prod": (45.2, 75.0),
    "high_load": (45.2, 75.0),
    "unstable_network": (25.3, 100.0),
}
SETTINGS = ("interval", "timeout", "failure_threshold")


def settings(profile: str) -> dict:
    """Return the numbers of *profile* as they are shipped."""
    made = compile_text(None, "", "/nonexistent", profile, {})
    assert made.tree is not None, made.problems
    target = made.tree["targets"][0]
    return {name: target.get(name, target["policy"].get(name)) for name in SETTINGS}


def drill(rig: Rig, gate, number: int, numbers: dict, fault: int) -> dict:
    """Do one drill; return the seconds to the signal and back to ``ok``."""
    with gate:
        target = rig.target()
        agent = rig.agent(config(watching(target, **numbers)))
        agent.until_word("ok")
    time.sleep(numbers["interval"] * number / RUNS)
    at = target.send(fault)
    wait_for(agent.signal_path.exists, 300, agent.tail)
    told = agent.signal_path.stat().st_mtime - at
    failures = agent.until_word("down")["consecutive_failures"]
    found = {"signal_s": told, "failures": failures, "reason": agent.signal()["reason"]}
    if fault == signal.SIGSTOP:
        at = time.monotonic()
        target.send(signal.SIGCONT)
        agent.until_word("ok", 300)
        found["ok_s"] = time.monotonic() - at
        agent.until_no_signal()
    return found


def summary(runs: list[dict], latest: float, numbers: dict) -> dict:
    """Return what *runs* of one kind say together."""
    times = [run["signal_s"] for run in runs]
    back = [run["ok_s"] for run in runs if "ok_s" in run]
    found = {
        "runs": len(runs),
        "signal_s": {
            "min": round(min(times), 3),
            "p50": round(median(times), 3),
            "max": round(max(times), 3),
        },
        "latest_s": latest,
        "within": max(times) <= latest,
        "reasons": sorted({run["reason"] for run in runs}),
        "failures": sorted({run["failures"] for run in runs}),
        "threshold_kept": min(run["failures"] for run in runs)
        >= numbers["failure_threshold"],
    }
    if back:
        found["ok_after_cont_s"] = {"max": round(max(back), 3)}
    return found


def main() -> int:
    """Run the drills; the exit code says whether all kept their times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--full", action="store_true", help="all six profiles")
    names = LATEST if parser.parse_args().full else ("test",)
    faults = {"kill": signal.SIGKILL, "hang": signal.SIGSTOP}
    with tempfile.TemporaryDirectory() as folder:
        rig, gate = Rig(Path(folder)), threading.Semaphore(3)
        try:
            with ThreadPoolExecutor(99) as pool:
                # The longest first: the patient profiles decide how long it takes.
                begun = {
                    (name, kind): [
                        pool.submit(drill, rig, gate, n, settings(name), fault)
                        for n in range(RUNS)
                    ]
                    for name in reversed(list(names))
                    for kind, fault in faults.items()
                }
                done = {key: [f.result() for f in runs] for key, runs in begun.items()}
        finally:
            rig.close()
    profiles = {
        name: settings(name)
        | {
            kind: summary(done[name, kind], LATEST[name][index], settings(name))
            for index, kind in enumerate(faults)
        }
        for name in names
    }
    well = all(
        profile[kind]["within"] and profile[kind]["threshold_kept"]
        for profile in profiles.values()
        for kind in faults
    )
    print(json.dumps({"bench": "drills", "ok": well, "profiles": profiles}, indent=2))
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
