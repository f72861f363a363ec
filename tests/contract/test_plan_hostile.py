"""A compiled plan that was bent, replaced or written by others is compiled anew."""

from __future__ import annotations

import json
import os

import pytest

from agent2.compiler.compile import compile_text
from agent2.compiler.references import expand
from agent2.compiler.words import Wrong
from agent2.plan import secret, stored

CONFIG = {
    "targets": [
        {"name": "webui", "checks": [{"kind": "http", "url": "http://127.0.0.1/"}]}
    ],
    "notifiers": [{"name": "hook", "kind": "webhook", "url": "https://example.com/"}],
}


@pytest.fixture
def tree(tmp_path):
    made = compile_text(json.dumps(CONFIG), str(tmp_path / "c.yaml"), "", "", {})
    assert made.tree is not None, made.problems
    return made.tree


@pytest.fixture
def path(tmp_path, tree):
    found = tmp_path / "plan.json"
    found.write_text(json.dumps(tree))
    found.chmod(0o600)
    assert stored.load(str(found)).targets[0].name == "webui"
    return found


WRONG = [
    (("targets",), "webui"),
    (("targets",), None),
    (("warnings",), [1]),
    (("stamp",), None),
    (("config_path",), 5),
    (("language",), ["en"]),
    (("log", "level"), ["INFO"]),
    (("log", "max_bytes"), "10"),
    (("log", "max_bytes"), True),
    (("restarter", "argv"), [5]),
    (("restarter", "timeout"), float("nan")),
    (("notifiers", 0, "name"), 5),
    (("notifiers", 0, "kind"), ["slack"]),
    (("notifiers", 0, "options"), []),
    (("notifiers", 0, "options", "url"), {"$secret": 5}),
    (("routes",), [{"match": [], "notifiers": []}]),
    (("routes",), [{"match": {"severity": 1}, "notifiers": []}]),
    (("targets", 0, "name"), None),
    (("targets", 0, "interval"), "5"),
    (("targets", 0, "interval"), float("nan")),
    (("targets", 0, "interval"), float("inf")),
    (("targets", 0, "interval"), 0),
    (("targets", 0, "retry_interval"), -1.0),
    (("targets", 0, "timeout"), -5.0),
    (("targets", 0, "policy"), []),
    (("targets", 0, "policy", "severity"), "loud"),
    (("targets", 0, "policy", "failure_threshold"), "2"),
    (("targets", 0, "policy", "failure_threshold"), 10**400),
    (("targets", 0, "policy", "reminders"), ["soon"]),
    (("targets", 0, "policy", "restart", "period"), None),
    (("targets", 0, "labels"), {"a": 1}),
    (("targets", 0, "depends_on"), [None]),
]


@pytest.mark.parametrize(("place", "wrong"), WRONG)
def test_a_plan_of_which_one_field_is_wrong_is_no_plan(path, tree, place, wrong):
    node = tree
    for key in place[:-1]:
        node = node[key]
    assert node[place[-1]] != wrong
    node[place[-1]] = wrong
    path.write_text(json.dumps(tree))
    with pytest.raises(stored.PlanError) as refused:
        stored.load(str(path))
    assert "\n" not in str(refused.value)


BROKEN = {
    "empty": "",
    "half": '{"format": 1, "targets": [',
    "null": "null",
    "list": "[]",
    "text": '"plan"',
    "number": "1" + "0" * 5000,
    "100,000 deep": "[" * 100_000,
    "not utf-8": b"\xff\xfe{}",
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_file_that_is_no_plan_is_refused_in_one_line(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(stored.PlanError) as refused:
        stored.load(str(path))
    assert "\n" not in str(refused.value)


def test_a_plan_that_others_may_write_is_not_believed(path):
    for mode in (0o620, 0o602, 0o666):
        path.chmod(mode)
        with pytest.raises(stored.PlanError, match="group or world"):
            stored.load(str(path))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_plan_of_another_user_is_not_believed(path):
    os.chown(path, 54321, -1)
    with pytest.raises(stored.PlanError, match="uid 54321"):
        stored.load(str(path))


def test_neither_a_pipe_nor_a_link_nor_a_huge_file_is_read(path, tmp_path):
    elsewhere = tmp_path / "elsewhere.json"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    with pytest.raises(stored.PlanError, match="regular file"):
        stored.load(str(path))
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(stored.PlanError, match="regular file"):
        stored.load(str(path))
    path.unlink()
    path.touch()
    os.truncate(path, 1 << 40)
    with pytest.raises(stored.PlanError, match="larger"):
        stored.load(str(path))


def test_a_secret_behind_a_pipe_or_device_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zeros").symlink_to("/dev/zero")
    for name in ("pipe", "zeros"):
        source = f"${{file:{name}}}"
        with pytest.raises(secret.SecretError, match=f"secret file {name}"):
            secret.expand(source, str(tmp_path))
        with pytest.raises(Wrong, match="cannot be read"):
            expand(source, str(tmp_path), {})


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_secret_behind_a_link_is_read_without_its_last_line_end(tmp_path, end):
    (tmp_path / "..data").write_bytes(f"s3cret{end}".encode())
    (tmp_path / "..data").chmod(0o600)
    (tmp_path / "key").symlink_to("..data")
    assert secret.expand("${file:key}", str(tmp_path)) == "s3cret"
    assert expand("${file:key}", str(tmp_path), {}) == "s3cret"
