"""What a dry run says of a restart is what the watcher would decide."""

from contextlib import closing
from pathlib import Path

import pytest

from agent2.cli.people.rehearsal import rehearse
from agent2.cli.settings import Settings
from agent2.compiler import compile_text
from agent2.core.model import Health, TargetState
from agent2.plan.stored import from_json
from agent2.store import targets
from agent2.store.database import Database
from agent2.wire.signal import Signal, place, render

TEXT = """
targets:
  - {name: api, instances: [1, 2], checks: [{kind: tcp, port: "{instance}"}]}
  - {name: web, depends_on: [api], checks: [{kind: tcp, port: 80}], primary: true}
"""


@pytest.fixture
def decide(tmp_path):
    tree, problems = compile_text(TEXT, "/etc/a.yaml", str(tmp_path), "", {})
    assert not problems

    def ask(name, **states):
        db = Database.open(f"{tmp_path}/agent2.db")
        with closing(db), db.transaction() as tx:
            for each, state in states.items():
                targets.save(tx, f"api.{each[1:]}", state)
        found = rehearse(Settings(folder=str(tmp_path)), from_json(tree), name)
        return found["reason"], found["note"]

    return ask


def test_a_group_that_fails_holds_who_depends_on_it(decide):
    lost = TargetState(health=Health.UNHEALTHY)
    assert decide("web", _1=lost, _2=TargetState(health=Health.HEALTHY))[0] == "budget"
    assert decide("web", _1=lost, _2=lost)[0] == "depends_on"


def test_a_neighbour_whose_order_nobody_took_up_keeps_its_turn(decide, tmp_path):
    asked = TargetState(health=Health.UNHEALTHY, action="api.1#1.000", action_at=1.0)
    assert decide("api.2", _1=asked)[0] == "budget"
    (tmp_path / "restart_signal.d").mkdir()
    order = Path(place(str(tmp_path), "api.1", primary=False))
    order.write_bytes(render(Signal("2026-01-01T00:00:00Z", "x", target="api.1")))

    assert decide("api.2", _1=asked) == ("in_turn", "api.1 restarts")
    assert decide("api.1", _1=asked)[0] == "under_way"
