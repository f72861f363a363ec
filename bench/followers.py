"""Clients of the event stream with real sockets, and a store that they can follow.

A follower speaks HTTP/1.0, so that nothing stands between the events, remembers the last
id it had and comes back with it. It counts what the ids tell: an entry that came twice,
one that never came, a reset.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from agent2.store import journal, meta  # noqa: E402
from agent2.store.database import Database  # noqa: E402

PROGRAM = ROOT / "agent2" / "web" / "__main__.py"
COMPILER = ROOT / "agent2" / "compiler" / "__main__.py"


class Follower:
    """One who follows: ``await come()`` returns when the connection ends."""

    def __init__(self, port: int, last: str = "") -> None:
        """Nothing was heard yet; *last* is the id to come back with."""
        self.port, self.last = port, last
        self.seq = int(last.rpartition(".")[2] or 0)
        self.heard = self.gaps = self.repeats = self.resets = self.beats = 0
        self.connects = self.refused = 0
        self.delays: list[float] = []
        self.longest_quiet = 0.0
        self._writer: asyncio.StreamWriter | None = None

    async def come(self) -> None:
        """Connect and listen until the other side, or ``cut``, ends it."""
        try:
            reader, self._writer = await asyncio.open_connection(
                "127.0.0.1", self.port, limit=1 << 22
            )
        except OSError:
            self.refused += 1
            return
        named = f"Last-Event-ID: {self.last}\r\n" if self.last else ""
        head = f"GET /api/v1/events HTTP/1.0\r\nHost: 127.0.0.1\r\n{named}\r\n"
        try:
            self._writer.write(head.encode())
            answer = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in answer.split(b"\r\n", 1)[0]:
                self.refused += 1
                return
            self.connects += 1
            while True:
                began = time.monotonic()
                event = await reader.readuntil(b"\n\n")
                quiet = time.monotonic() - began
                self.longest_quiet = max(self.longest_quiet, quiet)
                self._take(event.decode())
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            self._writer.close()

    def cut(self) -> None:
        """End the connection in the rudest way."""
        if self._writer is not None and self._writer.transport is not None:
            self._writer.transport.abort()

    def _take(self, text: str) -> None:
        fields = dict(line.split(": ", 1) for line in text.split("\n") if ": " in line)
        self.beats += text.startswith(": ")
        if "data" not in fields:
            return
        self.last = fields["id"]
        seq = int(self.last.rpartition(".")[2])
        if fields.get("event") == "reset":
            self.resets += 1
            self.seq = seq
            return
        self.heard += 1
        self.repeats += seq <= self.seq
        self.gaps += max(seq - self.seq - 1, 0)
        self.seq = max(seq, self.seq)
        sent = json.loads(fields["data"])["body"].get("sent")
        if sent:
            self.delays.append(time.time() - sent)


class Writer:
    """The journal of a store, written as the watcher writes it."""

    def __init__(self, folder: str) -> None:
        """Make the store."""
        self.db = Database.open(os.path.join(folder, "agent2.db"))
        self.store = meta.instance(self.db)
        self.seq = 0

    def add(self, count: int = 1, **body: object) -> None:
        """Commit so many entries, each with the time at which it was written."""
        with self.db.transaction() as tx:
            for _ in range(count):
                told = {"sent": time.time(), **body}
                self.seq = journal.append(
                    tx, told["sent"], "bench.entry", "webui", None, told
                )


class Web:
    """A real web program over *folder*; it can be killed and started again."""

    def __init__(self, folder: str, section: str) -> None:
        """Compile a plan with the section ``web`` of *section*, and start it."""
        self.folder = folder
        text = f"targets: [{{name: webui, checks: [{{kind: tcp, port: 1}}]}}]\nweb: {section}\n"
        config = os.path.join(folder, "agent2.yaml")
        Path(config).write_text(text, encoding="utf-8")
        argv = [sys.executable, "-I", str(COMPILER), "--state-dir", folder]
        subprocess.run([*argv, "--config", config], check=True, timeout=60)
        self.port = 0
        self.start()

    def start(self) -> None:
        """Start it, at the port that it had."""
        argv = [sys.executable, "-I", str(PROGRAM), "--state-dir", self.folder]
        self.child = subprocess.Popen(
            [*argv, f"--port={self.port}"], stdout=subprocess.PIPE, text=True
        )
        assert self.child.stdout is not None
        url = self.child.stdout.readline().split(": ", 1)[1].strip()
        self.port = int(url.rstrip("/").rpartition(":")[2])

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End it."""
        with contextlib.suppress(ProcessLookupError):
            self.child.send_signal(number)
        self.child.wait(30)

    def rss_mb(self) -> float:
        """Return the resident memory of the program."""
        text = Path(f"/proc/{self.child.pid}/status").read_text(encoding="ascii")
        (line,) = (one for one in text.splitlines() if one.startswith("VmRSS:"))
        return round(int(line.split()[1]) / 1024, 1)


@contextlib.contextmanager
def serving(folder: str, section: str) -> Iterator[Web]:
    """Have a web program over *folder* for a while."""
    web = Web(folder, section)
    try:
        yield web
    finally:
        web.kill(signal.SIGTERM)


def sums(followers: list[Follower]) -> dict[str, int]:
    """Return what all of them counted."""
    names = ("connects", "refused", "heard", "gaps", "repeats", "resets", "beats")
    return {name: sum(getattr(one, name) for one in followers) for name in names}
