"""The dashboard on a rough day: odd names, a wrong clock, an answer that never comes."""

from __future__ import annotations

import json

import pytest

from tests.browser import test_dashboard_hostile as hostile
from tests.browser.test_dashboard_hostile import expect
from tests.contract.probing import until

pytestmark = pytest.mark.slow
web = hostile.web
PROXY = {"status": 502, "content_type": "text/html", "body": "<h1>Bad Gateway</h1>"}
CLOCK = """
const There = Date, ahead = 3.6e6 * (new URLSearchParams(location.search).get("ahead") ?? 0);
Date = class extends There {
  constructor(...given) { given.length ? super(...given) : super(There.now() + ahead); }
  static now() { return There.now() + ahead; }
};
"""


@pytest.fixture(autouse=True)
def told(web):
    """Of twelve targets one has the name of what every object has; it stands in a group."""
    tree = hostile.status()
    tree["targets"] = tree["targets"][:12]
    for one in tree["targets"][-2:]:
        one |= {"labels": {"group": "x" * 300}, "state": "ok"}
    tree["targets"][-1]["name"] = "constructor"
    (web.folder / "agent2_status.json").write_text(json.dumps(tree), encoding="utf-8")


def test_a_target_may_have_any_name_and_what_is_sought_is_not_folded_away(chrome, web):
    with chrome.page(web.url, width=375) as opened:
        page = opened.page
        rows = page.locator("table.targets tbody tr:not(.group)")
        expect(rows).to_have_count(12)
        expect(page.locator("svg.beats")).to_have_count(12)
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
        page.get_by_role("button", name="xxx").click()
        expect(rows).to_have_count(10)
        page.get_by_label("Find a target").fill("construct")
        expect(rows).to_have_count(1)
        page.goto(web.url + "#/constructor")
        expect(page.locator("main")).to_contain_text("There is no such page")


def test_a_browser_whose_clock_is_wrong_tells_the_right_ages(chrome, web):
    with chrome.page("about:blank", user_agent="one whose clock is wrong") as opened:
        page = opened.page
        page.add_init_script(CLOCK)
        for hours in (1, -1):
            page.goto(f"{web.url}?ahead={hours}")
            expect(page.locator("td time").first).not_to_contain_text("h")
            expect(page.locator(".case p").first).to_contain_text("min")


def test_what_a_person_wrote_outlives_a_web_program_that_is_away(chrome, web):
    with chrome.page(web.url, quiet=False) as opened:
        page = opened.page
        page.evaluate("t => sessionStorage.setItem('agent2.token', t)", web.token)
        page.locator(".case").first.get_by_role("button", name="Acknowledge").click()
        page.keyboard.type("it is me")
        page.route("**/api/v1/**", lambda route: route.fulfill(**PROXY))
        expect(page.locator("#sentence")).to_contain_text("what was known at")
        page.keyboard.press("Enter")
        expect(page.locator("dialog [role=alert]")).to_have_text("HTTP 502")
        page.unroute_all()
        expect(page.locator("#sentence")).to_contain_text("are down since")
        assert page.locator("dialog input[name=why]").input_value() == "it is me"
        page.keyboard.press("Enter")
        expect(page.locator("dialog")).to_have_count(0)
        expect(page.get_by_role("status")).to_contain_text("Acknowledged")


def test_who_goes_back_is_where_he_was(chrome, web):
    with chrome.page(web.url) as opened:
        page = opened.page
        expect(page.locator("svg.beats")).to_have_count(12)  # nothing grows any more
        page.locator("table.targets a").last.click()  # scrolls there, and at once away
        expect(page.locator("main h1")).to_have_text("constructor")
        assert page.evaluate("[scrollY, document.activeElement.id]") == [0, "main"]
        page.go_back()
        # Not wait_for_function: what is not true at once it asks by eval, which the page
        # forbids.
        assert until(lambda: page.evaluate("scrollY") > 100)
        page.goto(f"{web.url}#token={web.token}")
        expect(page.locator("table.targets")).to_be_visible()
        assert web.token not in page.url
