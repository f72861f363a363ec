"""The event stream behind a real nginx with its defaults, for half an hour.

    followers -- nginx (proxy_read_timeout 60 s, buffering on) -- web -- store <- entries

Meanwhile: spells of 90 s in which nothing happens (longer than nginx waits), reloads of
nginx that end its workers, the death of nginx, kills of the web program, followers that
hang up. Every id is counted: each follower must have heard every entry exactly once.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import measure
from followers import Follower, Web, Writer, serving, sums

CONFIG = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
worker_processes 1; worker_shutdown_timeout 5s;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2;
  fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{web}; }} }}
}}
"""
EVERY_S = 1.0
QUIET_S = 90.0
BUSY_S = 60.0


class Nginx:
    """A real nginx with a folder of its own."""

    def __init__(self, folder: str, port: int, web: int) -> None:
        """Write its configuration and start it."""
        self.config = os.path.join(folder, "nginx.conf")
        text = CONFIG.format(folder=folder, port=port, web=web)
        Path(self.config).write_text(text, encoding="ascii")
        self.errors = Path(folder, "error.log")
        self.start()

    def start(self) -> None:
        """Start it."""
        argv = [shutil.which("nginx") or "/usr/sbin/nginx", "-c", self.config]
        self.child = subprocess.Popen(argv, stderr=subprocess.DEVNULL)

    def reload(self) -> None:
        """Let new workers take over; the old ones end within 5 s."""
        self.child.send_signal(signal.SIGHUP)

    def end(self) -> None:
        """End it and all connections."""
        self.child.send_signal(signal.SIGTERM)
        self.child.wait(30)


async def follow(one: Follower) -> None:
    """Come back again and again."""
    while True:
        await one.come()
        await asyncio.sleep(0.2 + random.random() / 2)


async def write(writer: Writer, ended: asyncio.Event) -> None:
    """Write an entry a second for a minute, then nothing for longer than nginx waits."""
    while not ended.is_set():
        spell = time.monotonic() + BUSY_S
        while time.monotonic() < spell and not ended.is_set():
            writer.add(random.choice((1, 1, 1, 40)))
            await asyncio.sleep(EVERY_S)
        await asyncio.sleep(QUIET_S if not ended.is_set() else 0)


async def disturb(
    web: Web, nginx: Nginx, followers: list[Follower], every: float, till: float
) -> dict[str, int]:
    """Do one bad thing after the other until *till*, and mend each."""
    done = dict.fromkeys(("nginx reloaded", "web killed", "hung up", "nginx ended"), 0)
    for turn in itertools.cycle(done):
        await asyncio.sleep(every)
        if time.monotonic() > till:
            break
        if turn == "nginx reloaded":
            nginx.reload()
        elif turn == "hung up":
            for one in followers[::2]:
                one.cut()
        else:
            ended, begun = (
                (web.kill, web.start)
                if turn == "web killed"
                else (nginx.end, nginx.start)
            )
            ended()
            await asyncio.sleep(2)
            await asyncio.to_thread(begun)
        done[turn] += 1
    return done


async def run(
    folder: str, web: Web, writer: Writer, minutes: float, many: int
) -> dict[str, object]:
    """Follow through nginx for so long; return what was seen."""
    port = random.randrange(20_000, 30_000)
    nginx = Nginx(folder, port, web.port)
    followers = [Follower(port, f"{writer.store}.0") for _ in range(many)]
    # One is left in peace by us, to see that silence alone ends nothing.
    direct = Follower(web.port, f"{writer.store}.0")
    ended = asyncio.Event()
    tasks = [asyncio.create_task(follow(one)) for one in (*followers, direct)]
    tasks.append(asyncio.create_task(write(writer, ended)))
    began = time.monotonic()
    till = began + minutes * 60
    bad = asyncio.create_task(disturb(web, nginx, followers, minutes * 60 / 16, till))
    while time.monotonic() < till:
        await asyncio.sleep(30)
        measure.note(
            f"{time.monotonic() - began:.0f} s, {writer.seq} entries, {sums(followers)}"
        )
    done = await bad
    ended.set()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and any(
        one.seq < writer.seq for one in followers
    ):
        await asyncio.sleep(0.5)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    nginx.end()
    delays = [1000 * each for one in followers for each in one.delays]
    return {
        "minutes": round((time.monotonic() - began) / 60, 1),
        "entries": writer.seq,
        "done": done,
        "through nginx": sums(followers),
        "directly": sums([direct]),
        "heard every entry once": [
            one.heard == writer.seq and not one.gaps + one.repeats + one.resets
            for one in followers
        ],
        "longest silence on a connection, s": round(
            max(one.longest_quiet for one in followers), 1
        ),
        "timeouts in nginx's log": nginx.errors.read_text().count("upstream timed out"),
        "commit to reader, ms": measure.spread(delays, 1),
        "web rss, MB": web.rss_mb(),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=31)
    parser.add_argument("--followers", type=int, default=6)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        writer = Writer(folder)
        with serving(folder, "{rate_limit: 1000}") as web:
            found = asyncio.run(
                run(folder, web, writer, asked.minutes, asked.followers)
            )
        writer.db.close()
    measure.show(measure.document("proxy", found, {}))


if __name__ == "__main__":
    main()
