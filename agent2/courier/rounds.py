"""The courier's rounds: which notifier has work, what its lane says, who is late."""

from __future__ import annotations

from agent2.core.message import Cause, Delivery
from agent2.courier.leash import Leash
from agent2.plan.watch import PlanWatch
from agent2.store import outbox
from agent2.store.errors import StoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent2.courier.desk import Desk
    from agent2.plan.values import Plan, PluginPlan

_RENEW_S = 5.0
_AT_ONCE = 4  # lanes that load their libraries together: the watch needs the cores too
_UNKNOWN = "no notifier of this name is configured any more"


class Rounds:
    """All lanes and what they carry. Times of lanes are monotonic seconds."""

    def __init__(self, desk: Desk, state_dir: str, mono: Callable[[], float]) -> None:
        """Read the plan.

        Raises:
            PlanError: there is none that can be read.
        """
        self._desk = desk
        self._mono = mono
        self._plan_file = PlanWatch(state_dir)
        self._plugins: dict[str, PluginPlan] = {}
        self._lanes: dict[str, Leash] = {}
        self._held: dict[str, Delivery] = {}
        self._corpses: list[Leash] = []
        self._renew_at = 0.0
        self._use(self._plan_file.read())

    @property
    def busy(self) -> bool:
        """Is anything being sent?"""
        return bool(self._held)

    def lanes(self) -> list[Leash]:
        """Return the lanes that may say something."""
        return list(self._lanes.values())

    def look(self) -> None:
        """Take up every delivery that is due and whose notifier is free."""
        self._refresh()
        self._take_all()

    def hear(self, leash: Leash) -> None:
        """Take in what a lane says, and give it what comes next."""
        loaded, said = leash.ready, leash.hear()
        name = leash.plugin.name
        if said is None:
            if leash.ready and name in self._held:
                self._hand_over(leash)
            if leash.ready and not loaded:
                self._take_all()  # another may load now
            return
        if leash.dead and leash.until is not None and leash.until <= self._mono():
            self._too_late(leash)  # it has ended itself before we did
        else:
            held = self._held.pop(name, None)
            if leash.dead:
                self._end(leash)
            if held is not None:
                self._desk.answered(held, said)
        plugin = self._plugins.get(name)
        if plugin is not None:
            self._take(name, plugin)

    def late(self) -> None:
        """End the lanes whose time is over; hold the leases of the others."""
        now = self._mono()
        for leash in self.lanes():
            if leash.until is not None and leash.until <= now:
                self._too_late(leash)
        if now >= self._renew_at:
            self._renew_at = now + _RENEW_S
            for name, held in list(self._held.items()):
                if not self._desk.renew(held):
                    self._held.pop(name)
                    self._end(self._lanes[name])
            self._corpses = [each for each in self._corpses if not each.reap()]

    def patience(self) -> float:
        """Return after how many seconds ``late`` must be called again."""
        ends = [each.until for each in self.lanes() if each.until is not None]
        if self._held:
            ends.append(self._renew_at)
        return max(min(ends, default=float("inf")) - self._mono(), 0.0)

    def stop_taking(self) -> None:
        """Take nothing up any more; give back what no lane has begun to send."""
        self._plugins = {}
        for name in [each for each in self._held if not self._lanes[each].sent]:
            self._desk.give_back(self._held.pop(name))

    def close(self) -> None:
        """End all lanes; what they were sending may or may not have arrived."""
        for held in self._held.values():
            self._desk.failed(held, Cause.CRASHED, "ended while it was sent")
        self._held.clear()
        for leash in self.lanes():
            self._end(leash)

    # -- steps

    def _take_all(self) -> None:
        for name, plugin in self._plugins.items():
            if name not in self._held:
                self._take(name, plugin)

    def _take(self, name: str, plugin: PluginPlan) -> None:
        loading = sum(not each.ready for each in self._lanes.values())
        if name not in self._lanes and loading >= _AT_ONCE:
            return
        held = self._desk.lease(name)
        if held is None:
            return
        self._held[name] = held
        leash = self._lanes.get(name)
        if leash is None:
            try:
                self._lanes[name] = Leash(plugin, self._mono())
            except OSError as error:
                self._held.pop(name)
                detail = f"no sender could be started: {error.strerror}"
                self._desk.failed(held, Cause.CRASHED, detail)
        elif leash.ready:
            self._hand_over(leash)

    def _hand_over(self, leash: Leash) -> None:
        name = leash.plugin.name
        held = self._held[name]
        if not self._desk.overtaken(held, deduplicates=leash.deduplicates):
            leash.send(held, self._mono())
            return
        self._held.pop(name)
        self._take(name, leash.plugin)

    def _too_late(self, leash: Leash) -> None:
        held = self._held.pop(leash.plugin.name, None)
        self._end(leash)
        if held is not None and leash.sent:
            detail = f"no answer within {leash.timeout:g} s"
            self._desk.failed(held, Cause.TIMEOUT, detail)
        elif held is not None:
            self._desk.failed(held, Cause.CRASHED, "the sender did not start")

    def _end(self, leash: Leash) -> None:
        self._lanes.pop(leash.plugin.name, None)
        if not leash.end():
            self._corpses.append(leash)

    # -- the plan

    def _refresh(self) -> None:
        """Use the plan that was compiled since the last look, if one was."""
        plan = self._plan_file.news()
        if plan is not None:
            self._use(plan)

    def _use(self, plan: Plan) -> None:
        self._plugins = {each.name: each for each in plan.notifiers}
        self._desk.configure(plan)
        for name, leash in list(self._lanes.items()):
            if name not in self._held and self._plugins.get(name) != leash.plugin:
                self._end(leash)

    def bury_unknown(self) -> None:
        """Give up what waits for notifiers that are not configured any more."""
        try:
            waiting = outbox.counts(self._desk.db)
        except StoreError:
            return
        for name, count in waiting.items():
            if name in self._plugins or not count.pending:
                continue
            while (held := self._desk.lease(name)) is not None:
                self._desk.failed(held, Cause.CONFIG, _UNKNOWN)
