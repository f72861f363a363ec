"""The ``web`` section of the plan, with what the command line says over it."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

HOST, PORT = "127.0.0.1", 8642
TOKEN_FILE = "web.token"  # noqa: S105  (a name)


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Where to listen and whom to serve.

    Attributes:
        socket: Path of a Unix socket that is served instead of host and port.
        token_file: Absolute path.
        allowed_hosts: Names that may stand in ``Host`` beside addresses, localhost.
        root_path: Path under which a proxy shows it, "" or without a slash at its end.
        max_clients: Connections at a time.
        rate_limit: Requests per second and address; twice as many in one go.
        language: ``en`` or ``zh``, for who does not say which.
    """

    state_dir: str
    host: str = HOST
    port: int = PORT
    socket: str = ""
    token_file: str = ""
    allowed_hosts: tuple[str, ...] = ()
    root_path: str = ""
    max_clients: int = 128
    rate_limit: float = 50.0
    language: str = "en"

    @property
    def is_local(self) -> bool:
        """Can nobody but this machine reach it?"""
        return bool(self.socket) or is_loopback(self.host)

    @property
    def max_streams(self) -> int:
        """How many of the clients may stay and listen: room is left for the others."""
        return max(self.max_clients // 2, 1)

    @property
    def own_token(self) -> bool:
        """Is the token's file the one that is made when it is missing?"""
        return self.token_file == os.path.join(self.state_dir, TOKEN_FILE)

    def url(self, port: int) -> str:
        """Return the address for people; *port* is the one that was bound."""
        if self.socket:
            return f"unix:{self.socket}"
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def is_loopback(host: str) -> bool:
    """Does *host* name this machine for itself alone?"""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def from_plan(
    state_dir: str, web: Mapping[str, Any], language: str, given: Mapping[str, Any]
) -> WebSettings:
    """Return the settings of a plan's *web*; what is *given* by hand is stronger."""
    known = WebSettings.__slots__
    told = {key: web[key] for key in known if web.get(key) not in (None, "")}
    told |= {key: each for key, each in given.items() if each not in (None, "")}
    made = WebSettings(**{**told, "state_dir": state_dir, "language": language})
    token_file = made.token_file or os.path.join(state_dir, TOKEN_FILE)
    return replace(made, token_file=token_file, allowed_hosts=tuple(made.allowed_hosts))
