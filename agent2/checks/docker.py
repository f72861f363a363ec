"""How does Docker say that a container does, and how did it end?

``GET /containers/{id}/json``: ``State`` with Status, Running, Paused, OOMKilled, Dead,
Pid, ExitCode, Error, Health.Status (docs.docker.com/reference/api/engine, v1.41).
"""

from __future__ import annotations

import json
import os
import re

from agent2.core.model import Code, Facet, Finding, Outcome
from agent2.core.text import one_line, plain
from agent2.core.value import value
from agent2.host import unix_http

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from agent2.host.reactor import Reactor
    from agent2.plugins import Path

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


@value
class DockerCheck:
    """Ask for one container's state; its own health check counts where it has one.

    Attributes:
        container: Its name or id.
        socket: Where Docker listens.
    """

    kind = "docker"
    facet = Facet.PROCESS

    container: str
    socket: Path = "/var/run/docker.sock"

    async def probe(self, reactor: Reactor, deadline: float) -> Finding:
        """Ask once."""
        name, path = plain(self.container), os.path.expanduser(plain(self.socket))
        head = f"GET /containers/{name}/json"
        try:
            status, body = await unix_http.ask(reactor, path, head, b"", deadline)
        except unix_http.AnswerError as error:
            return _found(Outcome.FAIL, Code.REFUSED, f"docker: {error}")
        except TimeoutError:
            return _found(Outcome.FAIL, Code.DEADLINE, "docker does not answer in time")
        except OSError as error:
            why = f"cannot ask docker: {error.strerror}"
            return _found(Outcome.ERROR, Code.INTERNAL, why)
        if status == 404:
            return _found(Outcome.FAIL, Code.PID_MISSING, f"no container {name}")
        if status != 200:
            said = f"docker answers with status {status}"
            return _found(Outcome.FAIL, Code.HTTP_STATUS, said)
        try:
            return _judged(name, json.loads(body)["State"])
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return _found(Outcome.FAIL, Code.JSON, "docker's answer has no State")

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Tell what is wrong with the options."""
        if not _NAME.fullmatch(plain(self.container)):
            said = f"{self.container!r} is no name of a container"
            yield "container", said, "as docker ps shows it"


def _judged(name: str, state: dict[str, Any]) -> Finding:
    if state.get("Paused"):
        return _found(Outcome.OK, Code.STOPPED, f"container {name} is paused")
    if not state.get("Running"):
        word = state.get("Status")
        how = f"exit code {state.get('ExitCode')}"
        if state.get("OOMKilled"):
            how = f"killed for want of memory (OOM), {how}"
        if word == "restarting":
            said = f"container {name} is restarting after {how}"
            return _found(Outcome.FAIL, Code.PID_DEAD, said)
        said = f"container {name} is {word}: {how} {state.get('Error') or ''}"
        return _found(Outcome.FAIL, Code.PID_DEAD, said.strip())
    health = (state.get("Health") or {}).get("Status")
    identity = f"{state['Pid']}:{state['StartedAt']}"
    if health == "unhealthy":
        said = f"container {name} runs, its own health check fails"
        outcome, code = Outcome.FAIL, Code.STATUS_VALUE
    elif health == "starting":
        said = f"container {name} runs, its own health check has not said yet"
        outcome, code = Outcome.ERROR, Code.STATUS_VALUE
    else:
        said = f"container {name} runs" + (f", health {health}" if health else "")
        outcome, code = Outcome.OK, Code.OK
    return Finding(outcome, code, one_line(said), identity=identity)


def _found(outcome: Outcome, code: Code, detail: str) -> Finding:
    return Finding(outcome, code, one_line(detail))
