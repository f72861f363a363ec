"""A backup set: one folder with code, configuration, store, logs and a manifest.

The set is made beside its place and appears there whole. The lines of the manifest
that name a file are those of ``sha256sum``.
"""

from __future__ import annotations

import gzip
import os
import platform
import re
import shutil
import time
from collections.abc import Callable

from agent2 import __version__
from agent2.cli.care import backup_parts as parts
from agent2.cli.settings import Settings
from agent2.host.files import ensure_dir, lives, sync_folder
from agent2.store import copies, dumps
from agent2.store.sets import MANIFEST, Set, listing

SQL, RAW = "database.sql.gz", "database.db.gz"
CONFIG = "config.tar.gz"
DATE = "%Y-%m-%d %H:%M:%S"
_UNFINISHED = re.compile(r"\.[0-9a-z_]+\.([0-9]{1,9})\.tmp")


def make(
    settings: Settings, root: str, now: float, say: Callable[[str], object]
) -> Set:
    """Make a set in a new folder of *root*; *say* hears each step.

    Raises:
        StoreError: the store cannot be copied.
        OSError: something cannot be read or written; no half set stays.
    """
    ensure_dir(root, 0o700)
    _sweep(root)
    name = os.path.basename(_free(root, now))
    folder = os.path.join(root, f".{name}.{os.getpid()}.tmp")
    os.mkdir(folder, 0o700)
    try:
        say("Backing up application...")
        parts.pack(folder, "application.tar.gz", parts.application())
        say("Backing up configuration...")
        parts.pack(folder, CONFIG, parts.configuration(settings))
        say("Backing up database...")
        _store(settings.path("agent2.db"), folder, SQL, now)
        say("Backing up logs...")
        parts.pack(folder, "logs.tar.gz", parts.logs(settings.state_dir))
        files = {n: copies.digest_of(os.path.join(folder, n)) for n in _names(folder)}
        _write(os.path.join(folder, MANIFEST), _manifest(files, now))
        _last(folder)
        path = _appear(folder, root, now)
        sync_folder(root)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Set(path, files)


def hourly(settings: Settings, root: str, now: float) -> str:
    """Write the store alone to ``hourly/db_HH.sql.gz`` of *root*; return its path."""
    folder = os.path.join(root, "hourly")
    ensure_dir(root, 0o700)
    ensure_dir(folder, 0o700)
    _sweep(folder)
    work = os.path.join(folder, f".work.{os.getpid()}.tmp")
    os.mkdir(work, 0o700)
    try:
        made = _store(settings.path("agent2.db"), work, SQL, now)
        end = made.removeprefix("database")
        name = time.strftime("db_%H", time.localtime(now)) + end
        _last(work)
        os.rename(os.path.join(work, made), os.path.join(folder, name))
        sync_folder(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return os.path.join(folder, name)


def retire(root: str, keep_s: float, now: float, spare: str) -> list[str]:
    """Delete sets older than *keep_s*, never *spare* and never *root*; return them."""
    gone = []
    for path in listing(root):
        if path != spare and now - os.stat(path).st_mtime > keep_s:
            shutil.rmtree(path)
            gone.append(path)
    return gone


def _free(root: str, now: float) -> str:
    """Return where no set is yet: the second of *now*, or the next one that is free."""
    while True:
        name = time.strftime("%Y%m%d_%H%M%S", time.localtime(now))
        path = os.path.join(root, name)
        if not os.path.lexists(path):
            return path
        now += 1.0


def _appear(folder: str, root: str, now: float) -> str:
    """Give *folder* its name; who was a moment faster with it keeps it."""
    while True:
        path = _free(root, now)
        try:
            os.rename(folder, path)
        except OSError:
            if not os.path.lexists(path):
                raise
        else:
            return path


def _names(folder: str) -> list[str]:
    return sorted(os.listdir(folder))


def _store(store: str, folder: str, name: str, now: float) -> str:
    """Write the store to *folder* as SQL, or raw where SQL cannot say it."""
    work = os.path.join(folder, ".copy")
    try:
        made = copies.make(store, work, now)
        path = os.path.join(folder, name)
        if not dumps.dump(made.path, path):
            os.unlink(path)
            path = os.path.join(folder, RAW)
            with open(made.path, "rb") as source, gzip.open(path, "wb") as target:
                shutil.copyfileobj(source, target)
            os.chmod(path, 0o600)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return os.path.basename(path)


def _manifest(files: dict[str, str], now: float) -> str:
    lines = [
        f"Backup Date: {time.strftime(DATE, time.localtime(now))}",
        f"Hostname: {platform.node()}",
        f"Application Version: {__version__}",
        "Files:",
        *(f"{digest}  {name}" for name, digest in files.items()),
    ]
    return "\n".join(lines) + "\n"


def _last(folder: str) -> None:
    """Make the files of *folder* survive a power cut."""
    for name in _names(folder):
        number = os.open(os.path.join(folder, name), os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(number)
        finally:
            os.close(number)
    sync_folder(folder)


def _sweep(folder: str) -> None:
    """Delete what makers that were killed left in *folder*."""
    for name in os.listdir(folder):
        found = _UNFINISHED.fullmatch(name)
        if found and not lives(int(found[1])):
            shutil.rmtree(os.path.join(folder, name), ignore_errors=True)


def _write(path: str, text: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
