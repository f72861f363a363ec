"""The floor of an alert: a fresh interpreter that sends one message and ends.

``oneshot.py webhook|pagerduty|slack|apprise URL``, with the library of each channel.
"""

from __future__ import annotations

import sys


def main(kind: str, url: str) -> None:
    """Send once."""
    if kind == "webhook":
        from http.client import HTTPConnection
        from urllib.parse import urlsplit

        place = urlsplit(url)
        connection = HTTPConnection(place.netloc, timeout=5)
        connection.request("POST", place.path, b"{}", {"Content-Type": "text/json"})
        connection.getresponse().read()
    elif kind == "pagerduty":
        import requests

        requests.post(url, json={"event_action": "trigger"}, timeout=5)
    elif kind == "slack":
        from slack_sdk.webhook import WebhookClient

        WebhookClient(url, timeout=5).send(text="down")
    else:
        from apprise import Apprise

        sender = Apprise()
        sender.add(url)
        sender.notify(body="down", title="down")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
