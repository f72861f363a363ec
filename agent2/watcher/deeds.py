"""Act after the commit: run the actions, withdraw them, and say so in the log."""

from __future__ import annotations

from agent2.core.effects import (
    Notify,
    OpenIncident,
    Prove,
    Record,
    RequestRestart,
    ResolveIncident,
    Warn,
    WithdrawRestart,
    Withhold,
    is_louder,
)
from agent2.core.model import ActionResult, Health
from agent2.core.repair import IN_TURN
from agent2.core.restarts import DRY_RUN
from agent2.core.value import replace
from agent2.plan.secret import hide
from agent2.plugins import Deed
from agent2.store import actions, journal
from agent2.watcher.audit import acted
from agent2.watcher.outstanding import Outstanding
from agent2.wire.status import RESULTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from sqlite3 import Connection
    from typing import Any

    from agent2.core.effects import Effect, Step
    from agent2.host.clock import Clock
    from agent2.host.reactor import Reactor
    from agent2.plugins import Action, Order
    from agent2.store.actions import ActionRow
    from agent2.watcher.fixes import Fixes
    from agent2.watcher.telling import Telling
    from agent2.watcher.texts import Texts
    from agent2.watcher.watched import Watched

    Write = Callable[[Connection], int]

# Why a target stays down, where that is meant so.
_QUIETER = {IN_TURN: "INFO", DRY_RUN: "WARNING"}


