"""Is a figure of the service within its limits?

    checks:
      - kind: json_metric
        url: http://127.0.0.1:8000/api/v1/monitoring/metrics
        field: system.queue.length
        max: 100
      - kind: json_metric
        name: agents
        url: http://127.0.0.1:8000/api/v1/agents/status
        field: agents
        count: active
        min: 1
      - kind: json_metric
        name: errors
        url: http://127.0.0.1:9090/metrics
        field: http_requests_total{code="500"}
        max: 1000

`field` is a dotted path in a JSON document, or the name of a metric in a page of
Prometheus, with labels if only some of its series are to be summed up. With `count` it
is a list (or an object) and those of its items count whose `key` has that word. A
figure beyond its limits has the code `limit`; one that is not there, `shape`.
"""

from __future__ import annotations

from agent2.checks import http_body, http_judge, http_request, net
from agent2.checks.http_fetch import Fetch
from agent2.checks.http_wire import Answer
from agent2.core import exposition
from agent2.core.model import Code, Facet, Finding, Outcome
from agent2.core.text import one_line, plain, revealed, scrub
from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.host.reactor import Reactor
    from agent2.plan.secret import Secret
    from agent2.plugins import Path, Url

_LARGEST = 1 << 20  # bytes: a page of metrics is longer than a health document
_STATUS = (200,)


class _Prepared:
    """Slots beside the options."""

    __slots__ = ("_fetch",)
    _fetch: Fetch


@value
class JsonMetricCheck(_Prepared):
    """Hold one figure of a JSON document or of a page of Prometheus to limits.

    Attributes:
        url: ``http://`` or ``https://``.
        field: Dotted path of the figure, or name{label="value"} of a metric.
        min_: The least that it may be.
        max_: The most that it may be.
        count: The word that is counted among the items at *field*.
        key: Where an item says that word.
        warn: A figure beyond its limits warns and is no failure.
        headers: Sent along.
        ca_file: Certificates that verify the server; default: the system's.
        allow_insecure: Permits ``http://`` to another machine.
    """

    kind = "json_metric"
    facet = Facet.HEALTH

    url: Url
    field: str
    min_: float | None = None
    max_: float | None = None
    count: str = ""
    key: str = "status"
    warn: bool = False
    headers: dict[str, Secret] = {}  # noqa: RUF012  (never changed; see core/value.py)
    ca_file: Path = ""
    allow_insecure: bool = False

    async def probe(self, reactor: Reactor, deadline: float) -> Finding:
        """Ask once."""
        answer, fetch = Answer(_LARGEST), self._fetch
        try:
            timings = await fetch.get(self, reactor, deadline, answer, _STATUS)
            if answer.status not in _STATUS:
                unwanted = http_judge.unwanted(answer, _STATUS, self.headers, ())
                return http_judge.veiled(unwanted, fetch.hidden)
            found = self._figure(answer.body)
        except net.ProbeError as error:
            if not answer.status or answer.status in _STATUS:
                return http_judge.veiled(error.finding, fetch.hidden)
            unwanted = http_judge.unwanted(answer, _STATUS, self.headers, ())
            return http_judge.veiled(unwanted, fetch.hidden)
        except Exception as error:  # a secret that is gone, no thread: our trouble
            return net.own_trouble(error).finding
        return self._finding(found, timings)

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Tell what is wrong with the options."""
        yield from http_request.reachable(self)
        if self.min_ is None and self.max_ is None:
            yield "max", "is missing, and so is min", "one of them is needed"
        elif self.min_ is not None and self.max_ is not None and self.max_ < self.min_:
            yield "max", "is less than min", "no figure could be both"
        if not plain(self.field).strip():
            yield "field", "is empty", "for example system.cpu_percent"
        elif "{" in plain(self.field):
            try:
                exposition.parsed(plain(self.field))
            except exposition.FieldError as error:
                yield "field", str(error), 'for example errors_total{code="500"}'

    def __post_init__(self) -> None:
        """Begin with nothing worked out."""
        object.__setattr__(self, "_fetch", Fetch())

    def _figure(self, body: bytes) -> float:
        """Return the figure.

        Raises:
            ProbeError: it is not there, or no number.
        """
        field = plain(self.field)
        if body.lstrip()[:1] in (b"{", b"["):
            found = http_body.look_up(http_body.document(body), field)
            if self.count or isinstance(found, dict | list):
                return float(self._counted(found))
        else:
            try:
                page = body.decode("utf-8", "replace")
                found = exposition.total(page, *exposition.parsed(field))
            except exposition.FieldError as error:
                raise net.ProbeError(Code.SHAPE, str(error)) from None
        if isinstance(found, bool) or not isinstance(found, int | float):
            what = "is not there" if found is None else "is no number"
            raise net.ProbeError(Code.SHAPE, f"{field} {what}")
        return float(found)

    def _counted(self, found: object) -> int:
        items = list(found.values()) if isinstance(found, dict) else found
        if not isinstance(items, list):
            what = "is not there" if found is None else "is no list"
            raise net.ProbeError(Code.SHAPE, f"{plain(self.field)} {what}")
        if not self.count:
            return len(items)
        said = (one.get(self.key) if isinstance(one, dict) else one for one in items)
        return sum(1 for word in said if word == plain(self.count))

    def _finding(self, found: float, timings: tuple[tuple[str, float], ...]) -> Finding:
        name = f"{plain(self.field)} {plain(self.count)}".strip()
        detail = scrub(f"{name} is {found:g}", revealed((self.field, self.count)))
        least, most = self.min_, self.max_
        beyond = ""
        if least is not None and not found >= least:
            beyond = f", less than {least:g}"
        elif most is not None and not found <= most:
            beyond = f", more than {most:g}"
        detail = one_line(detail + beyond)
        if not beyond:
            return Finding(Outcome.OK, Code.OK, detail, None, timings)
        outcome = Outcome.OK if self.warn else Outcome.FAIL
        return Finding(outcome, Code.LIMIT, detail, None, timings)
