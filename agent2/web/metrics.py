"""``GET /metrics`` for Prometheus and OpenMetrics; ``/api/v1/metrics`` as JSON.

Everything but what this program alone knows is read from the store and the status when
it is asked for: there is no second set of counts that could drift.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from starlette.responses import Response

from agent2.core.spans import TOOK
from agent2.metrics.gather import gather
from agent2.metrics.processes import process
from agent2.metrics.table_process import WEB
from agent2.metrics.text import OPEN, PLAIN, document, render
from agent2.metrics.watch import MOST
from agent2.web.desk import desk
from agent2.web.replies import reply
from agent2.web.routes import Entry

if TYPE_CHECKING:
    from starlette.requests import Request

    from agent2.metrics.family import Families
    from agent2.web.answers import Answers
    from agent2.web.desk import Desk
    from agent2.web.stream import Stream


def metrics(request: Request) -> Response:
    """Tell all figures as text."""
    is_open = accepts_openmetrics(request.headers.get("accept", ""))
    body = render(_families(request).all(), openmetrics=is_open)
    return Response(body, 200, {"content-type": OPEN if is_open else PLAIN})


def metrics_json(request: Request) -> Response:
    """Tell all figures as JSON."""
    return reply({"metrics": document(_families(request).all())})


def accepts_openmetrics(accept: str) -> bool:
    """Does the client prefer OpenMetrics to the plain text (RFC 9110, quality)?"""
    best = {"application/openmetrics-text": 0.0, "text/plain": 0.0}
    for one in accept.lower().split(","):
        kind, *rest = (part.strip() for part in one.split(";"))
        quality = 1.0
        for part in rest:
            if part.startswith("q="):
                try:
                    quality = float(part[2:])
                except ValueError:
                    quality = 0.0
        if kind in best:
            best[kind] = max(best[kind], quality)
    openmetrics, plain = best.values()
    return openmetrics > 0.0 and openmetrics >= plain


def _families(request: Request) -> Families:
    at = desk(request)
    with at.scraping:
        seen = at.kept.look(at.settings.state_dir)
        to = gather(at.reading, seen, at.kept, at.promises)
    _say_cut(at, to)
    state = request.scope["state"]
    stream: Stream = state["stream"]
    answers: Answers = state["answers"]
    _streams(to, stream)
    answers.put(to)
    process(to, WEB, os.getpid())
    return to


def _say_cut(at: Desk, to: Families) -> None:
    """Log it once when targets x checks are too many to tell of each."""
    is_cut = any(value for _, _, value in to("agent2_metrics_truncated").samples)
    if is_cut and not at.cut:
        told = f"metrics: more than {MOST} targets x checks: the series of each target"
        at.log("WARNING", f"{told} are left out; split the configuration")
    at.cut = is_cut


def _streams(to: Families, stream: Stream) -> None:
    figures = stream.figures
    for name, value in (
        ("agent2_sse_clients", stream.clients),
        ("agent2_sse_events_sent_total", figures.sent),
        ("agent2_sse_push_failures_total", figures.dropped),
        ("agent2_sse_refused_total", figures.refused),
        ("agent2_sse_resets_total", figures.resets),
        ("agent2_sse_replay_events_total", figures.replayed),
        ("agent_sse_connections", stream.clients),
        ("agent_sse_push_attempt_total", figures.pushed),
        ("agent_sse_push_fail_total", figures.dropped),
        ("agent_sse_replay_batch_total", figures.batches),
        ("agent_sse_replay_hit_total", figures.hits),
        ("agent_sse_replay_empty_total", figures.empty),
        ("agent_sse_replay_events_total", figures.replayed),
    ):
        to(name).put(value)
    for name in ("agent2_sse_replay", "agent_sse_replay"):
        to(f"{name}_duration_seconds").spread(TOOK, stream.took.counts)


ROUTES = (
    Entry(
        "GET",
        "/metrics",
        metrics,
        "All figures, for Prometheus (text or OpenMetrics)",
        {},
        media_type="text/plain",
    ),
    Entry(
        "GET",
        "/api/v1/metrics",
        metrics_json,
        "All figures, as JSON",
        {"type": "object"},
    ),
)
