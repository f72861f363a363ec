"""What is read of the lines that changed is what the whole file says."""

from __future__ import annotations

import json
import random
from dataclasses import asdict

import pytest

from agent2.metrics.facts import facts
from agent2.metrics.gather import gather
from agent2.metrics.kept import Kept
from agent2.metrics.lines import Lines
from agent2.metrics.text import render as render_text
from agent2.store import totals
from agent2.wire.status import render


def entry(n, luck):
    """Return a target as the watcher writes it, with times drawn by *luck*."""
    checks = [
        {
            "name": f"c{k}: 0.5",
            "detail": f'says "response_s": {luck.random():.3f}, took: 1.5 of {n}',
            "duration_s": round(luck.random(), 6),
            **({"response_s": round(luck.random(), 6)} if k else {}),
            **({"timings": {"dns": 1e-05, "total": luck.random()}} if k else {}),
            **({"figures": {"load: 1.5": luck.random() * 9}} if n % 3 == 2 else {}),
        }
        for k in range(n % 4)
    ]
    return {
        "name": f"t{n}",
        "state": "ok",
        "since": "2026-01-01T00:00:00.000+00:00",
        "consecutive_failures": 0,
        "last_check": f"2026-01-01T00:00:{luck.randrange(60):02}.000+00:00",
        "interval_s": 5.0,
        "checks": checks,
        "restarts": {"enabled": True, "used": 0, "limit": 5, "period_s": 1800.0},
        "paused": False,
        "labels": {"rate": "2.5"},
    }


ODD = (
    {"state": "down", "consecutive_failures": 3},
    {"last_check": None, "checks": []},
    {"consecutive_failures": 1.5},
    {"last_check": 'a"b: 1.5'},
    {"checks": [{"name": "x", "duration_s": 0, "response_s": True}]},
    {"checks": [{"name": "x", "duration_s": 1e-05, "figures": {"n": 3}}, 7]},
    {"checks": [{"name": "x", "duration_s": -0.5, "response_s": None}]},
    {"restarts": {"enabled": True, "used": 4, "limit": 5}},
    {"name": "other: 0.5", "flapping": True, "paused": True},
)


def as_numbers(told):
    """Return *told* with the digits read as numbers."""

    def number(one):
        return float(one) if isinstance(one, str) else one

    found = asdict(told)
    found["took"] = [number(one) for one in told.took]
    found["answered"] = number(told.answered)
    found["figures"] = [(a, b, number(n)) for a, b, n in told.figures]
    return found


def test_lines_tell_what_the_whole_file_does_however_it_changes():
    luck, reader = random.Random(7), Lines()
    for turn in range(60):
        targets = [entry(n, luck) for n in range(12)]
        if turn > 30:  # before that only times move
            for _ in range(3):
                targets[luck.randrange(12)].update(luck.choice(ODD))
            targets = targets[: luck.randrange(1, 13)]
        text = render({"seq": turn, "targets": targets, "groups": [{"a": 1}]}).decode()
        tree = reader.parse(text)

        assert [as_numbers(one) for one in tree.pop("targets")] == [
            as_numbers(facts(one)) for one in targets
        ]
        assert tree == {"seq": turn, "groups": [{"a": 1}]}


def test_a_line_of_which_only_times_moved_is_not_parsed_again():
    check = {"name": "http", "duration_s": 0.25, "timings": {"total": 0.125}}
    one, reader = {"last_check": "x", "interval_s": 5.0, "checks": [check]}, Lines()
    one |= {"name": "a", "state": "ok", "consecutive_failures": 0}
    found = []
    for seconds, state in ((0.25, "ok"), (0.5, "ok"), (0.5, "down")):
        check["duration_s"], one["state"] = seconds, state
        found += reader.parse(render({"targets": [one]}).decode())["targets"]

    assert found[0] is found[1] is not found[2]
    assert (found[1].took, found[2].state) == (["0.5"], "down")


def test_a_file_that_is_not_the_watchers_is_read_as_any_json():
    tree = {"targets": [entry(n, random.Random(1)) for n in range(3)]}
    for text in (json.dumps(tree), json.dumps(tree, indent=2), '{"targets": []}'):
        assert Lines().parse(text) == json.loads(text)


def series(db, kept, folder):
    """Scrape; return the names and labels of all that is told."""
    text = render_text(gather(db, kept.look(str(folder)), kept).all())
    return {line.rsplit(b" ", 1)[0] for line in text.splitlines() if line[:1] != b"#"}


@pytest.mark.slow
def test_of_a_thousand_targets_no_scrape_misses_a_series(db, tmp_path):
    luck, kept, found = random.Random(3), Kept(), []
    for turn in range(3):
        targets = [entry(n, luck) for n in range(1000)]
        tree = {"updated_at": "2026-01-01T00:00:00+00:00", "targets": targets}
        (tmp_path / "agent2_status.json").write_bytes(render(tree))
        with db.transaction() as tx:
            totals.add(tx, [("check", f"t{turn}", "c0: 0.5", "ok", 1.0)])
        found.append(series(db, kept, tmp_path))

    assert found[0] == found[1] == found[2]
    took = b"agent2_check_last_duration_seconds{"
    assert sum(line.startswith(took) for line in found[0]) == 1500
    assert len(found[0]) > 18_000
