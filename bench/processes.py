"""What the kernel says of a process tree: memory, CPU, descriptors."""

from __future__ import annotations

import os


def tree(pid: int) -> list[int]:
    """Return *pid* and its descendants."""
    found = [pid]
    for each in found:
        try:
            for task in os.listdir(f"/proc/{each}/task"):
                with open(f"/proc/{each}/task/{task}/children") as file:
                    found += [int(word) for word in file.read().split()]
        except OSError:
            continue
    return found


def cpu_s(pid: int) -> float:
    """Return the CPU seconds of the tree of *pid* so far, with its ended children."""
    return alive_s(pid) + ended_s(pid)


def alive_s(pid: int) -> float:
    """Return the CPU seconds of all threads of the tree, by the scheduler's clock."""
    total = 0.0
    for each in tree(pid):
        try:
            for task in os.listdir(f"/proc/{each}/task"):
                with open(f"/proc/{each}/task/{task}/schedstat") as file:
                    total += int(file.read().split()[0]) / 1e9
        except OSError:
            continue
    return total


def ended_s(pid: int) -> float:
    """Return what the ended children of the tree used, in whole ticks of 10 ms."""
    total = 0.0
    for each in tree(pid):
        try:
            with open(f"/proc/{each}/stat") as file:
                ended = file.read().rpartition(")")[2].split()[13:15]
            total += sum(map(int, ended)) / os.sysconf("SC_CLK_TCK")
        except OSError:
            continue
    return total


def wakeups(pid: int) -> int:
    """Return how often the tree of *pid* has slept and woken."""
    total = 0
    for each in tree(pid):
        try:
            for task in os.listdir(f"/proc/{each}/task"):
                with open(f"/proc/{each}/task/{task}/status") as file:
                    for line in file:
                        if line.startswith("voluntary_ctxt_switches"):
                            total += int(line.split()[1])
        except OSError:
            continue
    return total


def memory_mb(pid: int) -> dict[str, float]:
    """Return resident and anonymous memory of the tree of *pid* in MiB."""
    found = {"rss_mb": 0.0, "anon_mb": 0.0}
    names = {"VmRSS:": "rss_mb", "RssAnon:": "anon_mb"}
    for each in tree(pid):
        try:
            with open(f"/proc/{each}/status") as file:
                for line in file:
                    name = names.get(line.split()[0])
                    if name:
                        found[name] += int(line.split()[1]) / 1024
        except OSError:
            continue
    return {name: round(size, 2) for name, size in found.items()}


def holds(pid: int, other: int) -> bool:
    """Does *pid* hold a pidfd of the process *other*?"""
    folder = f"/proc/{pid}/fd"
    try:
        for name in os.listdir(folder):
            if os.readlink(f"{folder}/{name}") != "anon_inode:[pidfd]":
                continue
            with open(f"/proc/{pid}/fdinfo/{name}") as file:
                if f"\nPid:\t{other}\n" in file.read():
                    return True
    except OSError:
        pass
    return False
