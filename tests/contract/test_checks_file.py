"""Backups: there, new, large enough, whole; and never read for long."""

from __future__ import annotations

import gzip
import os
import time

import pytest

from agent2.checks.certificate import CertificateCheck
from agent2.checks.file import FileCheck
from agent2.checks.gzip_test import GzipTest
from agent2.checks.integrity import IntegrityCheck
from agent2.core.model import Code, Outcome
from agent2.plan.secret import Secret
from tests.contract.probing import ask, until

HOUR = 3600.0


def left(tmp_path, name, content=b"x" * 100, age=2 * HOUR):
    path = tmp_path / name
    path.write_bytes(content)
    os.utime(path, (time.time() - age, time.time() - age))
    return path


def looked(path, **options):
    return ask(FileCheck(path=str(path), **options))


def test_the_newest_of_a_pattern_is_looked_at_and_measured_by_the_one_before(tmp_path):
    left(tmp_path, "db_01.gz", b"x" * 1000, age=30 * HOUR)
    left(tmp_path, "db_02.gz", b"x" * 400, age=2 * HOUR)
    left(tmp_path, ".db_03.gz", age=HOUR)
    left(tmp_path, "other.gz", age=HOUR)
    (tmp_path / "db_04.gz").mkdir()
    (tmp_path / "db_05.gz").symlink_to("nowhere")
    pattern = tmp_path / "db_*.gz"

    well = looked(pattern, max_age=3 * HOUR, min_percent=40.0)
    shrunk = looked(pattern, max_age=3 * HOUR, min_percent=41.0)
    old = looked(pattern, max_age=HOUR)

    assert (well.outcome, well.code) == (Outcome.OK, Code.OK)
    assert well.detail.endswith("db_02.gz: 400 B, 2 h old")
    assert (shrunk.outcome, shrunk.code) == (Outcome.FAIL, Code.STATUS_VALUE)
    assert (old.outcome, old.code) == (Outcome.FAIL, Code.STALE_HEARTBEAT)
    assert "2 h old, more than 1 h" in old.detail


def test_a_file_that_is_being_written_does_not_count_yet(tmp_path):
    left(tmp_path, "db_01", b"x" * 1000, age=HOUR)
    left(tmp_path, "db_02", b"", age=0)

    assert "db_01: 1000 B" in looked(tmp_path / "db_*", min_size=9).detail
    alone = looked(tmp_path / "db_02", min_size=9)
    assert (alone.outcome, "being written" in alone.detail) == (Outcome.OK, True)
    assert looked(tmp_path / "db_02", min_size=9, settle=0.0).outcome is Outcome.FAIL


@pytest.mark.parametrize("name", ["db_01", "db_*"])
def test_a_file_of_a_day_to_come_is_not_called_one_that_is_being_written(
    tmp_path, name
):
    left(tmp_path, "db_01", age=-HOUR)
    finding = looked(tmp_path / name, max_age=HOUR)
    assert (finding.outcome, finding.code) == (Outcome.FAIL, Code.STALE_HEARTBEAT)
    assert "in the future" in finding.detail


def test_one_file_that_is_written_again_is_measured_by_what_it_was(tmp_path):
    check = FileCheck(path=str(left(tmp_path, "dump", b"x" * 100)), min_percent=50.0)
    assert ask(check).code is Code.OK
    left(tmp_path, "dump", b"x" * 49, age=HOUR)
    assert [ask(check).code, ask(check).code] == [Code.STATUS_VALUE] * 2


def test_what_is_not_there_or_no_file_is_a_failure(tmp_path):
    for path in (tmp_path, tmp_path / "none", tmp_path / "no/way", tmp_path / "a*"):
        found = looked(path)
        assert (found.outcome, found.code) == (Outcome.FAIL, Code.STALE_HEARTBEAT)


WHOLE = gzip.compress(os.urandom(1000) * 300)
DAMAGED = {
    "cut": WHOLE[:-9],
    "a bit": WHOLE[:500] + bytes([WHOLE[500] ^ 1]) + WHOLE[501:],
    "checksum": WHOLE[:-8] + bytes(4) + WHOLE[-4:],
    "length": WHOLE[:-4] + bytes(4),
    "empty": b"",
    "zeros": bytes(5000),
    "text": b"pg_dump: error: connection failed\n",
    "rubbish after it": WHOLE + b"more",
    "second member cut": WHOLE + WHOLE[:-1],
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_gzip_file_that_is_not_whole_is_found(tmp_path, content):
    found = looked(left(tmp_path, "a.gz", content), gzip=True)
    assert (found.outcome, found.code) == (Outcome.FAIL, Code.SHAPE)


@pytest.mark.parametrize("content", [WHOLE, WHOLE + WHOLE, WHOLE + bytes(512)])
def test_a_whole_one_is_well(tmp_path, content):
    assert looked(left(tmp_path, "a.gz", content), gzip=True).code is Code.OK


def test_a_large_one_is_read_in_slices_and_begun_anew_when_it_changes(tmp_path):
    path = str(left(tmp_path, "a.gz", gzip.compress(bytes(50 << 20))))
    test = GzipTest()

    test.go_on(path, "a", time.monotonic() - 1)
    assert (test.fault, test.part) == (None, 0.0)
    while test.fault is None:
        test.go_on(path, "a", time.monotonic() + 0.01)
    assert test.fault == ""
    left(tmp_path, "a.gz", b"bad")
    test.go_on(path, "a", time.monotonic() + 30)
    assert test.fault == ""  # the same file is read once
    test.go_on(path, "b", time.monotonic() + 30)
    assert "damaged" in test.fault


def test_until_all_of_it_was_read_nothing_is_said_of_a_file(tmp_path):
    check = FileCheck(path=str(left(tmp_path, "a.gz", WHOLE * 400)), gzip=True)

    first = ask(check, 0.01)
    assert (first.outcome, first.code) == (Outcome.ERROR, Code.INTERNAL)
    assert until(lambda: ask(check).code is Code.OK, 60)


def test_what_stands_behind_a_reference_is_not_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("FOLDER", str(tmp_path))
    hidden = Secret("${FOLDER}/dump")
    for check in (
        FileCheck(path=hidden),
        CertificateCheck(file=hidden),
        IntegrityCheck(paths=(hidden,), baseline=hidden),
    ):
        found = ask(check)
        assert found.outcome is Outcome.FAIL
        assert str(tmp_path) not in found.detail


def test_what_no_file_could_be_is_refused():
    def wrong(**options):
        return [name for name, _, _ in FileCheck(**options).problems()]

    assert wrong(path="/a/*/b") == ["path"]
    assert wrong(path="/a/b", min_size=2, max_size=1) == ["max_size"]
    assert wrong(path="/a/b*", min_size=2) == []
