"""A disk that is full, a folder that cannot be written, a store that is damaged."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import stat
from binascii import crc32
from pathlib import Path

import pytest
from rig import FAST, IS_ROOT, asking, config, wait_for, watching

from agent2.host.instance import Instance
from agent2.host.owner import Owner, Presence, find
from agent2.store import copies, restoring
from tests.fakes.health_server import HealthServer, document, http
from tests.fakes.web import FakeHook

NOBODY = 65534
REMEMBERED = ("incidents", "targets", "actions", "task_audits")
FIRING = "firing"
as_root = pytest.mark.skipif(not IS_ROOT, reason="needs root: mounts, other users")


@pytest.fixture
def hook():
    with FakeHook() as made:
        yield made


class Disk:
    """A small disk of its own for one agent, in a private mount namespace."""

    def __init__(self, rig, settings: dict, size: str) -> None:
        self.agent = agent = rig.agent(settings, start=False)
        agent.folder.mkdir(parents=True)
        agent.configure(settings)
        mount = f"mount -t tmpfs -o size={size} tmpfs '{agent.folder}'"
        agent.before = ["unshare", "-m", "--", "sh", "-c", f'{mount} && exec "$@"', "-"]
        self._outside = agent.folder
        self.path = str(agent.folder)

    def start(self):
        self.agent.start()
        # The folder as the agent sees it.
        self.agent.folder = Path(f"/proc/{self.agent.pid}/root{self._outside}")
        return self.agent

    def journal(self, kind: str) -> list[dict]:
        rows = self.rows("SELECT kind, body FROM journal ORDER BY seq")
        return [json.loads(body) for each, body in rows if each == kind]

    def names(self, table: str) -> set[str]:
        return {name for (name,) in self.rows(f"SELECT event_id FROM {table}")}

    def rows(self, sql: str) -> list[tuple]:
        """Read a copy: SQLite would resolve the folder's path to the outer one."""
        copy = self._outside.parent / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for name in ("agent2.db", "agent2.db-wal"):
            shutil.copy(self.agent.folder / name, copy)
        with contextlib.closing(sqlite3.connect(copy / "agent2.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            return connection.execute(sql).fetchall()

    def fill(self) -> Path:
        """Leave not one byte free."""
        full = self.agent.folder / "full"
        with full.open("ab", buffering=0) as file:
            for size in (65536, 4096, 1):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    continue
        return full


def asked_more(server: HealthServer, count: int = 5) -> None:
    """Wait until the agent has looked *count* more times."""
    before = server.connections
    assert server.wait_connections(before + count) >= before + count


AT_ONCE = {
    "restart": {"settle": 0.1, "backoff": 0.1, "backoff_max": 0.2, "intensity": 1000}
}


@as_root
@pytest.mark.slow
def test_with_a_full_disk_cycles_and_alerts_go_on_and_nothing_is_torn_or_forgotten(
    rig, server, hook
):
    settings = asking(server, **AT_ONCE) | {"interval": 0.05}
    disk = Disk(rig, config(settings, notifiers=[telling(hook)]), "4m")
    agent = disk.start()
    agent.until_word("ok")
    full = disk.fill()
    asked_more(server)
    old = agent.status()  # whole: the last one that fitted
    server.answers[:] = [http("", 500)]
    asked_more(server, 40)
    fired(hook)
    assert agent.status()["seq"] >= old["seq"]
    assert agent.runs()
    full.unlink()
    status = agent.until_word("down")
    assert status["consecutive_failures"] >= 2
    assert status["agent"]["self"]["log_lines_lost"] > 0
    agent.until_signal()
    agent.until(lambda s: s["agent"]["self"]["troubles"] == {}, 60, "no trouble")
    # A line may be cut where the disk was full, even in its time; none is glued.
    assert max(line.count(" - Agent2 - ") for line in agent.lines()) == 1
    # What could not be committed was kept, and went into the next commit.
    assert len(disk.journal("incident.opened")) == 1
    asked = [body["action"] for body in disk.journal("restart.requested")]
    assert len(set(asked)) == len(asked)
    assert agent.until_signal()["id"] in asked
    # People heard of it meanwhile, and the proof stands where it belongs.
    wait_for(lambda: disk.rows(PROVED) == [("delivered",)], 60, "the proof")
    assert fired(hook) == 1
    # Each of those restarts was judged in its own commit, its event in the next one.
    decided = "SELECT json_extract(payload, '$.decision_id') FROM task_audits"
    judged = {name for (name,) in disk.rows(decided)}
    assert {f"dec-{action}" for action in asked} <= judged
    wait_for(
        lambda: {f"ev-{a}" for a in asked} <= disk.names("supervisor_inbox"), 60, "rows"
    )
    assert not list(
        Path("/dev/shm").glob(f"agent2-*-{crc32(os.fsencode(disk.path)):08x}")
    )


PROVED = "SELECT state FROM deliveries WHERE id LIKE '%/firing/%'"


def telling(hook) -> dict:
    return {"name": "hook", "kind": "webhook", "url": hook.url("/in")}


def fired(hook) -> int:
    """Wait until the hook was told of an outage; return of how many.

    A courier that cannot write the proof down tells it again, under the same id.
    """

    def come() -> int:
        told = [got.json for got in hook.received if got.path == "/in"]
        return len({each["id"] for each in told if FIRING in each["type"]})

    return wait_for(come, 60, "an alert")


def powerless(rig, settings: dict):
    """Return an agent that is about to run as a user without any capability."""
    agent = rig.agent(settings, start=False)
    agent.before = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--"]
    return agent


@as_root
@pytest.mark.slow
def test_in_a_folder_turned_read_only_the_cycles_go_on(rig, server):
    agent = powerless(rig, config(asking(server))).start()
    agent.until_word("ok")
    agent.folder.chmod(0o555)
    before = agent.status()
    server.answers[:] = [http("", 500)]
    asked_more(server, 8)
    assert agent.status() == before
    agent.until_line("cannot write the status file")
    agent.until_line("repair failed")
    agent.folder.chmod(0o755)
    agent.until_word("down")
    agent.until(lambda s: s["agent"]["self"]["troubles"] == {}, 60, "no trouble")


@as_root
def test_a_folder_that_another_user_owns_ends_77_with_one_line(rig, server):
    agent = powerless(rig, config(asking(server)))
    agent.configure(agent.config)
    agent.folder.mkdir()
    os.chown(agent.folder, NOBODY, NOBODY)
    agent.start(wait=0)
    assert agent.process.wait(60) == 77
    (line,) = agent.errors.read_text().splitlines()
    assert str(agent.folder) in line
    assert "choose another --state-dir" in line


@as_root
@pytest.mark.slow
def test_a_store_of_another_user_is_said_and_watch_and_alerts_go_on(
    rig, server, hook, tmp_path
):
    told = config(asking(server), notifiers=[telling(hook)])
    agent = powerless(rig, told)
    memory = tmp_path / "memory"
    memory.mkdir()
    agent.env["XDG_RUNTIME_DIR"] = str(memory)
    squat = memory / f"agent2-0-{crc32(str(agent.folder).encode()):08x}"
    squat.mkdir(0o777)  # where a small store is made in an outage, as anybody can know
    os.chown(squat, NOBODY, NOBODY)
    agent.start()
    agent.until_word("ok")
    assert agent.stop() == 0
    for path in agent.folder.glob("agent2.db*"):
        os.chown(path, NOBODY, NOBODY)
    server.answers[:] = [http("", 500)]
    agent.start()
    status = agent.until_word("down")
    assert status["status"] == "error"
    assert "agent2.db" in status["agent"]["self"]["troubles"]["store"]
    agent.until_signal()
    (line,) = agent.until_line("cannot write the database")
    assert " - ERROR - " in line
    fired(hook)
    assert len(list(memory.iterdir())) == 2

    for path in agent.folder.glob("agent2.db*"):
        os.chown(path, os.geteuid(), os.getegid())
    server.answers[:] = [http(document())]
    agent.until(lambda s: s["agent"]["self"]["troubles"] == {}, 90, "no trouble")
    wait_for(lambda: agent.rows(PROVED) == [("delivered",)], 60, "the proof")
    assert len(agent.journal("incident.opened")) == 1
    assert fired(hook) == 1
    assert list(squat.iterdir()) == []


# -- damage


def test_a_damaged_store_is_moved_aside_the_watch_goes_on_and_a_copy_brings_all_back(
    rig, server
):
    agent = rig.agent(config(asking(server)))
    path = agent.folder / "agent2.db"
    agent.until_word("ok")
    server.answers[:] = [http("", 500)]
    agent.until_signal()
    assert agent.stop() == 0
    copy = copies.make(str(path), str(agent.folder / "backups"), 0.0)
    kept = {table: agent.rows(f"SELECT * FROM {table}") for table in REMEMBERED}
    assert all(kept.values())
    (agent.folder / "restart_signal").unlink()
    server.answers[:] = [http(document())]
    path.write_bytes(b"SQLite format 3\0" + os.urandom(8192))
    agent.start()
    agent.until_word("ok")
    (aside,) = agent.folder.glob("agent2.db.damaged-*[0-9]")
    (line,) = agent.until_line("was damaged")
    assert " - ERROR - " in line
    assert aside.name in line
    server.answers[:] = [http("", 500)]
    agent.until_signal()
    assert len(agent.journal("incident.opened")) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    assert agent.stop() == 0
    restoring.restore(copy.path, str(path), 0.0)
    assert {table: agent.rows(f"SELECT * FROM {table}") for table in REMEMBERED} == kept
    agent.start()
    (first,) = kept["incidents"]
    status = agent.until_word("down")
    assert [each["id"] for each in status["incidents"]["open"]] == [first[0]]


@pytest.mark.slow
def test_a_store_damaged_while_it_runs_does_not_stop_the_watch(rig, server):
    agent = rig.agent(config(asking(server)))
    agent.until_word("ok")
    for name in ("agent2.db", "agent2.db-wal"):
        path = agent.folder / name
        if path.exists():
            with path.open("r+b") as file:
                size = path.stat().st_size
                file.write(os.urandom(size))
    server.answers[:] = [http("", 500)]
    agent.until_signal()
    agent.until_word("down")
    server.answers[:] = [http(document())]
    agent.until_word("ok")
    agent.until_no_signal()
    assert agent.runs()


def test_a_store_removed_while_it_runs_is_made_anew(rig, server):
    agent = rig.agent(config(asking(server)))
    agent.until_word("ok")
    for path in agent.folder.glob("agent2.db*"):
        path.unlink()
    server.answers[:] = [http("", 500)]
    agent.until_signal()
    agent.until_word("down")
    wait_for(lambda: kept(agent), 60, "the incident stands in a new store")
    said = agent.until_line("the database was removed or replaced while it was in use")
    assert len(said) == 1


def kept(agent) -> bool:
    try:
        return len(agent.journal("incident.opened")) == 1
    except sqlite3.Error:
        return False


def test_the_whole_folder_removed_while_it_runs_comes_back_and_is_said(rig, server):
    agent = rig.agent(config(asking(server)))
    agent.until_word("ok")
    wait_for(lambda: emptied(agent.folder), 60, "the folder is gone")
    wait_for(agent.status_path.exists, 60, "it began anew in a new folder")
    agent.until_word("ok")
    assert found(agent) == Owner(Presence.RUNNING, agent.pid), "it can be found again"
    assert any("began anew" in line for line in agent.lines()), "and it said why"
    assert agent.stop() == 0


def test_a_watcher_whose_place_another_took_leaves_it_alone(rig, server):
    agent = rig.agent(config(asking(server)))
    agent.until_word("ok")
    for path in agent.folder.glob("agent2.pid*"):
        path.unlink()
    other = Instance.acquire(str(agent.folder / "agent2.pid"))
    try:
        assert agent.process.wait(30) == 75
        text = (agent.folder / "agent2.pid").read_text()
        assert text == f"{os.getpid()}\n", "the other's file is untouched"
    finally:
        other.release()


@as_root
def test_a_folder_that_cannot_come_back_does_not_end_the_watch(rig, server):
    agent = powerless(rig, config(asking(server))).start()
    agent.until_word("ok")
    parent = agent.folder.parent
    mode = parent.stat().st_mode
    parent.chmod(0o555)
    try:
        wait_for(lambda: emptied(agent.folder), 60, "the folder is gone")
        asked_more(server)
        asked_more(server)
        assert agent.runs(), "unseen, but on watch"
    finally:
        parent.chmod(mode)


def found(agent) -> Owner:
    return find(str(agent.folder / "agent2.pid"), "agent2_monitor.py")


def emptied(folder: Path) -> bool:
    """Remove *folder*, in which somebody goes on writing."""
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def test_a_store_of_a_newer_version_ends_78_and_is_not_touched(rig, server):
    agent = rig.agent(config(asking(server)))
    agent.until_word("ok")
    assert agent.stop() == 0
    path = agent.folder / "agent2.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    content = path.read_bytes()
    agent.start(wait=0)
    assert agent.process.wait(60) == 78
    assert "newer" in agent.errors.read_text()
    assert path.read_bytes() == content
    assert json.loads(agent.status_path.read_text())["status"] == "stopped"


@as_root
def test_nothing_that_the_watcher_does_needs_a_capability(rig):
    target = rig.target()
    agent = powerless(rig, config(watching(target, **FAST))).start()
    agent.until_word("ok")
