"""The certificate that a server shows. Blocking, for a thread; loaded by the first."""

from __future__ import annotations

import ssl

from agent2.checks import http_tls, net
from agent2.checks.http_tls import Clock
from agent2.core.model import Code
from agent2.core.text import one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

_LINES = 100  # of one answer
_LONGEST = 8192


def shown(
    host: str, port: int, starttls: str, ca_file: str, seconds: float
) -> tuple[bytes, str]:
    """Return the certificate in DER, and why a client would not believe it, or "".

    Raises:
        ProbeError: it shows none, or not within *seconds*.
        OSError: *ca_file* cannot be read.
    """
    clock = Clock.of(seconds)
    choices = net.resolve(host, port)
    verify = http_tls.context(ca_file)
    try:
        return _certificate(choices, host, starttls, verify, clock), ""
    except ssl.SSLCertVerificationError as error:
        trouble = one_line(error.verify_message)
    except ssl.SSLError as error:
        raise _failed(error) from None
    # Once more, without a question: how long it holds must be said all the same.
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    try:
        return _certificate(choices, host, starttls, trusting, clock), trouble
    except ssl.SSLError as error:
        raise _failed(error) from None


def _failed(error: ssl.SSLError) -> net.ProbeError:
    why = (error.reason or "protocol error").replace("_", " ").lower()
    return net.ProbeError(Code.TLS, f"TLS failed: {why}")


def _certificate(
    choices: tuple[net.Address, ...],
    host: str,
    starttls: str,
    context: ssl.SSLContext,
    clock: Clock,
) -> bytes:
    sock = http_tls.connect(choices, clock)
    try:
        sock.settimeout(clock.left())
        if starttls == "smtp":
            _smtp(sock, clock)
        sock.settimeout(clock.left())
        with context.wrap_socket(sock, server_hostname=host) as secure:
            return secure.getpeercert(binary_form=True) or b""
    except ssl.SSLError:
        raise
    except TimeoutError:
        raise net.ProbeError(Code.DEADLINE, "no certificate in time") from None
    except OSError as error:
        detail = f"connection lost before the certificate: {error.strerror or error}"
        raise net.ProbeError(Code.RESET, detail) from None
    finally:
        sock.close()


def _smtp(sock: socket.socket, clock: Clock) -> None:
    """Say what leads to encryption (RFC 3207)."""
    dialogue = (("", b"220"), ("EHLO agent2\r\n", b"250"), ("STARTTLS\r\n", b"220"))
    for said, wanted in dialogue:
        sock.sendall(said.encode())
        line = b""
        for _ in range(_LINES):
            line = _line(sock, clock)
            if line[3:4] != b"-":
                break
        if line[:3] != wanted:
            told = one_line(line.decode("ascii", "replace").strip(), 80)
            raise net.ProbeError(Code.PROTO, f"no STARTTLS: the server says {told}")


def _line(sock: socket.socket, clock: Clock) -> bytes:
    """Read a line byte by byte: nothing of what is encrypted may be taken."""
    line = b""
    while not line.endswith(b"\n"):
        sock.settimeout(clock.left())
        piece = sock.recv(1)
        if not piece or len(line) > _LONGEST:
            raise net.ProbeError(Code.PROTO, "the mail server hung up")
        line += piece
    return line
