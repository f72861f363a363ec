"""One target as the running watcher holds it: its plan, plugins, state and cadence."""

from __future__ import annotations

from agent2 import plugins
from agent2.core.chance import spread
from agent2.core.model import Code, Facet, Health, TargetState, Verdict
from agent2.core.value import replace
from agent2.watcher.compiling import RefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent2.core.model import Judgement, Observation, Policy
    from agent2.core.policies import Decision
    from agent2.host.oom import OomCount
    from agent2.host.processes import ProcessRef
    from agent2.host.reactor import Timer
    from agent2.plan.values import Plan, TargetPlan
    from agent2.plugins import Action, Check
    from agent2.watcher.evidence import Found
    from agent2.watcher.groups import Group
    from agent2.wire.status import Fragment

_FAILING = frozenset({Health.FAILING, Health.UNHEALTHY, Health.RECOVERING})


class Watched:
    """All that is in memory of one target. Mutable, and only the loop touches it.

    Attributes:
        name: The target's name.
        pid_file: The PID file of its pid check, "" if there is none.
        processes, others: Its checks of the process, and all the others.
        due: Reactor time of the tick of the current or last cycle.
        died: A death came in and no cycle has counted it yet.
        unsaid: The line about it, until the restart is asked for: while the store
            writes it would take the interpreter from the thread that does.
        fragment: Its part of the status, None when it must be made anew.
        told_cause: What the last line about a cycle gave as its cause.
        shown: The word under which the last written status shows it.
        believed: The state before the last cycle: what a recovery ends.
        committing: What the last cycle made of it is on its way into the store.
        missed: Who died before it could be held; noted once.
        group: Those that it does one work with.
        met: This run has found it well. Until then an order may lie there that a
            killed run could not take back any more.
        retired: A reload took it out; a cycle in flight must not write any more.
    """

    def __init__(self, plan: TargetPlan, state_dir: str = "") -> None:
        """Load the plugins of *plan*; raises whatever a plugin raises."""
        self.plan = plan
        self.checks: tuple[tuple[str, Check], ...] = tuple(
            (c.name, plugins.check(c.kind, c.options, state_dir, keeps=True))
            for c in plan.checks
        )
        self.processes = tuple(c for c in self.checks if c[1].facet is Facet.PROCESS)
        self.others = tuple(c for c in self.checks if c[1].facet is not Facet.PROCESS)
        self.actions: tuple[Action, ...] = tuple(
            plugins.load("actions", a.kind)(**a.options) for a in plan.actions
        )
        self.name = plan.name
        self.pid_file = _pid_file(plan)
        self.state = TargetState()
        self.seen: tuple[Observation, ...] = ()
        self.last_check: float | None = None
        self.due = self.began = 0.0
        self.timer: Timer | None = None
        self.running = False
        self.died = False
        self.unsaid: Callable[[], None] | None = None
        self.death: tuple[int, str] | None = None
        self.again = False
        self.believed = self.state
        self.committing = False
        self.ref: ProcessRef | None = None
        self.oom: OomCount | None = None
        self.evidence: Found | None = None
        self.pid_stamp: object = None
        self.missed = ""
        self.fragment: Fragment | None = None
        self.shown = ""
        self.told_cause = ""
        self.met = False
        self.retired = False
        self.group: Group | None = None

    @property
    def policy(self) -> Policy:
        """Its policy as it counts now: others of its group may stand in for it."""
        return self.plan.policy if self.group is None else self.group.policy(self)

    @property
    def committed(self) -> TargetState:
        """The state as it may be shown: what a crash would not take back."""
        return self.believed if self.committing else self.state

    @property
    def incident(self) -> str:
        """The incident that it has now, "" if it has none."""
        return self.state.incident or self.state.warning or ""

    @property
    def story(self) -> str:
        """The incident that its last cycle was about, also if it has ended it."""
        before = self.believed
        return self.incident or before.incident or before.warning or ""

    @property
    def title(self) -> str:
        """What people call it: the documents write ``WebUI`` for ``webui``."""
        return "WebUI" if self.plan.name == "webui" else self.plan.name

    @property
    def port(self) -> str:
        """The port that its tcp check looks at, for the texts."""
        for check in self.plan.checks:
            if check.kind == "tcp":
                return str(check.options.get("port", 8080))
        return ""

    def is_stale(self, now: float) -> bool:
        """Return whether nobody has looked in time: it is unknown then (law 7)."""
        if self.last_check is None:
            return True
        return now - self.last_check > 2 * self.plan.interval + self.plan.timeout

    def gap(self) -> float:
        """Return the seconds from one tick to the next, by the present health."""
        if self.state.health in {Health.FAILING, Health.RECOVERING}:
            return self.plan.retry_interval
        return self.plan.interval

    def next_due(self, began: float, now: float, *, first: bool, alone: bool) -> float:
        """Return the next tick: a fixed rate that lateness does not shift.

        *began* is when the cycle that ends *now* really began. One that began late
        (we were stopped, the machine slept) leaves out the ticks that were missed: two
        looks in a row at one moment are not two failures. One that outlasted its
        interval is followed by the next at once.

        After the first look the targets of an agent spread over half an interval, by
        name, so that they do not march in step; *alone* there is nothing to spread.
        """
        gap = self.gap()
        if first and not alone:
            return max(self.due + gap * (0.5 + 0.5 * spread(self.name)), now)
        missed = (began - self.due + gap / 2) // gap
        return max(self.due + (1.0 + max(missed, 0.0)) * gap, now)

    def rung(self, state: TargetState) -> Action:
        """Return the rung of the ladder for the newest restart of *state*'s incident.

        The next one is tried when the one before did not help; the last one repeats.
        """
        since = state.action_at if state.incident is None else state.incident_at
        tries = sum(1 for at in state.restarts if at >= since)
        return self.actions[min(max(tries - 1, 0), len(self.actions) - 1)]

    @property
    def program(self) -> str:
        """What the next restart of its incident would run, "" if it runs nothing."""
        argv = getattr(self.actions[self.next_rung], "argv", ())
        return str(argv[0]) if argv else ""

    @property
    def next_rung(self) -> int:
        """The number, from 0, of what the next restart of its incident would run."""
        state, last = self.state, len(self.actions) - 1
        since = state.incident_at if state.incident is not None else float("inf")
        return min(sum(1 for at in state.restarts if at >= since), last)

    def rehearsed(self) -> Decision | None:
        """Return that it is not restarted, and what would be done, in a dry run."""
        if not self.policy.restart.dry_run:
            return None
        from agent2.watcher import rehearsal  # who restarts does not pay

        return rehearsal.bar(self)

    def why_it_died(self, judgement: Judgement) -> Judgement:
        """Add what the kernel told of the death, until the target is alive again."""
        if judgement.verdict in {Verdict.GOOD, Verdict.DEGRADED}:
            self.death = None
        if self.death is None or judgement.facet is not Facet.PROCESS:
            return judgement
        pid, cause = self.death
        if not cause or judgement.code not in {Code.PID_DEAD, Code.ZOMBIE}:
            return judgement
        return replace(judgement, detail=f"process {pid} is gone: {cause}")

    def say_it(self) -> None:
        """Write the line about a death that waited for the deed."""
        say, self.unsaid = self.unsaid, None
        if say is not None:
            say()

    def inherit(self, before: Watched) -> None:
        """Take over what was known before a reload; the cadence starts anew."""
        self.state = before.state
        self.seen = before.seen
        self.last_check = before.last_check
        self.shown = before.shown
        self.met = before.met
        self.death = before.death
        self.evidence = before.evidence

    def retire(self) -> None:
        """Out of the plan: its timer is cancelled, a cycle in flight is dropped."""
        self.retired = True
        if self.timer is not None:
            self.timer.cancel()
        for _, check in self.checks:
            if hasattr(check, "close"):
                check.close()


