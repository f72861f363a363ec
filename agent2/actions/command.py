"""Restart a target by a command of the user's."""

from __future__ import annotations

from agent2.core.redaction import redact
from agent2.core.text import one_line, plain, revealed, scrub
from agent2.core.value import value
from agent2.host import spawn
from agent2.host.exits import describe_exit
from agent2.plugins import AtOnce, Deed, refused
from agent2.wire.signal import file_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.host.reactor import Reactor
    from agent2.plugins import Order, Seconds


@value
class CommandAction(AtOnce):
    """Run a program without a shell; exit code 0 is done.

    It runs in a session of its own with a cleared environment, *env* and
    ``AGENT2_TARGET``, ``AGENT2_REASON``, ``AGENT2_CODE``, ``AGENT2_INCIDENT``,
    ``AGENT2_ATTEMPT``. What it starts may stay; only when its time is up is it killed
    with all of that. It writes to ``command-<target>.log`` in the state folder.

    Attributes:
        argv: Program and arguments.
        env: Added to its environment.
        timeout: Seconds it may take.
    """

    kind = "command"
    label = "action.command"

    argv: tuple[str, ...]
    env: dict[str, str] = {}  # noqa: RUF012  (never changed; see core/value.py)
    timeout: Seconds = 60.0

    async def run(self, order: Order, reactor: Reactor) -> Deed:
        """Run it to its end or the end of its time."""
        try:
            argv = [plain(word) for word in self.argv]
            env = {name: plain(text) for name, text in self.env.items()}
            log = f"{order.state_dir}/command-{file_name(order.target)}.log"
            kept = {**spawn.environment(env, spawn.SESSION), **_facts(order)}
            until = reactor.now() + self.timeout
            ended = await spawn.run(reactor, argv, kept, until, log=log)
        except Exception as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            return refused(f"cannot run {self.argv[0]}: {why}")
        secrets = revealed((*self.argv, *self.env.values()))
        said = redact(scrub(ended.output.decode("utf-8", "replace").strip(), secrets))
        if ended.late or ended.status is None:
            how = f"did not end in {self.timeout:g} s: killed"
        else:
            how = describe_exit(ended.status)
        done = not ended.late and ended.status == 0
        detail = f"{self.argv[0]}: {how}" + (f": {said}" if said else "")
        return Deed(done=done, detail=one_line(detail))

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Tell what is wrong with the options."""
        if not self.argv:
            yield "argv", "is empty", "for example [systemctl, restart, webui]"
        if self.timeout <= 0:
            yield "timeout", "leaves no time", "60s is usual"
        for name in self.env:
            if not name or "=" in name or "\0" in name:
                yield "env", f"{name!r} is no name of a variable", "letters, digits, _"


def _facts(order: Order) -> dict[str, str]:
    return {
        "AGENT2_TARGET": order.target,
        "AGENT2_REASON": order.reason,
        "AGENT2_CODE": order.code,
        "AGENT2_INCIDENT": order.incident,
        "AGENT2_ATTEMPT": str(order.attempt),
    }
