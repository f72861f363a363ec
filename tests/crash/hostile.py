"""Receivers that do everything but take a message, and the configuration for them."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from email.utils import formatdate
from itertools import pairwise
from pathlib import Path

from tests.fakes.base import Behaviour
from tests.fakes.certificates import Certificate
from tests.fakes.channels import Channel, channel

TIMEOUT = 5.0
HTML = Behaviour(body="<html><body>Please sign in</body></html>")
SECRET_OPTIONS = {"routing_key", "webhook_url", "url", "secret", "password"}
ASKED = {"abc": "abc", "half": "1.5", "minus": "-5", "empty": "", "hour": "99999"}


@dataclass
class Receiver:
    """One notifier of the configuration beside what its receiver does at first."""

    name: str
    made: Channel
    first: Behaviour | None
    fate: str = "delivered"  # or "dead", "waits"

    def begin(self, wrong: Certificate) -> None:
        """Be hostile."""
        self.made.fake.always = self.first
        if self.name.endswith("certificate"):
            self._present(wrong)
        elif self.name == "email-hang":
            self.made.fake.replies["."] = "hang"

    def mend(self, right: Certificate) -> None:
        """Take messages from now on."""
        self.made.fake.always = None
        if self.name.endswith("certificate"):
            self._present(right)
        elif self.name == "email-hang":
            self.made.fake.replies.pop(".", None)

    def _present(self, shown: Certificate) -> None:
        if self.made.kind == "email":
            self.made.fake.starttls = shown.server()
        else:
            self.made.fake.tls = shown.server()


def receivers(right: Certificate) -> list[Receiver]:
    """Return one good receiver (``witness``) and the hostile ones."""
    made = [Receiver("witness", channel("webhook"), None)]
    date = formatdate(time.time() + 3, usegmt=True)
    for word, text in {**ASKED, "date": date}.items():
        rest = Behaviour(status=429, headers={"Retry-After": text}, body="later")
        fate = "waits" if word == "hour" else "delivered"
        made.append(Receiver(f"slack-429-{word}", channel("slack"), rest, fate))
    for kind in ("slack", "pagerduty"):
        made += [
            _hostile(kind, "hang", Behaviour(mode="hang")),
            _hostile(kind, "html", HTML),
            _hostile(kind, "endless", Behaviour(mode="endless")),
        ]
        ours = channel(kind)
        gone = Behaviour(status=302, headers={"Location": ours.fake.url("/elsewhere")})
        made.append(Receiver(f"{kind}-302", ours, gone, "dead"))
    made += [
        _hostile("slack", "500", Behaviour(status=500)),
        _hostile("webhook", "drip", Behaviour(mode="drip", every=0.3)),
        _hostile("apprise", "endless", Behaviour(mode="endless")),
        Receiver("email-hang", channel("email"), None),
    ]
    for kind in ("webhook", "pagerduty", "email"):
        ours = channel(kind, certificate=right)
        made.append(Receiver(f"{kind}-certificate", ours, None))
    for each in made:
        _echo(each)
    return made


def _hostile(kind: str, word: str, first: Behaviour) -> Receiver:
    return Receiver(f"{kind}-{word}", channel(kind), first)


def _echo(each: Receiver) -> None:
    """Have its error say what it was asked with: tokens come back in pages."""
    first = each.first
    if first is not None and first.mode == "answer" and first.status != 200:
        said = f"cannot take {' '.join(each.made.secrets)}"
        told = {"X-Asked": each.made.secrets[0], **first.headers}
        each.first = Behaviour("answer", first.status, told, said)


def notifiers(some: list[Receiver], key: Path) -> tuple[list[dict], dict[str, str]]:
    """Return the notifiers of a configuration, and the environment of their secrets.

    *key* is where PagerDuty's routing key is put.
    """
    entries, environ = [], {}
    for number, each in enumerate(some):
        entry = {"name": each.name, "kind": each.made.kind, "timeout": TIMEOUT}
        for option, text in each.made.options.items():
            entry[option] = list(text) if isinstance(text, tuple) else text
            if option in SECRET_OPTIONS and each.made.kind != "pagerduty":
                environ[f"SECRET_{number}_{option}"] = text
                entry[option] = f"${{SECRET_{number}_{option}}}"
        if each.made.kind == "pagerduty":
            key.write_text(f"{entry['routing_key']}\n", encoding="utf-8")
            key.chmod(0o600)
            entry["routing_key"] = f"${{file:{key}}}"
        entries.append(entry)
    return entries, environ


def secrets(some: list[Receiver]) -> set[str]:
    return {secret for each in some for secret in each.made.secrets}


def looks(log: Path, number: int, since: float, until: float) -> list[float]:
    """Return when target *number* was looked at."""
    with log.open(encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    return [
        line["at"]
        for line in lines
        if line["n"] == number and since <= line["at"] < until and "mode" not in line
    ]


def lateness(calm: list[float], times: list[float], interval: float) -> dict:
    """Return how late *times* are, by the fixed rate that was kept in the *calm*."""
    phases = sorted(at % interval for at in calm)
    start = calm[0] - calm[0] % interval + phases[len(phases) // 2] - interval / 10
    ticks = [int((at - start) // interval) for at in times]
    late = sorted(1000 * ((at - start) % interval - interval / 10) for at in times)
    return {
        "looks": len(times),
        "missed": ticks[-1] - ticks[0] + 1 - len(set(ticks)),
        "p50_ms": round(late[len(late) // 2], 2),
        "p99_ms": round(late[int(0.99 * len(late))], 2),
        "max_ms": round(late[-1], 2),
        "longest_gap_s": round(max(b - a for a, b in pairwise(times)), 3),
    }
