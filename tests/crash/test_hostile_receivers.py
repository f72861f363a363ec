"""Receivers that hang, lie, flood and forge: the watch goes on, and people are told."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import hostile
import ours
import pytest

from tests.fakes.certificates import make
from tests.live.rig import config, wait_for

INTERVAL = 0.25
CALM = 2.0  # seconds before the storm, to compare with
HEADER = "Bearer H3alth-Check-Tok3n"
GROWTH = 4096  # KiB; the goal is 2048, see bench
EYE = 0.2  # seconds between two looks at all processes: a courier lives for many
STANDSTILL = 4.5  # a receiver that hangs does so for five seconds
OUTAGES = Path(__file__).with_name("outages.py")
pytestmark = pytest.mark.timeout(600)  # of all that happens before the first test


class Storm:
    """An agent, its targets, and every hostile receiver at once."""

    def __init__(self, folder: Path, rig) -> None:
        self.folder = folder
        self.right = make(folder, "127.0.0.1")
        self.receivers = hostile.receivers(self.right)
        wrong = make(folder, "elsewhere.example")
        for each in self.receivers:
            each.begin(wrong)
        self.answers = folder / "answers.log"
        argv = [sys.executable, str(OUTAGES), "3", "--log", str(self.answers)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.stage = rig.run(*argv, **pipes)
        ports = json.loads(self.stage.stdout.readline())
        entries, environ = hostile.notifiers(self.receivers, folder / "pager.key")
        targets = [self._target(n, port) for n, port in enumerate(ports)]
        environ["HEALTH_TOKEN"] = HEADER
        self.canaries = {HEADER.split()[1], *hostile.secrets(self.receivers)}
        self.argvs: set[tuple[str, ...]] = set()
        self.looked = 0.0
        self.agent = rig.agent(
            config(*targets, notifiers=entries),
            folder=folder / "run" / "state",
            **environ,
        )

    def _target(self, number: int, port: int) -> dict:
        check = {
            "kind": "http",
            "url": f"http://127.0.0.1:{port}/",
            "headers": {"Authorization": "${HEALTH_TOKEN}"},
        }
        usual = {"interval": INTERVAL, "timeout": 1, "flapping": False}
        return {"name": f"t{number}", "checks": [check], **usual}

    def become(self, number: int, mode: str) -> None:
        self.stage.stdin.write(f"{number} {mode}\n".encode())
        self.stage.stdin.flush()

    def until(self, look, within: float, what: str) -> None:
        """Wait, with an eye on the process list."""

        def watch():
            if time.monotonic() - self.looked >= EYE:
                self.argvs |= {one.argv for one in ours.of(self.agent.folder)}
                self.looked = time.monotonic()
            return look()

        wait_for(watch, within, lambda: f"{what}\n{self.rows()}\n{self.agent.tail()}")

    def rows(self) -> dict[str, set[tuple]]:
        """Return notifier -> state and cause of each of its rows."""
        found: dict[str, set[tuple]] = {}
        for name, *facts in self.agent.rows(
            "SELECT notifier, state, cause FROM deliveries"
        ):
            found.setdefault(name, set()).add(tuple(facts))
        return found

    def causes(self) -> dict[str, str]:
        """Return notifier -> how its first attempt failed."""
        return dict(
            self.agent.rows(
                "SELECT notifier, cause FROM deliveries WHERE cause IS NOT NULL"
                " AND id LIKE '%/firing/%' ORDER BY seq DESC"
            )
        )

    def memory(self) -> int:
        """Return the watcher's resident KiB."""
        with open(f"/proc/{self.agent.pid}/status", encoding="ascii") as file:
            (line,) = [one for one in file if one.startswith("VmRSS")]
        return int(line.split()[1])

    def settled(self) -> bool:
        """Is everything told that can be?"""
        waiting = {r.name for r in self.receivers if r.fate == "waits"}
        left = self.agent.rows(
            "SELECT DISTINCT notifier FROM deliveries"
            " WHERE state IN ('pending', 'sending')"
        )
        return {name for (name,) in left} <= waiting


@pytest.fixture(scope="module")
def storm(tmp_path_factory):
    from tests.live.rig import Rig

    folder = tmp_path_factory.mktemp("storm")
    rig = Rig(folder)
    made = Storm(folder, rig)
    try:
        _happen(made)
        yield made
    finally:
        rig.close()
        for one in ours.of(made.agent.folder):
            ours.kill(one)  # a test that failed left its courier
        for each in made.receivers:
            each.made.fake.close()


