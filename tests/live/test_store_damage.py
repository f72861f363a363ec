"""A store that breaks: said in one line, moved aside, never a traceback."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from store_rows import NOW, delivery, put, refusal

from agent2.core.effects import OpenIncident
from agent2.core.message import Receipt
from agent2.core.model import ActionResult, Code, Facet, Severity, TargetState
from agent2.store import actions, history, incidents, journal, meta, outbox, targets
from agent2.store.actions import ActionRow
from agent2.store.database import Database, StoreError

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "harm",
    [
        lambda raw: b"this is not a database at all" * 200,
        lambda raw: b"\0" * len(raw),
        lambda raw: raw[:100] + b"\xff" * 5000 + raw[5100:],
        lambda raw: raw[: len(raw) // 2],
        lambda raw: raw[: len(raw) // 2] + b"\xee" * (len(raw) - len(raw) // 2),
        lambda raw: raw[:60] + b"\0\0\0\0" + raw[64:],  # the version
        lambda raw: raw.replace(b"next_at REAL", b"nxxt_at REAL", 1),
    ],
    ids=["text", "zeros", "schema", "cut", "second_half", "version", "column"],
)
def test_a_damaged_file_is_moved_aside_and_a_new_one_begun(tmp_path, path, harm):
    db = Database.open(path)
    put(db, "k", "v")
    with db.transaction() as tx:
        outbox.add(tx, [delivery(f"i{n}") for n in range(40)])
    db.checkpoint()
    db.close()
    Path(path).write_bytes(broken := harm(Path(path).read_bytes()))
    Path(path + "-wal").write_bytes(b"old")
    db, note = Database.open_or_replace(path, NOW)
    try:
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(NOW))
        aside = tmp_path / f"agent2.db.damaged-{stamp}"
        assert aside.read_bytes() == broken
        assert Path(f"{aside}-wal").read_bytes() == b"old"
        assert str(aside) in note
        assert "\n" not in note
        assert meta.get(db, "k") is None
        put(db, "k", "new")
        assert db.quick_check() is None
    finally:
        db.close()
    again, note = Database.open_or_replace(path, NOW)
    assert (meta.get(again, "k"), note) == ("new", None)
    again.close()


def test_damage_is_only_reported_by_open(path):
    Path(path).write_bytes(b"not a database, whatever its name says" * 100)
    os.chmod(path, 0o600)
    assert refusal(path) == "damaged"
    assert Path(path).read_bytes().startswith(b"not a database")


def test_two_damages_in_one_second_are_both_kept(tmp_path, path):
    for _ in range(2):
        Path(path).write_bytes(b"no database" * 500)
        Database.open_or_replace(path, NOW)[0].close()
    assert len(list(tmp_path.glob("agent2.db.damaged-*"))) == 2


def test_a_healthy_file_is_not_moved(path, db):
    put(db, "k", "v")
    other, note = Database.open_or_replace(path, NOW)
    assert (meta.get(other, "k"), note) == ("v", None)
    other.close()


def test_an_empty_file_is_a_new_store(path):
    Path(path).write_bytes(b"")
    db = Database.open(path)
    put(db, "k")
    db.close()


def test_a_wal_left_by_another_file_is_not_believed(path):
    old = Database.open(path)
    put(old, "k", "old")
    wal = Path(path + "-wal").read_bytes()
    old.close()
    os.unlink(path)
    Path(path + "-wal").write_bytes(wal)
    db = Database.open(path)
    assert meta.get(db, "k") is None
    assert db.quick_check() is None
    db.close()


def use_all_of_it(db):
    """Read everything that the programs read, and write a little."""
    meta.instance(db)
    targets.load_all(db)
    incidents.open_ones(db)
    incidents.latest(db)
    actions.recent(db)
    actions.unfinished(db)
    actions.total(db)
    history.recent(db, "webui", 100)
    journal.read(db)
    outbox.counts(db)
    outbox.next_due(db)
    outbox.listing(db)
    outbox.pending_group(db, "mail", "i1")
    for row in outbox.lease(
        db, owner="x", now=NOW, lease_s=9, notifiers=["mail", "slack"], limit=9
    ):
        assert row.alert.subject
        outbox.delivered(db, row, Receipt("ok"), NOW)
    with db.transaction() as tx:
        targets.save(tx, "webui", TargetState(failures=2))
        outbox.add(tx, [delivery("new")])
        journal.append(tx, NOW, "k", "webui", "i1", {})
        outbox.prune(tx, NOW)
        journal.prune(tx, NOW)
    db.checkpoint()


def filled(path):
    db = Database.open(path)
    state = TargetState(incident="i1", restarts=(NOW,), detail="d" * 50)
    opened = OpenIncident("i1", "webui", Severity.ERROR, NOW, Facet.PORT, Code.DNS, "d")
    with db.transaction() as tx:
        targets.save(tx, "webui", state)
        incidents.open_incident(tx, opened)
        outbox.add(tx, [delivery(f"i{n}") for n in range(12)])
        history.add(tx, [("webui", NOW + n, "good", "ok", 0.5) for n in range(50)])
        for n in range(12):
            journal.append(tx, NOW, "k", "webui", "i1", {"n": n})
            row = (f"a{n}", "webui", "i1", n, "command", "issue", "label")
            actions.plan(tx, ActionRow(*row, ActionResult.PLANNED, "r", "c", "d", NOW))
    outbox.pause(db, "slack", NOW + 5)
    meta.instance(db)
    db.close()
    return Path(path).read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("part", ["header", "pages", "wal"])
def test_a_flipped_byte_gives_a_store_error_or_nothing(path, part):
    raw = filled(path)
    wal = b""
    if part == "wal":
        db = Database.open(path)
        put(db, "k", "v" * 5000)
        wal = Path(path + "-wal").read_bytes()
        raw = Path(path).read_bytes()
        db.close()
    size = len(wal or raw)
    places = range(0, 100, 2) if part == "header" else range(51, size, size // 75)
    kinds = set()
    for place in places:
        for name in os.listdir(os.path.dirname(path)):
            os.unlink(os.path.join(os.path.dirname(path), name))
        bent = bytearray(wal or raw)
        bent[place] ^= 0xFF if place % 4 else 0x01
        Path(path).write_bytes(raw if wal else bent)
        if wal:
            Path(path + "-wal").write_bytes(bent)
        try:
            db = Database.open(path)
        except StoreError as error:
            kinds.add(error.kind)
            continue
        try:
            use_all_of_it(db)
        except StoreError as error:
            kinds.add(error.kind)
        finally:
            db.close()
    if part == "header":
        assert {"damaged", "newer"} <= kinds


def test_bytes_flipped_under_an_open_store_are_a_store_error_or_nothing(path):
    raw = filled(path)
    for place in range(4096, len(raw), len(raw) // 40):
        Path(path).write_bytes(raw)
        db = Database.open(path)
        with open(path, "r+b") as file:
            file.seek(place)
            file.write(bytes([raw[place] ^ 0xFF] * 16))
        try:
            use_all_of_it(db)
        except StoreError:
            pass
        finally:
            db.close()


def test_a_whole_store_is_used_without_any_error(path):
    filled(path)
    db = Database.open(path)
    use_all_of_it(db)
    assert db.quick_check() is None
    db.close()
