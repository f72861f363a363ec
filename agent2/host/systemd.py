"""Names of systemd's units, and the one in which we run ourselves."""

from __future__ import annotations

_ENDINGS = (".service", ".socket", ".timer", ".target", ".mount", ".path", ".scope")


def full_name(unit: str) -> str:
    """Return *unit* with its ending; a bare name is a service (systemctl(1))."""
    return unit if unit.endswith(_ENDINGS) else f"{unit}.service"


def name_trouble(unit: str) -> str:
    """Return what keeps *unit* from being the name of one unit; "" if nothing."""
    if not unit:
        return "is empty"
    strange = any(letter in unit for letter in "/ *?[\n\0")
    return f"{unit!r} is no name of one unit" if strange else ""


def own_unit() -> str:
    """Return the unit in which we run by /proc/self/cgroup (cgroups(7)), or ""."""
    try:
        with open("/proc/self/cgroup", encoding="utf-8", errors="replace") as file:
            paths = [line.rpartition(":")[2].strip() for line in file]
    except OSError:
        return ""
    parts = (part for path in paths for part in reversed(path.split("/")))
    return next((part for part in parts if part.endswith(".service")), "")
