"""One exchange over plain TCP, on the reactor."""

from __future__ import annotations

from agent2.checks import net
from agent2.checks.http_wire import LIMIT, Answer
from agent2.core.model import Code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

    from agent2.host.reactor import Reactor

    Timings = tuple[tuple[str, float], ...]


async def exchange(
    reactor: Reactor,
    deadline: float,
    choices: tuple[net.Address, ...],
    request: bytes,
    answer: Answer,
    wanted: Container[int],
) -> Timings:
    """Ask once and fill *answer*: whole, or up to a status that is not *wanted*.

    Raises:
        ProbeError: no proper answer, or not before *deadline*.
    """
    begun = reactor.now()
    sock = await net.connect(reactor, choices, deadline, Code.DEADLINE, Code.REFUSED)
    try:
        connected = reactor.now()
        await net.send(reactor, sock, request, deadline)
        fd, first = sock.fileno(), 0.0
        while True:
            if not await reactor.readable(fd, deadline):
                what = "only a part of the answer" if first else "no answer"
                raise net.ProbeError(Code.DEADLINE, f"connected, but {what} in time")
            piece = sock.recv(LIMIT)
            first = first or reactor.now()
            if not piece:
                answer.end()
                break
            if answer.feed(piece) or (answer.status and answer.status not in wanted):
                break
        return (
            ("connect", connected - begun),
            ("first_byte", first - connected),
            ("total", reactor.now() - begun),
        )
    except ConnectionError:
        detail = "connection reset " + ("within" if answer.started else "before")
        raise net.ProbeError(Code.RESET, f"{detail} the answer") from None
    finally:
        sock.close()
