"""Name the likely cause of a failure from what was collected of it. Pure.

``diagnose`` reads a pack (``evidence/pack.py`` says its shape) and returns causes, the
most telling first. Each rule is one function that returns a cause or None: what was not
collected is no evidence, so a missing key names nothing.
"""

from __future__ import annotations

from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Pack = Mapping[str, Any]

_FULL = 0.98  # share of a disk or its inodes at which writing fails sooner or later
_MANY = 0.9  # share of a limit
_BUSY = 0.8  # share of one core, over the sample
_STALLED = 40.0  # % of ten seconds in which all tasks waited (accounting/psi)
_QUEUED = 3  # connections: who accepts at all takes them in microseconds
_LOCKS = ("futex", "lll_lock", "__futex", "pthread", "sem_wait", "rwsem", "mutex")


@value
class Cause:
    """One likely cause: a word for programs and a sentence for people."""

    code: str
    sentence: str


def diagnose(pack: Pack) -> tuple[Cause, ...]:
    """Return the causes that *pack* shows, the most telling first."""
    found = (rule(pack) for rule in _RULES)
    return tuple(cause for cause in found if cause is not None)


def summary(causes: tuple[Cause, ...]) -> str:
    """Return the causes as one line, "" for none."""
    return "; ".join(cause.sentence for cause in causes[:3])


def _process(pack: Pack) -> Mapping[str, Any]:
    return pack.get("process") or {}


def _stopped(pack: Pack) -> Cause | None:
    if _process(pack).get("state") not in ("T", "t"):
        return None
    who = _process(pack)["pid"]
    return Cause(
        "stopped", f"process {who} is stopped (SIGSTOP): it runs on after SIGCONT"
    )


def _killed_for_memory(pack: Pack) -> Cause | None:
    if "OOM" in pack.get("death", ""):
        return Cause("oom", f"the process died: {pack['death']}")
    limits = _process(pack).get("cgroup") or {}
    if limits.get("oom_kills", 0) > 0:
        much = _share(limits.get("memory"), limits.get("memory_limit"))
        if much > _MANY:
            return Cause("oom", "its cgroup is at its memory limit and was killed in")
    return None


def _stolen_port(pack: Pack) -> Cause | None:
    tree = set(_process(pack).get("tree", ()))
    for port in pack.get("ports", ()):
        owner = port.get("pid")
        if owner and tree and owner not in tree:
            who = f"{port.get('name') or 'another process'} (pid {owner})"
            said = f"port {port['port']} is held by {who}, not by process "
            return Cause("port_stolen", said + str(_process(pack)["pid"]))
    return None


def _descriptors(pack: Pack) -> Cause | None:
    fds = _process(pack).get("descriptors") or {}
    used, limit = fds.get("open"), fds.get("limit")
    if _share(used, limit) < _MANY:
        return None
    kinds = fds.get("kinds") or {}
    most = max(kinds, key=lambda kind: int(kinds[kind])) if kinds else ""
    mostly = f", mostly {most} ({kinds[most]})" if most else ""
    return Cause(
        "descriptors", f"{used} of {limit} file descriptors are in use{mostly}"
    )


def _full_disk(pack: Pack) -> Cause | None:
    for disk in pack.get("disks", ()):
        if disk.get("used", 0.0) >= _FULL:
            return Cause("disk_full", f"disk {disk['mount']} is full")
        if disk.get("inodes_used", 0.0) >= _FULL:
            return Cause("disk_full", f"disk {disk['mount']} has no inodes left")
    return None


def _uninterruptible(pack: Pack) -> Cause | None:
    threads = _process(pack).get("threads") or ()
    stuck = [one for one in threads if one.get("state") == "D"]
    if not stuck:
        return None
    where = stuck[0].get("wait") or "the kernel"
    return Cause("io", f"{len(stuck)} of {len(threads)} threads hang in I/O ({where})")


def _spin(pack: Pack) -> Cause | None:
    threads = _process(pack).get("threads") or ()
    busy = [one for one in threads if one.get("cpu", 0.0) >= _BUSY]
    if not busy:
        return None
    who = busy[0]
    where = f" in {who['frame']}" if who.get("frame") else ""
    said = f"thread {who['tid']} ({who.get('name')}) uses {who['cpu']:.0%} of a core"
    return Cause("cpu_spin", said + where)


def _deadlock(pack: Pack) -> Cause | None:
    threads = _process(pack).get("threads") or ()
    waiting = [one for one in threads if _waits_for_lock(one)]
    if not threads or len(waiting) < len(threads):
        return None
    frames = [one["frame"] for one in waiting if one.get("frame")]
    where = f" ({frames[0]})" if frames else ""
    many = f"all {len(threads)} threads wait" if threads[1:] else "its thread waits"
    return Cause("deadlock", f"{many} for a lock and nothing runs: a deadlock{where}")


def _waits_for_lock(thread: Mapping[str, Any]) -> bool:
    if thread.get("cpu", 0.0) > 0.0:
        return False
    return any(word in (thread.get("wait") or "") for word in _LOCKS)


def _queue(pack: Pack) -> Cause | None:
    for port in pack.get("ports", ()):
        waiting = port.get("waiting", 0)
        if waiting >= _QUEUED:
            said = f"{waiting} connections wait on port {port['port']}: nobody accepts"
            return Cause("accept_queue", said)
    return None


def _pressure(pack: Pack) -> Cause | None:
    for what, share in (pack.get("pressure") or {}).items():
        if share >= _STALLED:
            said = f"the machine stalls for want of {what} ({share:.0f} % of the time)"
            return Cause(f"pressure_{what}", said)
    return None


def _dead(pack: Pack) -> Cause | None:
    death = pack.get("death", "")
    if not death or "OOM" in death:
        return None
    return Cause("died", f"the process died: {death}")


def _nobody_listens(pack: Pack) -> Cause | None:
    closed = [p["port"] for p in pack.get("ports", ()) if p.get("listening") is False]
    who = _process(pack).get("pid")
    ended = pack.get("death") or _process(pack).get("state") in ("Z", "X")
    if not closed or not who or ended:
        return None
    said = f"process {who} lives but nobody listens on port {closed[0]}"
    return Cause("port_closed", said)


_RULES = (
    _stopped,
    _killed_for_memory,
    _stolen_port,
    _descriptors,
    _full_disk,
    _uninterruptible,
    _spin,
    _deadlock,
    _queue,
    _pressure,
    _dead,
    _nobody_listens,
)


def _share(part: Any, whole: Any) -> float:
    if not isinstance(part, int | float) or not isinstance(whole, int | float):
        return 0.0
    return part / whole if whole > 0 else 0.0
