"""Many who follow the events: memory of the web program, and nobody who waits for others.

    150 read, 50 never do; then one follower after the other is cut off, a thousand times

Meanwhile entries are written. Each reader must have heard every entry exactly once; those
who never read are dropped; the program's memory is looked at all the time.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import socket
import sys
import tempfile
import time
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import measure
from followers import Follower, Web, Writer, serving, sums

SECTION = "{rate_limit: 100000, max_clients: 1000}"


def deaf(port: int) -> socket.socket:
    """Ask for the events and never read them."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.connect(("127.0.0.1", port))
    made.sendall(b"GET /api/v1/events HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
    return made


async def come_again(one: Follower) -> None:
    """Come back for ever, at once."""
    while True:
        await one.come()
        await asyncio.sleep(0.01)


async def caught_up(followers: list[Follower], writer: Writer, seconds: float) -> bool:
    """Wait until everybody has heard the last entry."""
    deadline = time.monotonic() + seconds
    while any(one.seq < writer.seq for one in followers):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.05)
    return True


async def many(web: Web, writer: Writer, asked: argparse.Namespace) -> dict[str, Any]:
    """Let some read and some not, while a hundred entries a second come."""
    alone = web.rss_mb()
    followers = [Follower(web.port, f"{writer.store}.0") for _ in range(asked.readers)]
    tasks = [asyncio.create_task(come_again(one)) for one in followers]
    held = [await asyncio.to_thread(deaf, web.port) for _ in range(asked.silent)]
    most = alone
    for _ in range(200):
        writer.add(5, text="x" * asked.bytes)
        await asyncio.sleep(0.05)
        most = max(most, web.rss_mb())
    done = await caught_up(followers, writer, 120)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for one in held:
        one.close()
    delays = [1000 * each for one in followers for each in one.delays]
    return {
        "readers": asked.readers,
        "who never read": asked.silent,
        "entries": writer.seq,
        "everybody heard everything once": done and whole(followers, writer.seq),
        **sums(followers),
        "web alone, MB": alone,
        "web at most, MB": most,
        "commit to reader, ms": measure.spread(delays, 1),
    }


def whole(followers: list[Follower], entries: int) -> bool:
    """Was every entry heard by everybody, and none twice?"""
    return all(
        one.heard == entries and not one.gaps + one.repeats + one.resets
        for one in followers
    )


async def cut_off(web: Web, writer: Writer, times: int) -> dict[str, Any]:
    """Cut connections so often while entries come; each comes back by its last id."""
    begin = writer.seq
    followers = [Follower(web.port, f"{writer.store}.{begin}") for _ in range(10)]
    tasks = [asyncio.create_task(come_again(one)) for one in followers]
    await asyncio.sleep(1)
    began = time.monotonic()
    while sum(one.connects for one in followers) < times + len(followers):
        writer.add(random.randrange(1, 4))
        random.choice(followers).cut()
        await asyncio.sleep(random.random() * 0.02)
    done = await caught_up(followers, writer, 60)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return {
        "reconnects": sum(one.connects for one in followers) - len(followers),
        "entries": writer.seq - begin,
        "seconds": round(time.monotonic() - began, 1),
        "everybody heard everything once": done
        and whole(followers, writer.seq - begin),
        **sums(followers),
        "web at the end, MB": web.rss_mb(),
    }


async def run(web: Web, writer: Writer, asked: argparse.Namespace) -> dict[str, Any]:
    """Do both."""
    crowd = await many(web, writer, asked)
    measure.note(f"crowd: {crowd}")
    return {"crowd": crowd, "cut off": await cut_off(web, writer, asked.reconnects)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=150)
    parser.add_argument("--silent", type=int, default=50)
    parser.add_argument("--bytes", type=int, default=1000, help="of an entry")
    parser.add_argument("--reconnects", type=int, default=1000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        writer = Writer(folder)
        with serving(folder, SECTION) as web:
            found = asyncio.run(run(web, writer, asked))
        writer.db.close()
    measured = {"listeners.web_mb": found["crowd"]["web at most, MB"]}
    measure.show(measure.document("listeners", found, measured))


if __name__ == "__main__":
    main()
