"""The state folder and its files: whose they are, and who can write and read them."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator

from agent2.cli.doctor.finding import BAD, WARN, Case, Finding
from agent2.cli.typed import typed
from agent2.cli.words import say

AREA = "files"
_PRIVATE = (
    *("agent2.db", "agent2.db-wal", "agent2.db-shm", "agent2.db.lock"),
    *("agent2.sock", "plan.json", "agent2.pid.lock"),
)
_OPEN = ("agent2_status.json", "agent2.log", "agent2.pid")
_DAMAGED = ".damaged-"


def look(case: Case) -> Iterator[Finding]:
    """Look at modes and owners; they are judged by their bits, also for root."""
    folder = case.settings.state_dir
    try:
        found = os.stat(folder)
    except FileNotFoundError:
        do = typed("start", case.settings)
        yield Finding(AREA, "no_folder", say("doctor.no_folder", path=folder), do, BAD)
        return
    except OSError as error:
        text = say("doctor.closed", path=folder, why=error.strerror)
        yield Finding(AREA, "closed", text, say("try.permission", path=folder), BAD)
        return
    user = _runs_as(case)
    case.note(AREA, folder=folder, user=_name(user))
    yield from _folder(folder, found, user)
    for name in (*_PRIVATE, *_OPEN):
        yield from _file(os.path.join(folder, name), user, private=name in _PRIVATE)
    yield from _set_aside(folder)
    if case.settings.config_path:
        yield from _beside(os.path.dirname(os.path.abspath(case.settings.config_path)))


def _beside(path: str) -> Iterator[Finding]:
    """Tell where anybody may put another configuration in the place of ours."""
    try:
        found = os.stat(path)
    except OSError:
        return
    # A sticky folder keeps whose a file is; what is mounted to be read may be 0777.
    if found.st_mode & 0o1002 == 0o002 and os.access(path, os.W_OK):
        text = say("doctor.anybody", path=path, mode=_mode(found))
        yield Finding(AREA, "anybody", text, f"chmod o-w {path}", BAD)


def _runs_as(case: Case) -> int:
    """Return the user of the running watcher, else who asks."""
    try:
        return os.stat(f"/proc/{case.watcher or 'self'}").st_uid
    except OSError:
        return os.geteuid()


def _folder(path: str, found: os.stat_result, user: int) -> Iterator[Finding]:
    if not stat.S_ISDIR(found.st_mode):
        text = say("doctor.closed", path=path, why=os.strerror(20))
        yield Finding(AREA, "closed", text, say("try.folder"), BAD)
        return
    if not _may(found, user, 0o3):
        do = f"chown {_name(user)} {path}; chmod u+rwx {path}"
        yield Finding(AREA, "folder", _told(path, found, user), do, BAD)
    elif found.st_mode & 0o002:
        text = say("doctor.anybody", path=path, mode=_mode(found))
        yield Finding(AREA, "anybody", text, f"chmod o-w {path}", BAD)


def _file(path: str, user: int, *, private: bool) -> Iterator[Finding]:
    try:
        found = os.lstat(path)
    except OSError:
        return
    wanted = "600" if private else "644"
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISSOCK(found.st_mode)):
        text = say("doctor.no_file", path=path)
        yield Finding(AREA, "no_file", text, f"ls -l {path}", BAD)
    elif not _may(found, user, 0o6):
        do = f"chmod {wanted} {path}"
        if found.st_uid != user:
            do = f"chown {_name(user)} {path}; {do}"
        yield Finding(AREA, "unwritable", _told(path, found, user), do, BAD)
    elif found.st_mode & (0o077 if private else 0o022):
        text = say("doctor.open", path=path, mode=_mode(found))
        yield Finding(AREA, "open", text, f"chmod {wanted} {path}", WARN)


def _set_aside(folder: str) -> Iterator[Finding]:
    """Name stores that were found damaged and moved aside."""
    try:
        names = sorted(name for name in os.listdir(folder) if _DAMAGED in name)
    except OSError:
        return
    for name in names:
        if not name.endswith(("-wal", "-shm")):
            text = say("doctor.aside", path=os.path.join(folder, name))
            yield Finding(AREA, "aside", text, "agent2 db restore", WARN)


def _may(found: os.stat_result, user: int, wanted: int) -> bool:
    """Do the bits let *user* do all of *wanted* (rwx)? Root's right is not asked for.

    Root is let through by the kernel, and so would say that all is well where the
    next start as the right user is refused.
    """
    bits = stat.S_IMODE(found.st_mode)
    if found.st_uid == user:
        return bits >> 6 & wanted == wanted
    if user == 0:
        return True
    if found.st_gid in _groups(user):
        return bits >> 3 & wanted == wanted
    return bits & wanted == wanted


def _groups(user: int) -> list[int]:
    try:
        entry = pwd.getpwuid(user)
    except KeyError:
        return os.getgroups() if user == os.geteuid() else []
    return os.getgrouplist(entry.pw_name, entry.pw_gid)


def _told(path: str, found: os.stat_result, user: int) -> str:
    owner = _name(found.st_uid)
    facts = {"path": path, "owner": owner, "mode": _mode(found), "user": _name(user)}
    return say("doctor.unwritable", **facts)


def _mode(found: os.stat_result) -> str:
    return f"{stat.S_IMODE(found.st_mode):04o}"


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
