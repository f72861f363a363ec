"""The one door out for notifiers that speak HTTP.

What all of them share: which answer means what, how long a receiver asks us to
wait, that plain ``http`` stays on this machine, that no redirect is followed (a
POST answered 302 becomes a GET without its body, and its 200 a lie), no proxy of
the environment and no .netrc is asked, and no more than 64 KiB of an answer is
read. The total deadline is the courier's: it ends the whole process.
"""

from __future__ import annotations

import socket
import time

from agent2 import __version__
from agent2.core.delivery import classify_http, parse_retry_after
from agent2.core.message import Cause
from agent2.plugins import SendError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeVar

    T = TypeVar("T")

_PATIENCE = 1.0  # seconds
LIMIT = 65536  # bytes of an answer that are read
AGENT = f"agent2/{__version__}"


def judge(status: int, retry_after: str | None, where: str, said: str = "") -> None:
    """Return for a 2xx *status*.

    Raises:
        SendError: for every other, with its cause and the wait asked for; *said*
            is a word of the receiver's closed list, never its raw body.
    """
    cause = classify_http(status)
    if cause is None:
        return
    rest = parse_retry_after(retry_after, time.time())
    detail = f"{where} answered {status}" + (f" ({said})" if said else "")
    raise SendError(cause, detail, rest)


def failure(error: BaseException, where: str, *, sent: bool) -> SendError:
    """Return what a network *error* means; *sent*: the request had left before.

    Nothing of the error's own text is used but the system's word for its number:
    the texts of libraries hold addresses.
    """
    names = {type(each).__name__ for each in chain(error)}
    if names & {"SSLError", "SSLCertVerificationError", "CertificateError"}:
        return SendError(Cause.TLS, f"{where}: {_distrust(error)}")
    word = _word(error)
    if sent and any(isinstance(each, TimeoutError) for each in chain(error)):
        return SendError(Cause.TIMEOUT, f"{where}: no answer in time")
    if sent:
        return SendError(Cause.INVALID_ANSWER, f"{where}: no whole answer, {word}")
    return SendError(Cause.UNREACHABLE, f"{where}: {word}")


def _distrust(error: BaseException) -> str:
    """Return why there is no TLS, in OpenSSL's own words for it."""
    for each in chain(error):
        verdict = getattr(each, "verify_message", "")
        if verdict:
            return f"the certificate cannot be trusted: {verdict}"
        fault = getattr(each, "reason", "")
        if type(each).__name__ == "SSLError" and isinstance(fault, str) and fault:
            return f"no TLS there: {fault.replace('_', ' ').lower()}"
    return "the certificate cannot be trusted"


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield *error* and what it came from, outermost first."""
    for _ in range(10):
        if error is None:
            return
        yield error
        inner = getattr(error, "reason", None)
        following = inner if isinstance(inner, BaseException) else None
        error = following or error.__cause__ or error.__context__


def _word(error: BaseException) -> str:
    for each in chain(error):
        if isinstance(each, socket.gaierror):
            return "the name cannot be resolved"
        if isinstance(each, OSError) and each.strerror and each.errno:
            return each.strerror
    timed_out = any(isinstance(each, TimeoutError) for each in chain(error))
    return "timed out" if timed_out else "the connection ended"


def patiently(call: Callable[[], T]) -> T:
    """Return what *call* returns; try twice more within a second if nothing was sent.

    A name server's hiccup or a receiver that restarts is no failed attempt. The
    durable retry is the outbox's, never this.
    """
    begun = time.monotonic()
    try:
        return call()
    except SendError as error:
        if not _not_sent(error) or time.monotonic() - begun > _PATIENCE:
            raise
    from tenacity import (
        Retrying,
        retry_if_exception,
        stop_after_attempt,
        stop_before_delay,
        wait_fixed,
    )

    again = Retrying(
        retry=retry_if_exception(_not_sent),
        stop=stop_after_attempt(2) | stop_before_delay(_PATIENCE),
        wait=wait_fixed(0.2),
        reraise=True,
    )
    return again(call)


def _not_sent(error: BaseException) -> bool:
    return isinstance(error, SendError) and error.cause is Cause.UNREACHABLE


def tls(ca_file: str) -> Any:
    """Return a context that trusts *ca_file* alone, or the system's if it is "".

    Raises:
        SendError: CONFIG, the file cannot be read.
    """
    import ssl

    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:
        raise SendError(Cause.CONFIG, f"ca_file: {_word(error)}") from None
