"""The whole status as a mapping, put together from what is in memory."""

from __future__ import annotations

import os
from operator import attrgetter

import agent2
from agent2.host.clock import stamp as wall_stamp
from agent2.watcher.kept import Kept
from agent2.watcher.publish import fragment_of, summary
from agent2.wire.status import (
    SCHEMA,
    fix_entry,
    gate_entry,
    incident_entry,
    silence_entry,
    state_word,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Protocol

    from agent2.host.clock import Clock
    from agent2.host.logfile import LogFile
    from agent2.host.reactor import Reactor
    from agent2.plan.values import Plan, PluginPlan
    from agent2.store.actions import ActionRow
    from agent2.store.outbox import NotifierCount
    from agent2.watcher.fixes import Fixes
    from agent2.watcher.gates import Gates
    from agent2.watcher.memory import Memory
    from agent2.watcher.people import People
    from agent2.watcher.telling import Telling
    from agent2.watcher.texts import Texts
    from agent2.watcher.watched import Watched
    from agent2.wire.status import Fragment

    class Sources(Protocol):
        """Where the picture is taken from: the parts of the agent."""

        reactor: Reactor
        clock: Clock
        log: LogFile
        host: str
        instance: str
        plan: Plan
        targets: dict[str, Watched]
        fixes: Fixes
        gates: Gates
        memory: Memory
        people: People
        telling: Telling
        texts: Texts


_runs, _waits = attrgetter("running"), attrgetter("again")


class Snapshot:
    """Answers ``tree()``; remembers how the last reload went."""

    def __init__(self, agent: Sources, state_dir: str) -> None:
        """Look at *agent* when asked."""
        self._agent = agent
        self._order = os.path.join(state_dir, "restart_signal")
        self._known: tuple[tuple[object, ...], dict[str, Any]] = ((), {})
        self._kept = Kept()
        self.reload = "ok"
        self.reload_error = ""
        self.changed: tuple[str, ...] = ()
        self.loaded_at = agent.clock.now()
        self.started_at = agent.clock.now()
        self.reloaded_at: float | None = None
        self.stopped = False
        self.seq = 0

    def word(self, watched: Watched) -> str:
        """Return the state word of a target, as trusted now."""
        stale = watched.is_stale(self._agent.clock.now())
        return state_word(watched.committed, stale=stale)

    def follow_clock(self) -> None:
        """Show times by a wall clock that was set, at once: readers compare with it."""
        jump = self._agent.clock.stepped()
        if jump:
            self._known = ((), {})
            self._kept.forget()
            self._agent.texts.say("WARNING", "clock", seconds=f"{jump:+.1f}")

    def tree(self) -> Mapping[str, Any]:
        """Return the status, its keys in the order of the file."""
        agent = self._agent
        self.follow_clock()
        stamp, now = agent.clock.stamp, agent.clock.now()
        troubles = agent.memory.troubles()
        primary = agent.targets[agent.plan.primary.name]
        plan = primary.plan
        self.seq += 1
        self._kept.turn()
        last, failures = primary.last_check, primary.committed.failures
        if primary.group is not None:
            last, failures = primary.group.oldest_look(), primary.group.failures()
        return {
            "status": self._status(troubles),
            "last_check": None if last is None else stamp(last),
            "health_status": "unknown" if self.stopped else self._health(primary),
            "consecutive_failures": failures,
            "fixes": [
                self._kept.entry(self._fix, row) for row in agent.fixes.shown(self.seq)
            ],
            "fixes_total": agent.fixes.total,
            "schema": SCHEMA,
            "seq": self.seq,
            "updated_at": stamp(now),
            "valid_until": stamp(now + 2 * plan.interval + plan.timeout),
            "primary": plan.name,
            "agent": {**self._identity(), "self": self._self(troubles)},
            "summary": summary(agent.targets.values(), self.word),
            "targets": [self._target(each, now) for each in agent.targets.values()],
            **self._groups(),
            "gates": [gate_entry(gate, wall_stamp) for gate in agent.gates.rows],
            "silences": [
                silence_entry(one, wall_stamp) for one in agent.people.silences
            ],
            "incidents": {
                "open": [incident_entry(row, stamp) for row in agent.telling.incidents]
            },
            "notifiers": [self._notifier(plan) for plan in agent.plan.notifiers],
            "restart_signal": self._signal(),
        }

    def _health(self, primary: Watched) -> str:
        if primary.group is not None:
            return primary.group.word(self.word)
        return self.word(primary)

    def _groups(self) -> dict[str, Any]:
        found = dict.fromkeys(w.group for w in self._agent.targets.values())
        entries = [group.entry(self.word) for group in found if group is not None]
        return {"groups": entries} if entries else {}

    def _target(self, watched: Watched, now: float) -> Fragment:
        agent = self._agent
        held = (agent.gates.paused(watched.name), agent.people.silence(watched))
        return fragment_of(watched, agent.clock, now, *held)

    def _status(self, troubles: dict[str, str]) -> str:
        agent = self._agent
        if self.stopped:
            return "stopped"
        if all(w.last_check is None for w in agent.targets.values()):
            return "initializing"
        if troubles:
            return "error"
        fixing = any(w.committed.action is not None for w in agent.targets.values())
        return "fixing" if fixing else "monitoring"

    def _identity(self) -> dict[str, Any]:
        """Return who we are and what we go by, made anew only when it changed."""
        agent = self._agent
        plan, stamp = agent.plan, agent.clock.stamp
        reload = (self.reload, self.reload_error, self.reloaded_at)
        facts = (plan, agent.instance, *reload, self.loaded_at, self.changed)
        if self._known[0] == facts:
            return self._known[1]
        found = {
            "version": agent2.__version__,
            "pid": os.getpid(),
            "started_at": stamp(self.started_at),
            "host": agent.host,
            "instance": agent.instance,
            "config": {
                "path": plan.config_path,
                "sha": plan.sha,
                "profile": plan.profile,
                "loaded_at": stamp(self.loaded_at),
                "last_reload": self.reload,
                "last_reload_at": None
                if self.reloaded_at is None
                else stamp(self.reloaded_at),
                "changed": list(self.changed),
                "error": self.reload_error,
                "warnings": len(plan.warnings),
            },
        }
        self._known = (facts, found)
        return found

    def _self(self, troubles: dict[str, str]) -> dict[str, Any]:
        agent = self._agent
        return {
            "troubles": troubles,
            "lateness_s": round(agent.reactor.lateness, 6),
            "in_flight": sum(map(_runs, agent.targets.values())),
            "waiting": sum(map(_waits, agent.targets.values())),
            "log_lines_lost": agent.log.lost,
        }

    def _fix(self, row: ActionRow) -> dict[str, Any]:
        return fix_entry(row, self._agent.clock.stamp)

    def _notifier(self, plan: PluginPlan) -> Mapping[str, Any] | Fragment:
        count = self._agent.telling.counts.get(plan.name)
        if count is not None and count.oldest_pending_at is not None:
            return self._delivers(plan, count)  # it waits longer each time
        return self._kept.entry(self._delivers, plan, count)

    def _delivers(
        self, plan: PluginPlan, count: NotifierCount | None
    ) -> dict[str, Any]:
        entry: dict[str, Any] = {"name": plan.name, "kind": plan.kind}
        if count is None:
            nothing = {"oldest_pending_s": None, "last_success": None}
            return entry | {"pending": 0} | nothing | {"last_error": None, "dead": 0}
        clock = self._agent.clock
        oldest = count.oldest_pending_at
        age = None if oldest is None else round(max(clock.now() - oldest, 0.0), 3)
        success, error = count.last_success_at, count.last_error
        return entry | {
            "pending": count.pending,
            "oldest_pending_s": age,
            "last_success": None if success is None else clock.stamp(success),
            "last_error": None
            if error is None
            else {
                "cause": error[0].value,
                "detail": error[1],
                "at": clock.stamp(error[2]),
            },
            "dead": count.dead,
        }

    def _signal(self) -> dict[str, Any]:
        path = self._order
        try:
            made = os.lstat(path).st_mtime
        except OSError:
            return {"path": path, "pending": False}
        age = round(max(self._agent.clock.wall() - made, 0.0), 3)
        return {"path": path, "pending": True, "age_s": age}
