"""Does a name lead where it should?

    checks:
      - kind: dns
        host: db.example.com
        expect: [192.0.2.10, 192.0.2.11]
        server: 192.0.2.53

Every address of the answer must be one of `expect`; with `complete: true` all of those
must be in it too. Without `server` the resolver of this machine is asked.
"""

from __future__ import annotations

import _socket as socket  # as in net
import os

from agent2.checks import net
from agent2.core import dns
from agent2.core.model import Code, Facet, Finding, Outcome
from agent2.core.text import one_line, plain, revealed, scrub
from agent2.core.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.host.reactor import Reactor
    from agent2.plugins import Port

_TRIES = 3  # datagrams get lost
_FAMILIES = {"A": socket.AF_INET, "AAAA": socket.AF_INET6}


@value
class DnsCheck:
    """Ask for the addresses of a name, and compare them with those it should have.

    Attributes:
        host: The name.
        expect: The addresses that are right; without any, every one is.
        complete: All of them must be in the answer.
        type: A or AAAA.
        server: Address of the name server; default: this machine's resolver.
        port: Its port.
    """

    kind = "dns"
    facet = Facet.HEALTH
    restartable = False
    CHOICES = {"type": ("A", "AAAA")}  # noqa: RUF012  (never changed)

    host: str
    expect: tuple[str, ...] = ()
    complete: bool = False
    type: str = "A"
    server: str = ""
    port: Port = 53

    async def probe(self, reactor: Reactor, deadline: float) -> Finding:
        """Ask once; a lost datagram is sent again."""
        begun = reactor.now()
        hidden: tuple[str, ...] = ()
        try:
            hidden = revealed((self.host, self.server, *self.expect))
            host, server = plain(self.host), plain(self.server)
            if server:
                there = net.numeric(server, self.port)
                found = await self._from_server(reactor, host, there, deadline)
            else:
                choices = await net.addresses(reactor, host, 0, deadline)
                own = [a for f, (a, *_) in choices if f == _FAMILIES[self.type]]
                found = tuple(dict.fromkeys(own))
            finding = self._finding(host, found, reactor.now() - begun)
        except net.ProbeError as error:
            finding = error.finding
        except Exception as error:  # a secret that is gone, no room: our trouble
            finding = net.own_trouble(error).finding
        return replace(finding, detail=scrub(finding.detail, hidden))

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Tell what is wrong with the options."""
        if not dns.is_name(plain(self.host)):
            yield "host", "is no name", "ASCII letters; others as xn--…"
        if plain(self.server) and not net.numeric(plain(self.server), self.port):
            yield "server", "is no address", "a name would have to be asked for first"
        for address in self.expect:
            if _packed(plain(address), self.type) is None:
                yield "expect", f"{plain(address)!r} is no {self.type} address", ""
        if self.complete and not self.expect:
            yield "complete", "asks for addresses that expect does not name", ""

    def _finding(self, host: str, found: tuple[str, ...], took: float) -> Finding:
        shown = ", ".join(found)
        wanted = [_same(plain(address), self.type) for address in self.expect]
        strange = [address for address in found if wanted and address not in wanted]
        lacking = [address for address in wanted if address not in found]
        timings = (("dns", took),)
        if not found:
            detail = f"{host} has no {self.type} address"
        elif strange:
            right = ", ".join(wanted)
            detail = f"{host} leads to {', '.join(strange)}, expected {right}"
        elif self.complete and lacking:
            detail = f"{host} leads to {shown}, without {', '.join(lacking)}"
        else:
            detail = one_line(f"{host} leads to {shown}")
            return Finding(Outcome.OK, Code.OK, detail, None, timings)
        return Finding(Outcome.FAIL, Code.DNS, one_line(detail), None, timings)

    async def _from_server(
        self,
        reactor: Reactor,
        host: str,
        there: tuple[net.Address, ...],
        deadline: float,
    ) -> tuple[str, ...]:
        asked = dns.question(int.from_bytes(os.urandom(2), "big"), host, self.type)
        reply = await _by_datagram(reactor, there[0], asked, deadline)
        if reply.truncated:
            reply = await _by_stream(reactor, there, asked, deadline)
        if reply.trouble:
            raise _failed(f"{host}: the server says {reply.trouble}")
        family = _FAMILIES[self.type]
        return tuple(socket.inet_ntop(family, each) for each in reply.addresses)


def _failed(detail: str) -> net.ProbeError:
    return net.ProbeError(Code.DNS, detail)


async def _by_datagram(
    reactor: Reactor, there: net.Address, asked: bytes, deadline: float
) -> dns.Reply:
    sock = socket.socket(there[0], socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.connect(there[1])  # then the kernel drops what others send
        gap = (deadline - reactor.now()) / _TRIES
        for number in range(_TRIES):
            sock.send(asked)
            until = deadline if number == _TRIES - 1 else reactor.now() + gap
            while await reactor.readable(sock.fileno(), min(until, deadline)):
                try:
                    return dns.answered(sock.recv(65535), asked)
                except dns.DnsError:
                    continue  # somebody guesses, or an answer that comes late
                except BlockingIOError:
                    continue  # a datagram with a wrong checksum
    except ConnectionRefusedError:
        raise _failed("nobody answers questions there") from None
    except OSError as error:
        number = error.errno or 0
        raise net.failed(number, there, Code.DNS, Code.DNS, at_once=True) from None
    finally:
        sock.close()
    raise _failed("no answer from the name server in time")


async def _by_stream(
    reactor: Reactor, there: tuple[net.Address, ...], asked: bytes, deadline: float
) -> dns.Reply:
    sock = await net.connect(reactor, there, deadline, Code.DNS, Code.DNS)
    try:
        sock.send(len(asked).to_bytes(2, "big") + asked)
        found = b""
        while len(found) < 2 or len(found) < 2 + int.from_bytes(found[:2], "big"):
            if not await reactor.readable(sock.fileno(), deadline):
                raise _failed("no whole answer from the name server in time")
            piece = sock.recv(65535)
            if not piece:
                raise _failed("the name server hung up")
            found += piece
        return dns.answered(found[2:], asked)
    except (ConnectionError, dns.DnsError) as error:
        raise _failed(f"no proper answer from the name server: {error}") from None
    finally:
        sock.close()


def _packed(address: str, kind: str) -> bytes | None:
    try:
        return socket.inet_pton(_FAMILIES[kind], address)
    except (OSError, ValueError):
        return None


def _same(address: str, kind: str) -> str:
    """Return *address* as the system spells it."""
    packed = _packed(address, kind)
    return address if packed is None else socket.inet_ntop(_FAMILIES[kind], packed)
