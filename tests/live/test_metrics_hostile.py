"""Whatever stands in the status file, the figures stay readable and bounded."""

from __future__ import annotations

import json

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_open,
)
from prometheus_client.parser import text_string_to_metric_families as parse_plain

from agent2.core.value import replace
from agent2.host.owner import Owner, Presence
from agent2.metrics.family import Families
from agent2.metrics.gather import gather
from agent2.metrics.kept import Kept
from agent2.metrics.probes import probes
from agent2.metrics.table import TABLE
from agent2.metrics.targets import PARTS
from agent2.metrics.text import render
from agent2.metrics.watch import MOST
from agent2.store import meta
from agent2.web.metrics import accepts_openmetrics
from agent2.wire.snapshot import Snapshot

ODD = 'a"b\\c\nd%s%%{e="f"}é'


def status(**tree):
    return Snapshot(tree, "", "", Owner(Presence.RUNNING, 1), 1.0, fresh=True)


def told(db, seen, kept=None):
    families = gather(db, seen, kept).all()
    plain = render(families).decode()
    found = {}
    for family in parse_plain(plain):
        for one in family.samples:
            found.setdefault(one.name, {})[tuple(sorted(one.labels.items()))] = (
                one.value
            )
    text = render(families, openmetrics=True).decode()
    in_open = {one.name for f in parse_open(text) for one in f.samples}
    assert in_open == set(found)
    return found


def target(name, **more):
    check = {"name": "tcp", "duration_s": 0.5, "response_s": 0.25}
    return {"name": name, "state": "ok", "checks": [check]} | more


def test_a_name_of_any_characters_comes_back_as_it_was(db):
    found = told(db, status(targets=[target(ODD), target("b", state="down")]))

    assert found["agent2_target_up"] == {
        (("target", ODD),): 1.0,
        (("target", "b"),): 0.0,
    }
    assert found["agent2_response_time_seconds"][(("target", ODD),)] == 0.25


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {"targets": None, "agent": [], "notifiers": 3},
        {"targets": ["x", None, {}, {"name": 5, "checks": {}, "restarts": []}]},
        {"targets": [target("a", last_check="never", consecutive_failures="many")]},
        {"targets": [target("a", checks=[{"duration_s": True}, 7])]},
        {"targets": [target("a", restarts={"enabled": 1, "limit": "x", "used": None})]},
        {
            "agent": {
                "pid": "1",
                "self": {"lateness_s": "x"},
                "config": {"loaded_at": 1},
            }
        },
        {"targets": [target("a", state="on fire", last_check="9999-99-99")]},
    ],
)
def test_a_status_of_a_foreign_hand_breaks_nothing(db, tree):
    found = told(db, status(**tree))

    assert found["agent2_up"] == {(): 1.0}


def test_beyond_the_limit_there_are_no_series_for_each_target(db):
    many = [target(f"t{n}", checks=[]) for n in range(MOST)]
    just = gather(db, status(targets=many))  # not as text: that takes its time
    assert just("agent2_metrics_truncated").samples == [("", (), 0)]

    found = told(db, status(targets=[*many, target("one more")]))

    assert found["agent2_metrics_truncated"] == {(): 1.0}
    assert found["agent2_targets"][(("state", "ok"),)] == MOST + 1
    labels = {name for series in found.values() for key in series for name, _ in key}
    assert not labels & {"target", "check", "name"}


def test_what_was_read_is_read_again_after_a_commit_of_somebody_else(db, path):
    from agent2.store import totals
    from agent2.store.reading import Reader

    reader, kept, seen = Reader.look(path), Kept(), status(targets=[target("a")])
    key = (("check", "tcp"), ("result", "ok"), ("target", "a"))
    assert told(reader, seen, kept)["agent2_check_runs_total"][key] == 0
    for number in (1, 2):
        with db.transaction() as tx:
            totals.add(tx, [("check", "a", "tcp", "ok", 1.0)])
            meta.put(tx, "x", str(number))
        assert told(reader, seen, kept)["agent2_check_runs_total"][key] == number
    reader.close()


def test_an_incident_counts_from_its_commit_on_and_is_open_until_its_end(db, path):
    from agent2.core.effects import OpenIncident, ResolveIncident
    from agent2.core.model import Code, Facet, Severity
    from agent2.store import incidents
    from agent2.store.reading import Reader

    reader, kept, seen = Reader.look(path), Kept(), status(targets=[target("a")])
    critical, of_a = ("severity", "critical"), ("target", "a")

    def counts():
        found = told(reader, seen, kept)
        ever = found["agent2_incidents_total"][critical, of_a]
        return ever, found["agent2_incidents_open"][critical,]

    assert counts() == (0, 0)
    about = (Severity.WARNING, 1.0, Facet.PORT, Code.PORT_REFUSED, "x")
    with db.transaction() as tx:
        incidents.open_incident(tx, OpenIncident("i-1", "a", *about))
    assert counts() == (0, 0)
    with db.transaction() as tx:
        incidents.worsen(tx, "i-1", Severity.CRITICAL)
    assert counts() == (1, 1)
    with db.transaction() as tx:
        incidents.resolve(tx, ResolveIncident("i-1", "a", 2.0))
    assert counts() == (1, 0)
    reader.close()


