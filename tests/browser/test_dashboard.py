"""The dashboard in a real browser, over a real agent and a real web program."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from agent2.store import journal
from agent2.store.database import Database
from tests.fakes.health_server import HealthServer, document, http
from tests.live.cli_kit import Cli, until
from tests.ports import reserved

pytestmark = pytest.mark.slow
AXE = Path(__file__).with_name("vendor") / "axe.min.js"
CONFIG = """
language: en
defaults: {{interval: 1s, timeout: 10s, failure_threshold: 1}}
targets:
  - {{name: webui, interval: 200ms, checks: [{{kind: http, url: "{url}"}}], restart: {{remediation: "off"}}}}
  - {{name: closed, interval: 200ms, checks: [{{kind: tcp, port: {closed}}}]}}
  - {{name: other, checks: [{{kind: command, argv: [/bin/true]}}], labels: {{team: shop}},
     slo: {{objective: 99.5, latency: 0.5s}}}}
notifiers:
  - {{name: pager, kind: webhook, url: "http://127.0.0.1:{closed}/hook"}}
web: {{enabled: true, port: {port}, rate_limit: 10000}}
"""
WELL, ILL = http(document()), http(document(status="error"))


@pytest.fixture(scope="module")
def server():
    with HealthServer(WELL) as made:
        yield made


@pytest.fixture(scope="module")
def cli(chrome, server, tmp_path_factory):
    made = Cli(tmp_path_factory.mktemp("dashboard"))
    made.port = reserved()
    text = CONFIG.format(url=server.url, closed=reserved(), port=made.port)
    made.config(text)
    started = made("start")
    assert started.code == 0, started
    yield made
    made("stop")


@pytest.fixture(scope="module")
def url(cli):
    return f"http://127.0.0.1:{cli.port}/"


@pytest.fixture(scope="module")
def token(cli):
    return cli("web", "token").out.strip()


def expect(locator):
    from playwright.sync_api import expect as made

    return made(locator)


def journaled(cli, count):
    """Write so many entries into the agent's journal; return the number of the last."""
    db = Database.open(str(cli.state / "agent2.db"), create=False)
    with db.transaction() as tx:
        for number in range(count):
            told = {"n": number}
            last = journal.append(tx, time.time(), "test.entry", "webui", None, told)
    db.close()
    return last


def stream(page, name):
    return page.locator(".stream").get_attribute(f"data-{name}")


def test_the_first_page_tells_how_everything_is(chrome, url):
    with chrome.page(url) as opened:
        page = opened.page
        expect(page.locator("#sentence")).to_contain_text("closed is down since")
        rows = page.locator("table.targets tbody tr")
        expect(rows).to_have_count(3)
        expect(rows.first).to_contain_text("closed")  # the worst first
        case = page.locator("#attention-title").locator("xpath=ancestor::section")
        expect(case).to_contain_text("the port is closed")
        expect(case).to_contain_text("pager")
        expect(case).to_contain_text("retrying")
        expect(case).to_contain_text("create restart signal")
        expect(page.locator(".stream")).to_have_attribute("data-mode", "live")
        assert page.title().startswith("✕ 1 Agent2")
        assert "icon-down" in page.locator("link[rel=icon]").get_attribute("href")
        page.locator(".count.is-ok").click()
        expect(rows).to_have_count(2)
        page.keyboard.press("/")
        page.keyboard.type("shop")
        expect(rows).to_have_count(1)


def test_a_change_shows_and_goes_without_being_asked_for(chrome, url, server):
    with chrome.page(url) as opened:
        page = opened.page
        row = page.locator("tr", has=page.get_by_role("link", name="webui"))
        expect(row.locator(".state")).to_have_text("Up")
        server.answers[:] = [ILL]
        try:
            expect(row.locator(".state")).to_have_text("Down")
            expect(page.locator("#sentence")).to_contain_text("2 of 3 targets are down")
        finally:
            server.answers[:] = [WELL]
        expect(row.locator(".state")).to_have_text("Up")
        expect(page.locator("#sentence")).to_contain_text("closed is down")


def test_a_killed_web_program_costs_no_event_and_none_comes_twice(chrome, cli, url):
    with chrome.page(url, quiet=False) as opened:
        page = opened.page
        expect(page.locator(".stream")).to_have_attribute("data-mode", "live")
        told = page.locator(".stream")
        begin = told.evaluate("one => one.dataset.seq - one.dataset.received")
        last = journaled(cli, 3)
        expect(page.locator(".stream")).to_have_attribute("data-seq", str(last))
        os.kill(int((cli.state / "web.pid").read_text()), signal.SIGKILL)
        expect(page.locator(".stream")).not_to_have_attribute("data-mode", "live")
        journaled(cli, 5)
        until(lambda: cli("web", "start").code == 0)
        expect(page.locator(".stream")).to_have_attribute("data-mode", "live")
        last = journaled(cli, 2)

        expect(page.locator(".stream")).to_have_attribute("data-seq", str(last))
        assert int(stream(page, "received")) == last - begin
        assert [stream(page, one) for one in ("gaps", "repeats", "resets")] == ["0"] * 3


def test_without_a_stream_the_page_asks_and_says_so(chrome, url, server):
    with chrome.page("about:blank", quiet=False) as opened:
        page = opened.page
        page.route("**/api/v1/events", lambda route: route.abort())
        page.goto(url)
        expect(page.locator(".stream")).to_have_attribute("data-mode", "polling")
        expect(page.locator(".stream")).to_contain_text("asking every 2 s")
        server.answers[:] = [ILL]
        try:
            expect(page.locator("#sentence")).to_contain_text("2 of 3 targets are down")
        finally:
            server.answers[:] = [WELL]


