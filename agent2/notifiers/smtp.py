"""SMTP as smtplib speaks it, with every answer's meaning (RFC 5321).

What is measured of smtplib: it has no timeout of its own, STARTTLS without a context
trusts everybody, one refused recipient of two is only a returned value, and leaving a
connection politely can fail after the mail was taken.
"""

from __future__ import annotations

import re
import smtplib
from email.message import EmailMessage
from email.utils import formatdate
from hashlib import sha256

from agent2.core.message import Cause
from agent2.core.model import AlertKind, Severity
from agent2.core.value import value
from agent2.notifiers import http
from agent2.notifiers.text import body_lines, line
from agent2.plugins import SendError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.core.message import Alert

_PRIORITY = {
    Severity.CRITICAL: "1",
    Severity.ERROR: "1",
    Severity.WARNING: "3",
    Severity.INFO: "5",
}
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
_LONGEST_SUBJECT = 400


def compose(
    alert: Alert, sender: str, to: tuple[str, ...], *, repeat: bool
) -> EmailMessage:
    """Return *alert* as a mail whose ids depend on the alert and its readers alone."""
    message = EmailMessage()
    message["Subject"] = line(alert.subject, _LONGEST_SUBJECT)
    message["From"] = sender
    message["To"] = ", ".join(to)
    message["Date"] = formatdate(localtime=True)
    root = _message_id(alert, f"incident {alert.incident}")
    message["Message-ID"] = _message_id(alert, "\n".join((alert.id, *sorted(to))))
    message["In-Reply-To"] = root
    message["References"] = root
    message["Auto-Submitted"] = "auto-generated"
    quiet = alert.kind in {AlertKind.RESOLVED, AlertKind.TEST}
    message["X-Priority"] = "3" if quiet else _PRIORITY[alert.severity]
    body = "\n".join(body_lines(alert, repeat=repeat)) + "\n"
    message.set_content(body, cte=None if body.isascii() else "base64")
    return message


def _message_id(alert: Alert, what: str) -> str:
    made = sha256(f"{alert.instance}\n{what}".encode("utf-8", "replace")).hexdigest()
    return f"<{made[:32]}@agent2.invalid>"


class _Conversation(smtplib.SMTP):
    """A conversation that remembers whether the mail itself had been sent."""

    handed_over = False

    def data(self, msg: object) -> tuple[int, bytes]:
        self.handed_over = True
        return super().data(msg)  # type: ignore[arg-type]

    def leave(self) -> None:
        """Say QUIT and go: what a relay answers to that changes nothing."""
        try:
            self.putcmd("QUIT")
        except (OSError, smtplib.SMTPException):
            pass
        self.close()


class _TlsConversation(smtplib.SMTP_SSL, _Conversation):
    """The same inside TLS from the first byte."""


@value
class Relay:
    """The mail server that takes our mail. *name* is who we say that we are."""

    host: str
    port: int
    tls: str
    ca_file: str
    timeout: float
    name: str

    @property
    def where(self) -> str:
        """Host and port, for people."""
        return f"{self.host}:{self.port}"

    def deliver(
        self,
        sender: str,
        to: tuple[str, ...],
        content: bytes,
        login: tuple[str, str] | None,
    ) -> tuple[str, ...]:
        """Hand *content* over and return the recipients that were refused.

        Raises:
            SendError: nobody got it, or nobody knows.
        """
        talk = None
        try:
            talk = self._greet()
            if login is not None:
                talk.login(*login)
            return tuple(talk.sendmail(sender, to, content))
        except (OSError, ValueError) as error:  # SMTPException is an OSError
            raise self._meaning(
                error, sent=talk is not None and talk.handed_over
            ) from None
        finally:
            if talk is not None:
                talk.leave()

    def _greet(self) -> _Conversation:
        # A name of our own: smtplib would ask a name server, which may be dead.
        name = self.name if _NAME.fullmatch(self.name) else "localhost"
        if self.tls == "implicit":
            context = http.tls(self.ca_file)
            return _TlsConversation(
                self.host, self.port, name, timeout=self.timeout, context=context
            )
        talk = _Conversation(self.host, self.port, name, timeout=self.timeout)
        if self.tls == "starttls":
            try:
                talk.starttls(context=http.tls(self.ca_file))
                talk.ehlo()
            except BaseException:
                talk.close()
                raise
        return talk

    def _meaning(self, error: Exception, *, sent: bool) -> SendError:
        if isinstance(error, smtplib.SMTPRecipientsRefused):
            codes = [code for code, _ in error.recipients.values()]
            return self._refused(min(codes), "the recipients")
        if isinstance(error, smtplib.SMTPAuthenticationError):
            return self._refused(error.smtp_code, "the login", Cause.AUTH)
        if isinstance(error, (smtplib.SMTPConnectError, smtplib.SMTPHeloError)):
            return self._refused(error.smtp_code, "us", Cause.AUTH)
        if isinstance(error, smtplib.SMTPSenderRefused):
            cause = Cause.AUTH if error.smtp_code in {530, 535} else Cause.REJECTED
            return self._refused(error.smtp_code, "the sender", cause)
        if isinstance(error, smtplib.SMTPResponseException):
            return self._refused(error.smtp_code, "the mail")
        if isinstance(error, smtplib.SMTPNotSupportedError):
            detail = f"{self.where} does not offer what tls or username asks for"
            return SendError(Cause.CONFIG, detail)
        return http.failure(error, self.where, sent=sent)

    def _refused(
        self, code: int, what: str, permanent: Cause = Cause.REJECTED
    ) -> SendError:
        """Return the refusal: 4xx is for now, 5xx is for ever (RFC 5321, 4.2.1)."""
        if code < 400:
            return SendError(Cause.INVALID_ANSWER, f"{self.where} does not speak SMTP")
        cause = permanent if code >= 500 else Cause.SERVER
        return SendError(cause, f"{self.where} refused {what} with {code}")
