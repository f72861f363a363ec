"""The dashboard before texts of others, two hundred targets, and a store that changes."""

from __future__ import annotations

import json
import time
from urllib.parse import quote

import pytest

from agent2.core import gates as moves
from agent2.core.effects import OpenIncident
from agent2.core.events import Event
from agent2.core.message import Cause, DeliveryState
from agent2.core.model import Code, Facet, Severity
from agent2.core.value import replace
from agent2.host.clock import stamp
from agent2.store import audits, gates, history, inbox, incidents, journal, outbox
from agent2.store.database import Database
from agent2.wire.snapshot import MARK
from tests.live.cli_kit import holding
from tests.live.store_rows import delivery
from tests.live.web_kit import Web, compiled

pytestmark = pytest.mark.slow
MANY = 200
EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script>\"'`${1}"
NOW = time.time()
CHECK = {"name": EVIL, "kind": EVIL, "outcome": "fail", "code": EVIL, "detail": EVIL,
         "duration_s": 0.1, "response_s": 0.1}  # fmt: skip


def name(number):
    return f"{EVIL} {number}"


def target(number):
    return {
        "name": name(number), "state": "down" if number < 3 else "ok",
        "health": "unhealthy" if number < 3 else "healthy", "degraded": False,
        "since": stamp(NOW - 60), "consecutive_failures": 3, "failure_threshold": 2,
        "last_check": stamp(NOW), "interval_s": 5.0, "checks": [CHECK],
        "restarts": {"enabled": True, "used": 1, "limit": 5, "period_s": 1800.0,
                     "exhausted": number == 0},
        "incident": None, "flapping": number == 1, "paused": number == 2,
        "labels": {EVIL: EVIL},
    }  # fmt: skip


def status():
    fix = {"timestamp": stamp(NOW), "issue": EVIL, "action": EVIL, "result": EVIL,
           "target": name(0), "incident_id": "i@0", "attempt": 1, "id": "f",
           "withdrawn": False}  # fmt: skip
    opened = {"id": "i@0", "target": name(0), "severity": "critical", "reason": EVIL,
              "opened_at": stamp(NOW - 60), "code": EVIL, "detail": EVIL}  # fmt: skip
    notifier = {"name": EVIL, "kind": EVIL, "pending": 0, "oldest_pending_s": None,
                "last_success": None, "last_error": None, "dead": 1}  # fmt: skip
    config = {"path": EVIL, "sha": EVIL, "profile": EVIL, "loaded_at": stamp(NOW),
              "last_reload": "rejected", "last_reload_at": stamp(NOW), "error": EVIL,
              "warnings": 1}  # fmt: skip
    return {
        "status": "monitoring", "last_check": stamp(NOW), "health_status": "down",
        "consecutive_failures": 3, "fixes": [fix], "schema": "agent2.status/1",
        "seq": 1, "updated_at": stamp(NOW), "valid_until": stamp(NOW + 3600),
        "primary": name(0), "summary": {},
        "agent": {"version": EVIL, "pid": 1, "started_at": stamp(NOW), "host": EVIL,
                  "instance": EVIL, "config": config,
                  "self": {"troubles": {EVIL: EVIL}, "lateness_s": 0.001}},
        "targets": [target(number) for number in range(MANY)], "gates": [],
        "incidents": {"open": [opened]}, "notifiers": [notifier],
        "restart_signal": {"pending": False},
    }  # fmt: skip


def fill(path):
    """Write the same hostile text wherever the store keeps one."""
    db = Database.open(path)
    with db.transaction() as tx:
        facts = (Severity.CRITICAL, NOW - 60, Facet.PORT, Code.PORT_REFUSED, EVIL)
        incidents.open_incident(tx, OpenIncident("i@0", name(0), *facts))
        told = {"subject": EVIL, "target": EVIL, "detail": EVIL}
        outbox.add(tx, [delivery("i@0", notifier=EVIL, at=NOW, **told)])
        journal.append(tx, NOW, EVIL, name(0), "i@0", {"detail": EVIL, "code": EVIL})
        gates.put(tx, moves.pause(EVIL, EVIL, EVIL, EVIL, NOW))
        row = (EVIL, {"who": EVIL, "reason": EVIL}, NOW)
        audits.append(tx, EVIL, "info", *row)
        inbox.add(tx, [Event("e", "eventbus", EVIL, "X", NOW, {})], NOW)
        points = [
            (name(n), NOW - i, "good" if i % 9 else "bad", EVIL, 0.01)
            for n in range(MANY)
            for i in range(50)
        ]
        history.add(tx, points)
    (row,) = outbox.lease(db, owner="t", now=NOW, lease_s=60, notifiers=[EVIL])
    dead = replace(row, state=DeliveryState.DEAD, cause=Cause.AUTH, detail=EVIL)
    outbox.failed(db, dead, NOW)
    db.close()


