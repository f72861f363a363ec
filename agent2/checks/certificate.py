"""How long does a certificate still hold, and would a client believe it?

    checks:
      - {kind: certificate, host: example.com}
      - {kind: certificate, host: mail.example.com, port: 25, starttls: smtp}
      - {kind: certificate, file: /etc/ssl/app/fullchain.pem, warn: 21d, critical: 3d}

Less than `warn` is a warning, less than `critical` a failure, and so is a chain that
leads to no root that is trusted, or a name that does not fit. A file may hold a chain:
the certificate of it that ends first counts. All of it has the code `tls`.
"""

from __future__ import annotations

import time

from agent2.checks import net
from agent2.checks.alone import Alone
from agent2.core import x509
from agent2.core.model import Code, Facet, Finding, Outcome
from agent2.core.text import one_line, plain, revealed, scrub
from agent2.core.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.core.x509 import Certificate
    from agent2.host.reactor import Reactor
    from agent2.plugins import Path, Port, Seconds

_LARGEST = 1 << 20
_SHARE = 0.9
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"


class _Thread:
    """The thread for what blocks."""

    __slots__ = ("_alone",)
    _alone: Alone


@value
class CertificateCheck(_Thread):
    """Look at the certificate of a server, or at one in a file.

    Attributes:
        host: The server, its name as its clients write it.
        port: Its port.
        file: A PEM file, in place of a server.
        starttls: smtp, if the connection begins without encryption.
        warn: With less time than this it warns.
        critical: With less time than this it is a failure.
        ca_file: Certificates that verify the server; default: the system's.
    """

    kind = "certificate"
    facet = Facet.HEALTH
    restartable = False
    CHOICES = {"starttls": ("none", "smtp")}  # noqa: RUF012  (never changed)

    host: str = ""
    port: Port = 443
    file: Path = ""
    starttls: str = "none"
    warn: Seconds = 30 * 86400.0
    critical: Seconds = 7 * 86400.0
    ca_file: Path = ""

    async def probe(self, reactor: Reactor, deadline: float) -> Finding:
        """Look once; a server that is not believed is asked twice."""
        hidden: tuple[str, ...] = ()
        try:
            hidden = revealed((self.host, self.file, self.ca_file))
            # The thread is to notice the end itself: a server's silence is its fault.
            left = (deadline - reactor.now()) * _SHARE
            look = self._look
            found = await self._alone.run(reactor, look, left, deadline=deadline)
        except net.ProbeError as error:
            found = error.finding
        except Exception as error:  # a secret that is gone, no thread: our trouble
            found = net.own_trouble(error).finding
        return replace(found, detail=scrub(found.detail, hidden))

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Tell what is wrong with the options."""
        if bool(plain(self.host)) == bool(plain(self.file)):
            what = "stands beside file" if plain(self.file) else "is missing"
            yield "host", what, "either the name of a server, or file"
        if self.warn < self.critical:
            yield "warn", "is less than critical", "it would never warn"

    def __post_init__(self) -> None:
        """Begin with no thread."""
        object.__setattr__(self, "_alone", Alone())

    def _look(self, left: float) -> Finding:
        if left <= 0.0:
            raise net.ProbeError(Code.DEADLINE, "no time to look")
        if plain(self.file):
            return self._judged(_in_file(plain(self.file)), "")
        from agent2.checks import certificate_tls

        ask = (plain(self.host), self.port, self.starttls, plain(self.ca_file))
        der, trouble = certificate_tls.shown(*ask, left)
        return self._judged(_read(der), trouble)

    def _judged(self, found: Certificate, trouble: str) -> Finding:
        now = time.time()
        left = found.ends - now
        detail = one_line(
            f"{trouble + ': ' if trouble else ''}{x509.stands(found, now)}"
        )
        if trouble or left < self.critical or now < found.begins:
            return Finding(Outcome.FAIL, Code.TLS, detail)
        return Finding(Outcome.OK, Code.TLS if left < self.warn else Code.OK, detail)


def _read(der: bytes) -> Certificate:
    try:
        return x509.read(der)
    except x509.CertificateError:
        raise net.ProbeError(Code.TLS, "what it shows is no certificate") from None


def _in_file(path: str) -> Certificate:
    """Return the certificate of a PEM file that ends first."""
    from binascii import Error, a2b_base64

    try:
        with open(path, "rb") as file:
            text = file.read(_LARGEST)
    except FileNotFoundError:
        raise net.ProbeError(Code.TLS, f"{path}: there is no such file") from None
    blocks = [part.partition(_END)[0] for part in text.split(_BEGIN)[1:]]
    try:
        found = [_read(a2b_base64(block)) for block in blocks]
    except Error:
        found = []
    if not found:
        raise net.ProbeError(Code.TLS, f"{path}: no certificate is in it")
    return min(found, key=lambda one: one.ends)
