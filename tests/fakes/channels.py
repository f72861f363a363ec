"""Every notifier beside its fake receiver, so that one test can hold for all."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from agent2 import plugins
from agent2.plan import Secret
from tests.fakes.base import Fake
from tests.fakes.certificates import Certificate
from tests.fakes.smtp import FakeSmtp
from tests.fakes.stage import ROUTING_KEY
from tests.fakes.web import FakeHook, FakePagerDuty, FakeSlack

KINDS = ("email", "slack", "pagerduty", "apprise", "webhook")
HTTP_KINDS = ("slack", "pagerduty", "apprise", "webhook")
TOKEN = "Tok3nOfTheAddress"
SIGNING = "whsec_0123456789abcdef"


@dataclass
class Channel:
    """A notifier's options for its fake; ``options`` hold plain texts."""

    kind: str
    fake: Fake
    options: dict
    secrets: tuple[str, ...]

    def notifier(self, **changes):
        cls = plugins.load("notifiers", self.kind)
        hints = cls.__annotations__
        options = self.options | changes
        return cls(
            **{
                name: Secret(text)
                if "Secret" in hints[name] and isinstance(text, str)
                else text
                for name, text in options.items()
            }
        )

    def plan(self, name: str, **changes) -> dict:
        """Return it as the compiled plan spells it."""
        hints = plugins.load("notifiers", self.kind).__annotations__
        options = {
            field: {"$secret": text} if "Secret" in hints[field] else text
            for field, text in (self.options | changes).items()
        }
        return {"name": name, "kind": self.kind, "options": options}

    def at_port(self, port: int) -> Channel:
        """Return the same channel with its receiver at another port."""
        old, new = f"127.0.0.1:{self.fake.port}", f"127.0.0.1:{port}"
        options = {
            name: text.replace(old, new) if isinstance(text, str) else text
            for name, text in self.options.items()
        }
        if self.kind == "email":
            options["port"] = port
        return Channel(self.kind, self.fake, options, self.secrets)

    def text(self, index: int = -1) -> str:
        """Return all words that a person would read of what was received."""
        got = self.fake.received[index]
        if self.kind == "email":
            mail = self.fake.mails()[index]
            return f"{mail['Subject']}\n{mail.get_content()}"
        return "\n".join(_texts(got.json))


def _texts(tree):
    if isinstance(tree, dict):
        for each in tree.values():
            yield from _texts(each)
    elif isinstance(tree, list):
        for each in tree:
            yield from _texts(each)
    elif isinstance(tree, str):
        yield tree


def channel(
    kind: str, log: str | None = None, certificate: Certificate | None = None
) -> Channel:
    """Return a new channel of *kind* with its fake listening."""
    tls = certificate.server() if certificate else None
    trust = {"ca_file": str(certificate.ca_file)} if certificate else {}
    if kind == "email":
        relay = FakeSmtp(log, starttls=tls)
        options = {
            "host": "127.0.0.1",
            "port": relay.port,
            "to": ("admin@example.com",),
            "username": "agent2",
            "password": relay.password,
            "tls": "starttls" if tls else "none",
        }
        return Channel(kind, relay, options | trust, (relay.password,))
    if kind == "pagerduty":
        pager = FakePagerDuty(log, tls)
        options = {"routing_key": ROUTING_KEY, "url": pager.enqueue} | trust
        return Channel(kind, pager, options, (ROUTING_KEY,))
    if kind == "slack":
        slack = FakeSlack(log, tls)
        options = {"webhook_url": slack.webhook} | trust
        return Channel(kind, slack, options, (slack.webhook, slack.webhook_path))
    hook = FakeHook(log, tls)
    if kind == "apprise":
        scheme = "jsons" if tls else "json"
        options = {"url": f"{scheme}://127.0.0.1:{hook.port}/{TOKEN}"}
        return Channel(kind, hook, options, (TOKEN,))
    options = {"url": hook.url(f"/in?key={TOKEN}"), "secret": SIGNING} | trust
    return Channel(kind, hook, options, (TOKEN, SIGNING))


def dead_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as wire:
        wire.bind(("127.0.0.1", 0))
        return wire.getsockname()[1]
