"""``kind: email`` - a mail by SMTP.

    notifiers:
      - name: mail
        kind: email
        host: localhost
        from: agent2@agentos.local
        to: [admin@example.com]
        tls: starttls              # none | starttls | implicit; a loopback host: none
        username: agent2
        password: "${SMTP_PASSWORD}"

It never falls back to plain text. The same alert to the same people has the same
``Message-ID``, so that a mail system can drop a repeat; all mails of an incident are
one thread.
"""

from __future__ import annotations

import re

from agent2.core.message import Cause, Receipt
from agent2.core.value import value
from agent2.notifiers import http
from agent2.notifiers.address import is_loopback
from agent2.plan.secret import Secret
from agent2.plugins import SendError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.core.message import Alert
    from agent2.plugins import Path, Port, Seconds

# What stands in an envelope; a name beside the address belongs in no field of ours.
_ADDRESS = re.compile(r"[!-;=?A-~]+@[A-Za-z0-9.\[\]:-]+")
_PORTS = {"none": 25, "starttls": 587, "implicit": 465}


@value
class EmailNotifier:
    """A channel to mailboxes.

    Attributes:
        port: By default that of tls: 25, 587 or 465.
        tls: auto is starttls, or none for a relay on this machine.
    """

    to: tuple[str, ...]
    host: str = "localhost"
    port: Port | None = None
    from_: str = "agent2@agentos.local"
    tls: str = "auto"
    username: str = ""
    password: Secret = Secret("")
    ca_file: Path = ""
    timeout: Seconds = 10.0
    allow_insecure: bool = False

    CHOICES = {"tls": ("auto", *_PORTS)}  # noqa: RUF012  (never changed)
    kind = "email"
    deduplicates = False

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Yield what is wrong between the fields."""
        if not self.to:
            yield "to", "names nobody", "write to: [somebody@example.com]"
        for field, addresses in (("from", (self.from_,)), ("to", self.to)):
            for address in addresses:
                if not _ADDRESS.fullmatch(address):
                    yield field, f"{address!r} is no mail address", "name@example.com"
        if self.tls not in {"auto", *_PORTS}:
            yield "tls", f"{self.tls!r} is not known", "one of none, starttls, implicit"
        far = not is_loopback(self.host)
        if self._mode() == "none" and far and not self.allow_insecure:
            wrong = "mail to another machine would be readable on the way"
            yield "tls", wrong, "use starttls or implicit, or set allow_insecure: true"

    def _mode(self) -> str:
        if self.tls != "auto":
            return self.tls
        return "none" if is_loopback(self.host) else "starttls"

    def prepare(self) -> None:
        """Load what sends."""
        from agent2.notifiers import smtp  # noqa: F401

    def send(self, alert: Alert, *, repeat: bool) -> Receipt:
        """Hand one mail for *alert* to the relay."""
        from agent2.notifiers import smtp

        for _field, wrong, hint in self.problems():
            raise SendError(Cause.CONFIG, f"{wrong}: {hint}")
        message = smtp.compose(alert, self.from_, self.to, repeat=repeat)
        content = message.as_bytes(policy=message.policy.clone(linesep="\r\n"))
        mode = self._mode()
        relay = smtp.Relay(
            host=self.host,
            port=self.port or _PORTS[mode],
            tls=mode,
            ca_file=self.ca_file,
            timeout=self.timeout,
            name=alert.host,
        )
        login = (self.username, self.password.reveal()) if self.username else None
        refused = http.patiently(
            lambda: relay.deliver(self.from_, self.to, content, login)
        )
        return Receipt(f"{relay.where} took it", message["Message-ID"], refused)
