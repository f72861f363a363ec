"""uvicorn as this program uses it: no tick, no log of its own, no foreign signals."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
from typing import TYPE_CHECKING

import anyio.to_thread
import uvicorn

from agent2.web.guard import HEAD_BYTES
from agent2.web.protocol import limited

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp

    from agent2.web.settings import WebSettings

_YOUNG = 10_000  # objects
_THREADS = 4  # that look into the store; more would only wait for each other
_GRACE_S = 2


class _Server(uvicorn.Server):
    """One that sleeps until it is asked to end."""

    asked: asyncio.Event
    end: Callable[[], object]

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: ``serve`` hears them."""
        yield

    async def main_loop(self) -> None:
        """Wait; uvicorn's own wakes ten times a second to write down the date."""
        await self.asked.wait()
        self.end()  # who listens would stay for ever


def serve(
    app: ASGIApp,
    settings: WebSettings,
    door: socket.socket,
    ready: Callable[[], object],
    log: Callable[[str, str], object],
    again: Callable[[], object],
    end: Callable[[], object],
) -> None:
    """Serve *app* on *door* until TERM or INT, which call *end*; HUP calls *again*."""
    for name in ("uvicorn", "asyncio", "sse_starlette"):
        logger = logging.getLogger(name)  # else each client that goes is a line
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
    config = uvicorn.Config(
        app,
        http=limited(settings.max_clients, settings.language),
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        h11_max_incomplete_event_size=HEAD_BYTES,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = _Server(config)
    server.end = end
    asyncio.run(_serve(server, door, ready, log, again))


async def _serve(
    server: _Server,
    door: socket.socket,
    ready: Callable[[], object],
    log: Callable[[str, str], object],
    again: Callable[[], object],
) -> None:
    loop = asyncio.get_running_loop()
    server.asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.asked.set)
    loop.add_signal_handler(signal.SIGHUP, again)
    loop.set_exception_handler(
        lambda _loop, told: log("ERROR", f"loop: {told.get('message')}")
    )
    anyio.to_thread.current_default_thread_limiter().total_tokens = _THREADS
    # What is there now stays. A status of 500 targets is 5,000 objects and no rubbish:
    # to look through them seven times takes as long as half of reading it.
    gc.freeze()
    gc.set_threshold(_YOUNG)
    loop.call_soon(ready)
    await server.serve([door])