def _happen(storm: Storm) -> None:
    """An outage while everybody is hostile; then they are good, and another one."""
    storm.agent.until_line("passed", count=6)
    begun = time.time()
    storm.until(lambda: time.time() - begun > CALM, 60, "a calm moment")
    storm.before, since = storm.memory(), time.time()
    everybody = {each.name for each in storm.receivers} - {"witness"}
    storm.become(1, "bad")
    storm.become(2, "echo")
    storm.until(lambda: set(storm.causes()) == everybody, 240, "all were asked")
    storm.hostile = storm.causes()
    storm.become(1, "ok")
    storm.become(2, "ok")
    for each in storm.receivers:
        each.mend(storm.right)
    storm.until(storm.settled, 240, "all are told")
    storm.after = storm.memory()
    quiet = hostile.looks(storm.answers, 0, begun, since)
    during = hostile.looks(storm.answers, 0, since, time.time())
    storm.late = hostile.lateness(quiet, during, INTERVAL)
    storm.states = storm.rows()
    calm = hostile.lateness(quiet, quiet, INTERVAL)
    growth = storm.after - storm.before
    print(json.dumps({"growth_kib": growth, "calm": calm, "storm": storm.late}))
    assert storm.agent.stop() == 0
    wait_for(lambda: not ours.of(storm.agent.folder), 60, "nothing is left running")


CAUSES = {
    "hang": {"timeout"},
    "drip": {"timeout"},
    "html": {"invalid_answer"},
    "endless": {"invalid_answer", "timeout", "crashed"},
    "302": {"redirect"},
    "500": {"server"},
    "429": {"rate_limited"},
    "certificate": {"tls"},
}


@pytest.mark.slow
def test_each_is_seen_for_what_it_is(storm):
    wrong = {
        name: cause
        for name, cause in storm.hostile.items()
        if cause not in CAUSES[name.split("-")[1]]
    }
    assert wrong == {}


@pytest.mark.slow
def test_the_watch_goes_on_at_its_rate(storm):
    assert storm.late["longest_gap_s"] < STANDSTILL
    assert storm.late["looks"] > 20


@pytest.mark.slow
def test_the_watcher_does_not_grow(storm):
    assert storm.after - storm.before < GROWTH


@pytest.mark.slow
def test_everybody_is_told_or_others_are_told_of_it(storm):
    for each in storm.receivers:
        states = {state for state, _ in storm.states[each.name]}
        if each.fate == "dead":
            assert "dead" in states, each.name
        elif each.fate == "waits":
            assert states == {"pending"}, each.name
        else:
            assert states <= {"delivered", "superseded"}, each.name
            assert "delivered" in states, each.name


@pytest.mark.slow
def test_a_dead_letter_is_told_by_a_good_receiver(storm):
    (witness,) = [each for each in storm.receivers if each.name == "witness"]
    told = {
        got.json["data"]["issue"].split()[0]
        for got in witness.made.fake.received
        if got.json["data"]["kind"] == "undelivered"
    }
    assert told == {each.name for each in storm.receivers if each.fate == "dead"}


@pytest.mark.slow
def test_a_redirect_is_not_followed(storm):
    for each in storm.receivers:
        paths = {got.path for got in each.made.fake.received}
        assert "/elsewhere" not in paths, each.name


@pytest.mark.slow
def test_a_rest_of_a_day_is_an_hour(storm):
    ((least,),) = storm.agent.rows(
        "SELECT min(next_at - failed_at) FROM deliveries"
        " WHERE notifier = 'slack-429-hour' AND attempts > 0"
    )
    assert 3000 < least <= 3600.0
    (asked,) = [each for each in storm.receivers if each.name == "slack-429-hour"]
    assert len(asked.made.fake.received) == 1


def forms(secret: str) -> set[bytes]:
    """Return how a text could have been written: plain, quoted, as base64."""
    plain = secret.encode()
    found = {plain, quote(secret, safe="").encode()}
    for before in range(3):  # wherever it stands in what was encoded
        packed = base64.b64encode(b"\0" * before + plain + b"\0\0")
        found.add(packed[4 if before else 0 : -8])
    return found


@pytest.mark.slow
def test_no_secret_is_anywhere(storm):
    run = storm.agent.folder.parent
    files = [path for path in run.rglob("*") if path.is_file()]
    names = {path.name for path in files}
    assert {"agent2.log", "agent2.db", "agent2_status.json", "plan.json"} <= names
    assert "agent2_error.log" in names
    written = {path.name: path.read_bytes() for path in files}
    written["process list"] = repr(storm.argvs).encode()
    assert b"courier" in written["process list"]
    for secret in storm.canaries:
        for form in forms(secret):
            assert len(form) > 8
            told = [name for name, content in written.items() if form in content]
            assert told == [], f"{form!r} of {secret}"


@pytest.mark.slow
def test_nothing_broke(storm):
    for path in (storm.agent.errors, *storm.agent.folder.glob("*.log")):
        text = path.read_text(encoding="utf-8")
        assert "Traceback" not in text
        assert "internal" not in text
