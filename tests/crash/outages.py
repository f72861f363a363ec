"""Targets of a kill test, in one process, that are well or not as they are told.

    python tests/crash/outages.py COUNT --log FILE

Prints its ports as a JSON list, then takes lines ``NUMBER MODE`` on standard input:
``ok`` answers well, ``bad`` with 500, ``cut`` hangs up without an answer, ``shut``
closes the port, ``echo`` is not well and says so with the secret that it was asked
with. Each answer and each change of mode is one line of FILE: ``at``
(epoch seconds, before the first byte leaves), ``n``, ``good``, and ``mode`` for a
change. It ends when its standard input does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import time

GOOD = b'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{"status": "ok"}'
HERE = "127.0.0.1"
# Below what systems give to clients: a port that was shut stays free to be opened.
RESERVED = (15_000, 32_000)
BAD = b"HTTP/1.1 500 Broken\r\nContent-Length: 2\r\n\r\n{}"


class Outage:
    """One target: a port that answers as its mode says."""

    def __init__(self, number: int, log: int) -> None:
        self.number = number
        self.mode = "ok"
        self.port = 0
        self._log = log
        self._chance = random.SystemRandom()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen on the port of before; a passing client of others may have it."""
        for _ in range(200):
            port = self.port or self._chance.randrange(*RESERVED)
            try:
                self._server = await asyncio.start_server(self._one, HERE, port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                self.port = port
                return
        raise OSError(f"no port to listen on, last {port}")

    async def become(self, mode: str) -> None:
        if mode == "shut" and self._server is not None:
            self._server.close()
            self._server = None
        elif mode != "shut" and self._server is None:
            await self.open()
        self.mode = mode
        self._note(mode=mode)

    def _note(self, **more: str) -> None:
        line = {"at": time.time(), "n": self.number, "good": self.mode == "ok"} | more
        os.write(self._log, json.dumps(line).encode() + b"\n")

    def _answer(self, asked: bytes) -> bytes:
        if self.mode != "echo":
            return GOOD if self.mode == "ok" else BAD
        words = b" ".join(asked.partition(b"uthorization:")[2].split(b"\r\n")[:1])
        said = json.dumps({"status": words.decode().strip()}).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said)

    async def _one(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            asked = await reader.readuntil(b"\r\n\r\n")
            self._note()
            if self.mode != "cut":
                writer.write(self._answer(asked))
                await writer.drain()
        except (OSError, EOFError, ValueError):
            pass  # a port check says nothing; a killed watcher goes in the middle
        finally:
            writer.close()


async def main(count: int, log: str) -> None:
    number = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    targets = [Outage(n, number) for n in range(count)]
    for target in targets:
        await target.open()
    print(json.dumps([target.port for target in targets]), flush=True)
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
    )
    while line := await orders.readline():
        told, mode = line.decode().split()
        await targets[int(told)].become(mode)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("--log", required=True)
    options = parser.parse_args()
    asyncio.run(main(options.count, options.log))
