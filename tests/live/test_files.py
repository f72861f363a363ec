"""Files in the state folder: whole or absent, with the right mode, in the right place."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from agent2.host import files


@pytest.fixture(params=[0o000, 0o077])
def umask(request):
    old = os.umask(request.param)
    yield request.param
    os.umask(old)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("sync", [True, False])
def test_a_written_file_has_its_mode_whatever_the_umask(tmp_path, umask, sync):
    path = tmp_path / "status"
    files.write_atomic(str(path), b"one", sync=sync)
    files.write_atomic(str(path), b"two", sync=sync)
    assert path.read_bytes() == b"two"
    assert mode(path) == 0o644
    assert os.listdir(tmp_path) == ["status"]


def test_a_relative_path_is_written_in_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files.write_atomic("status", b"x")
    assert (tmp_path / "status").read_bytes() == b"x"


def test_a_reader_never_sees_half_a_file(tmp_path):
    path = str(tmp_path / "status")
    texts = [bytes([65 + n]) * 20_000 for n in range(2)]
    files.write_atomic(path, texts[0])
    done = threading.Event()

    def write():
        for n in range(200):
            files.write_atomic(path, texts[n % 2], sync=False)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        assert Path(path).read_bytes() in texts
    writer.join()


def test_a_link_is_replaced_and_never_written_through(tmp_path):
    victim, path = tmp_path / "victim", tmp_path / "status"
    victim.write_bytes(b"precious")
    path.symlink_to(victim)
    files.write_atomic(str(path), b"new")
    assert victim.read_bytes() == b"precious"
    assert not path.is_symlink()


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(tmp_path):
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "child").touch()
    with pytest.raises(OSError):
        files.write_atomic(str(blocked), b"x")
    assert os.listdir(tmp_path) == ["blocked"]


def test_a_full_disk_is_an_error_and_leaves_no_rubbish(tmp_path):
    script = (
        "import resource, signal, sys\n"
        "from agent2.host import files\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "try: files.write_atomic(sys.argv[1], b'x' * 1000)\n"
        "except OSError: sys.exit(7)\n"
    )
    path = tmp_path / "status"
    path.write_bytes(b"old")
    run = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert run.returncode == 7
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["status"]


def test_leftovers_of_dead_writers_are_swept_and_nothing_else(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (tmp_path / f".status.{dead.pid}-0.tmp").touch()
    (tmp_path / f".status.{os.getppid()}-0.tmp").touch()
    (tmp_path / "notes.tmp").touch()
    assert files.sweep(str(tmp_path)) == 1
    assert len(os.listdir(tmp_path)) == 2


def test_reading_refuses_what_is_not_a_plain_small_file(tmp_path):
    (tmp_path / "plain").write_bytes(b"12345")
    (tmp_path / "link").symlink_to(tmp_path / "plain")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    assert files.read_small(str(tmp_path / "plain"), 5) == b"12345"
    for name in ("link", "fifo", "folder"):
        with pytest.raises(files.UnsafeFileError, match="not a regular file"):
            files.read_small(str(tmp_path / name), 100)
    with pytest.raises(files.UnsafeFileError, match="larger than 4"):
        files.read_small(str(tmp_path / "plain"), 4)
    with pytest.raises(FileNotFoundError):
        files.read_small(str(tmp_path / "none"), 4)


@pytest.mark.parametrize("bits", [0o664, 0o646])
def test_a_trusted_read_refuses_what_strangers_can_write(tmp_path, bits):
    path = tmp_path / "file"
    path.touch()
    path.chmod(bits)
    files.read_small(str(path), 1)
    with pytest.raises(files.UnsafeFileError, match="written by group or world"):
        files.read_small(str(path), 1, trusted=True)


def test_folders_are_made_with_their_mode_whatever_the_umask(tmp_path, umask):
    folder = tmp_path / "above" / "below"
    files.ensure_dir(str(folder))
    files.ensure_dir(str(folder))
    assert mode(folder) == mode(tmp_path / "above") == 0o755


def test_an_existing_folder_keeps_its_mode(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir(mode=0o700)
    files.ensure_dir(str(folder), 0o755)
    assert mode(folder) == 0o700


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        files.ensure_dir(str(tmp_path / "file"))
