"""The one door to the collector: OpenTelemetry's exporters over a session of our own.

The exporters encode; the session sends, under one total deadline, without redirects
and proxies of the environment, and reads no more than 64 KiB. What the answer means
is decided here, not by the exporters, whose own retries are thereby never used.
https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
"""

from __future__ import annotations

import logging
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from agent2.core.text import one_line
from agent2.telemetry import calls, encode
from agent2.telemetry.answer import Answer, read_answer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent2.plan.telemetry import TelemetryPlan

_MOST = 64 * 1024  # bytes of an answer
_WORDS = 240  # characters of it that people are told
_AGAIN = frozenset({401, 403, 404, 405, 408, 425, 429})  # and all 5xx


class _LateError(Exception):
    """The total time of a request is over."""


class _RefusedError(Exception):
    """Not a library's error, so that no library tries again."""


@dataclass(frozen=True, slots=True)
class Sent:
    """How an export ended.

    Attributes:
        taken: The collector has it.
        again: It has it not and may be asked again, after *wait* seconds if it said
            so; neither *taken* nor *again*: it will never take it.
        why: For people, in one line; "" if all went well.
        rejected: How many records of it it did not want.
    """

    taken: bool
    again: bool = False
    wait: float = 0.0
    why: str = ""
    rejected: int = 0


class Door:
    """Sends signals to one collector; for the main thread alone (it uses SIGALRM)."""

    def __init__(
        self, plan: TelemetryPlan, facts: Mapping[str, str], headers: dict[str, str]
    ) -> None:
        """Connect to nothing yet; *facts* are attributes of the resource."""
        for name in ("opentelemetry", "urllib3"):
            log = logging.getLogger(name)
            log.addHandler(logging.NullHandler())
            log.propagate = False
        self._session = _Session(plan.timeout)
        if calls.speaks(plan.endpoint):
            self._session.mount(plan.endpoint, calls.Calls())
        self._resource = encode.resource(facts)
        self._exporters = encode.exporters(
            plan.endpoint, plan.timeout, headers, self._session
        )
        signal.signal(signal.SIGALRM, _late)

    @property
    def waits(self) -> bool:
        """Do we wait for the collector just now?"""
        return self._session.waits

    def send(self, kind: str, batch: Sequence[Any], most: float | None = None) -> Sent:
        """Send *batch* as the signal *kind*, within *most* seconds. Never raises.

        A LeaveError that a signal raises goes through.
        """
        session = self._session
        session.limit, session.answer, session.error = most, None, ""
        made = encode.MAKERS[kind](batch, self._resource)
        try:
            self._exporters[kind].export(made)
        except Exception as error:
            return Sent(False, why=f"cannot be encoded: {type(error).__name__}")
        if session.answer is None:
            why = session.error or "cannot be encoded"  # then it was not even tried
            return Sent(False, again=bool(session.error), why=why)
        return _judged(kind, session.answer)

    def close(self) -> None:
        """Let the connection go."""
        self._session.close()


def _judged(kind: str, answer: Answer) -> Sent:
    if 200 <= answer.status < 300:
        rejected, why = read_answer(kind, answer)
        return Sent(True, why=why, rejected=rejected)
    again = answer.status in _AGAIN or answer.status >= 500
    why = answer.headers.get(calls.WORD) or f"HTTP {answer.status}"
    return Sent(False, again, answer.retry_after, one_line(why, _WORDS))


def _late(_number: int, _frame: object) -> None:
    raise _LateError


class _Session(requests.Session):
    """A session whose every request ends in time and never raises a library's error."""

    def __init__(self, timeout: float) -> None:
        super().__init__()
        self.trust_env = False
        self.limit: float | None = None
        self.answer: Answer | None = None
        self.error = ""
        self.waits = False
        self._timeout = timeout

    def request(self, *args: Any, **more: Any) -> requests.Response:
        seconds = self._timeout
        if self.limit is not None:
            seconds = max(min(seconds, self.limit), 0.05)
        self.answer = None
        more |= {"stream": True, "timeout": seconds, "allow_redirects": False}
        self.waits, response = True, None
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds)
            try:
                response = super().request(*args, **more)
                with response:
                    body = response.raw.read(_MOST, decode_content=False) or b""
                self.answer = Answer(response.status_code, response.headers, body)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0.0)
        except _LateError:
            self.error = f"no answer within {seconds:g} s"
        except Exception as error:
            self.error = _why(error)
        finally:
            self.waits = False
        if response is None or self.answer is None or self.answer.status >= 300:
            raise _RefusedError
        return response


def _why(error: BaseException) -> str:
    """Return the innermost cause in one line: an errno's words where there are some."""
    seen = 0
    while (below := error.__cause__ or error.__context__) is not None and seen < 10:
        error, seen = below, seen + 1
    told = getattr(error, "strerror", None) or type(error).__name__
    return one_line(str(told), 200)
