"""One restart: run the command, wait for it, and have the target prove itself."""

from __future__ import annotations

from agent2.core.model import Outcome
from agent2.core.text import one_line
from agent2.core.value import value
from agent2.host.exits import describe_exit
from agent2.host.spawn import SESSION, Command, environment
from agent2.plugins import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent2.host.reactor import Reactor

_STEP = 0.25  # seconds between two looks at the target
_ONE_LOOK = 5.0  # seconds that one look may take
_HEAD_START = 1.0  # seconds before a command that still runs can be the target itself
_FOR_EVER = 1e9


@value
class Result:
    """How it went. *running*: does the target run now? None when nobody knows."""

    done: bool
    detail: str
    running: bool | None = None


@value
class Recipe:
    """What to run, and how to see that it helped.

    Attributes:
        verify: A URL that must answer 200; "" takes exit code 0 for proof.
        timeout: Seconds for the command and the proof together.
        log: File that the command, and what it leaves running, writes to.
    """

    argv: Sequence[str]
    env: Mapping[str, str]
    verify: str
    timeout: float
    log: str


async def restart(reactor: Reactor, recipe: Recipe) -> Result:
    """Carry *recipe* out; what the command leaves running lives on.

    A command that still runs when *verify* answers is the target itself: it stays.
    One that still runs at the end of its time is killed with all that it started.
    """
    begun = reactor.now()
    end = begun + recipe.timeout
    try:
        env = environment(recipe.env, SESSION)
        command = Command(recipe.argv, env, recipe.log)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        return Result(
            done=False, detail=one_line(f"cannot run {recipe.argv[0]}: {why}")
        )
    until = begun + _HEAD_START if recipe.verify else end
    while not await command.ended(reactor, min(until, end)):
        if reactor.now() >= end:
            await command.finish(reactor, kill=True)
            detail = f"did not end in {recipe.timeout:g} s: killed"
            return Result(done=False, detail=detail, running=False)
        if await _answers(reactor, recipe.verify, end):
            reactor.spawn(_reap(reactor, command), "reap")
            detail = "the target answers; the command is the target and runs on"
            return Result(done=True, detail=detail, running=True)
        until = reactor.now() + _STEP
    ended = await command.finish(reactor, kill=False)
    if ended.status:
        said = ended.output.decode("utf-8", "replace").strip()
        detail = describe_exit(ended.status) + (f": {said}" if said else "")
        return Result(done=False, detail=one_line(detail))
    return await _prove(reactor, recipe.verify, end)


async def _prove(reactor: Reactor, verify: str, end: float) -> Result:
    if not verify:
        return Result(done=True, detail="the command ended well")
    while not await _answers(reactor, verify, end):
        if reactor.now() + _STEP >= end:
            detail = "the command ended well, but the target does not answer"
            return Result(done=False, detail=detail, running=False)
        await reactor.sleep_until(reactor.now() + _STEP)
    return Result(done=True, detail="the target answers", running=True)


async def _answers(reactor: Reactor, verify: str, end: float) -> bool:
    check = load("checks", "http")(url=verify, json=False)
    until = min(end, reactor.now() + _ONE_LOOK)
    finding = await check.probe(reactor, until)
    return bool(finding.outcome is Outcome.OK)


async def _reap(reactor: Reactor, command: Command) -> None:
    """Wait for a target that is our child, so that it never stays a zombie."""
    await command.ended(reactor, reactor.now() + _FOR_EVER)
    await command.finish(reactor, kill=False)
