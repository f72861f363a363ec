"""What a killed watcher has left is not taken for what the next one says."""

import os
import resource
from binascii import crc32
from pathlib import Path

import pytest

from agent2.watcher.lifeboat import Lifeboat
from agent2.watcher.publish import Publisher


class Loop:
    """As much of a reactor as a first write asks for."""

    def now(self):
        return 1.0


@pytest.fixture
def no_room():
    """No file takes a byte, as on a full disk; what is there can be removed."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_status_that_nobody_can_replace_is_removed(tmp_path, no_room):
    old, failures = tmp_path / "agent2_status.json", []
    old.touch()
    made = Publisher(str(tmp_path), Loop(), lambda: {"a": 1}, id, failures.append)
    made.write()
    assert [type(error) for error in failures] == [OSError]
    assert not old.exists()


def test_the_store_that_it_had_in_memory_goes_when_the_first_one_works(
    tmp_path, monkeypatch
):
    state, bases = str(tmp_path / "state"), [tmp_path / "run", tmp_path / "user"]
    name = f"agent2-{os.geteuid()}-{crc32(state.encode()):08x}"
    for base, variable in zip(
        bases, ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"), strict=True
    ):
        base.mkdir()
        monkeypatch.setenv(variable, str(base))
    left = [bases[0] / name, bases[1] / f"{name}-00ff"]
    for folder in left:
        folder.mkdir(0o700)
        (folder / "agent2.db").touch()
    strange = bases[1] / name
    strange.mkdir()
    strange.chmod(0o755)  # not as ours is made
    (strange / "agent2.db").touch()

    boat = Lifeboat(Loop(), None, state, lambda: False)
    with pytest.raises(StopIteration):
        boat.leave().send(None)

    assert [folder.exists() for folder in left] == [False, False]
    assert (strange / "agent2.db").exists()
    assert not list(Path("/dev/shm").glob(f"{name}*"))