class Deeds(Outstanding):
    """Carries out the effects of committed steps."""

    def __init__(
        self,
        reactor: Reactor,
        clock: Clock,
        state_dir: str,
        texts: Callable[[], Texts],
        fixes: Fixes,
        telling: Telling,
        save: Callable[[Callable[[Connection], Any]], Any],
        publish: Callable[[], object],
    ) -> None:
        """*save* queues a write and does not wait; *publish* writes the status."""
        self._reactor = reactor
        super().__init__(clock, state_dir)
        self._texts = texts
        self._fixes = fixes
        self._telling = telling
        self._save = save
        self._publish = publish
        # Restarts whose first commit is under way, and what was made ready for them.
        self._coming: dict[str, tuple[RequestRestart, Order | None]] = {}

    def meanwhile(self, watched: Watched, step: Step, write: Write) -> Write:
        """Return *write* that has the restart of *step* prepared at its end.

        The store then waits for the disk, and the loop has nothing else to do.
        """
        wish = next((e for e in step.effects if isinstance(e, RequestRestart)), None)
        if wish is None:
            return write
        self._coming[watched.name] = (wish, None)

        def inside(tx: Connection) -> int:
            queued = write(tx)
            self._reactor.call_soon_threadsafe(lambda: self._prepare(watched, wish))
            return queued

        return inside

    def _prepare(self, watched: Watched, wish: RequestRestart) -> None:
        if self._coming.get(watched.name, (None, None))[0] is not wish:
            return  # its write was put off, and what it asks for is done
        order = self.order(watched, wish)
        self._coming[watched.name] = (wish, order)
        action = watched.rung(watched.state)
        if hasattr(action, "prepare"):
            try:
                action.prepare(order)
            except Exception:
                return  # the restart says what is wrong

    def _prepared(self, watched: Watched, wish: RequestRestart) -> Order:
        """Return the order of *wish*: the prepared one, which is taken, or a new one."""
        known, order = self._coming.pop(watched.name, (None, None))
        return order if order and known is wish else self.order(watched, wish)

    def begin(self, watched: Watched, step: Step, rows: list[ActionRow]) -> None:
        """Ask for the restarts of *step*: the one deed that is waited for, so first."""
        for effect in step.effects:
            if isinstance(effect, RequestRestart):
                row = next(row for row in rows if row.id == effect.action)
                self._fixes.add(row)
                action = watched.rung(watched.state)
                self._reactor.start(
                    self._restart(watched, action, effect, row), "restart"
                )

    def act(self, watched: Watched, step: Step, rows: list[ActionRow]) -> None:
        """Carry out the other effects of *step*, in their order."""
        by_id = {row.id: row for row in rows}
        for effect in step.effects:
            self._one(watched, effect, by_id)

    def _one(
        self, watched: Watched, effect: Effect, rows: dict[str, ActionRow]
    ) -> None:
        texts = self._texts()
        match effect:
            case WithdrawRestart():
                self.withdraw(watched, effect)
            case Prove():
                self._proved(watched, effect)
            case Warn():
                row = rows[effect.action]
                self._fixes.add(row)
                result = RESULTS[row.result]
                texts.fix(row.target, row.label, result, watched.story)
            case Withhold():
                sid, note = effect.incident, effect.note
                level = _QUIETER.get(effect.why, "ERROR")
                texts.say(level, effect.why, sid, target=watched.name, note=note)
            case OpenIncident():
                self._telling.opened(effect)
                texts.down(watched, effect)
            case ResolveIncident():
                self._telling.resolved(effect)
                texts.resolved(watched, effect)
            case Record():
                if effect.new is Health.FAILING:
                    self._telling.expect()
                texts.say(
                    "DEBUG",
                    "health",
                    target=watched.name,
                    old=effect.old.value,
                    new=effect.new.value,
                    code=effect.code.value,
                )
            case Notify():
                if is_louder(effect):
                    self._telling.worsened(effect)
            case RequestRestart():
                pass  # it was begun

    async def _restart(
        self, watched: Watched, action: Action, wish: RequestRestart, row: ActionRow
    ) -> None:
        order = self._prepared(watched, wish)
        self._busy.add(watched.name)
        try:
            deed = await action.run(order, self._reactor)
        except Exception as error:
            deed = Deed(done=False, detail=f"{type(error).__name__}: {error}")
        finally:
            self._busy.discard(watched.name)
        deed = replace(deed, detail=hide(deed.detail, action))
        await self._reactor.pause()  # the log tells why first, then what was done
        result = ActionResult.REQUESTED if deed.done else ActionResult.FAILED
        at, shown, detail = self._clock.now(), self._clock.wall(), deed.detail
        self._say(row, deed, result)
        if not deed.done:  # a planned action already shows as asked for
            self._fixes.settle(row.id, result)
        body = {"action": row.id, "result": result.value, "detail": detail}

        def inside(tx: Connection) -> None:
            actions.finish(tx, row.id, result, at, detail)
            journal.append(tx, at, "action.done", row.target, row.incident, body)
            acted(tx, row.target, row.id, result, shown, detail)

        self._save(inside)
        self._publish()

    def _say(self, row: ActionRow, deed: Deed, result: ActionResult) -> None:
        texts, target, sid = self._texts(), row.target, row.incident or ""
        texts.say("INFO", "repair", sid, target=target)
        if not deed.done:
            detail = deed.detail
            texts.say("ERROR", "action_failed", sid, target=target, detail=detail)
        elif deed.kept:
            texts.say("INFO", "kept", sid, target=target, reason=row.reason)
        else:
            said = "signal" if row.kind == "signal_file" else "command"
            texts.say("INFO", said, sid, target=target, reason=row.reason)
            if said == "signal":
                texts.say("INFO", "wait", sid, target=target)
        texts.fix(target, row.label, RESULTS[result], sid)

    def withdraw(self, watched: Watched, effect: WithdrawRestart | None = None) -> None:
        """Take back what nobody took up; also one that an earlier run left."""
        order = self.order(watched)
        if sum(action.withdraw(order) for action in watched.actions):
            self._texts().say("INFO", "withdrawn", watched.story, target=watched.name)
        if effect is not None:
            self._fixes.settle(effect.action, ActionResult.WITHDRAWN)

    def _proved(self, watched: Watched, effect: Prove) -> None:
        self._fixes.settle(effect.action, effect.result)
        helped = effect.result is ActionResult.SUCCESS
        self._texts().say(
            "INFO" if helped else "WARNING",
            "proved" if helped else "not_proved",
            watched.story,
            target=watched.name,
        )
