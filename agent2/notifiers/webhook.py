"""``kind: webhook`` - POST each alert as a CloudEvent to an address of yours.

    notifiers:
      - name: hook
        kind: webhook
        url: "https://example.com/agent2"
        secret: "${WEBHOOK_SECRET}"     # optional: signs every request

The body is a CloudEvents 1.0 event in structured JSON mode. ``Idempotency-Key`` is
the alert's id: the same alert sent twice carries the same key. With a ``secret``,
``X-Agent2-Signature: t=<seconds>,v1=<hex>`` is HMAC-SHA256 over ``<seconds>.<body>``,
the scheme that Stripe uses; refuse a request whose ``t`` is older than minutes.
Any 2xx is the receiver's proof.
"""

from __future__ import annotations

import json
import time

from agent2.core.message import Receipt
from agent2.core.value import as_dict, value
from agent2.notifiers import address, http
from agent2.notifiers.client import post
from agent2.notifiers.text import body_lines, clean, clip
from agent2.plan.secret import Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from agent2.core.message import Alert
    from agent2.plugins import Path, Seconds

_LONGEST = 4000  # characters of any one field


@value
class WebhookNotifier:
    """A channel to a program of the user's own."""

    url: Secret
    secret: Secret = Secret("")
    ca_file: Path = ""
    timeout: Seconds = 10.0
    allow_insecure: bool = False

    kind = "webhook"
    deduplicates = True
    packages = False

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Yield what is wrong between the fields."""
        yield from address.problems("url", self.url, allow_insecure=self.allow_insecure)

    def send(self, alert: Alert, *, repeat: bool) -> Receipt:
        """POST *alert* once."""
        there = address.door(self.url.reveal(), allow_insecure=self.allow_insecure)
        content = json.dumps(event(alert, repeat=repeat), ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/cloudevents+json; charset=utf-8",
            "Idempotency-Key": _ascii(alert.id),
        }
        secret = self.secret.reveal()
        if secret:
            headers["X-Agent2-Signature"] = sign(secret, content, int(time.time()))
        status, fields = post(there, content, headers, self.ca_file, self.timeout)
        http.judge(status, fields.get("retry-after"), there.where)
        return Receipt(f"{there.where} answered {status}")


def event(alert: Alert, *, repeat: bool) -> dict[str, Any]:
    """Return *alert* as a CloudEvent (specversion 1.0)."""
    facts = as_dict(alert) | {
        "kind": alert.kind.value,
        "severity": alert.severity.value,
        "lines": body_lines(alert, repeat=False),
        "possible_repeat": repeat,
    }
    texts = {k: clip(clean(v), _LONGEST) for k, v in facts.items() if type(v) is str}
    return {
        "specversion": "1.0",
        "id": clean(alert.id),
        "source": f"/agent2/{_ascii(alert.instance)}",
        "type": f"agent2.alert.{alert.kind.value}",
        "subject": texts["target"],
        "time": texts["at"],
        "datacontenttype": "application/json",
        "data": facts | texts,
    }


def sign(secret: str, content: bytes, at: int) -> str:
    """Return the signature header of *content* sent at *at* (epoch seconds)."""
    import hmac

    mac = hmac.new(secret.encode(), f"{at}.".encode() + content, "sha256")
    return f"t={at},v1={mac.hexdigest()}"


def _ascii(text: str) -> str:
    """Return *text* as a header may carry it: what is not plain ASCII as %XX."""
    raw = text.encode("utf-8", "replace")
    return "".join(chr(b) if 33 <= b <= 126 else f"%{b:02X}" for b in raw)
