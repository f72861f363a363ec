"""What goes into a backup set: code, configuration, logs, each in one archive."""

from __future__ import annotations

import os
import re
import tarfile

from agent2.cli.settings import PACKAGE, Settings

# What stands beside the package in a checkout.
_BESIDE = (
    "config", "docs", "launchd", "scripts", "systemd", "requirements",
    "requirements.lock", "pyproject.toml", "setup.cfg", "README.md", "LICENSE",
)  # fmt: skip
_LOG = re.compile(r".*\.(log|jsonl)(\.[0-9]+)?(\.gz)?|agent[12]_status\.json")
_SECRET = re.compile(r"\$\{file:([^}]+)\}")


def application() -> dict[str, str]:
    """Return the code: name in the archive, path."""
    root = os.path.dirname(PACKAGE)
    found = {"agent2": PACKAGE}
    if os.path.exists(os.path.join(root, "setup.cfg")):  # a checkout
        found |= {name: os.path.join(root, name) for name in _BESIDE}
    return found


def configuration(settings: Settings) -> dict[str, str]:
    """Return the configuration, its secrets in files, and the compiled plan.

    Raises:
        OSError: the configuration cannot be read.
    """
    path = settings.config_path
    found = {"plan.json": settings.path("plan.json")}
    if path:
        found["agent2.yaml"] = path
        with open(path, encoding="utf-8", errors="replace") as file:
            for name in _SECRET.findall(file.read()):
                secret = os.path.join(os.path.dirname(path), os.path.expanduser(name))
                found[f"secrets/{os.path.basename(name)}"] = secret
    return found


def logs(folder: str) -> dict[str, str]:
    """Return the logs of the state folder and the last status."""
    try:
        names = sorted(filter(_LOG.fullmatch, os.listdir(folder)))
    except FileNotFoundError:
        return {}
    return {name: os.path.join(folder, name) for name in names}


def pack(folder: str, name: str, parts: dict[str, str]) -> None:
    """Pack what is there of *parts* (name in the archive: path) into a .tar.gz.

    Raises:
        OSError: it cannot be read or written.
    """
    path = os.path.join(folder, name)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as raw:
        with tarfile.open(fileobj=raw, mode="w:gz", dereference=True) as archive:
            for inside, source in parts.items():
                if os.path.exists(source):
                    archive.add(source, inside, filter=_plain)
        raw.flush()
        os.fsync(raw.fileno())


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    left_out = os.path.basename(member.name) == "__pycache__"
    return None if left_out or not (member.isfile() or member.isdir()) else member
