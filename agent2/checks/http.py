"""Does the service say of itself that it is well?"""

from __future__ import annotations

from agent2.checks import http_judge, http_request, net
from agent2.checks.http_fetch import Fetch
from agent2.checks.http_wire import Answer
from agent2.core.model import Code, Facet, Finding, Outcome
from agent2.core.text import one_line
from agent2.core.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.host.reactor import Reactor
    from agent2.plan.secret import Secret
    from agent2.plugins import Path, Seconds, Url


class _Prepared:
    """Slots beside the options, for what is worked out once."""

    __slots__ = ("_fetch", "said")
    said: tuple[bytes, tuple[Outcome, Code, str]] | None
    _fetch: Fetch


@value
class HttpCheck(_Prepared):
    """Ask a health URL on a fresh connection and believe only a whole, proper answer.

    No redirect, proxy, netrc, cookie or compression; at most 64 KiB are read.

    Attributes:
        url: ``http://`` or ``https://``.
        status: The status codes that are well.
        healthy: The words of ``status`` in the JSON body that are well.
        degraded: The words that warn without being a failure.
        json: False looks at the status code alone.
        body_contains: Text that stands in the body; with it no JSON is asked for.
        strict: A degraded word is a failure.
        components: Dotted path in the body -> the value it must have.
        parts: Dotted path of an object in the body whose entries must all be well.
        optional: Those of its entries that only warn.
        metrics: Path under ``metrics`` in the body -> the most it may be (warns).
        slow: Seconds above which a good answer warns; 0 never does.
        max_retry: How often it is asked in one check, until it is well.
        retry_delay: Seconds between two of these, within the one deadline.
        headers: Sent along.
        ca_file: Certificates that verify the server; default: the system's.
        allow_insecure: Permits ``http://`` to another machine.
    """

    kind = "http"
    facet = Facet.HEALTH

    url: Url
    status: tuple[int, ...] = (200,)
    healthy: tuple[str, ...] = ("ok",)
    degraded: tuple[str, ...] = ("warn", "degraded")
    json: bool = True
    body_contains: str = ""
    strict: bool = False
    components: dict[str, str] = {}  # noqa: RUF012  (never changed; see core/value.py)
    parts: str = ""
    optional: tuple[str, ...] = ()
    metrics: dict[str, float] = {}  # noqa: RUF012
    slow: Seconds = 3.0
    max_retry: int = 1
    retry_delay: Seconds = 1.0
    headers: dict[str, Secret] = {}  # noqa: RUF012
    ca_file: Path = ""
    allow_insecure: bool = False

    async def probe(self, reactor: Reactor, deadline: float) -> Finding:
        """Ask, up to ``max_retry`` times before *deadline*."""
        attempt = 1
        while True:
            finding = await self._attempt(reactor, deadline)
            again = reactor.now() + self.retry_delay
            if (
                finding.outcome is Outcome.OK
                or attempt >= self.max_retry
                or again >= deadline
            ):
                break
            attempt += 1
            await reactor.sleep_until(again)
        if self.max_retry > 1:
            count = f" (attempt {attempt} of {self.max_retry})"
            return replace(finding, detail=one_line(finding.detail + count))
        return finding

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Tell what is wrong with the options."""
        return http_request.problems(self)

    def __post_init__(self) -> None:
        """Begin with nothing worked out."""
        object.__setattr__(self, "_fetch", Fetch())
        object.__setattr__(self, "said", None)

    async def _attempt(self, reactor: Reactor, deadline: float) -> Finding:
        answer, fetch = Answer(), self._fetch
        try:
            timings = await fetch.get(self, reactor, deadline, answer, self.status)
        except net.ProbeError as error:
            if not answer.status or answer.status in self.status:
                return http_judge.veiled(error.finding, fetch.hidden)
            timings = ()
        except Exception as error:  # a secret that is gone, no thread: our trouble
            return net.own_trouble(error).finding
        return http_judge.finding(self, answer, timings, fetch.hidden)
