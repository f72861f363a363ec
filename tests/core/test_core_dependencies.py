"""A target whose parent is failing is measured, but not told and not restarted."""

from __future__ import annotations

from core_notation import SAID, T0

from agent2.core.effects import Notify, OpenIncident, RequestRestart, ResolveIncident
from agent2.core.health import advance
from agent2.core.model import AlertKind, Health, Policy, TargetState


def _live(cycles: str, held: str):
    state, effects = TargetState(), []
    for number, (letter, is_held) in enumerate(zip(cycles, held, strict=True)):
        step = advance(
            "web",
            Policy(),
            state,
            SAID[letter],
            T0 + 5 * number,
            held=is_held == "H",
        )
        state = step.state
        effects += step.effects
    return state, effects


def _kinds(effects):
    return [e.kind for e in effects if isinstance(e, Notify)]


def test_a_held_target_is_still_measured_and_its_incident_recorded():
    state, effects = _live("+--", ".HH")

    assert state.health is Health.UNHEALTHY
    assert [type(e) for e in effects if isinstance(e, OpenIncident)] == [OpenIncident]
    assert _kinds(effects) == []
    assert not any(isinstance(e, RequestRestart) for e in effects)


def test_a_target_still_down_after_its_parent_recovered_is_told_and_restarted_then():
    _, effects = _live("+---", ".HH.")

    assert _kinds(effects) == [AlertKind.FIRING]
    assert sum(isinstance(e, RequestRestart) for e in effects) == 1


def test_a_held_outage_that_ended_with_its_parents_is_told_to_nobody():
    _, effects = _live("+--+", ".HHH")

    assert _kinds(effects) == []
    assert any(isinstance(e, ResolveIncident) for e in effects)


def test_the_recovery_of_a_told_outage_is_owed_even_while_the_parent_fails():
    _, effects = _live("+---+", "...HH")

    assert _kinds(effects) == [AlertKind.FIRING, AlertKind.RESOLVED]
