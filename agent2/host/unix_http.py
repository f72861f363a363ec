"""One HTTP exchange over a Unix socket: how supervisord and Docker are spoken to.

HTTP/1.0, so that the answer ends with the connection and is never chunked.
"""

from __future__ import annotations

import _socket as socket  # its Python half costs 3 ms of start
import errno
import os
import stat
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.host.reactor import Reactor

LIMIT = 1 << 20  # bytes of an answer; what Docker tells of a container has some 10,000
_PIECE = 65536


class AnswerError(Exception):
    """What came back is no answer, or there was nobody; the text says which."""


async def ask(
    reactor: Reactor, path: str, head: str, body: bytes, deadline: float
) -> tuple[int, bytes]:
    """Send ``POST /RPC2`` (or the like) with *body*; return status and answer.

    Args:
        reactor: Whose clock *deadline* is of.
        path: The socket. One that a stranger owns is not spoken to: it would be told
            what to restart, and could answer anything.
        head: Method and path, ``GET /x``, then further header lines.
        body: Sent with its length; ``b""`` for none.
        deadline: When the whole exchange must be over.

    Raises:
        AnswerError: nobody is there, or what answers does not speak HTTP.
        TimeoutError: not over before *deadline*.
        OSError: our own trouble: no descriptor, no memory.
    """
    _need_trust(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        await _connect(reactor, sock, path, deadline)
        _need_trusted_peer(sock, path)
        await _send(reactor, sock, _request(head, body), deadline)
        return _split(await _read(reactor, sock, deadline))
    except ConnectionError as error:
        raise AnswerError(f"{path}: {error.strerror}") from None
    finally:
        sock.close()


def _need_trust(path: str) -> None:
    try:
        found = os.stat(path)
    except OSError as error:
        raise AnswerError(f"{path}: {error.strerror}") from None
    if not stat.S_ISSOCK(found.st_mode):
        raise AnswerError(f"{path} is no socket")
    if found.st_uid not in (0, os.geteuid()):
        raise AnswerError(f"{path} belongs to uid {found.st_uid}, not to us or root")


def _need_trusted_peer(sock: socket.socket, path: str) -> None:
    """See who listens, where that is told: a link may have been bent after the look.

    Source: unix(7), SO_PEERCRED: pid, uid, gid at the time of listen(2).
    """
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return
    told = sock.getsockopt(socket.SOL_SOCKET, option, 12)
    uid = int.from_bytes(told[4:8], sys.byteorder)
    if uid not in (0, os.geteuid()):
        raise AnswerError(f"uid {uid} listens at {path}, not we or root")


async def _connect(
    reactor: Reactor, sock: socket.socket, path: str, deadline: float
) -> None:
    while True:
        number = sock.connect_ex(path)
        if number in (0, errno.EISCONN):
            return
        if number in (errno.EACCES, errno.EPERM, errno.ECONNREFUSED, errno.ENOENT):
            raise AnswerError(f"{path}: {os.strerror(number)}")
        if number != errno.EAGAIN:  # EAGAIN: its queue is full; nothing tells when not
            raise OSError(number, os.strerror(number))
        if reactor.now() + 0.05 >= deadline:
            raise TimeoutError
        await reactor.sleep_until(reactor.now() + 0.05)


def _request(head: str, body: bytes) -> bytes:
    first, *lines = head.split("\n")
    lines = [f"{first} HTTP/1.0", "Host: localhost", "User-Agent: Agent2", *lines]
    if body or first.startswith("POST"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def _send(
    reactor: Reactor, sock: socket.socket, left: bytes, deadline: float
) -> None:
    while left:
        try:
            left = left[sock.send(left) :]
        except BlockingIOError:
            if not await reactor.writable(sock.fileno(), deadline):
                raise TimeoutError from None


async def _read(reactor: Reactor, sock: socket.socket, deadline: float) -> bytes:
    seen = b""
    while len(seen) <= LIMIT:
        if not await reactor.readable(sock.fileno(), deadline):
            raise TimeoutError
        piece = sock.recv(_PIECE)
        if not piece:
            return seen
        seen += piece
    raise AnswerError(f"the answer is longer than {LIMIT} bytes")


def _split(seen: bytes) -> tuple[int, bytes]:
    head, empty, body = seen.partition(b"\r\n\r\n")
    first = head.partition(b"\r\n")[0].split(b" ")
    if not empty or not first[0].startswith(b"HTTP/1.") or len(first) < 2:
        raise AnswerError("the answer is not HTTP")
    if not first[1].isdigit() or len(first[1]) != 3:
        raise AnswerError("the answer has no status")
    return int(first[1]), body
