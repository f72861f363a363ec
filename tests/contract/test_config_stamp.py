"""The watcher knows by a stamp whether its plan is still of the sources."""

import os

import pytest

from agent2.plan.sources import current_stamp, find_config, state_dir

HOME = {"HOME": "/home/x"}


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("targets: ${A} ${B:-1} ${file:c}\n")
    return path


def test_the_stamp_stays_while_nothing_changes(config):
    environ = HOME | {"A": "1", "PATH": "/bin"}
    stamp = current_stamp(str(config), "", environ)
    assert (
        current_stamp(str(config), "", environ | {"PATH": "/usr/bin", "OTHER": "x"})
        == stamp
    )


@pytest.mark.parametrize(
    "change",
    [
        {"A": "2"},
        {"A": ""},
        {"B": "1"},
        {"HOME": "/root"},
        {"LANG": "zh_CN"},
        {"LC_ALL": "C"},
        {"LC_MESSAGES": "C"},
        {"AGENT2_PROFILE": "dev"},
        {"AGENT2_LOG_LEVEL": "DEBUG"},
        {"AGENT2_LANGUAGE": "zh"},
        {"AGENT2_INTERVAL": "1"},
        {"AGENT2_TIMEOUT": "1"},
        {"AGENT2_FAILURE_THRESHOLD": "1"},
        {"AGENT2_SUCCESS_THRESHOLD": "1"},
    ],
)
def test_every_variable_that_counts_changes_it(config, change):
    environ = HOME | {"A": "1"}
    assert current_stamp(str(config), "", environ | change) != current_stamp(
        str(config), "", environ
    )


def test_the_profile_of_the_command_line_changes_it(config):
    assert current_stamp(str(config), "dev", HOME) != current_stamp(
        str(config), "", HOME
    )


def _rewrite(path):
    before = path.stat()
    path.write_text(path.read_text().replace("targets", "tergets"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _replace(path):
    other = path.with_name("b.yaml")
    other.write_text(path.read_text())
    os.replace(other, path)


@pytest.mark.parametrize(
    "change",
    [
        _rewrite,
        _replace,
        lambda p: p.chmod(0o640),
        lambda p: p.unlink(),
        lambda p: p.write_text("x" * 2_000_000),
    ],
    ids=["same size and time", "same content, another file", "mode", "gone", "huge"],
)
def test_whatever_happens_to_the_file_changes_it(config, change):
    config.chmod(0o600)
    before = current_stamp(str(config), "", HOME)
    change(config)
    assert current_stamp(str(config), "", HOME) != before


def test_it_never_raises_and_never_hangs(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    stamps = {
        current_stamp(str(path), "", {})
        for path in (tmp_path / "no", tmp_path, tmp_path / "fifo")
    }
    assert len(stamps) == 3


def test_it_holds_no_value_of_a_variable(config):
    assert "hunter2" not in current_stamp(str(config), "", HOME | {"A": "hunter2"})


# Where things lie


@pytest.mark.parametrize(
    ("explicit", "environ", "folder"),
    [
        ("", {}, "/home/x/.agentos/multi_agent"),
        ("", {"AGENT2_HOME": "/h"}, "/h"),
        ("", {"AGENT2_HOME": "/h", "AGENT2_STATE_DIR": "/s"}, "/s"),
        ("/e/../f", {"AGENT2_STATE_DIR": "/s"}, "/f"),
        ("~/e", {}, "/home/x/e"),
        ("", {"AGENT2_HOME": ""}, "/home/x/.agentos/multi_agent"),
        ("", {"AGENTOS_DB_PATH": "/data/agentos.db"}, "/data"),
        ("", {"AGENTOS_DB_PATH": "~/d/agentos.db"}, "/home/x/d"),
        ("", {"AGENTOS_DB_PATH": ""}, "/home/x/.agentos/multi_agent"),
        ("", {"AGENTOS_DB_PATH": "/data/a.db", "AGENT2_HOME": "/h"}, "/h"),
        ("/e", {"AGENTOS_DB_PATH": "/data/agentos.db"}, "/e"),
    ],
)
def test_the_state_folder(explicit, environ, folder):
    assert state_dir(explicit, HOME | environ) == folder


def test_the_configuration_is_sought_in_order(tmp_path):
    home, xdg, state = tmp_path / "home", tmp_path / "xdg", tmp_path / "state"
    environ = {"HOME": str(home), "AGENT2_STATE_DIR": str(state)}
    assert find_config("", environ) == ""
    for folder, more in (
        (state, {}),
        (home / ".config" / "agent2", {}),
        (xdg / "agent2", {"XDG_CONFIG_HOME": str(xdg)}),
    ):
        folder.mkdir(parents=True)
        (folder / "agent2.yaml").write_text("")
        assert find_config("", environ | more) == str(folder / "agent2.yaml")
    assert find_config("", environ | {"AGENT2_CONFIG": "/not/there"}) == "/not/there"
    assert (
        find_config("/nor/here", environ | {"AGENT2_CONFIG": "/not/there"})
        == "/nor/here"
    )


def test_a_dangling_link_is_found_so_that_it_is_an_error(tmp_path):
    (tmp_path / "agent2.yaml").symlink_to("/nowhere")
    assert find_config("", {"HOME": "/h"}, str(tmp_path)) == str(
        tmp_path / "agent2.yaml"
    )
