"""Does something accept connections on a port?"""

from __future__ import annotations

import re

from agent2.checks import net
from agent2.core.model import Code, Facet, Finding, Outcome
from agent2.core.text import one_line, plain
from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket as socket
    from collections.abc import Iterator

    from agent2.host.reactor import Reactor
    from agent2.plugins import Port


@value
class TcpCheck:
    """Connect to a port and hang up; needs no right to look at other processes.

    Attributes:
        port: The port.
        host: Name or address.
        owner: Pattern in name or command line of who must listen; another one warns.
    """

    kind = "tcp"
    facet = Facet.PORT

    port: Port
    host: str = "127.0.0.1"
    owner: str = ""

    async def probe(self, reactor: Reactor, deadline: float) -> Finding:
        """Connect once and hang up politely; nothing is sent."""
        begun = reactor.now()
        try:
            host = plain(self.host)
            choices = await net.addresses(reactor, host, self.port, deadline)
            sock = await net.connect(
                reactor, choices, deadline, Code.PORT_TIMEOUT, Code.PORT_REFUSED
            )
        except net.ProbeError as error:
            old = error.finding
            detail = one_line(f"port {self.port}: {old.detail}")
            return Finding(old.outcome, old.code, detail)
        except Exception as error:  # a secret that is gone, no thread: our trouble
            return net.own_trouble(error).finding
        itself = _is_itself(sock)
        # A reset would be cheaper for us (no TIME_WAIT), but many servers print an
        # error for a connection that is reset before its first byte.
        net.hang_up(sock)
        if itself:
            detail = f"port {self.port}: nobody listens, it connected to itself"
            return Finding(Outcome.FAIL, Code.PORT_SELF, detail)
        took = reactor.now() - begun
        code, detail = Code.OK, f"port {self.port} accepts connections"
        if self.owner:
            code, detail = await self._owned(reactor, deadline, detail)
        return Finding(Outcome.OK, code, detail, timings=(("connect", took),))

    async def _owned(
        self, reactor: Reactor, deadline: float, well: str
    ) -> tuple[Code, str]:
        """Return code and detail of whose the port is; one that is open stays well."""
        from agent2.checks import tcp_owner  # who does not ask does not pay

        try:
            code, detail = await reactor.thread(
                tcp_owner.judge, self.port, plain(self.owner), deadline=deadline
            )
        except Exception as error:  # no time, no thread, a secret gone: our trouble
            return Code.OK, one_line(f"{well}; owner not seen: {type(error).__name__}")
        return code, one_line(detail)

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Tell what is wrong with the options."""
        if not plain(self.host).strip():
            yield "host", "is empty", "127.0.0.1 is this machine"
        elif plain(self.owner) and not net.is_loopback(plain(self.host)):
            yield "owner", "needs a port of this machine", "host: 127.0.0.1"
        try:
            re.compile(plain(self.owner))
        except re.error as error:
            yield "owner", f"is no pattern: {error}", "write . for any character"


def _is_itself(sock: socket.socket) -> bool:
    """Is this the kernel's connection of a closed port to itself (RFC 793, 3.4)?"""
    try:
        return bool(sock.getsockname() == sock.getpeername())
    except OSError:
        return False  # accepted, and reset at once
