"""What a whole answer means: its status, its document, its time."""

from __future__ import annotations

import re

from agent2.checks import http_body, net
from agent2.core.model import Code, Finding, Outcome
from agent2.core.text import one_line, plain, scrub
from agent2.core.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from agent2.checks.http_wire import Answer

    Timings = tuple[tuple[str, float], ...]


_KEY = r"(?i)auth|key|token|secret|cookie"
_SHORT = 1024  # bytes of a document that are kept to be known again


def finding(
    check: Any, answer: Answer, timings: Timings, hidden: tuple[str, ...]
) -> Finding:
    """Return what an ``HttpCheck`` finds in *answer*: whole, or of another status.

    *hidden*: what of it nobody must see, though the server may quote it.
    """
    if answer.status not in check.status:
        found = unwanted(answer, check.status, check.headers, timings)
        return veiled(found, hidden)
    total = timings[-1][1]
    outcome, code, detail = Outcome.OK, Code.OK, f"HTTP {answer.status}"
    text = str(check.body_contains)
    if text:
        if plain(check.body_contains).encode() not in answer.body:
            detail = f"{detail}, {text!r} is not in its body"
            return Finding(Outcome.FAIL, Code.SHAPE, one_line(detail), total, timings)
        detail = f"{detail}, {text!r} is in its body"
    elif check.json:
        try:
            outcome, code, detail = _said(check, answer.body, hidden)
        except net.ProbeError as error:
            outcome, code = error.finding.outcome, error.code
            detail = error.finding.detail
    if check.json and not text and code is Code.OK:  # as curl shows it
        detail = f"HTTP {answer.status}, {detail}"
    if code is Code.OK and 0 < check.slow < total:
        code = Code.SLOW
        detail = f"answer took {total:.2f} s, more than {check.slow:g} s"
    return Finding(outcome, code, one_line(detail), total, timings)


def veiled(found: Finding, hidden: tuple[str, ...]) -> Finding:
    """Return *found* with stars in the place of each of *hidden*."""
    return replace(found, detail=scrub(found.detail, hidden)) if hidden else found


def unwanted(
    answer: Answer, wanted: Iterable[int], headers: Iterable[str], timings: Timings
) -> Finding:
    """Return what an answer of another status than those *wanted* means.

    Who refuses the key that one of *headers* holds is not down: it warns.
    """
    status = answer.status
    if status in (401, 403) and any(re.search(_KEY, name) for name in headers):
        detail = f"credential invalid: HTTP {status}"
        return Finding(Outcome.OK, Code.HTTP_STATUS, detail, None, timings)
    if 300 <= status < 400:
        where = f" to {answer.location}" if answer.location else ""
        detail = f"HTTP {status}{where}: redirects are not followed"
        code = Code.REDIRECT
    else:
        expected = ", ".join(map(str, wanted))
        detail, code = f"HTTP {status}, expected {expected}", Code.HTTP_STATUS
    return Finding(Outcome.FAIL, code, one_line(detail), None, timings)


def _said(
    check: Any, body: bytes, hidden: tuple[str, ...]
) -> tuple[Outcome, Code, str]:
    """As ``_read``; a service that says the same words again is not read again."""
    if check.said is not None and check.said[0] == body:
        known: tuple[Outcome, Code, str] = check.said[1]
        return known
    found = _read(check, body, hidden)
    if not hidden and len(body) <= _SHORT:  # what is hidden may be another next time
        object.__setattr__(check, "said", (body, found))
    return found


def _read(
    check: Any, body: bytes, hidden: tuple[str, ...]
) -> tuple[Outcome, Code, str]:
    tree = http_body.read(body)
    word = http_body.status_word(tree)
    well = word in check.healthy
    if not well and word not in check.degraded:
        detail = f"status is {http_body.shown(word, hidden)}"
        return Outcome.FAIL, Code.STATUS_VALUE, detail
    wrong = ", ".join(http_body.wrong_components(tree, check.components, hidden))
    unwell, unsure = "", ""
    if check.parts:
        unwell, unsure = http_body.unwell_parts(tree, check, hidden)
    if wrong or unwell:
        return Outcome.FAIL, Code.COMPONENT, ", ".join(filter(None, (wrong, unwell)))
    if not well:
        outcome = Outcome.FAIL if check.strict else Outcome.OK
        detail = f"status is {http_body.shown(word, hidden)}: half-well"
        return outcome, Code.STATUS_VALUE, detail
    if unsure:
        return Outcome.OK, Code.COMPONENT, unsure
    above = ", ".join(http_body.exceeded(tree, check.metrics))
    if above:
        return Outcome.OK, Code.COMPONENT, above
    return Outcome.OK, Code.OK, f"status {word}"
