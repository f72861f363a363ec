"""Trees of files against lists of checksums: what differs is named, links stay links."""

from __future__ import annotations

import hashlib
import os
import subprocess

import pytest

from agent2.checks.integrity import IntegrityCheck
from agent2.core.integrity import written
from agent2.core.model import Code, Outcome
from agent2.host.checksums import Scan
from tests.contract.probing import ask, until


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "app"
    (root / "inner").mkdir(parents=True)
    (root / "a.py").write_bytes(b"a = 1\n" * 1000)
    (root / "inner" / "b.py").write_bytes(b"b = 2\n")
    (root / "notes.txt").write_bytes(b"n")
    return root


def fixed(tree, **options):
    """A check, after the list of what is there was written."""
    path = tree.parent / "list"
    scan = Scan(
        [str(tree)], options.get("include", ()), options.get("exclude", ()), None
    )
    for _ in scan.steps():
        pass
    path.write_text(written(scan.digests))
    path.chmod(0o600)
    given = {"paths": (str(tree),), "baseline": str(path), "every": 0.0}
    return IntegrityCheck(**given | options)


def test_what_is_as_it_was_is_well_and_the_list_is_that_of_sha256sum(tree):
    found = ask(fixed(tree))
    assert (found.outcome, found.code) == (Outcome.OK, Code.OK)
    assert found.detail == "3 files are as they were"
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", tree.parent / "list"],
        check=False,
    )
    assert done.returncode == 0


def test_one_byte_a_new_file_and_a_lost_one_are_named_until_they_are_mended(tree):
    check = fixed(tree)
    before = (tree / "a.py").stat()
    content = bytearray((tree / "a.py").read_bytes())
    content[500] ^= 1
    (tree / "a.py").write_bytes(content)
    os.utime(tree / "a.py", ns=(before.st_atime_ns, before.st_mtime_ns))
    (tree / "c.py").write_bytes(b"c")
    (tree / "inner" / "b.py").rename(tree / "d.py")

    found = ask(check)

    assert (found.outcome, found.code) == (Outcome.FAIL, Code.COMPONENT)
    told = "app/ changed a.py; added c.py, d.py; removed inner/b.py"
    assert found.detail.endswith(told)
    content[500] ^= 1
    (tree / "a.py").write_bytes(content)
    (tree / "c.py").unlink()
    (tree / "d.py").rename(tree / "inner" / "b.py")
    assert ask(check).outcome is Outcome.OK


def test_only_what_the_patterns_ask_for_counts(tree):
    check = fixed(tree, include=("*.py",), exclude=("inner", "*/cache/*"))
    (tree / "notes.txt").write_bytes(b"other")
    (tree / "inner" / "b.py").write_bytes(b"other")
    (tree / "cache").mkdir()
    (tree / "cache" / "x.py").write_bytes(b"x")
    assert ask(check).detail == "1 files are as they were"


def test_links_are_not_followed_out_and_a_file_that_became_one_is_changed(tree):
    outside = tree.parent / "outside"
    outside.mkdir()
    (outside / "secret.py").write_bytes(b"s")
    (tree / "way").symlink_to(outside)
    check = fixed(tree)
    (outside / "secret.py").write_bytes(b"changed")
    (outside / "more.py").write_bytes(b"m")
    assert ask(check).detail == "4 files are as they were"

    (tree / "way").unlink()
    (tree / "way").symlink_to("/etc")
    (tree.parent / "copy").write_bytes((tree / "a.py").read_bytes())
    (tree / "a.py").unlink()
    (tree / "a.py").symlink_to(tree.parent / "copy")
    found = ask(check)
    assert found.outcome is Outcome.FAIL
    assert found.detail.endswith("app/ changed a.py, way")


def test_a_list_of_md5sum_with_names_from_the_folder_is_read(tree):
    names = ("a.py", "inner/b.py", "notes.txt")
    lines = [
        f"{hashlib.md5((tree / n).read_bytes()).hexdigest()}  ./{n}\n" for n in names
    ]
    path = tree.parent / "md5"
    path.write_text("".join(lines))
    path.chmod(0o600)
    check = IntegrityCheck(paths=(str(tree),), baseline=str(path), every=0.0)
    assert ask(check).outcome is Outcome.OK
    (tree / "notes.txt").write_bytes(b"m")
    assert ask(check).detail.endswith("app/ changed notes.txt")


def test_a_large_tree_is_looked_at_in_parts_and_nothing_is_said_before(tree):
    check = fixed(tree, rate=20_000, every=3600.0)
    (tree / "inner" / "b.py").write_bytes(b"b = 3\n")

    seen = []

    def in_parts():
        seen.append(ask(check, 0.2))
        return "of 3 files" in seen[-1].detail

    assert until(in_parts, 60)
    assert {(one.outcome, one.code) for one in seen} == {(Outcome.ERROR, Code.INTERNAL)}
    assert ask(check, 5.0).outcome is Outcome.FAIL


def test_a_new_baseline_counts_at_once(tree):
    check = fixed(tree, every=3600.0)
    assert ask(check).outcome is Outcome.OK
    (tree / "a.py").write_bytes(b"new")
    assert ask(check).outcome is Outcome.OK  # not before the next look
    fixed(tree)
    (tree / "a.py").write_bytes(b"newer")
    assert ask(check).outcome is Outcome.FAIL


def test_a_list_that_is_not_there_not_ours_or_no_list_is_a_failure(tree):
    check = fixed(tree)
    path = tree.parent / "list"
    path.chmod(0o666)
    assert "group or world" in ask(check).detail
    path.chmod(0o600)
    path.write_text("hello\n")
    assert "line 1" in ask(check).detail
    path.unlink()
    found = ask(check)
    assert (found.outcome, found.code) == (Outcome.FAIL, Code.COMPONENT)
    assert "agent2 integrity baseline" in found.detail


def test_a_tree_that_cannot_be_looked_at_says_nothing_of_its_files(tree):
    check = fixed(tree)
    assert ask(check).outcome is Outcome.OK
    tree.rename(tree.parent / "gone")
    for _ in range(2):
        assert ask(check).outcome is Outcome.ERROR
    (tree.parent / "gone").rename(tree)
    assert ask(check).outcome is Outcome.OK
