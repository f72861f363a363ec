"""Every notifier beside its fake receiver, so that one test can hold for all."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from agent2 import plugins
from agent2.plan.secret import Secret
from tests.fakes.base import Fake
from tests.fakes.certificates import Certificate
from tests.fakes.smtp import FakeSmtp
from tests.fakes.stage import ROUTING_KEY
from tests.fakes.web import FakeHook, FakePagerDuty, FakeSlack

KINDS = tuple(plugins.TABLE["notifiers"])
HTTP_KINDS = tuple(kind for kind in KINDS if kind != "email")
# Those that we write ourselves down to the request; Apprise hides what it was told.
OUR_HTTP = tuple(kind for kind in HTTP_KINDS if kind != "apprise")
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

    @property
    def address(self) -> str:
        """The option that says where the receiver is."""
        return next((n for n in self.options if n.endswith("url")), "host")

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
    """Return a new channel of *kind* with its fake listening.

    A kind that nobody told us of is given a hook at whatever option is its address:
    the tests of all notifiers hold for it from the day when it enters the table.
    """
    tls = certificate.server() if certificate else None
    trust = {"ca_file": str(certificate.ca_file)} if certificate else {}
    made = _MAKERS.get(kind, _by_address)(kind, log, tls)
    if kind != "apprise":
        made.options.update(trust)
    return made


def _email(kind: str, log: str | None, tls: ssl.SSLContext | None) -> Channel:
    relay = FakeSmtp(log, starttls=tls)
    options = {
        "host": "127.0.0.1",
        "port": relay.port,
        "to": ("admin@example.com",),
        "username": "agent2",
        "password": relay.password,
        "tls": "starttls" if tls else "none",
    }
    return Channel(kind, relay, options, (relay.password,))


def _pagerduty(kind: str, log: str | None, tls: ssl.SSLContext | None) -> Channel:
    pager = FakePagerDuty(log, tls)
    options = {"routing_key": ROUTING_KEY, "url": pager.enqueue}
    return Channel(kind, pager, options, (ROUTING_KEY,))


def _slack(kind: str, log: str | None, tls: ssl.SSLContext | None) -> Channel:
    slack = FakeSlack(log, tls)
    secrets = (slack.webhook, slack.webhook_path)
    return Channel(kind, slack, {"webhook_url": slack.webhook}, secrets)


def _apprise(kind: str, log: str | None, tls: ssl.SSLContext | None) -> Channel:
    hook = FakeHook(log, tls)
    scheme = "jsons" if tls else "json"
    address = f"{scheme}://127.0.0.1:{hook.port}/{TOKEN}"
    return Channel(kind, hook, {"url": address}, (TOKEN,))


def _webhook(kind: str, log: str | None, tls: ssl.SSLContext | None) -> Channel:
    made = _by_address(kind, log, tls)
    signed = made.options | {"secret": SIGNING}
    return Channel(kind, made.fake, signed, (*made.secrets, SIGNING))


def _by_address(kind: str, log: str | None, tls: ssl.SSLContext | None) -> Channel:
    hints = plugins.load("notifiers", kind).__annotations__
    address = next((name for name in hints if name.endswith("url")), None)
    assert address, f"how is {kind} reached? Give it a maker of its own here"
    hook = FakeHook(log, tls)
    return Channel(kind, hook, {address: hook.url(f"/in?key={TOKEN}")}, (TOKEN,))


_MAKERS = {
    "email": _email,
    "pagerduty": _pagerduty,
    "slack": _slack,
    "apprise": _apprise,
    "webhook": _webhook,
}
