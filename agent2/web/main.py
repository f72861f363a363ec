"""The web program from its start to its end.

arguments, plan -> lock web.pid -> store, token -> socket -> serve until TERM
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from agent2.host.complain import complain
from agent2.host.files import ensure_dir, remove, write_atomic
from agent2.host.instance import Instance, LockedError
from agent2.host.logfile import LogFile
from agent2.plan import sources, stored
from agent2.store.errors import StoreError
from agent2.web.desk import Desk
from agent2.web.listening import ListenError, listen
from agent2.web.settings import WebSettings, from_plan
from agent2.web.token import Token, TokenError

if TYPE_CHECKING:
    import socket

PID, LOG, ADDRESS = "web.pid", "web.log", "web.url"
_CODES = {"locked": 75, "readonly": 77, "newer": 78}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        complain(f"agent2 web: {message}")
        sys.exit(2)


def main(arguments: list[str]) -> int:
    """Run from a command line; return the exit code (sysexits).

    0 asked to end; 73 the address or the folder cannot be made; 74 no store; 75 the
    address or the state folder is served already; 77 not permitted; 78 configuration.
    """
    parser = _Parser("agent2 web", allow_abbrev=False)
    for name in ("--state-dir", "--host", "--socket"):
        parser.add_argument(name, default="")
    parser.add_argument("--port", type=int)
    parser.add_argument("--ready-fd", type=int, default=-1)
    asked = parser.parse_args(arguments)
    given = {"host": asked.host, "port": asked.port, "socket": asked.socket}
    state_dir = sources.state_dir(asked.state_dir, os.environ)
    code, text = _guarded(state_dir, given, asked.ready_fd)
    if code:
        complain(f"agent2 web: {text}")
        _tell(asked.ready_fd, f"ERROR {code} {text}\n")
    return code


def _guarded(state_dir: str, given: dict[str, Any], ready_fd: int) -> tuple[int, str]:
    """Return the exit code and the one line that explains it."""
    try:
        ensure_dir(state_dir)
        instance = Instance.acquire(os.path.join(state_dir, PID))
    except LockedError as error:
        return 75, f"{state_dir}: {error}"
    except PermissionError as error:
        return 77, f"{error.filename or state_dir}: no permission"
    except OSError as error:
        return 73, f"{error.filename or state_dir}: {error.strerror}"
    try:
        _run(settings_of(state_dir, given), ready_fd)
    except StoreError as error:
        return _CODES.get(error.kind, 74), str(error)
    except (stored.PlanError, TokenError) as error:
        return 78, str(error)
    except ListenError as error:
        return error.code, str(error)
    finally:
        remove(os.path.join(state_dir, ADDRESS))
        instance.release()
    return 0, ""


def settings_of(state_dir: str, given: dict[str, Any]) -> WebSettings:
    """Return what the compiled configuration says; the defaults if there is none.

    Raises:
        PlanError: there is one, and it cannot be read.
    """
    path = os.path.join(state_dir, sources.PLAN_NAME)
    if not os.path.lexists(path):
        return from_plan(state_dir, {}, "en", given)
    found = stored.load(path)
    try:
        return from_plan(state_dir, found.web, found.language, given)
    except (TypeError, ValueError) as error:
        raise stored.PlanError(f"{path}: section web: {error}") from None


def _run(settings: WebSettings, ready_fd: int) -> None:
    """Serve until the end.

    Raises:
        StoreError, TokenError, ListenError: it cannot begin.
    """
    log = LogFile(os.path.join(settings.state_dir, LOG), name="web")
    log.max_bytes = 10 << 20
    desk = Desk(settings, log)
    try:
        # Beyond this machine a token must have been put there by somebody.
        own = settings.own_token and settings.is_local
        token = Token(settings.token_file, make=own)
        _serve(desk, token, listen(settings), ready_fd, log)
    finally:
        desk.close()
        log.close()


def _serve(
    desk: Desk, token: Token, door: socket.socket, ready_fd: int, log: LogFile
) -> None:
    from agent2.web.app import application
    from agent2.web.server import serve
    from agent2.web.stream import Stream
    from agent2.web.tally import Tally

    settings = desk.settings
    port = 0 if settings.socket else int(door.getsockname()[1])
    url = settings.url(port)
    write_atomic(
        os.path.join(settings.state_dir, ADDRESS), f"{url}\n".encode(), sync=False
    )

    def ready() -> None:
        log("INFO", f"listening at {url} (PID {os.getpid()})")
        complain(f"agent2 web: {url}", 1)
        _tell(ready_fd, "READY\n")

    tally = Tally(desk)
    try:
        stream = Stream(desk, settings.max_streams)
        app = application(desk, token, stream, tally)
        serve(app, settings, door, ready, log, log.reopen, stream.end)
    finally:
        tally.write()
        if settings.socket:
            remove(settings.socket)
        log("INFO", "stopped")


def _tell(number: int, text: str) -> None:
    """Say how the start went to who waits on the descriptor *number*, once."""
    if number < 0:
        return
    try:
        os.write(number, text.encode())
        os.close(number)
    except OSError:
        pass  # nobody waits any more, or it was told already
