"""A state folder as the watcher would leave it, and a real courier on it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from agent2.core.message import Alert, Delivery
from agent2.core.model import AlertKind, Severity
from agent2.store import outbox
from agent2.store.database import Database

ROOT = Path(__file__).resolve().parents[2]
COURIER = str(ROOT / "agent2" / "courier" / "__main__.py")
ROUTING_KEY = "0123456789abcdef0123456789abcdef"


def alert(kind: AlertKind = AlertKind.FIRING, **changes) -> Alert:
    """Return an alert as ``core.alerting`` composes one, in Chinese."""
    incident = changes.pop("incident", "webui@1763661000.000")
    issue = changes.pop("issue", "WebUI 进程不存在")
    fields = {
        "id": f"{incident}/{kind.value}/0",
        "kind": kind,
        "incident": incident,
        "dedup_key": f"agent2/a1b2c3/webui/{incident}",
        "target": "webui",
        "severity": Severity.CRITICAL,
        "subject": f"[Agent2 Alert] {issue}",
        "issue": issue,
        "action": "创建重启信号",
        "reason": "process_not_alive",
        "code": "pid_dead",
        "detail": "pid 4711 is gone",
        "at": "2025-11-20T18:30:00.000+00:00",
        "opened_at": "2025-11-20T18:29:00.000+00:00",
        "closed_at": None,
        "duration_s": 60.0,
        "host": "box",
        "instance": "a1b2c3",
        "look": "cat ~/.agentos/multi_agent/agent2_status.json",
        "language": "zh",
        "count": 0,
    }
    fields |= changes
    fields.setdefault(
        "lines",
        (
            f"问题: {fields['issue']}",
            f"操作: {fields['action']}",
            f"时间: {fields['at']}",
            f"  {fields['look']}",
        ),
    )
    return Alert(**fields)


def notifier(name: str, kind: str, **options) -> dict:
    """Return one notifier as the compiled plan spells it."""
    return {"name": name, "kind": kind, "options": options}


def secret(text: str) -> dict:
    return {"$secret": text}


class Stage:
    """A state folder with a plan and a store; ``start`` runs couriers on it."""

    def __init__(self, folder: Path, *notifiers: dict, language: str = "zh"):
        self.folder = folder
        self.language = language
        self.plan(*notifiers)
        self.db = Database.open(str(folder / "agent2.db"))
        self.running: list[subprocess.Popen] = []
        self.alerts = 0

    def plan(self, *notifiers: dict) -> None:
        tree = {
            "format": 1,
            "stamp": "s",
            "config_path": "",
            "sha": "0" * 12,
            "base": str(self.folder),
            "profile": "test",
            "language": self.language,
            "targets": [],
            "notifiers": list(notifiers),
            "routes": [],
            "log": {},
            "restarter": {"argv": []},
            "web": {},
            "warnings": [],
        }
        new = self.folder / "plan.json.new"
        new.write_text(json.dumps(tree))
        os.replace(new, self.folder / "plan.json")

    def queue(self, name: str, told: Alert | None = None, **changes) -> str:
        """Queue *told* for the notifier *name*; return the delivery's id."""
        self.alerts += 1
        told = told or alert(incident=f"webui@{self.alerts}")
        now = time.time()
        fields = {"created_at": now, "next_at": now} | changes
        made = Delivery(f"{told.id}/{name}", name, told, **fields)
        with self.db.transaction() as tx:
            outbox.add(tx, [made])
        return made.id

    def start(self, *options: str, **environ: str) -> subprocess.Popen:
        argv = [sys.executable, "-I", "-S", COURIER, "--state-dir", str(self.folder)]
        argv += options
        with (self.folder / "stderr").open("ab") as errors:
            child = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env=os.environ | environ,
            )
        self.running.append(child)
        return child

    @property
    def errors(self) -> str:
        with (self.folder / "stderr").open() as file:  # /dev/full has no end
            return file.read(100_000)

    def row(self, delivery_id: str) -> Delivery:
        found = outbox.get(self.db, delivery_id)
        assert found is not None
        return found

    def wait(self, ready, timeout: float = 60.0) -> None:
        """Wait until *ready()* is true."""
        until = time.monotonic() + timeout
        while not ready():
            assert time.monotonic() < until, f"too late; stderr: {self.errors}"
            time.sleep(0.01)

    def wait_state(
        self, delivery_id: str, *states: str, timeout: float = 60.0
    ) -> Delivery:
        self.wait(lambda: self.row(delivery_id).state.value in states, timeout)
        return self.row(delivery_id)

    def stop(self, child: subprocess.Popen, number: int = signal.SIGTERM) -> int:
        child.send_signal(number)
        return child.wait(60)

    def lanes(self, child: subprocess.Popen) -> list[int]:
        """Return the PIDs of a courier's children."""
        listed = Path(f"/proc/{child.pid}/task/{child.pid}/children")
        return [int(number) for number in listed.read_text().split()]

    def close(self) -> None:
        """End everything now; leaving politely has tests of its own."""
        for child in self.running:
            if child.poll() is None:
                lanes = self.lanes(child)
                self.stop(child, signal.SIGKILL)
                for number in lanes:
                    try:
                        os.kill(number, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
        self.db.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