def test_a_person_without_a_mouse_pauses_and_allows_restarts(chrome, cli, url, token):
    with chrome.page(url + "#/t/other", quiet=False) as opened:
        page = opened.page
        expect(page.get_by_role("button", name="Pause restarts")).to_be_visible()

        def tab_to(name):
            for _ in range(60):
                page.keyboard.press("Tab")
                if page.evaluate("document.activeElement.innerText") == name:
                    return
            raise AssertionError(f"{name} is not reached")

        tab_to("Pause restarts")
        page.keyboard.press("Enter")
        expect(page.locator("dialog input[name=why]")).to_be_focused()
        page.keyboard.type("by <b>hand</b>")
        page.keyboard.press("Enter")
        expect(page.locator("dialog input[name=token]")).to_be_focused()
        page.keyboard.type("wrong-token-wrong-token")
        page.keyboard.press("Enter")
        expect(page.locator("dialog [role=alert]")).to_be_visible()
        expect(page.locator("dialog input[name=token]")).to_be_focused()
        page.keyboard.type(token)
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_contain_text("paused")
        expect(page.get_by_role("button", name="Allow restarts")).to_be_visible()
        told = cli("gate", "list", "--json").json["gates"]
        assert [(one["task_id"], one["reason"]) for one in told] == [
            ("other", "by <b>hand</b>")
        ]
        tab_to("Allow restarts")
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
        expect(page.locator("dialog")).to_have_count(0)
        expect(page.locator(":focus")).to_have_text("Allow restarts")
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Pause restarts")).to_be_visible()
        tab_to("Check now")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_contain_text("looks at it now")


def test_a_token_in_the_address_is_taken_and_gone(chrome, url, token):
    with chrome.page(f"{url}#token={quote(token)}") as opened:
        page = opened.page
        expect(page.locator("#sentence")).to_contain_text("down")
        assert token not in page.url
        page.goto(url + "#/about")
        page.get_by_role("button", name="Reload the configuration").click()
        expect(page.get_by_role("status")).to_contain_text("new configuration counts")
        page.get_by_role("button", name="Forget the token").click()
        page.get_by_role("button", name="Reload the configuration").click()
        expect(page.locator("dialog")).to_be_visible()


PLACES = {
    "overview": "#/",
    "target": "#/t/webui",
    "incidents": "#/incidents",
    "notifications": "#/notifications",
    "slo": "#/slo",
    "inbox": "#/inbox",
    "about": "#/about",
}


@pytest.mark.parametrize(
    ("look", "places"),
    [
        ({"dark": False}, PLACES),
        ({"dark": True}, ("overview", "target", "slo")),
        ({"width": 375, "locale": "zh-CN"}, ("overview", "target", "slo", "inbox")),
    ],
    ids=["light", "dark", "mobile"],
)
def test_everybody_can_use_it(chrome, url, look, places):
    with chrome.page(url, bypass_csp=True, **look) as opened:
        page = opened.page
        page.evaluate(AXE.read_text(encoding="utf-8"))
        for name in places:
            page.goto(url + PLACES[name])
            expect(page.locator("main h1")).to_be_visible()
            expect(page.locator("main .head").last).to_be_visible()
            found = page.evaluate("axe.run({resultTypes: ['violations']})")[
                "violations"
            ]
            told = [
                (one["id"], [node["html"] for node in one["nodes"][:3]])
                for one in found
            ]
            assert not told, (name, told)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= look.get("width", 1280), name


def test_the_page_can_be_read_in_chinese(chrome, url):
    with chrome.page(url, locale="zh-CN") as opened:
        page = opened.page
        expect(page.locator("#sentence")).to_contain_text("closed 故障")
        page.get_by_role("button", name="English").click()
        expect(page.locator("#sentence")).to_contain_text("closed is down")


def test_the_beats_are_read_one_by_one(chrome, url):
    with chrome.page(url + "#/t/closed") as opened:
        page = opened.page
        ribbon = page.get_by_label("Last checks")
        ribbon.focus()
        page.keyboard.press("ArrowLeft")
        expect(page.locator(".ribbon-text").first).to_contain_text("the port is closed")


def test_promises_days_and_the_journal_are_shown(chrome, cli, url):
    with chrome.page(url + "#/slo") as opened:
        page = opened.page
        row = (
            page.locator("#slo-title")
            .locator("xpath=ancestor::section")
            .locator("tbody tr")
        )
        expect(row).to_have_count(1)
        expect(row).to_contain_text("other")
        expect(row).to_contain_text("99.5 % / 30 d")
        page.goto(url + "#/t/other")
        expect(page.locator("#slo-title")).to_be_visible()
        days = page.get_by_label("Last 90 days", exact=True)
        days.focus()
        page.keyboard.press("Home")
        expect(days).to_have_attribute("aria-valuenow", "1")
        expect(days).to_have_attribute("aria-valuetext", re.compile(r"20\d\d · –"))
        page.goto(url + "#/inbox")
        journal = page.locator("#journal-title").locator("xpath=ancestor::section")
        expect(journal).to_contain_text("alert queued")  # from before it was opened
        journaled(cli, 1)
        expect(journal.locator("li").first).to_contain_text("test.entry")
