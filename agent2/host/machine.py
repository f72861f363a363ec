"""How loaded the machine is: processor, memory, disks. Linux from /proc, else psutil.

Every function may block (a dead network disk): call them in a thread.
"""

from __future__ import annotations

import os
import sys

LINUX = sys.platform == "linux"


def read(path: str) -> bytes:
    """Return the content of a file of /proc; b"" where there is none."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        parts = []
        while part := os.read(number, 262144):
            parts.append(part)
        return b"".join(parts)
    except OSError:
        return b""  # it has ended meanwhile
    finally:
        os.close(number)


def cpu() -> tuple[float, float]:
    """Return the processors' busy and whole time so far, of one clock.

    proc_stat(5): user nice system idle iowait irq softirq steal; guest is in user.
    """
    if not LINUX:
        from agent2.host import machine_psutil

        return machine_psutil.cpu()
    line = read("/proc/stat").partition(b"\n")[0].split()[1:9]
    times = [int(one) for one in line]
    whole = float(sum(times))
    return whole - times[3] - times[4], whole


def memory() -> tuple[float, float | None]:
    """Return the percent of memory and of swap that are used; None: no swap.

    Used is what is not available (``MemAvailable`` of proc_meminfo(5)).
    """
    if not LINUX:
        from agent2.host import machine_psutil

        return machine_psutil.memory()
    sizes = _sizes()
    whole, swap = sizes[b"MemTotal"], sizes.get(b"SwapTotal", 0)
    used = 100.0 * (whole - sizes[b"MemAvailable"]) / whole
    if not swap:
        return used, None
    return used, 100.0 * (swap - sizes.get(b"SwapFree", 0)) / swap


def memory_size() -> int:
    """Return the bytes of memory of the machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _sizes() -> dict[bytes, int]:
    found = {}
    for line in read("/proc/meminfo").splitlines():
        name, _, rest = line.partition(b":")
        found[name] = int(rest.split()[0])
    return found


def load() -> float:
    """Return the load of the last minute for each processor."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)


def disks_worked() -> dict[str, tuple[int, int]]:
    """Return of each disk the bytes that it moved so far and its busy milliseconds.

    Linux's ``/proc/diskstats`` (admin-guide/iostats: sectors of 512 bytes read and
    written, milliseconds doing I/O). No parts of disks, nor what lies on other ones.
    """
    found = {}
    for line in read("/proc/diskstats").decode("utf-8", "replace").splitlines():
        words = line.split()
        if len(words) < 13 or words[2].startswith(("loop", "ram", "dm-", "md", "zram")):
            continue
        if os.path.isdir(f"/sys/block/{words[2]}"):
            moved = 512 * (int(words[5]) + int(words[9]))
            found[words[2]] = (moved, int(words[12]))
    return found


def pressure(what: str) -> float | None:
    """Return the percent of the last minute that some waited for *what*.

    *what* is ``cpu``, ``memory`` or ``io``; None where the kernel does not say (PSI).
    """
    found = read(f"/proc/pressure/{what}").partition(b"avg60=")[2].split()
    return float(found[0]) if found else None


def disk(path: str) -> tuple[float, float | None]:
    """Return the percent of bytes (as ``df`` counts) and of inodes that are used.

    Inodes are None where the file system does not count them.

    Raises:
        OSError: there is no such place.
    """
    found = os.statvfs(path)
    used = found.f_blocks - found.f_bfree
    room = used + found.f_bavail
    inodes = None
    if found.f_files:
        inodes = 100.0 * (found.f_files - found.f_ffree) / found.f_files
    return (100.0 * used / room if room else 0.0), inodes
