"""``kind: slack`` - post to a Slack channel.

    notifiers:
      - {name: ops, kind: slack, webhook_url: "${SLACK_WEBHOOK_URL}"}
      - {name: ops2, kind: slack, bot_token: "${SLACK_TOKEN}", channel: C0123}

Slack drops no repeats, so one says that it may be one. Success is a webhook's 200
with the body ``ok``, or the Web API's ``"ok": true``; a login page's 200 is neither.
"""

from __future__ import annotations

import re
from math import ceil

from agent2.core.message import Cause, Receipt
from agent2.core.model import AlertKind
from agent2.core.value import value
from agent2.notifiers import address, http, stdlib_door
from agent2.notifiers.text import line, repeated
from agent2.plan.secret import Secret
from agent2.plugins import SendError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from agent2.core.message import Alert
    from agent2.plugins import Path, Seconds, Url

# The text is what a phone shows of it: a recovery must not read like an alert.
_TEXTS = {
    AlertKind.RESOLVED: "Agent2 Resolved",
    AlertKind.DEGRADED: "Agent2 Warning",
    AlertKind.FLAPPING: "Agent2 Warning",
    AlertKind.TEST: "Agent2 Test",
}
_COLORS = {
    AlertKind.RESOLVED: "good",
    AlertKind.DEGRADED: "warning",
    AlertKind.FLAPPING: "warning",
    AlertKind.TEST: "warning",
}
# The Web API's words (slackapi/slack-api-specs); others are tried again.
_WORDS = {
    Cause.RATE_LIMITED: "ratelimited rate_limited",
    Cause.SERVER: "internal_error fatal_error service_unavailable request_timeout",
    Cause.AUTH: "not_authed invalid_auth account_inactive token_revoked token_expired "
    "missing_scope no_permission channel_not_found not_in_channel is_archived",
    Cause.REJECTED: "msg_too_long no_text too_many_attachments msg_blocks_too_long "
    "invalid_arguments invalid_attachments restricted_action",
}
_ERROR = re.compile(r"[a-z_]{2,40}")
_CAUSES = {word: cause for cause, words in _WORDS.items() for word in words.split()}


