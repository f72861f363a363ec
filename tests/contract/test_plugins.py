"""What holds for every check and every action of the table, whatever it does.

A new kind is held to this from the day when it enters the table: its options are
made of the words of its own annotations (``Port``, ``Url``, ``Path``, ``argv``).
"""

from __future__ import annotations

import socket
import sys
import time

import pytest

from agent2 import plugins
from agent2.core.model import Code, Facet, Finding, Outcome
from agent2.plugins import Deed, Order
from agent2.wire import en, zh
from tests.contract.probing import (
    all_gone,
    ask,
    children,
    closed_again,
    descriptors,
    run,
)
from tests.ports import reserved

CHECKS = tuple(plugins.TABLE["checks"])
ACTIONS = tuple(plugins.TABLE["actions"])
HANGS = (sys.executable, "-c", "import time; time.sleep(60)")
MEANT = {"resources": {"file": "Path"}}  # without it the machine is: it is there
SOON = 0.3  # seconds that a check is given to look at what never answers


def options(family: str, kind: str, port: int, path: str, argv: tuple[str, ...]):
    """Return the options that *kind* must be given, pointing at what is told."""
    cls = plugins.load(family, kind)
    told = {
        "Port": port,
        "str": "agent2-nobody",
        "Url": f"http://127.0.0.1:{port}/health",
        "Path": path,
        "tuple[str, ...]": argv,
        "tuple[Path, ...]": (path,),
    }
    words = {name: str(word) for name, word in cls.__annotations__.items()}
    needed = {
        name: word for name, word in words.items() if name not in cls.__defaults__
    }
    strange = {name: word for name, word in needed.items() if word not in told}
    assert not strange, f"what shall {kind} be given for {strange}? Say it here"
    needed |= MEANT.get(kind, {})
    if kind == "certificate":
        return {"host": "127.0.0.1", "port": port}
    return {name: told[word] for name, word in needed.items()}


@pytest.fixture
def silent():
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", reserved()), backlog=100) as door:
        yield door.getsockname()[1]


@pytest.fixture
def nobody():
    """A port on which nobody listens."""
    with socket.socket() as wire:
        wire.bind(("127.0.0.1", 0))
        yield wire.getsockname()[1]


@pytest.fixture
def nothing_stays():
    """Fail if a descriptor or a child is left behind."""
    before, born = descriptors(), children()
    yield
    assert closed_again(before), (before, descriptors())
    assert all_gone(born), (born, children())


def made(kind: str, port: int, tmp_path, argv: tuple[str, ...]):
    given = options("checks", kind, port, str(tmp_path / "none"), argv)
    return plugins.load("checks", kind)(**given)


@pytest.mark.parametrize(("family", "kind"), [
    (family, kind) for family, table in plugins.TABLE.items() for kind in table
])  # fmt: skip
def test_a_plugin_is_what_the_table_says(family, kind):
    cls = plugins.load(family, kind)

    assert cls.kind == kind
    assert cls.__doc__
    if family == "checks":
        assert isinstance(cls.facet, Facet)
    if family == "actions":
        assert cls.label in en.WORDS
        assert cls.label in zh.WORDS
    if family == "notifiers":
        assert isinstance(cls.deduplicates, bool)


@pytest.mark.parametrize("kind", CHECKS)
def test_a_check_ends_in_time_whatever_hangs(kind, silent, tmp_path, nothing_stays):
    check = made(kind, silent, tmp_path, HANGS)
    begun = time.monotonic()

    finding = ask(check, SOON)

    assert isinstance(finding, Finding)
    assert time.monotonic() - begun < 50  # not the minute that the command sleeps


@pytest.mark.parametrize("kind", CHECKS)
def test_a_check_whose_time_is_over_says_so_and_raises_nothing(
    kind, silent, tmp_path, nothing_stays
):
    check = made(kind, silent, tmp_path, HANGS)

    finding = run(lambda reactor, _: check.probe(reactor, reactor.now() - 1.0))

    assert isinstance(finding, Finding)
    assert finding.outcome is not Outcome.OK or kind == "tcp", finding


@pytest.mark.parametrize("kind", CHECKS)
def test_where_nothing_is_a_check_finds_a_failure_or_cannot_look(
    kind, nobody, tmp_path, nothing_stays, monkeypatch
):
    monkeypatch.setenv("PATH", str(tmp_path))  # no program is there either
    check = made(kind, nobody, tmp_path, (str(tmp_path / "no-such-program"),))

    first, again = ask(check), ask(check)

    assert first.outcome in {Outcome.FAIL, Outcome.ERROR}
    assert first.code is not Code.OK
    assert (again.outcome, again.code) == (first.outcome, first.code)


def order(state_dir: str) -> Order:
    return Order(
        action="webui#1",
        target="web ui/../x",
        incident="webui@1",
        attempt=1,
        reason="process_not_alive",
        code="pid_dead",
        detail="two\nlines \x1b[31m",
        at="2026-01-02T03:04:05.678+00:00",
        state_dir=state_dir,
        primary=False,
    )


@pytest.mark.parametrize("argv", [("true",), ("false",), ("/no/such/program",)])
@pytest.mark.parametrize("kind", ACTIONS)
def test_an_action_returns_how_it_went_and_raises_nothing(
    kind, argv, nobody, tmp_path, nothing_stays
):
    cls = plugins.load("actions", kind)
    action = cls(**options("actions", kind, nobody, str(tmp_path / "x"), argv))
    in_the_way = tmp_path / "file"
    in_the_way.write_text("no folder")

    for folder in (tmp_path, tmp_path / "none", in_the_way):
        asked = order(str(folder))
        deed = run(lambda reactor, _, asked=asked: action.run(asked, reactor))
        assert isinstance(deed, Deed)
        assert deed.detail.isprintable(), deed
        assert isinstance(action.pending(asked), bool)
        assert isinstance(action.withdraw(asked), bool)
        assert action.pending(asked) is False
