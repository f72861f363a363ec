"""The socket that is served; who has it, when it cannot be had."""

from __future__ import annotations

import errno
import os
import socket
import stat
from typing import TYPE_CHECKING

from agent2.host import sockets

if TYPE_CHECKING:
    from agent2.web.settings import WebSettings

BACKLOG = 128


class ListenError(Exception):
    """The address cannot be had; *code* is the exit code."""

    def __init__(self, code: int, text: str) -> None:
        """Keep both."""
        super().__init__(text)
        self.code = code


def listen(settings: WebSettings) -> socket.socket:
    """Return a listening socket.

    Raises:
        ListenError: somebody has the address (75), it is none of this machine or
            cannot be made (73), it is not allowed (77).
    """
    try:
        return _unix(settings.socket) if settings.socket else _tcp(settings)
    except OSError as error:
        where = settings.socket or f"{settings.host}:{settings.port}"
        raise _told(where, settings.port, error) from None


def _tcp(settings: WebSettings) -> socket.socket:
    found = socket.getaddrinfo(
        settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    family, kind, protocol, _, address = found[0]
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    return made


def _unix(path: str) -> socket.socket:
    """Bind at *path*, 0600; one that a killed predecessor left is removed."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if _is_deserted(path):
            os.unlink(path)
        before = os.umask(0o177)
        try:
            made.bind(path)
        finally:
            os.umask(before)
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    return made


def _is_deserted(path: str) -> bool:
    """Is there a socket of ours that nobody serves?"""
    try:
        there = os.lstat(path)
    except FileNotFoundError:
        return False
    if not stat.S_ISSOCK(there.st_mode) or there.st_uid != os.geteuid():
        raise FileExistsError(errno.EEXIST, "something else stands there", path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            return True
    raise OSError(errno.EADDRINUSE, "in use", path)


def _told(where: str, port: int, error: OSError) -> ListenError:
    if error.errno == errno.EADDRINUSE:
        owner = holder(port)
        who = f" by PID {owner}" if owner else ""
        text = f"{where} is in use{who}: end that program, or set web.port"
        return ListenError(75, text)
    if error.errno in (errno.EACCES, errno.EPERM):
        return ListenError(77, f"{where}: not permitted: set web.port above 1023")
    return ListenError(73, f"{where}: {error.strerror or error}: see web.host")


def holder(port: int) -> int:
    """Return the PID of who listens on *port*, 0 where that cannot be seen."""
    try:
        names = os.listdir("/proc")
    except OSError:
        return 0
    return sockets.owner(port, map(int, filter(str.isdecimal, names)))
