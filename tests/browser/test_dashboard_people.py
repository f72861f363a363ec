"""What a person says in the dashboard, in a real browser over a real agent."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.live.cli_kit import Cli, free_port

pytestmark = pytest.mark.slow
AXE = Path(__file__).with_name("vendor") / "axe.min.js"
CONFIG = """
language: en
defaults: {{interval: 200ms, timeout: 2s, failure_threshold: 1}}
targets:
  - {{name: closed, checks: [{{kind: tcp, port: {closed}}}]}}
web: {{enabled: true, port: {port}, rate_limit: 10000}}
"""


@pytest.fixture(scope="module")
def cli(chrome, tmp_path_factory):
    made = Cli(tmp_path_factory.mktemp("people"))
    made.port = free_port()
    made.config(CONFIG.format(closed=free_port(), port=made.port))
    started = made("start")
    assert started.code == 0, started
    yield made
    made("stop")


@pytest.fixture(scope="module")
def url(cli):
    return f"http://127.0.0.1:{cli.port}/"


@pytest.fixture(scope="module")
def token(cli):
    return quote(cli("web", "token").out.strip())


def expect(locator):
    from playwright.sync_api import expect as made

    return made(locator)


def axe_free(page):
    assert not page.evaluate("axe.run()")["violations"]


def test_a_person_acknowledges_and_silences_and_everybody_sees_whose_word_it_is(
    chrome, cli, url, token
):
    with chrome.page(url, quiet=False) as opened:
        page = opened.page
        case = page.locator(".case", has_text="closed")
        expect(case.get_by_role("button", name="Acknowledge")).to_be_disabled()

    with chrome.page(f"{url}#token={token}") as opened:
        page = opened.page
        page.evaluate(AXE.read_text(encoding="utf-8"))
        case = page.locator(".case", has_text="closed")
        case.get_by_role("button", name="Acknowledge").click()
        page.locator("dialog input[name=why]").fill("<b>on it</b>")
        page.locator("dialog input[name=who]").fill("mia")
        axe_free(page)
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_contain_text("Acknowledged")
        expect(case).to_contain_text("acknowledged by mia")

        case.get_by_role("button", name="Silence", exact=True).click()
        page.locator("dialog input[name=why]").fill("new disk")
        page.locator("dialog select").select_option("7200")
        axe_free(page)
        page.locator("dialog button.strong").click()
        expect(page.get_by_role("status")).to_contain_text("Silenced")
        expect(case).to_contain_text("silenced by mia until")
        (made,) = cli("silence", "list", "--json").json["silences"]
        assert (made["match"], made["why"]) == ({"target": "closed"}, "new disk")

        case.get_by_role("button", name="End silence").click()
        page.keyboard.press("Enter")
        expect(case.get_by_role("button", name="Silence", exact=True)).to_be_visible()
        case.get_by_role("button", name="Take back").click()
        page.keyboard.press("Enter")
        expect(case.get_by_role("button", name="Acknowledge")).to_be_visible()


def test_what_the_agent_is_asked_for_is_told_when_its_answer_comes(
    chrome, cli, url, token
):
    with chrome.page(f"{url}#token={token}") as opened:
        page = opened.page
        page.evaluate(AXE.read_text(encoding="utf-8"))
        page.goto(url + "#/t/closed")
        page.get_by_role("button", name="Check now").click()
        expect(page.get_by_role("status")).to_contain_text("closed: the agent looks")
        assert cli("pause", "closed", "--why", "disk").code == 0
        expect(page.get_by_role("button", name="Allow restarts")).to_be_visible()
        page.get_by_role("button", name="Restart", exact=True).click()
        page.locator("dialog input[name=why]").fill("new release")
        axe_free(page)
        page.keyboard.press("Enter")
        answer = re.compile("closed: (not restarted, it is paused|a restart is under)")
        expect(page.get_by_role("status")).to_have_text(answer)
        assert cli("resume", "closed").code == 0
