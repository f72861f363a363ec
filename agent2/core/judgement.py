"""What the observations of one cycle say together. It has no memory."""

from __future__ import annotations

from agent2.core.model import Code, Facet, Judgement, Observation, Outcome, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_BLAME = (Facet.PROCESS, Facet.PORT, Facet.HEALTH)


def judge(observations: Sequence[Observation]) -> Judgement:
    """Return what one cycle's *observations* say together.

    A failure speaks first, in the order process, port, health; then our own
    trouble; then a warning. No observation at all says nothing.
    """
    response = identity = None
    well = bool(observations)
    for seen in observations:
        found = seen.finding
        if response is None:
            response = found.response_s
        if identity is None:
            identity = found.identity
        if found.code is not Code.OK or found.outcome is not Outcome.OK:
            well = False
    if well:
        return Judgement(Verdict.GOOD, response_s=response, identity=identity)

    def said(verdict: Verdict, by: Observation) -> Judgement:
        found = by.finding
        return Judgement(
            verdict, by.facet, found.code, found.detail, by.check, response, identity
        )

    for facet in _BLAME:
        for seen in observations:
            if seen.facet is facet and seen.finding.outcome is Outcome.FAIL:
                return said(Verdict.BAD, seen)
    for seen in observations:
        if seen.finding.outcome is Outcome.ERROR:
            return said(Verdict.UNKNOWN, seen)
    for seen in observations:
        if seen.finding.code is not Code.OK:
            return said(Verdict.DEGRADED, seen)
    return Judgement(Verdict.UNKNOWN, code=Code.INTERNAL, detail="no check ran")
