"""Restart a container by Docker's API over its Unix socket.

``POST /containers/{id}/restart``: 204 done, 404 no such container, 500 with a message
(docs.docker.com/reference/api/engine, v1.41 and later; Podman's socket speaks it too).
"""

from __future__ import annotations

import os
import re

from agent2.core.text import one_line, plain
from agent2.core.value import value
from agent2.host import unix_http
from agent2.plugins import AtOnce, Deed, refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.host.reactor import Reactor
    from agent2.plugins import Order, Path, Seconds

_ID = re.compile(r"[0-9a-f]{12}")
_WITHIN = ("/.dockerenv", "/run/.containerenv")  # Docker, Podman put it there
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


@value
class DockerAction(AtOnce):
    """Stop and start one container; done when Docker has started it.

    Attributes:
        container: Its name or id.
        socket: Where Docker listens.
        grace: Seconds between asking it to stop and killing it.
        timeout: Seconds it may take in all.
    """

    kind = "docker"
    label = "action.docker"

    container: str
    socket: Path = "/var/run/docker.sock"
    grace: Seconds = 10.0
    timeout: Seconds = 60.0

    async def run(self, _order: Order, reactor: Reactor) -> Deed:
        """Ask once and wait for the answer."""
        name, path = plain(self.container), os.path.expanduser(plain(self.socket))
        head = f"POST /containers/{name}/restart?t={self.grace:.0f}"
        until = reactor.now() + self.timeout
        try:
            if await _is_ours(reactor, path, name, until):
                return refused(f"{name} is the container in which Agent2 runs")
            status, body = await unix_http.ask(reactor, path, head, b"", until)
        except unix_http.AnswerError as error:
            return refused(f"docker: {error}")
        except TimeoutError:
            return refused(f"docker did not restart {name} in {self.timeout:g} s")
        except OSError as error:
            return refused(f"cannot ask docker: {error.strerror}")
        if status != 204:
            return refused(f"docker refuses {name}: {status} {_message(body)}")
        return Deed(done=True, detail=one_line(f"container {name} restarted"))

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Tell what is wrong with the options."""
        if not _NAME.fullmatch(plain(self.container)):
            said = f"{self.container!r} is no name of a container"
            yield "container", said, "as docker ps shows it"
        if self.grace < 0 or self.timeout <= self.grace:
            yield "timeout", "is not longer than grace", "60s beside 10s is usual"


async def _is_ours(reactor: Reactor, path: str, name: str, until: float) -> bool:
    """Is *name* the container in which we run? Outside of all nobody is asked.

    Its host has the name that Docker tells of it, and unless somebody chose one that is
    the beginning of its id.
    """
    host = os.uname().nodename
    if not _ID.fullmatch(host) and not any(map(os.path.exists, _WITHIN)):
        return False
    _, body = await unix_http.ask(
        reactor, path, f"GET /containers/{name}/json", b"", until
    )
    said = re.findall(rb'"(?:Id|Hostname)"\s*:\s*"([^"]+)"', body)
    return any(one[:12] == host.encode() or one == host.encode() for one in said)


def _message(body: bytes) -> str:
    found = re.search(rb'"message"\s*:\s*"([^"]*)"', body)
    return found[1].decode("utf-8", "replace") if found else ""
