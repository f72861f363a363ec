"""One exchange over TLS, blocking, for a thread of its own. Loaded by the first one.

Always verified: chain, name, TLS 1.2 or newer. There is no switch to turn that off.
"""

from __future__ import annotations

import socket
import ssl
import time

from agent2.checks import net
from agent2.checks.http_wire import LIMIT, Answer
from agent2.core.model import Code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

    from agent2.checks.http_url import Url
    from agent2.checks.net import ProbeError

    Timings = tuple[tuple[str, float], ...]


def context(ca_file: str) -> ssl.SSLContext:
    """Return what verifies servers: by *ca_file*, or by the system's roots for "".

    Raises:
        OSError: *ca_file* cannot be read (``ssl.SSLError``: or holds no certificate).
    """
    made = ssl.create_default_context(cafile=ca_file or None)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    return made


def exchange(
    url: Url,
    request: bytes,
    verify: ssl.SSLContext,
    seconds: float,
    answer: Answer,
    wanted: Container[int],
) -> Timings:
    """Ask once, all within *seconds*, and fill *answer* (see ``http_plain``).

    Raises:
        ProbeError: it did not answer properly or in time.
    """
    begun = time.monotonic()
    clock = Clock.of(seconds)
    choices = net.resolve(url.host, url.port)
    clock.lap("dns")
    sock = connect(choices, clock)
    try:
        clock.lap("connect")
        sock.settimeout(clock.left())
        with verify.wrap_socket(sock, server_hostname=url.host) as secure:
            clock.lap("tls")
            _ask(secure, request, clock, answer, wanted)
        return (*clock.laps, ("total", time.monotonic() - begun))
    except ssl.SSLCertVerificationError as error:
        detail = f"certificate refused: {error.verify_message}"
        raise net.ProbeError(Code.TLS, detail) from None
    except TimeoutError:
        raise _late() from None
    except ssl.SSLError as error:
        why = (error.reason or "protocol error").replace("_", " ").lower()
        raise net.ProbeError(Code.TLS, f"TLS failed: {why}") from None
    except ConnectionError:
        raise net.ProbeError(Code.RESET, "connection reset") from None
    finally:
        sock.close()


class Clock:
    """The time of one exchange, and how long each part of it took."""

    def __init__(self, deadline: float) -> None:
        """Begin now; *deadline* is on ``time.monotonic``."""
        self._deadline = deadline
        self._mark = time.monotonic()
        self.laps: list[tuple[str, float]] = []

    @classmethod
    def of(cls, seconds: float) -> Clock:
        """Return a clock that has *seconds* left."""
        return cls(time.monotonic() + seconds)

    def lap(self, name: str) -> None:
        """Note under *name* how long it took since the last note."""
        now = time.monotonic()
        self.laps.append((name, now - self._mark))
        self._mark = now

    def left(self) -> float:
        """Return the seconds that are left.

        Raises:
            ProbeError: there are none.
        """
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise _late()
        return left


def _late() -> ProbeError:
    return net.ProbeError(Code.DEADLINE, "no whole answer in time")


def connect(choices: tuple[net.Address, ...], clock: Clock) -> socket.socket:
    """Return a connection to the first of *choices* that accepts; it blocks.

    Raises:
        ProbeError: none does, or not in time.
    """
    last = net.ProbeError(Code.DNS, "the name has no address")
    for address in choices:
        left = clock.left()  # before there is anything to close
        try:
            sock = socket.socket(address[0], socket.SOCK_STREAM)
        except OSError as error:
            raise net.own_trouble(error) from None
        try:
            sock.settimeout(left)
            sock.connect(address[1])
        except TimeoutError:
            sock.close()
            last = net.ProbeError(Code.DEADLINE, "no connection in time")
        except OSError as error:
            sock.close()
            codes = (Code.DEADLINE, Code.REFUSED)
            last = net.failed(error.errno or 0, address, *codes, at_once=True)
        else:
            return sock
    raise last


def _ask(
    secure: ssl.SSLSocket,
    request: bytes,
    clock: Clock,
    answer: Answer,
    wanted: Container[int],
) -> None:
    secure.sendall(request)
    while True:
        secure.settimeout(clock.left())
        piece = secure.recv(LIMIT)
        if not answer.started:
            clock.lap("first_byte")
        if not piece:
            return answer.end()
        if answer.feed(piece) or (answer.status and answer.status not in wanted):
            return None
