"""Tell those that know what an acknowledgement is that somebody gave one."""

from __future__ import annotations

from agent2.core import alerting
from agent2.core.effects import Notify
from agent2.core.model import AlertKind, Code, Facet
from agent2.store import outbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sqlite3 import Connection

    from agent2.store.incidents import Incident
    from agent2.watcher.orders import Parts

_FACETS = {facet.value: facet for facet in Facet}
_CODES = {code.value: code for code in Code}


async def tell_all(parts: Parts, known: set[tuple[str, float]]) -> None:
    """Tell of each acknowledgement that is not *known* yet; *known* grows.

    After a restart all are told once more, and the outbox leaves out what it has.
    """
    for one in parts.telling.incidents:
        at = one.acked_at
        if at is not None and (one.id, at) not in known:
            known.add((one.id, at))
            await _tell(parts, one, at)


async def _tell(parts: Parts, one: Incident, at: float) -> None:
    said = f"{one.acked_by}: {one.acked_why}".rstrip(": ")
    parts.texts.say("INFO", "acked", incident=one.id, said=said)
    knowing, watched = parts.telling.acknowledging(), parts.targets.get(one.target)
    if watched is None or not knowing:
        return
    facts, now = parts.facts(watched), parts.clock.now()
    facet = _FACETS.get(one.reason, Facet.HEALTH)
    code = _CODES.get(one.code, Code.INTERNAL)
    wish = Notify(
        AlertKind.ACKNOWLEDGED,
        one.target,
        one.id,
        one.severity,
        now,
        one.opened_at,
        facet,
        code,
        one.detail,
        count=int(at * 1000),
    )
    action = facts.words["action.acknowledged"].format(said=said)
    alert = alerting.compose(wish, facts, action)

    def inside(tx: Connection) -> int:
        told = outbox.told(tx, one.id)
        names = [name for name in knowing if name in told]
        return outbox.add(tx, alerting.address(alert, names, now))

    await parts.memory.commit(inside, urgent=False)