def test_figures_that_changed_since_the_last_scrape_are_the_new_ones(db):
    for seconds in (0.5, 0.25, 0.25, 2):
        calm = target("a", consecutive_failures=0)
        seen = status(targets=[calm, target("b", consecutive_failures=seconds)])
        found = told(db, seen)["agent2_target_consecutive_failures"]
        assert found == {(("target", "a"),): 0.0, (("target", "b"),): seconds}


def test_checks_are_told_under_the_names_of_blackbox_exporter():
    def web(detail, **more):
        fine = {"name": "http", "kind": "http", "outcome": "ok", "detail": detail}
        return target("a", checks=[fine | more])

    def probed(one, fresh=True):
        to = Families(TABLE)
        seen = replace(status(targets=[one]), fresh=fresh)
        probes(to, seen)
        return {
            (each.metric.name, *labels[2:]): value
            for each in to.all()
            for _, labels, value in each.samples
        }

    took = {"dns": 0.1, "connect": 0.2, "first_byte": 0.3, "total": 1.0}
    well = probed(web("HTTP 200, status ok", duration_s=1.5, timings=took))
    assert well["probe_success",] == 1
    assert well["probe_duration_seconds",] == 1.5
    assert well["probe_http_status_code",] == 200
    assert well["probe_http_ssl",] == 0
    assert well["probe_http_duration_seconds", "transfer"] == pytest.approx(0.4)
    ill = probed(web("no connection", outcome="fail", code="refused"))
    assert (ill["probe_success",], ill["probe_http_status_code",]) == (0, 0)
    odd = probed(web(None, timings={"dns": "x", "total": []}, code=7))
    assert ("probe_http_status_code",) not in odd
    assert probed(web("HTTP 200"), fresh=False) == {}


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", False),
        ("*/*", False),
        ("text/plain", False),
        ("application/openmetrics-text; version=1.0.0; q=0.5, text/plain;q=0.2", True),
        ("application/openmetrics-text;q=0.2,text/plain", False),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=x,;;,", False),
    ],
)
def test_the_format_is_the_one_that_the_client_likes_best(accept, wanted):
    assert accepts_openmetrics(accept) is wanted


def test_a_status_that_did_not_change_is_not_read_again_and_a_new_one_is(db, tmp_path):
    kept, file = Kept(), tmp_path / "agent2_status.json"
    seen = []
    for seconds in (0.5, 0.5, 0.25):
        check = {"name": "tcp", "kind": "tcp", "duration_s": seconds}
        file.write_text(json.dumps({"targets": [target("a", checks=[check])]}))
        now = kept.look(str(tmp_path))
        found = told(db, now, kept)["agent2_check_last_duration_seconds"]
        assert list(found.values()) == [seconds]
        seen.append(now.tree)

    assert seen[0] is seen[1] is not seen[2]


def test_what_some_targets_do_not_tell_is_left_out_for_them_alone(db):
    kept = Kept()
    for states in (["ok", "?", "down"], ["ok", "ok", "down"], ["?", "?", "?"]):
        many = [target(f"t{n}", state=state) for n, state in enumerate(states)]
        found = told(db, status(targets=many), kept).get("agent2_target_up", {})
        expected = {"ok": 1.0, "down": 0.0}
        assert found == {
            (("target", f"t{n}"),): expected[state]
            for n, state in enumerate(states)
            if state in expected
        }


def test_a_status_that_nobody_stands_by_any_more_tells_of_no_target(db):
    kept, seen = Kept(), status(targets=[target("a")])
    assert told(db, seen, kept)["agent2_target_up"]

    found = told(db, replace(seen, fresh=False), kept)

    assert "agent2_target_up" not in found
    state = (("state", "unknown"), ("target", "a"))
    assert found["agent2_target_state"][state] == 1


def test_our_own_troubles_are_told_by_part_and_their_words_are_not(db):
    own = {"self": {"troubles": {"store": "database is locked", "odd": "x"}}}
    found = told(db, status(agent=own))["agent2_trouble"]

    assert found[(("part", "store"),)] == 1
    assert set(found.values()) == {0.0, 1.0}
    assert len(found) == len(PARTS)
    assert not any("odd" in str(key) for key in found)
