"""``kind: apprise`` - one address of the 170 channels that Apprise knows.

    notifiers:
      - {name: chat, kind: apprise, url: "${APPRISE_URL}"}

One address per notifier: of many, a part that failed could not be tried again
alone. Apprise gives neither size nor time a limit; the lane's memory limit and
deadline do.
"""

from __future__ import annotations

import re

from agent2.core.delivery import classify_http
from agent2.core.message import Cause, Receipt
from agent2.core.model import AlertKind
from agent2.core.value import value
from agent2.notifiers.text import body_lines, line
from agent2.plan import Secret
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
_STATUS = re.compile(r"\berror=([1-5][0-9]{2})\b")


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
        heard = _listen()
        if not channel.add(self.url.reveal()):
            raise SendError(Cause.CONFIG, "Apprise does not know this kind of address")
        answer = channel.notify(
            title=line(alert.subject, 250),
            body="\n".join(body_lines(alert, repeat=repeat)),
            notify_type=_TYPES.get(alert.kind, "failure"),
        )
        if not answer:  # only SUCCESS is true (apprise 2.2); NOMATCH is not None
            raise _refusal(heard)
        return Receipt("Apprise reports success")


def _listen() -> list[int]:
    """Return a list that gets each HTTP status which Apprise logs; silence the rest.

    Its answer says only that it failed. Its log says ``error=404``, and now and then
    the whole address, which is why nobody else hears it.
    """
    import logging

    statuses: list[int] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            statuses.extend(int(n) for n in _STATUS.findall(record.getMessage()))

    logger = logging.getLogger("apprise")
    logger.handlers = [Ear()]
    logger.propagate = False
    logger.setLevel(logging.WARNING)
    return statuses


def _refusal(statuses: list[int]) -> SendError:
    if not statuses:
        return SendError(Cause.UNKNOWN, "Apprise reports a failure without a cause")
    cause = classify_http(statuses[-1]) or Cause.UNKNOWN
    return SendError(cause, f"the receiver behind Apprise answered {statuses[-1]}")