@value
class SlackNotifier:
    """A channel to Slack: an incoming webhook, or a bot's token and a channel."""

    webhook_url: Secret = Secret("")
    bot_token: Secret = Secret("")
    channel: str = ""
    url: Url = "https://slack.com/api/"
    ca_file: Path = ""
    timeout: Seconds = 5.0
    allow_insecure: bool = False

    kind = "slack"
    deduplicates = False

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Yield what is wrong between the fields."""
        by_hook, by_bot = self.webhook_url != Secret(""), self.bot_token != Secret("")
        if by_hook == by_bot:
            wrong = "needs webhook_url or bot_token, and not both"
            yield "webhook_url", wrong, "make one at https://api.slack.com/apps"
        if by_bot and not self.channel:
            yield "channel", "is missing beside bot_token", "give the channel's id"
        insecure = self.allow_insecure
        yield from address.problems("url", self.url, allow_insecure=insecure)
        if by_hook:
            hook = self.webhook_url
            yield from address.problems("webhook_url", hook, allow_insecure=insecure)

    def prepare(self) -> None:
        """Load what sends."""
        if self.bot_token == Secret(""):
            import slack_sdk.webhook
        else:
            import slack_sdk  # noqa: F401

    def send(self, alert: Alert, *, repeat: bool) -> Receipt:
        """Post *alert* once."""
        shown = message(alert, repeat=repeat)
        if self.bot_token.reveal():
            return http.patiently(lambda: self._by_bot(shown))
        return http.patiently(lambda: self._by_hook(shown))

    def _by_hook(self, shown: dict[str, Any]) -> Receipt:
        from slack_sdk.webhook import WebhookClient

        url = self.webhook_url.reveal()
        there = address.door(url, allow_insecure=self.allow_insecure)
        stdlib_door.open_directly(there.scheme, self.ca_file)
        client = WebhookClient(
            url,
            timeout=ceil(self.timeout),
            logger=stdlib_door.silent(),
            retry_handlers=[],
        )
        client.proxy = None
        try:
            answer = client.send(**shown)
        except stdlib_door.ERRORS as error:
            raise stdlib_door.failure(error, there.where) from None
        rest = answer.headers.get("Retry-After") or answer.headers.get("retry-after")
        http.judge(answer.status_code, rest, there.where, _word(answer.body))
        if answer.status_code != 200 or answer.body.strip() != "ok":
            detail = f"{there.where} answered {answer.status_code}, but not ok"
            raise SendError(Cause.INVALID_ANSWER, detail)
        return Receipt(f"{there.where} answered ok")

    def _by_bot(self, shown: dict[str, Any]) -> Receipt:
        from slack_sdk import WebClient
        from slack_sdk.errors import SlackApiError

        there = address.door(self.url, allow_insecure=self.allow_insecure)
        stdlib_door.open_directly(there.scheme, self.ca_file)
        client = WebClient(
            self.bot_token.reveal(),
            base_url=self.url,
            timeout=ceil(self.timeout),
            logger=stdlib_door.silent(),
            retry_handlers=[],
        )
        client.proxy = None
        try:
            answer = client.chat_postMessage(channel=self.channel, **shown)
        except SlackApiError as error:
            raise _refusal(error.response, there.where) from None
        except stdlib_door.ERRORS as error:
            raise stdlib_door.failure(error, there.where) from None
        return Receipt(f"{there.where} answered ok", str(answer.get("ts", "")))


def message(alert: Alert, *, repeat: bool) -> dict[str, Any]:
    """Return *alert* as Slack shows it; ``<!channel>`` in a health body stays text."""
    fields = [("Issue", alert.issue, False), ("Action", alert.action, False)]
    fields.append(("Time", alert.at, True))
    if alert.kind is AlertKind.RESOLVED:
        fields.append(("Duration", f"{alert.duration_s:.1f} s", True))
    cause = f"{alert.target}: {alert.reason} ({alert.code}) {alert.detail}"
    foot = f"{alert.incident} · {alert.host}"
    shown = {
        "fallback": escape(alert.subject),
        "color": _COLORS.get(alert.kind, "danger"),
        "title": escape(alert.subject),
        "text": f"{escape(cause.rstrip())}\n`{escape(alert.look)}`",
        "fields": [
            {"title": title, "value": escape(text), "short": short}
            for title, text, short in fields
        ],
        # 300 characters at most (slack_sdk/models/attachments).
        "footer": escape(f"{repeated(alert)} · {foot}" if repeat else foot, 150),
    }
    return {"text": _TEXTS.get(alert.kind, "Agent2 Alert"), "attachments": [shown]}


def escape(text: str, characters: int = 1500) -> str:
    """Return *text* clean and clipped, with Slack's three special signs escaped."""
    safe = line(text, characters).replace("&", "&amp;")
    return safe.replace("<", "&lt;").replace(">", "&gt;")


def _refusal(answer: Any, where: str) -> SendError:
    """Return what a Web API answer without ``ok`` means."""
    rest = {name.lower(): text for name, text in dict(answer.headers).items()}
    words = answer.data if isinstance(answer.data, dict) else {}
    word = _word(str(words.get("error", "")))
    try:
        http.judge(answer.status_code, rest.get("retry-after"), where, word)
    except SendError as judged:
        return judged
    if not word:
        detail = f"{where} answered {answer.status_code}, but not as Slack does"
        return SendError(Cause.INVALID_ANSWER, detail)
    return SendError(_CAUSES.get(word, Cause.UNKNOWN), f"{where} answered {word}")


def _word(body: str) -> str:
    """Return Slack's own word for a failure; nothing of an answer that is not one."""
    return body if _ERROR.fullmatch(body) else ""
