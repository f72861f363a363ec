"""A pack of evidence: everything that is to be seen of a target within a second.

Its keys: ``at`` (epoch seconds), ``target``, ``death``, ``process`` (or null),
``ports``, ``machine``, ``pressure``, ``disks``, ``busiest``, ``logs``, ``stacks``,
``codes``, ``summary``. What may not be looked into is left out.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agent2.core.diagnosis import diagnose, summary
from agent2.evidence import machine, ports, process, texts
from agent2.plan.secret import inside

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from agent2.plan.values import Plan, TargetPlan

_SAMPLE = 0.25  # seconds over which CPU shares are measured
_WHOLE = 1.0  # seconds that all of it may take


def collect(
    plan: Plan, state_dir: str, name: str, pid: int, death: str
) -> dict[str, Any]:
    """Return the pack of the target *name*; *pid* 0: no process is known.

    *death* is how the process ended, where the kernel told it.
    """
    until = time.monotonic() + _WHOLE
    target = next((one for one in plan.targets if one.name == name), None)
    pack: dict[str, Any] = {"at": time.time(), "target": name, "death": death}
    if sys.platform != "linux":  # the rest reads /proc
        return pack | {"codes": [], "summary": ""}
    begun, before = time.monotonic(), process.threads(pid)
    everybody = machine.times()
    time.sleep(_SAMPLE)
    seconds = time.monotonic() - begun
    secrets = tuple(_secrets(plan))
    seen = process.describe(pid, before, seconds, secrets) if pid else None
    files = seen["descriptors"]["files"] if seen else []
    pack["process"] = seen
    asked = list(_ports(target)) if target else []
    pack["ports"] = ports.look(asked, seen["tree"] if seen else (), until)
    pack |= {"machine": machine.load(), "pressure": machine.pressure()}
    places = [
        state_dir,
        "/",
        tempfile.gettempdir(),
        *_working(pid),
        *map(os.path.dirname, files),
    ]
    pack["disks"] = machine.disks(places)
    pack["busiest"] = machine.busiest(everybody, seconds)
    followed = tuple(_followed(target)) if target else ()
    pack["logs"] = texts.tails(pid, files, secrets) | texts.ends(followed, secrets)
    pack["stacks"] = []
    if seen and not death:
        left = max(until - time.monotonic(), 0.2)
        pack["stacks"] = texts.stacks(pid, seen["command"], left)
        _add_frames(seen["threads"], pack["stacks"])
    causes = diagnose(pack)
    return pack | {
        "codes": [one.code for one in causes],
        "summary": summary(causes),
    }


def _add_frames(threads: list[dict[str, Any]], stacks: list[dict[str, Any]]) -> None:
    newest = {one["tid"]: one["frames"][0] for one in stacks if one["frames"]}
    for thread in threads:
        if thread["tid"] in newest:
            thread["frame"] = newest[thread["tid"]]


def _working(pid: int) -> Iterator[str]:
    try:
        yield os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return


def _ports(target: TargetPlan) -> Iterator[int]:
    """Yield the ports of this machine that the checks of *target* ask."""
    for check in target.checks:
        options = check.options
        host = options.get("host", "127.0.0.1")
        if isinstance(options.get("port"), int) and host in ("127.0.0.1", "localhost"):
            yield options["port"]
        url = options.get("url")
        if isinstance(url, str):
            parts = urlsplit(url)
            if parts.hostname in ("127.0.0.1", "localhost", "::1"):
                yield parts.port or (443 if parts.scheme == "https" else 80)


def _followed(target: TargetPlan) -> Iterator[str]:
    """Yield the logs that the checks of *target* follow."""
    for check in target.checks:
        path = check.options.get("file") if check.kind == "logfile" else None
        if isinstance(path, str) and path:
            yield os.path.expanduser(path)


def _secrets(plan: Plan) -> Iterator[str]:
    """Yield every secret of the configuration that can be read, in the clear."""
    for target in plan.targets:
        for one in (*target.checks, *target.actions):
            yield from inside(one.options)
    for notifier in plan.notifiers:
        yield from inside(notifier.options)
