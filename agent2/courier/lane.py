"""A lane: the child process that speaks to one receiver and to nobody else.

It is forked, so its interpreter is warm; it has a memory limit, no descriptor of the
courier's but one socket, no proxy from the environment, and never more time than its
deadline. It ends with the courier, at once: what it would still send is sent again by
the next courier, and must not arrive after what follows it.
"""

from __future__ import annotations

import os
import re
import signal

from agent2 import plugins
from agent2.core.message import Cause
from agent2.courier import frames, seal
from agent2.host import forked
from agent2.plan.secret import Secret, SecretError, inside

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable, Iterator
    from typing import Any, NoReturn

    from agent2.plan.values import PluginPlan

TIMEOUT = 10.0  # seconds for one send, for a plugin that has no option for it
GRACE = 1.0  # seconds after which a lane ends itself if the courier did not
_MEMORY = 96 << 20  # bytes of address space beside what the process has
_PIECE = 65536


def serve(wire: socket.socket, plugin: PluginPlan) -> NoReturn:
    """Send what comes in by *wire* until it is closed; never returns, never raises."""
    code = 1
    try:
        seal.let_go(wire.fileno())
        seal.follow(wire)
        lane = Lane(plugin)
        wire.sendall(frames.pack(lane.ready()))
        inbox = b""
        while piece := wire.recv(_PIECE):
            *lines, inbox = (inbox + piece).split(b"\n")
            for line in lines:
                wire.sendall(frames.pack(lane.attempt(frames.unpack(line))))
        code = 0
    finally:
        os._exit(code)  # nothing of the courier's is closed or flushed here


class Lane:
    """One notifier, built from its plan; what is wrong with it is said per attempt."""

    def __init__(self, plugin: PluginPlan) -> None:
        """Load the plugin and fit its options; never raises for a wrong one."""
        self._secrets: list[str] = []
        self._notifier: Any = None
        self._wrong = ""
        self._timeout = TIMEOUT
        try:
            self._notifier = self._build(plugin)
            self._timeout = float(getattr(self._notifier, "timeout", TIMEOUT))
        except (plugins.UnknownKindError, SecretError) as error:
            self._wrong = str(error)
        except ImportError as error:
            self._wrong = f"a library is missing: {error.name}"
        except (TypeError, ValueError):
            self._wrong = "the options do not fit; run: agent2 config check"

    def _build(self, plugin: PluginPlan) -> Any:
        if plugin.kind not in plugins.TABLE["notifiers"]:
            _with_packages()
        cls = plugins.load("notifiers", plugin.kind)
        if getattr(cls, "packages", True):
            _with_packages()
        forked.limit(getattr(cls, "memory", _MEMORY))
        self._secrets = list(inside(plugin.options))
        hints = getattr(cls, "__annotations__", {})
        made = cls(**dict(_fitted(plugin.options, hints)))
        # When every lane loads at once it takes seconds: they are not the send's.
        getattr(made, "prepare", int)()
        return made

    def ready(self) -> dict[str, Any]:
        """Return the first frame: how this notifier wants to be handled."""
        return {
            "timeout": self._timeout,
            "deduplicates": bool(getattr(self._notifier, "deduplicates", False)),
        }

    def attempt(self, order: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to one order: a receipt, or a cause. Never raises."""
        signal.setitimer(signal.ITIMER_REAL, self._timeout + GRACE)
        try:
            return self._send(order)
        except plugins.SendError as error:
            return self._failure(error.cause, error.detail, error.retry_after)
        except SecretError as error:
            return self._failure(Cause.CONFIG, str(error))
        except MemoryError:
            return self._failure(Cause.CRASHED, "the answer took too much memory")
        except Exception as error:  # a bug of a plugin or of its library
            name = type(error).__name__
            return self._failure(Cause.CRASHED, f"the notifier broke: {name}")
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)

    def _send(self, order: dict[str, Any]) -> dict[str, Any]:
        if self._notifier is None:
            raise plugins.SendError(Cause.CONFIG, self._wrong)
        alert = frames.alert_of(order)
        receipt = self._notifier.send(alert, repeat=bool(order["repeat"]))
        return {
            "ok": True,
            "detail": scrub(receipt.detail, self._secrets),
            "remote_id": scrub(receipt.remote_id, self._secrets),
            "refused": list(receipt.refused),
        }

    def _failure(
        self, cause: Cause, detail: str, retry_after: float | None = None
    ) -> dict[str, Any]:
        return {
            "ok": False,
            "cause": cause.value,
            "detail": scrub(detail, self._secrets),
            "retry_after": retry_after,
        }


def _fitted(options: dict[str, Any], hints: dict[str, str]) -> Any:
    """Yield each option as its field wants it: a Secret, or its text."""
    for name, option in options.items():
        field = name if name in hints else f"{name}_"
        hint = str(hints.get(field, ""))
        if "Secret" not in hint:
            yield field, _plain(option)
        else:
            yield field, Secret(option) if isinstance(option, str) else option


def _plain(option: Any) -> Any:
    if isinstance(option, Secret):
        return option.reveal()
    if isinstance(option, tuple):
        return tuple(_plain(each) for each in option)
    if isinstance(option, dict):
        return {key: _plain(each) for key, each in option.items()}
    return option


def _with_packages() -> None:
    """Make installed packages importable: the courier starts without ``site``."""
    import site
    import sys

    if sys.flags.no_site:
        site.main()


# Compiled when they are first used: never before the first byte has left.
_UNPRINTABLE = "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"
_CUT = r"[/?&=:@#]"
_SHORTEST = 6  # shorter parts of an address are words such as "api"
_LONGEST_DETAIL = 300


def scrub(text: str, secrets: Iterable[str]) -> str:
    """Return *text* as one short clean line with each of *secrets* as ``***``.

    Of a secret address its path, its query and its login are hidden wherever they
    stand; its host is not.
    """
    hidden = {part for secret in secrets for part in _parts(secret)}
    for part in sorted(hidden, key=len, reverse=True):
        text = text.replace(part, "***")
    return re.sub(_UNPRINTABLE, " ", text)[:_LONGEST_DETAIL]


def _parts(secret: str) -> Iterator[str]:
    if secret:
        yield secret
    _scheme, there, rest = secret.partition("://")
    if not there:
        return
    login, at, place = rest.rpartition("@")
    _host, slash, path = place.partition("/")
    pieces = [login, slash + path, *re.split(_CUT, path)]
    pieces += re.split(_CUT, login) if at else []
    yield from (piece for piece in pieces if len(piece) >= _SHORTEST)
