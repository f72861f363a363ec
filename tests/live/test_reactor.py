"""The loop goes on, whatever one of its calls or coroutines does."""

from __future__ import annotations

import os
import socket
import threading

import pytest

from agent2.host.reactor import Reactor


@pytest.fixture
def reactor():
    made = Reactor()
    made.errors = []
    made.on_error = lambda name, error: made.errors.append((name, repr(error)))
    yield made
    made.close()


def run(reactor, coro):
    """Run *coro* to its end and return its task."""
    found = []

    async def whole():
        found.extend(await reactor.gather(coro))
        reactor.stop()

    reactor.spawn(whole())
    reactor.run()
    return found[0]


def test_what_cannot_be_waited_for_is_the_coroutines_error(reactor):
    async def wait_for_nothing():
        try:
            await reactor.readable(9999, reactor.now() + 5)
        except OSError as error:
            return type(error).__name__

    task = run(reactor, wait_for_nothing())

    assert task.error is None
    assert task.result == "OSError"


def test_a_call_that_raises_is_reported_and_ends_nothing(reactor):
    done = []
    reactor.call_soon(lambda: 1 / 0)
    reactor.call_at(reactor.now(), lambda: 1 / 0)
    inlet, outlet = os.pipe()

    def ready(_bits):
        reactor.unwatch(inlet)
        raise ValueError("event")

    reactor.watch(inlet, ready)
    os.write(outlet, b"x")

    async def later():
        await reactor.sleep_until(reactor.now() + 0.01)
        done.append(True)

    run(reactor, later())
    os.close(inlet)
    os.close(outlet)

    assert done == [True]
    assert sorted(name for name, _ in reactor.errors) == ["call", "event", "timer"]


def test_a_socket_that_stays_silent_ends_the_wait_at_the_deadline(reactor):
    one, other = socket.socketpair()

    async def wait():
        return await reactor.readable(one.fileno(), reactor.now() + 0.01)

    task = run(reactor, wait())
    one.close()
    other.close()

    assert task.result is False


def test_a_thread_that_takes_too_long_is_left_and_its_answer_dropped(reactor):
    inlet, outlet = os.pipe()

    async def wait():
        try:
            await reactor.thread(os.read, inlet, 1, deadline=reactor.now() + 0.01)
        except TimeoutError:
            os.write(outlet, b"x")
            return "late"

    task = run(reactor, wait())

    assert task.result == "late"


def test_an_error_in_a_thread_reaches_who_waits(reactor):
    async def wait():
        try:
            await reactor.thread(int, "x", deadline=reactor.now() + 5)
        except ValueError:
            return "told"

    assert run(reactor, wait()).result == "told"


def test_no_call_of_a_thread_waits_for_something_else_to_wake_the_loop():
    """Two threads ring at the same time: a lost ring would be heard a minute later."""
    reactor, left, late = Reactor(), [2], []

    def rings():
        for _ in range(4000):
            heard = threading.Event()
            reactor.call_soon_threadsafe(heard.set)
            if not heard.wait(30):
                late.append(threading.current_thread().name)
                break
        left[0] -= 1
        reactor.call_soon_threadsafe(lambda: left[0] or reactor.stop())

    threads = [threading.Thread(target=rings) for _ in range(2)]
    for thread in threads:
        thread.start()
    reactor.call_at(reactor.now() + 120, reactor.stop)
    reactor.run()
    for thread in threads:
        thread.join()
    reactor.close()
    assert late == []
