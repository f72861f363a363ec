"""How the log says that a send failed: the phrases that people search it for."""

from __future__ import annotations

_PHRASES = {
    "en": {
        "email": "sending mail failed: ",
        "slack": "sending the Slack message failed: ",
        "pagerduty": "sending the PagerDuty alert failed: ",
        "": "sending by {kind} failed: ",
    },
    "zh": {
        "email": "发送邮件失败: ",
        "slack": "发送 Slack 消息失败: ",
        "pagerduty": "发送 PagerDuty 告警失败: ",
        "": "使用 {kind} 发送失败: ",
    },
}


def send_failed(language: str, kind: str, name: str, detail: str) -> str:
    """Return the log line for a notifier *name* of *kind*."""
    phrases = _PHRASES.get(language, _PHRASES["en"])
    phrase = phrases.get(kind) or phrases[""].format(kind=kind)
    return f"{phrase}{name}: {detail}"
