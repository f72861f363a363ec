"""``GET /api/v1/events``: what happens, as server-sent events, with replay."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import anyio.to_thread
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from agent2.store import journal
from agent2.web.desk import Desk, desk
from agent2.web.events import BATCH, Place, can_replay, encoded, framed, place_of
from agent2.web.refusals import Refusal
from agent2.web.routes import Entry
from agent2.web.routes_state import state_tree
from agent2.web.shapes import TEXT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from agent2.web.stream import Client, Stream

BEAT_S = 10
RETRY_MS = 2000
_HEADERS = {
    "cache-control": "no-cache, no-transform"
}  # x-accel-buffering comes with it


async def events(request: Request) -> Response:
    """Follow the journal from ``Last-Event-ID`` on."""
    if request.method == "HEAD":
        return Response(b"", 200, _HEADERS, "text/event-stream")
    stream: Stream = request.scope["state"]["stream"]
    named = request.headers.get("last-event-id")
    named = named or request.query_params.get("last_event_id", "")
    client = await stream.join()
    if client is None:
        raise Refusal("full", {"retry-after": "5"})
    told = _told(desk(request), stream, client, place_of(named))
    return EventSourceResponse(
        told,
        headers=_HEADERS,
        ping=BEAT_S,
        ping_message_factory=lambda: ServerSentEvent(comment="beat", sep="\n"),
    )


async def _told(
    at: Desk, stream: Stream, client: Client, after: Place | None
) -> AsyncIterator[bytes]:
    """Yield what was missed, or the whole state, and then what happens."""
    till = client.begun
    try:
        # Not all at once when a proxy comes back with all of its clients.
        wait = RETRY_MS + random.randrange(1000)  # noqa: S311  (no secret)
        yield f"retry: {wait}\n\n".encode()
        if await anyio.to_thread.run_sync(can_replay, at.reading, after, till):
            assert after is not None
            seq, began = after.seq, time.perf_counter()
            while seq < till.seq:
                batch = await anyio.to_thread.run_sync(
                    journal.read, at.reading, seq, min(BATCH, till.seq - seq)
                )
                if not batch:
                    break
                seq = batch[-1].seq
                stream.figures.batches += 1
                stream.figures.replayed += len(batch)
                yield b"".join(encoded(entry, till.store) for entry in batch)
            stream.replayed(seq > after.seq, time.perf_counter() - began)
        else:
            yield await _reset(at, stream, till)
        while (one := await client.queue.get()) is not None:
            stream.figures.sent += 1
            yield one
        if client.is_reset:
            yield await _reset(at, stream, stream.place)
    finally:
        stream.leave(client)


async def _reset(at: Desk, stream: Stream, place: Place) -> bytes:
    """Return the event that says "begin anew" and brings the whole state."""
    stream.figures.resets += 1
    tree = await anyio.to_thread.run_sync(state_tree, at, at.seen())
    tree["journal"] = {"store": place.store, "seq": place.seq}
    return framed(place, tree, "reset")


ROUTES = (
    Entry(
        "GET",
        "/api/v1/events",
        events,
        "What happens, as server-sent events: `id` is `<store>.<seq>`, `reset` brings "
        "the whole state",
        {},
        query={"last_event_id": (TEXT, "In place of the header Last-Event-ID")},
        media_type="text/event-stream",
        refuses=("full",),
    ),
)
