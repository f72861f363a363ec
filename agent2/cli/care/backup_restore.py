"""Put a backup set back: proved first, made beside its place, swapped at the end."""

from __future__ import annotations

import errno
import gzip
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
import zlib
from dataclasses import dataclass

from agent2.cli import settings as paths
from agent2.cli.care import backup_set
from agent2.cli.life.program import make_folder
from agent2.cli.settings import Settings
from agent2.host.files import write_atomic
from agent2.store import contents, dumps, restoring, sets
from agent2.store.errors import StoreError

TROUBLE = (
    sets.BadSetError, StoreError, OSError, EOFError, tarfile.TarError, zlib.error
)  # fmt: skip
_WELL_S = 10.0
_LARGEST = 64 << 20  # bytes of a configuration


@dataclass(frozen=True, slots=True)
class Done:
    """*rows* per table now; *aside*: what the old ones are called; the *config*."""

    rows: dict[str, int]
    aside: dict[str, str]
    config: str


def reason(error: BaseException) -> str:
    """Return one line for any of ``TROUBLE``."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or '?'}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__


def try_store(path: str) -> dict[str, int]:
    """Load the store of the set at *path* beside everything; return its rows.

    Raises:
        StoreError: it cannot be loaded.
        OSError: the disk refuses.
    """
    with tempfile.TemporaryDirectory(prefix="agent2-") as folder:
        copy = os.path.join(folder, "agent2.db")
        _unpack_store(path, copy)
        return contents.read_copy(copy).rows


def restore(settings: Settings, path: str, now: float) -> Done:
    """Put store and configuration of the set at *path* back.

    The configuration is put where this call's own is looked for; one that differs is
    kept beside it. Logs and code are not touched.

    Raises:
        any of TROUBLE: what stood there stands there still, or beside it.
    """
    sets.verify(path)
    make_folder(settings.state_dir)
    config = _configuration(path)
    place = os.path.realpath(settings.config_path or settings.path("agent2.yaml"))
    _plain_or_absent(place)
    with tempfile.TemporaryDirectory(
        prefix=".restore-", dir=settings.state_dir
    ) as work:
        copy = os.path.join(work, "agent2.db")
        _unpack_store(path, copy)
        done = restoring.restore(copy, settings.path("agent2.db"), now)
    aside = {"agent2.db": done.aside} if done.aside else {}
    if config is not None:
        kept = _put(place, config, now)
        if kept:
            aside[os.path.basename(place)] = kept
    return Done(done.copy.rows, aside, place if config is not None else "")


def start(settings: Settings) -> bool:
    """Start Agent2; is it well within 10 s?"""
    main = os.path.join(paths.PACKAGE, "__main__.py")
    words = [paths.python(), main]
    given = settings.arguments()
    if subprocess.run([*words, "start", *given], check=False).returncode:
        return False
    until = time.monotonic() + _WELL_S
    while time.monotonic() < until:
        told = subprocess.run(
            [*words, "healthcheck", *given], capture_output=True, check=False
        )
        if told.returncode == 0:
            return True
        time.sleep(0.2)
    return False


def _unpack_store(path: str, copy: str) -> None:
    raw = os.path.join(path, backup_set.RAW)
    if not os.path.exists(raw):
        dumps.load(os.path.join(path, backup_set.SQL), copy)
        return
    with gzip.open(raw, "rb") as source, open(copy, "xb") as target:
        shutil.copyfileobj(source, target)
    os.chmod(copy, 0o600)


def _configuration(path: str) -> bytes | None:
    """Return the configuration file of the set, None if it had none."""
    with tarfile.open(os.path.join(path, backup_set.CONFIG), "r:gz") as archive:
        try:
            member = archive.getmember("agent2.yaml")
        except KeyError:
            return None
        file = archive.extractfile(member) if member.isreg() else None
        if file is None or member.size > _LARGEST:  # a link may lead to itself
            raise tarfile.TarError(f"{path}: agent2.yaml in it is no plain small file")
        return file.read()


def _plain_or_absent(place: str) -> None:
    """Refuse to replace what is no file: a device would be gone for all.

    Raises:
        OSError: it is none.
    """
    if os.path.lexists(place) and not os.path.isfile(place):
        raise OSError(errno.EINVAL, "is not a regular file", place)


def _put(place: str, config: bytes, now: float) -> str:
    """Write *config* to *place*; return what another one that stood there is called."""
    kept = ""
    try:
        with open(place, "rb") as file:
            if file.read() == config:
                return ""
        kept = f"{place}.{time.strftime('%Y%m%d-%H%M%S', time.localtime(now))}.bak"
        os.link(place, kept)
    except FileNotFoundError:
        pass
    write_atomic(place, config, 0o600)
    return kept
