"""Load, process trees and connections where there is no /proc (macOS): by psutil."""

from __future__ import annotations

import psutil

from agent2.host.trees import Proc


def cpu() -> tuple[float, float]:
    """Return the processors' busy and whole seconds so far."""
    times = psutil.cpu_times()
    whole = float(sum(times))
    return whole - times.idle, whole


def memory() -> tuple[float, float | None]:
    """Return the percent of memory and of swap that are used; None: no swap."""
    swap = psutil.swap_memory()
    return psutil.virtual_memory().percent, swap.percent if swap.total else None


def table() -> dict[int, Proc]:
    """Return every process that we may look at."""
    found = {}
    for one in psutil.process_iter():
        try:
            with one.oneshot():
                times, start = one.cpu_times(), int(one.create_time() * 100)
                found[one.pid] = Proc(
                    one.pid,
                    one.ppid() or 0,
                    times.user + times.system,
                    one.num_threads(),
                    start,
                    one.memory_info().rss,
                )
        except psutil.Error:
            continue
    return found


def files(pid: int) -> tuple[int, int] | None:
    """Return the open descriptors of *pid* and how many it may have; None: hidden."""
    try:
        many = psutil.Process(pid).num_fds()
    except psutil.Error:
        return None
    import resource  # here a foreign process's limit is hidden; ours is likely its own

    return many, resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def connections(port: int) -> dict[str, int]:
    """Return how many sockets of local *port* there are in each state."""
    found: dict[str, int] = {}
    try:
        every = psutil.net_connections("tcp")
    except psutil.Error:
        return found  # only root may ask
    for one in every:
        if one.laddr and one.laddr.port == port:
            found[one.status] = found.get(one.status, 0) + 1
    return found
