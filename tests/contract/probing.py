"""Put one question with a check, on a real reactor, and see what stays behind."""

from __future__ import annotations

import os
import time

from agent2.core.model import Finding
from agent2.host.reactor import Reactor

WHOLE = 60.0  # seconds that a check has when its time is not the matter


def run(coroutine_of, seconds: float = WHOLE):
    """Run ``coroutine_of(reactor, deadline)`` to its end and return its result."""
    reactor = Reactor()
    try:
        task = reactor.spawn(coroutine_of(reactor, reactor.now() + seconds), "test")
        task.waiter = reactor.stop
        reactor.call_at(reactor.now() + seconds + 20, reactor.stop)
        reactor.run()
        assert task.done, "it did not end"
        if task.error is not None:
            raise task.error
        return task.result
    finally:
        reactor.close()


def ask(check, seconds: float = WHOLE) -> Finding:
    """Return what *check* finds; hold it to the rules that bind every check."""
    finding = run(check.probe, seconds)
    assert finding.detail
    assert finding.detail.isprintable()
    assert len(finding.detail) <= 300
    return finding


def until(true, seconds: float = 60.0) -> bool:
    """Look again and again until *true* says so; False when time is up."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


def descriptors() -> dict[str, str]:
    """Return what this process has open."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[name] = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            pass
    return found


def closed_again(before: dict[str, str]) -> bool:
    """Is nothing open that was not open *before*? Drills beside us open and close."""
    return bool(until(lambda: descriptors().items() <= before.items()))


def children() -> list[str]:
    """Return the PIDs of our children, zombies too."""
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        return file.read().split()


def all_gone(born: list[str]) -> bool:
    """Is no child left that was not *born* before?"""
    return until(lambda: set(children()) <= set(born))
