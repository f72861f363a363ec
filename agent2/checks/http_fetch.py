"""One GET of a check: the request is made once and kept, if no secret is in it."""

from __future__ import annotations

from agent2.checks import http_plain, http_request, net
from agent2.core.model import Code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

    from agent2.checks.http_wire import Answer
    from agent2.host.reactor import Reactor

    Timings = tuple[tuple[str, float], ...]


class Fetch:
    """What a check asks its URL with; one for each check.

    Attributes:
        hidden: What nobody must see of its secrets, though a server may quote it.
    """

    __slots__ = ("_ready", "_verify", "hidden")

    def __init__(self) -> None:
        """Begin with nothing worked out."""
        self.hidden: tuple[str, ...] = ()
        self._ready: http_request.Ready | None = None
        self._verify: object = None

    async def get(
        self,
        check: http_request.Source,
        reactor: Reactor,
        deadline: float,
        answer: Answer,
        wanted: Container[int],
    ) -> Timings:
        """Ask *check*'s URL once and fill *answer* (see ``http_plain.exchange``).

        Raises:
            ProbeError: no proper answer, or not before *deadline*.
            Exception: a secret or a certificate is not there: our own trouble.
        """
        ready = self._ready
        if ready is None:
            ready = http_request.prepare(check.url, check.headers)
            self.hidden = ready.hidden
            if ready.lasting:
                self._ready = ready
        place, request = ready.place, ready.request
        if place.secure:
            return await self._over_tls(check, reactor, deadline, ready, answer, wanted)
        if ready.choices:
            return await http_plain.exchange(
                reactor, deadline, ready.choices, request, answer, wanted
            )
        begun = reactor.now()
        choices = await net.addresses(reactor, place.host, place.port, deadline)
        took = reactor.now() - begun
        rest = await http_plain.exchange(
            reactor, deadline, choices, request, answer, wanted
        )
        return (("dns", took), *rest[:-1], ("total", took + rest[-1][1]))

    async def _over_tls(
        self,
        check: http_request.Source,
        reactor: Reactor,
        deadline: float,
        ready: http_request.Ready,
        answer: Answer,
        wanted: Container[int],
    ) -> Timings:
        from agent2.checks import http_tls

        if self._verify is None:
            self._verify = http_tls.context(check.ca_file)
        left = deadline - reactor.now()
        work = (ready.place, ready.request, self._verify, left, answer, wanted)
        try:
            return await reactor.thread(http_tls.exchange, *work, deadline=deadline)
        except TimeoutError:
            raise net.ProbeError(Code.DEADLINE, "no whole answer in time") from None
