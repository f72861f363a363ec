"""Run one way of checking back to back; print its CPU microseconds per check.

``hot.py agent2|floor|requests PORT FOLDER``, in a process of its own.
"""

from __future__ import annotations

import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COUNT = 1500


def agent2(port: int, folder: str) -> float:
    """Whole cycles of the real agent: look, judge, advance, note, publish."""
    import plans

    from agent2.host.clock import Clock
    from agent2.host.logfile import LogFile
    from agent2.host.reactor import Reactor
    from agent2.plan.stored import load
    from agent2.watcher.agent import Agent
    from agent2.watcher.cycle import cycle

    url = f"http://127.0.0.1:{port}/api/health"
    one = plans.target("webui", (plans.check("http", url=url),), primary=True)
    plans.write(folder, "", [one])
    reactor = Reactor()
    log = LogFile(os.path.join(folder, "hot.log"))
    plan = load(os.path.join(folder, "plan.json"))
    agent = Agent(reactor, Clock(), log, folder, plan)
    took = 0.0

    async def work() -> None:
        nonlocal took
        await agent.restore()
        watched = agent.targets["webui"]
        for number in range(COUNT + 200):
            if number == 200:
                took = time.process_time()
            await cycle(agent, watched, reactor.now() + 5.0)
        took = time.process_time() - took
        reactor.stop()

    reactor.spawn(work(), "hot")
    reactor.run()
    return took


def floor(port: int, _folder: str) -> float:
    """The floor's one exchange, judged by nobody."""
    from floor import healthy

    for _ in range(200):
        healthy(port, time.monotonic() + 5.0)
    began = time.process_time()
    for _ in range(COUNT):
        healthy(port, time.monotonic() + 5.0)
    return time.process_time() - began


def by_requests(port: int, _folder: str) -> float:
    """``requests.get`` without a session, as the usual script does it."""
    import requests

    url = f"http://127.0.0.1:{port}/api/health"
    for _ in range(50):
        requests.get(url, timeout=5).json()
    began = time.process_time()
    for _ in range(COUNT):
        requests.get(url, timeout=5).json()
    return time.process_time() - began


WAYS = {"agent2": agent2, "floor": floor, "requests": by_requests}

if __name__ == "__main__":
    seconds = WAYS[sys.argv[1]](int(sys.argv[2]), sys.argv[3])
    print(1e6 * seconds / COUNT)