def _pid_file(plan: TargetPlan) -> str:
    for check in plan.checks:
        if check.kind == "pid":
            return str(check.options["file"])
    return ""


def made_of(plan: Plan, state_dir: str) -> dict[str, Watched]:
    """Return the targets of *plan* by name.

    Raises:
        RefusedError: a plugin cannot be made: its package is broken or gone.
    """
    found: dict[str, Watched] = {}
    for target in plan.targets:
        try:
            found[target.name] = Watched(target, state_dir)
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            text = f"agent2: target {target.name}: a plugin cannot be used: {why}"
            raise RefusedError(text) from None
    if any(target.group for target in plan.targets):
        from agent2.watcher.groups import join  # who has none does not pay

        join(found)
    return found


def above(
    watched: Watched, targets: Mapping[str, Watched]
) -> tuple[tuple[str, float | None], ...]:
    """Return what *watched* depends on and was down: since when it is well again."""
    names, found = list(watched.plan.depends_on), {}
    while names:
        name = names.pop()
        for one in targets.values():
            if name not in (one.name, one.plan.group) or one.name in found:
                continue
            state = one.state
            fails = state.health in _FAILING
            since = state.healthy_since
            if since is None or since == state.first_seen:
                since = 0.0  # nothing is known against it
            found[one.name] = None if fails else since
            names += one.plan.depends_on
    found.pop(watched.name, None)
    return tuple(found.items())


def is_held(watched: Watched, targets: Mapping[str, Watched]) -> bool:
    """Return whether anything fails that *watched* depends on, near or far."""
    todo, known = list(watched.plan.depends_on), {watched.name}
    while todo:
        name = todo.pop()
        if name in known:
            continue
        known.add(name)
        parent = targets.get(name)
        if parent is None:
            together = [each for each in targets.values() if each.plan.group == name]
            if together and together[0].group is not None:
                if together[0].group.fails():
                    return True
                todo += (up for each in together for up in each.plan.depends_on)
            continue
        if parent.state.health in _FAILING:
            return True
        todo += parent.plan.depends_on
    return False
