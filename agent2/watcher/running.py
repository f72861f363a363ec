"""The watcher while it runs: signals, reload, readiness, the end."""

from __future__ import annotations

import gc
import signal
import sys

from agent2.host.complain import complain
from agent2.host.instance import began_anew
from agent2.host.sd_notify import ServiceNotify
from agent2.host.wake import WakeSocket
from agent2.store.errors import StoreError
from agent2.watcher.agent import Agent
from agent2.watcher.compiling import RefusedError, plan_now
from agent2.watcher.home import Home
from agent2.watcher.loop import Loop
from agent2.watcher.stacks import stacks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.host.clock import Clock
    from agent2.host.instance import Instance
    from agent2.host.logfile import LogFile
    from agent2.host.reactor import Reactor
    from agent2.plan.values import Plan
    from agent2.watcher.exporting import Exporting
    from agent2.watcher.options import Options

_STOP_WITHIN = 3.0
_SWITCH = 0.0005  # seconds that the loop and the store's thread wait for each other
_GREETED = 20  # targets that are named at the start
_KEYS_LOGGED, _KEYS_TOLD = 20, 200  # of what a reload changed
_COMPILED_WITHIN = 35.0  # the compiler itself is ended after 30


class Running:
    """One run, from the first look to the last status."""

    def __init__(
        self,
        options: Options,
        reactor: Reactor,
        clock: Clock,
        log: LogFile,
        plan: Plan,
        instance: Instance,
    ) -> None:
        """Put the parts together; nothing runs yet."""
        self._options = options
        self._reactor = reactor
        self._clock = clock
        self._log = log
        self._notify = ServiceNotify()
        self._code = 0
        self._reloading = False
        self._asked_again = False
        self._stopping = False
        reactor.on_error = self._bug
        self._agent = Agent(reactor, clock, log, options.state_dir, plan)
        self._home = Home(instance, reactor.now, self._leave)
        self._loop = Loop(reactor, self._agent, self._notify, self._home)
        self._wake: WakeSocket | None = None
        self._exporting: Exporting | None = None

    def run(self) -> int:
        """Run until a signal asks to stop; return the exit code."""
        sys.setswitchinterval(_SWITCH)
        self._listen()
        self._greet()
        self._loop.start()
        self._reactor.spawn(self._begin(), "begin")
        try:
            self._reactor.run()
        finally:
            self._reactor.ignore_signals()
            if self._wake is not None:
                self._wake.close()
            self._log.close()
        return self._code

    def _listen(self) -> None:
        on = self._reactor.on_signal
        on(signal.SIGTERM, lambda: self._stop(signal.SIGTERM))
        on(signal.SIGINT, lambda: self._stop(signal.SIGINT))
        on(signal.SIGHUP, self._hang_up)
        on(signal.SIGUSR1, self._show_stacks)
        on(signal.SIGUSR2, self._loop.look_at_all)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        try:
            self._wake = wake = WakeSocket(self._options.state_dir)
        except OSError as error:
            self._log("ERROR", f"agent2.sock: {error.strerror}")
            return
        self._reactor.watch(
            wake.fileno(), lambda _bits: self._agent.heard(wake.messages())
        )

    def _greet(self) -> None:
        texts, plan = self._agent.texts, self._agent.plan
        texts.say("INFO", "start")
        if began_anew():
            texts.say("WARNING", "anew")
        for target in plan.targets[:_GREETED]:
            checks = " ".join(check.name for check in target.checks)
            texts.say("INFO", "target", name=target.name, checks=checks)
        more = len(plan.targets) - _GREETED
        if more > 0:
            texts.say("INFO", "more", count=more)
        texts.say("INFO", "interval", seconds=f"{plan.primary.interval:g}")
        for warning in plan.warnings:
            self._log("WARNING", warning)

    async def _begin(self) -> None:
        """Restore what was; the first status is written; then we are ready."""
        try:
            await self._agent.restore()
        except StoreError as error:
            self._refuse(str(error))
            return
        self._agent.publisher.write()
        # What is there now stays; to look through it for rubbish would cost 10 ms.
        gc.freeze()
        self._options.answer("READY\n")
        self._notify.send("READY=1", f"STATUS=watching {len(self._agent.targets)}")
        self._care()

    def _refuse(self, text: str) -> None:
        self._options.answer(f"ERROR 78 {text}\n")
        complain(f"agent2: {text}")
        self._log("CRITICAL", text)
        self._code = 78
        self._reactor.stop()

    def _care(self) -> None:
        self._reactor.spawn(self._agent.memory.care(), "care")
        self._reactor.spawn(self._agent.gates.look(), "gates")
        self._agent.people.look_soon()
        self._reactor.spawn(self._agent.events.look(), "events")
        self._export()
        self._reactor.call_at(self._reactor.now() + 30.0, self._care)

    def _export(self) -> None:
        """Have telemetry sent or not; what is not wanted is not even loaded."""
        enabled = self._agent.plan.telemetry.get("enabled") is True
        if self._exporting is None and enabled:
            from agent2.watcher.exporting import Exporting

            parts = (self._reactor, self._clock, self._options.state_dir)
            self._exporting = Exporting(*parts, lambda: self._agent.memory)
        if self._exporting is not None and not self._stopping:
            self._exporting.use(enabled=enabled)

    # -- signals

    def _hang_up(self) -> None:
        """Reopen the log, then take a changed configuration.

        A hang-up within a reload is another reload after it: the one that runs may
        have read the file before it was changed again.
        """
        self._log.reopen()
        self._asked_again = self._reloading
        if self._reloading or self._stopping:
            return
        self._reloading = True
        self._reactor.spawn(self._reload(), "reload")

    async def _reload(self) -> None:
        self._notify.reloading()
        agent, options = self._agent, self._options
        snapshot = agent.snapshot
        try:
            plan = await self._reactor.thread(
                plan_now,
                options.state_dir,
                options.config,
                options.profile,
                options.sets,
                deadline=self._reactor.now() + _COMPILED_WITHIN,
            )
            self._take(plan)
        except (RefusedError, OSError) as error:  # a time-out is an OSError too
            text = str(error) or "timed out"
            snapshot.reload, snapshot.reload_error = "rejected", text[:2000]
            snapshot.changed = ()
            first = text.splitlines()[0]
            agent.texts.say("ERROR", "reload_refused", detail=first)
        else:
            snapshot.reload, snapshot.reload_error = "ok", ""
        self._reloading = False
        snapshot.reloaded_at = self._clock.now()
        agent.publisher.publish(changed=True)
        self._notify.send("READY=1")
        if self._asked_again:
            self._hang_up()

    def _take(self, plan: Plan) -> None:
        agent = self._agent
        if plan.stamp == agent.plan.stamp:
            agent.snapshot.changed = ()
            agent.texts.say("INFO", "reload_same")
            return
        from agent2.plan.changed import changed

        keys = changed(agent.plan, plan)
        agent.use(plan)
        agent.snapshot.loaded_at = self._clock.now()
        agent.snapshot.changed = tuple(keys[:_KEYS_TOLD])
        told = " ".join(keys[:_KEYS_LOGGED]) or "-"
        more = f" +{len(keys) - _KEYS_LOGGED}" if len(keys) > _KEYS_LOGGED else ""
        agent.texts.say("INFO", "reloaded", sha=plan.sha or "-", keys=told + more)
        self._loop.start()
        self._export()

    def _show_stacks(self) -> None:
        for line in stacks():
            self._log("INFO", line)

    def _stop(self, number: int) -> None:
        if self._stopping:
            return
        self._agent.texts.say("INFO", "signal_received", number=int(number))
        self._notify.send("STOPPING=1")
        self._leave()

    def _leave(self) -> None:
        """Come to an end in good order: asked to, or without a home."""
        if self._stopping:
            return
        self._stopping = True
        self._reactor.call_at(self._reactor.now() + _STOP_WITHIN, self._reactor.stop)
        self._reactor.spawn(self._end(), "end")

    @property
    def homeless(self) -> bool:
        """Did it end because its PID file went away? Then it is to begin anew."""
        if self._home.gone:
            self._notify.give_back()
        return self._home.gone

    async def _end(self) -> None:
        agent = self._agent
        for watched in agent.targets.values():
            watched.retire()
        agent.telling.courier.stop()
        agent.events.stop()
        agent.upkeep.stop()
        if self._exporting is not None:
            self._exporting.stop()
        if agent.memory.lifeboat is not None:
            await agent.memory.lifeboat.leave()
        await agent.restored()  # or the last status would forget what is open
        agent.snapshot.stopped = True
        if not self._home.gone:  # what lies there now may be another watcher's
            agent.publisher.write()
            agent.history.flush(self._clock.now())
        agent.deaths.close()
        await agent.memory.close()
        agent.texts.say("INFO", "stopped")
        self._reactor.stop()

    def _bug(self, name: str, error: BaseException) -> None:
        self._log("ERROR", f"{name}: {type(error).__name__}: {error}")
