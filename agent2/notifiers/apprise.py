"""``kind: apprise`` - one address of the 170 channels that Apprise knows.

    notifiers:
      - {name: chat, kind: apprise, url: "${APPRISE_URL}"}

One address per notifier: of many, a part that failed could not be tried again
alone. Apprise gives neither size nor time a limit; the lane's memory limit and
deadline do.
"""

from __future__ import annotations

import logging
import re

from agent2.core.delivery import classify_http
from agent2.core.message import Cause, Receipt
from agent2.core.model import AlertKind
from agent2.core.value import value
from agent2.notifiers.text import body_lines, line
from agent2.plan.secret import Secret
from agent2.plugins import SendError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.core.message import Alert
    from agent2.plugins import Seconds

_TYPES = {
    AlertKind.RESOLVED: "success",
    AlertKind.DEGRADED: "warning",
    AlertKind.FLAPPING: "warning",
    AlertKind.TEST: "info",
}
# What requests puts into the text of its exceptions.
_EXCEPTIONS = {
    "SSLError": Cause.TLS,
    "NewConnectionError": Cause.UNREACHABLE,
    "NameResolutionError": Cause.UNREACHABLE,
    "ConnectTimeoutError": Cause.UNREACHABLE,
    "Read timed out": Cause.TIMEOUT,
}


@value
class AppriseNotifier:
    """A channel through Apprise."""

    url: Secret
    timeout: Seconds = 30.0

    kind = "apprise"
    deduplicates = False
    memory = 192 << 20  # bytes beside what the process has; the import takes 19 MB

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Yield what is wrong between the fields."""
        return iter(())

    def prepare(self) -> None:
        """Load what sends: Apprise, and of its channels the one of the address."""
        from agent2.notifiers.apprise_load import load_one

        _listen()
        load_one(self.url.reveal())

    def send(self, alert: Alert, *, repeat: bool) -> Receipt:
        """Notify the one address."""
        from apprise import Apprise, AppriseAsset

        asset = AppriseAsset(
            app_id="Agent2",
            app_desc="Agent2",
            async_mode=False,
            http_redirects=False,
            secure_logging=True,
            storage_mode="memory",
        )
        channel = Apprise(asset=asset)
        ear = _listen()
        if not channel.add(self.url.reveal()):
            raise SendError(Cause.CONFIG, "Apprise does not know this kind of address")
        answer = channel.notify(
            title=line(alert.subject, 250),
            body="\n".join(body_lines(alert, repeat=repeat)),
            notify_type=_TYPES.get(alert.kind, "failure"),
        )
        if not answer:  # only SUCCESS is true (apprise 2.2); NOMATCH is not None
            raise ear.refusal()
        return Receipt("Apprise reports success")


class _Ear(logging.Handler):
    """Hears why a send failed: Apprise's answer says only that it did.

    Its log says ``error=404``, or the name of the exception; and now and then the
    whole address, which is why nobody else hears it and nothing of it is kept.
    """

    def __init__(self) -> None:
        super().__init__()
        self.status = 0
        self.cause = Cause.INVALID_ANSWER

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        found = re.search(r"\berror=([1-5][0-9]{2})\b", said)
        self.status = int(found[1]) if found else self.status
        heard = [cause for word, cause in _EXCEPTIONS.items() if word in said]
        self.cause = heard[0] if heard else self.cause

    def refusal(self) -> SendError:
        """Return what was heard; without a word of why, it may have arrived."""
        cause = classify_http(self.status) if self.status else self.cause
        if cause is None or not self.status:
            detail = f"Apprise reports a failure ({self.cause.value})"
            return SendError(self.cause, detail)
        return SendError(cause, f"the receiver behind Apprise answered {self.status}")


def _listen() -> _Ear:
    ear = _Ear()
    logger = logging.getLogger("apprise")
    logger.handlers = [ear]
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    logging.getLogger("urllib3").setLevel(logging.CRITICAL)  # logs whole addresses
    return ear