@pytest.fixture(scope="module")
def web(chrome, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    compiled(folder, "{rate_limit: 10000}")
    fill(str(folder / "agent2.db"))
    (folder / "agent2_status.json").write_text(json.dumps(status()), encoding="utf-8")
    with holding(folder / "agent2.pid", MARK):
        made = Web(folder)
        made.folder = folder
        yield made
        made.close()


def expect(locator):
    from playwright.sync_api import expect as made

    return made(locator)


def test_two_hundred_targets_are_shown(chrome, web, record_property):
    with chrome.page(web.url) as opened:
        page = opened.page
        expect(page.locator("table.targets tbody tr")).to_have_count(MANY)
        expect(page.locator("#sentence")).to_contain_text("3 of 200 targets are down")
        expect(page.locator("svg.beats")).to_have_count(MANY)
        page.get_by_label("Find a target").fill("199")
        expect(page.locator("table.targets tbody tr")).to_have_count(1)


PLACES = ("", "t/", "incidents", "i/i@0", "notifications", "inbox", "about")


def test_a_text_of_others_stays_a_text(chrome, web):
    with chrome.page(web.url) as opened:
        page = opened.page
        for place in PLACES:
            asked = place + quote(name(0), safe="") if place == "t/" else place
            page.goto(f"{web.url}#/{asked}")
            expect(page.locator("main h1").first).to_be_visible()
            expect(page.locator("main").get_by_text("<img src=x").first).to_be_visible()
            assert page.locator("img, main script, iframe, object").count() == 0
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= 1280, place


def test_another_store_in_its_place_is_said_and_taken(chrome, web):
    with chrome.page(web.url, quiet=False) as opened:
        page = opened.page
        stream = page.locator(".stream")
        expect(stream).to_have_attribute("data-mode", "live")
        expect(page.get_by_text("i@0")).to_have_count(0)
        other = web.folder / "other.db"  # whole at once: a half one is one more reset
        fill(str(other))
        for end in ("-wal", "-shm"):
            assert not other.with_name(f"other.db{end}").exists()
            (web.folder / f"agent2.db{end}").unlink(missing_ok=True)
        other.rename(web.folder / "agent2.db")
        expect(stream).to_have_attribute("data-resets", "1")
        expect(stream).to_have_attribute("data-mode", "live")
        assert stream.get_attribute("data-repeats") == "0"


def test_beyond_its_machine_the_page_asks_for_the_token_first(chrome, web, tmp_path):
    token = "0123456789abcdef0123"
    path = tmp_path / "token"
    path.write_text(token)
    path.chmod(0o600)
    where = f"{{host: 0.0.0.0, rate_limit: 10000, token_file: {path}}}"
    compiled(tmp_path, where)
    fill(str(tmp_path / "agent2.db"))
    (tmp_path / "agent2_status.json").write_text(json.dumps(status()), encoding="utf-8")
    other = Web(tmp_path)
    try:
        with chrome.page(other.url, quiet=False) as opened:
            page = opened.page
            expect(page.locator("dialog input[name=token]")).to_be_focused()
            expect(page.locator("table.targets")).to_have_count(0)
            page.keyboard.type(token)
            page.keyboard.press("Enter")
            expect(page.locator("table.targets tbody tr")).to_have_count(MANY)
            expect(page.locator(".stream")).to_have_attribute("data-mode", "live")
            expect(page.locator("dialog")).to_have_count(0)
    finally:
        other.close()
