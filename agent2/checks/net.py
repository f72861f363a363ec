"""What the network checks share: addresses, a connection, and whose trouble it is."""

from __future__ import annotations

import _socket as socket  # its Python half costs 3 ms of start
import errno
import os

from agent2.core.model import Code, Finding, Outcome
from agent2.core.text import one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from agent2.host.reactor import Reactor

    Address: TypeAlias = tuple[int, Any]  # family and socket address

_NONBLOCK = getattr(socket, "SOCK_NONBLOCK", 0)
_LINGER = b"\1\0\0\0\0\0\0\0"  # struct linger {1, 0}: close sends RST, no TIME_WAIT
_NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS)
_NO_WAY = (
    errno.ENETUNREACH,
    errno.EHOSTUNREACH,
    errno.ENETDOWN,
    errno.EADDRNOTAVAIL,
    errno.EACCES,
    errno.EPERM,  # a local firewall
)


class ProbeError(Exception):
    """The probe is over before its end; carries what to answer."""

    def __init__(
        self, code: Code, detail: str, outcome: Outcome = Outcome.FAIL
    ) -> None:
        """Keep the answer."""
        super().__init__(detail)
        self.code = code
        self.finding = Finding(outcome, code, one_line(detail))


def numeric(host: str, port: int) -> tuple[Address, ...]:
    """Return the addresses that need no asking; () for a name that does.

    ``localhost`` is loopback without asking (RFC 6761, 6.3).
    """
    if host == "localhost":
        four = (socket.AF_INET, ("127.0.0.1", port))
        return four, (socket.AF_INET6, ("::1", port))
    known = _NUMERIC.get((host, port))
    if known is None:
        try:
            known = _ask(host, port, socket.AI_NUMERICHOST)
        except (OSError, UnicodeError):
            return ()
        if "%" not in host and len(_NUMERIC) < _KEPT:
            _NUMERIC[host, port] = known  # not of an interface, which comes and goes
    return known


_NUMERIC: dict[tuple[str, int], tuple[Address, ...]] = {}
_KEPT = 256


def _ask(host: str, port: int, flags: int = 0) -> tuple[Address, ...]:
    # As bytes where it is ASCII: for a text Python loads its IDNA tables (1 MB, 2 ms).
    name = host.encode() if host.isascii() else host
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=flags)
    return tuple((entry[0], entry[4]) for entry in found)


def resolve(host: str, port: int) -> tuple[Address, ...]:
    """Ask for the addresses of *host*; blocks, so it runs in a thread.

    Raises:
        ProbeError: there is no such name, or the resolver does not answer.
    """
    try:
        return numeric(host, port) or _ask(host, port)
    except (OSError, UnicodeError) as error:
        if getattr(error, "errno", None) in _NO_ROOM:
            raise own_trouble(error) from None
        why = getattr(error, "strerror", None) or "not a host name"
        raise ProbeError(Code.DNS, f"cannot resolve {host}: {why}") from None


async def addresses(
    reactor: Reactor, host: str, port: int, deadline: float
) -> tuple[Address, ...]:
    """Return the addresses of *host*, names asked for in a thread.

    Raises:
        ProbeError: as ``resolve``, or no answer before *deadline*.
    """
    found = numeric(host, port)
    if found:
        return found
    try:
        return await reactor.thread(resolve, host, port, deadline=deadline)
    except TimeoutError:
        detail = f"no answer from the resolver for {host} in time"
        raise ProbeError(Code.DNS, detail) from None


async def connect(
    reactor: Reactor,
    choices: tuple[Address, ...],
    deadline: float,
    late: Code,
    refused: Code,
) -> socket.socket:
    """Return a connection to the first of *choices* that accepts.

    Each gets an even share of the time that is left. The caller closes the socket.

    Raises:
        ProbeError: none accepts (codes *refused*, *late*), or our own trouble.
    """
    left = len(choices)
    failure: ProbeError | None = None
    for address in choices:
        until = deadline
        if left > 1:
            until = reactor.now() + (deadline - reactor.now()) / left
        try:
            return await _connect(reactor, address, until, late, refused)
        except ProbeError as error:
            if failure is None or failure.finding.outcome is Outcome.ERROR:
                failure = error  # the first that says something of the target
        left -= 1
    raise failure or ProbeError(Code.DNS, "the name has no address")


async def _connect(
    reactor: Reactor, address: Address, deadline: float, late: Code, refused: Code
) -> socket.socket:
    try:
        sock = socket.socket(address[0], socket.SOCK_STREAM | _NONBLOCK)
    except OSError as error:
        raise own_trouble(error) from None
    try:
        if not _NONBLOCK:
            sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        number = sock.connect_ex(address[1])
        if number and number != errno.EINPROGRESS:
            raise failed(number, address, late, refused, at_once=True)
        if number and not _is_connected(sock):
            if not await reactor.writable(sock.fileno(), deadline):
                raise ProbeError(late, "no connection in time: nobody accepts")
            number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if number:
                raise failed(number, address, late, refused, at_once=False)
    except OSError as error:
        sock.close()
        raise failed(error.errno or 0, address, late, refused, at_once=False) from None
    except BaseException:
        sock.close()
        raise
    return sock


async def send(
    reactor: Reactor, sock: socket.socket, request: bytes, deadline: float
) -> None:
    """Send all of *request*.

    Raises:
        ProbeError: it was not taken before *deadline*.
    """
    left = request
    while True:
        try:
            left = left[sock.send(left) :]
        except BlockingIOError:
            pass  # a full buffer: the other side does not read
        if not left:
            return
        if not await reactor.writable(sock.fileno(), deadline):
            detail = "connected, but the request was not taken in time"
            raise ProbeError(Code.DEADLINE, detail)


def hang_up(sock: socket.socket) -> None:
    """Close by FIN: a server that only accepted sees an end, not an error."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes(len(_LINGER)))
    sock.close()


def _is_connected(sock: socket.socket) -> bool:
    """To loopback the kernel is often through before ``connect`` returns."""
    try:
        sock.getpeername()
    except OSError:
        return False
    return True


def failed(
    number: int, address: Address, late: Code, refused: Code, *, at_once: bool
) -> ProbeError:
    """Return what a connect's errno *number* means.

    *at_once*: the local kernel said so before anything went out; to a host that is
    not this one that is our own network, not the target.
    """
    why = os.strerror(number)
    if number in _NO_ROOM:
        return own_trouble(OSError(number, why))
    if number in _NO_WAY and at_once and not is_loopback(str(address[1][0])):
        detail = f"no way out of this machine: {why}"
        return ProbeError(Code.LOCAL_NETWORK, detail, Outcome.ERROR)
    if number == errno.ETIMEDOUT:
        return ProbeError(late, "no connection: the host does not answer")
    return ProbeError(refused, f"no connection: {why}")


def own_trouble(error: Exception) -> ProbeError:
    """Return the answer for a lack of our own: it says nothing of the target."""
    why = getattr(error, "strerror", None) or type(error).__name__
    return ProbeError(Code.INTERNAL, f"cannot look: {why}", Outcome.ERROR)


def is_loopback(host: str) -> bool:
    """Does *host* (a name or an address) mean this machine?"""
    name = host.lower().rstrip(".")
    if name.startswith("127."):
        return name.replace(".", "").isdecimal()
    return name in ("localhost", "::1") or name.endswith(".localhost")
