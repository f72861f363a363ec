"""What a pack of evidence shows is named; what it does not show is not."""

from __future__ import annotations

import pytest

from agent2.core.diagnosis import Cause, diagnose, summary

LOCKED = {"tid": 8, "state": "S", "wait": "futex_do_wait", "cpu": 0.0}
IDLE = {"tid": 7, "state": "S", "wait": "poll_schedule_timeout", "cpu": 0.0}


def process(**facts):
    return {"process": {"pid": 7, "state": "S", "tree": [7, 8]} | facts}


def port(**facts):
    return process() | {"ports": [{"port": 80, "listening": True} | facts]}


NAMED = {
    "stopped": (process(state="T"), "SIGCONT"),
    "oom": ({"death": "killed by SIGKILL: out of memory (OOM)"}, "out of memory"),
    "died": ({"death": "exit code 3"}, "the process died: exit code 3"),
    "port_stolen": (port(pid=9, name="nginx"), "held by nginx (pid 9), not by process 7"),
    "descriptors": (
        process(descriptors={"open": 90, "limit": 100, "kinds": {"socket": 60, "x": 2}}),
        "90 of 100 file descriptors are in use, mostly socket (60)",
    ),
    "disk_full": ({"disks": [{"mount": "/var", "used": 0.98}]}, "disk /var is full"),
    "io": (
        process(threads=[IDLE, {"tid": 8, "state": "D", "wait": "nfs_wait"}]),
        "1 of 2 threads hang in I/O (nfs_wait)",
    ),
    "cpu_spin": (
        process(threads=[{"tid": 7, "name": "web", "cpu": 0.8, "frame": "f (a.py:3)"}]),
        "thread 7 (web) uses 80% of a core in f (a.py:3)",
    ),
    "deadlock": (
        process(threads=[LOCKED, LOCKED | {"frame": "take (a.py:9)"}]),
        "all 2 threads wait for a lock and nothing runs: a deadlock (take (a.py:9))",
    ),
    "accept_queue": (port(pid=8, waiting=3), "3 connections wait on port 80"),
    "pressure_memory": ({"pressure": {"memory": 40.0}}, "want of memory (40 %"),
    "port_closed": (port(listening=False), "process 7 lives but nobody listens on port 80"),
}  # fmt: skip


@pytest.mark.parametrize("code", NAMED)
def test_each_cause_is_named_in_a_sentence(code):
    pack, words = NAMED[code]
    (cause,) = diagnose(pack)
    assert cause.code == code
    assert words in cause.sentence


OTHER_WORDS = [
    (process(threads=[LOCKED]), "its thread waits for a lock"),
    (port(pid=9), "held by another process (pid 9)"),
    (
        process(descriptors={"open": 9, "limit": 10}),
        "9 of 10 file descriptors are in use",
    ),
    ({"disks": [{"mount": "/", "inodes_used": 1.0}]}, "disk / has no inodes left"),
    (process(threads=[{"tid": 8, "state": "D"}]), "hang in I/O (the kernel)"),
    (process(threads=[{"tid": 7, "name": "w", "cpu": 1.0}]), "uses 100% of a core"),
    (
        process(cgroup={"oom_kills": 1, "memory": 95, "memory_limit": 100}),
        "its cgroup is at its memory limit",
    ),
]


@pytest.mark.parametrize(("pack", "words"), OTHER_WORDS)
def test_a_cause_is_named_with_what_is_known(pack, words):
    (cause,) = diagnose(pack)
    assert words in cause.sentence


INNOCENT = {
    "nothing": {},
    "no process": {"process": None, "ports": [{"port": 80, "listening": False}]},
    "well": port(pid=8, waiting=2)
    | {"pressure": {"cpu": 39.9}, "disks": [{"mount": "/"}]},
    "idle beside a lock": process(threads=[IDLE, LOCKED]),
    "a lock that is taken now and then": process(threads=[LOCKED | {"cpu": 0.01}]),
    "no threads": process(threads=[]),
    "nearly busy": process(threads=[{"tid": 7, "cpu": 0.79}]),
    "an owner that may not be seen": port(pid=None),
    "descriptors without a limit": process(descriptors={"open": 9, "limit": None}),
    "no limit at all": process(descriptors={"open": 9, "limit": -1}),
    "a killing long ago": process(
        cgroup={"oom_kills": 3, "memory": 9, "memory_limit": 10}
    ),
    "a cgroup without a limit": process(
        cgroup={"oom_kills": 1, "memory": 9, "memory_limit": None}
    ),
    "nearly full": {"disks": [{"mount": "/", "used": 0.979, "inodes_used": 0.979}]},
    "a dead one that listened": process(state="Z")
    | {"ports": [{"port": 80, "listening": False}]},
    "nobody's port": {"ports": [{"port": 80, "listening": True, "pid": 9}]},
}


@pytest.mark.parametrize("name", INNOCENT)
def test_what_is_no_evidence_names_nothing(name):
    assert diagnose(INNOCENT[name]) == ()


def test_the_most_telling_comes_first_and_three_are_enough():
    pack = NAMED["port_stolen"][0] | NAMED["disk_full"][0] | NAMED["pressure_memory"][0]
    pack |= {"death": "exit code 3"}
    causes = diagnose(pack)
    assert [one.code for one in causes] == [
        "port_stolen", "disk_full", "pressure_memory", "died",
    ]  # fmt: skip
    assert summary(causes).count(";") == 2
    ended = NAMED["port_closed"][0] | {"death": "exit code 3"}
    assert [one.code for one in diagnose(ended)] == ["died"]  # it does not live, too
    assert summary((Cause("a", "b"),)) == "b"
    assert summary(()) == ""
