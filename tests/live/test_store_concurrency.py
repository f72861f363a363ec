"""Several programs on one store at once: no row twice, none out of order, none lost."""

from __future__ import annotations

import os
import threading

import pytest
from store_rows import NOW, delivery, programs

from agent2.core.message import DeliveryState, Receipt
from agent2.core.model import AlertKind
from agent2.store import journal, meta, outbox
from agent2.store.database import Database
from agent2.store.lock import FileLock

PROGRAMS = 4


def fill(path, incidents=30):
    db = Database.open(path)
    kinds = (AlertKind.FIRING, AlertKind.REMINDER, AlertKind.RESOLVED)
    with db.transaction() as tx:
        for kind in kinds:
            outbox.add(tx, (delivery(f"i{n}", kind=kind) for n in range(incidents)))
    db.close()
    return incidents * len(kinds)


def test_four_senders_never_hold_the_same_row_nor_pass_one_another(tmp_path, path):
    many = fill(path)
    log = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def send(number):
        db, mine = Database.open(path), 0
        while outbox.next_due(db) is not None and mine < many / 2:
            for row in outbox.lease(
                db,
                owner=f"p{number}",
                now=NOW,
                lease_s=30,
                notifiers=["mail"],
                limit=1 + number,
            ):
                line = f"{row.alert.incident} {row.seq} {row.fence} {number}\n"
                os.write(log, line.encode())
                mine += 1
                if row.fence == 1 and row.seq % 5 == 0:
                    assert outbox.release(db, row, NOW)
                else:
                    assert outbox.delivered(db, row, Receipt(f"p{number}"), NOW)
        db.close()

    programs(PROGRAMS, send)
    os.close(log)
    lines = [line.split() for line in (tmp_path / "log").read_text().splitlines()]
    assert len({(seq, fence) for _, seq, fence, _ in lines}) == len(lines)
    assert len({seq for _, seq, _, _ in lines}) == many
    for incident in {line[0] for line in lines}:
        order = [int(seq) for name, seq, _, _ in lines if name == incident]
        assert order == sorted(order)
    assert len({number for *_, number in lines}) > 1
    db = Database.open(path)
    assert len(outbox.listing(db, [DeliveryState.DELIVERED], limit=999)) == many
    db.close()


def test_a_lease_that_ran_out_is_taken_by_one_program_only(tmp_path, path):
    many = fill(path, incidents=20) // 3
    db = Database.open(path)
    asleep = outbox.lease(
        db, owner="old", now=NOW, lease_s=1, notifiers=["mail"], limit=99
    )
    assert len(asleep) == many
    log = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def take(number):
        mine = Database.open(path)
        while True:
            found = outbox.lease(
                mine, owner=f"p{number}", now=NOW + 2, lease_s=99, notifiers=["mail"]
            )
            if not found:
                break
            assert found[0].ambiguous
            os.write(log, f"{found[0].id}\n".encode())
        mine.close()

    programs(PROGRAMS, take)
    os.close(log)
    taken = (tmp_path / "log").read_text().split()
    assert sorted(taken) == sorted(row.id for row in asleep)
    assert not any(outbox.delivered(db, row, Receipt("late"), NOW) for row in asleep)
    db.close()


@pytest.mark.parametrize("truncate", [False, True])
def test_four_writers_lose_nothing(path, truncate):
    rounds = 60

    def write(number):
        db = Database.open(path)
        for n in range(rounds):
            with db.transaction() as tx:
                row = tx.execute("SELECT value FROM meta WHERE key = 'n'").fetchone()
                meta.put(tx, "n", str(int(row[0] if row else 0) + 1))
                journal.append(tx, NOW, "k", f"p{number}", None, {"x": "y" * 2000})
            if truncate and n % 7 == number:
                db.checkpoint()
            if n % 20 == number:
                db.close()
                db = Database.open(path)
        db.close()

    programs(PROGRAMS, write)
    db = Database.open(path)
    assert meta.get(db, "n") == str(rounds * PROGRAMS)
    assert journal.last(db) == rounds * PROGRAMS
    assert db.rows("PRAGMA integrity_check") == [("ok",)]
    db.close()


def test_four_programs_open_a_new_store_at_once(path):
    for _ in range(5):
        programs(PROGRAMS, lambda number: meta.instance(Database.open(path)))
        db = Database.open(path)
        assert db.quick_check() is None
        db.close()
        os.unlink(path)


def test_four_programs_agree_on_the_name_of_the_store(tmp_path, path):
    log = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def ask(_number):
        db = Database.open(path)
        os.write(log, f"{meta.instance(db)}\n".encode())
        db.close()

    programs(PROGRAMS, ask)
    os.close(log)
    names = (tmp_path / "log").read_text().split()
    assert len(names) == PROGRAMS
    assert len(set(names)) == 1


def test_two_that_name_the_store_at_the_same_moment_agree(path):
    stores = [Database.open(path) for _ in range(2)]
    holder = FileLock(path + ".lock")
    holder.acquire()
    names = []
    threads = [
        threading.Thread(target=lambda db=db: names.append(meta.instance(db)))
        for db in stores
    ]
    for thread in threads:
        thread.start()
    threads[0].join(0.05)  # both have seen that there is no name yet
    holder.release()
    for thread in threads:
        thread.join()
    assert len(set(names)) == 1
    for one in (*stores, holder):
        one.close()


def test_four_programs_that_meet_a_damaged_file_make_one_new_store(tmp_path, path):
    (tmp_path / "agent2.db").write_bytes(b"no database" * 1000)
    os.chmod(path, 0o600)
    log = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def begin(number):
        db, note = Database.open_or_replace(path, NOW)
        with db.transaction() as tx:
            meta.put(tx, f"p{number}", "here")
        if note:
            os.write(log, b"moved\n")
        db.close()

    programs(PROGRAMS, begin)
    os.close(log)
    assert (tmp_path / "log").read_text() == "moved\n"
    assert len(list(tmp_path.glob("*.damaged-*"))) == 1
    db = Database.open(path)
    assert [meta.get(db, f"p{n}") for n in range(PROGRAMS)] == ["here"] * PROGRAMS
    db.close()
