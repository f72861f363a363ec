"""What a person says in the dashboard, in a real browser over a real agent."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.request
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.live.cli_kit import ROOT, Cli, until
from tests.live.nginx_kit import needs_nginx, serving
from tests.ports import reserved

pytestmark = pytest.mark.slow
AXE = Path(__file__).with_name("vendor") / "axe.min.js"
CONFIG = """
language: en
defaults: {{interval: 200ms, timeout: 10s, failure_threshold: 1}}
targets:
  - {{name: closed, checks: [{{kind: tcp, port: {closed}}}]}}
  - {{name: pair, instances: [{port}, {closed}], checks: [{{kind: tcp, port: "{{instance}}"}}],
     restart: {{remediation: "off"}}}}
web: {{enabled: true, port: {port}, rate_limit: 10000, root_path: /agent2}}
"""


@pytest.fixture(scope="module")
def cli(chrome, tmp_path_factory):
    made = Cli(tmp_path_factory.mktemp("people"))
    made.port = reserved()
    made.config(CONFIG.format(closed=reserved(), port=made.port))
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


def case_of(page):
    named = page.get_by_role("link", name="closed", exact=True)
    return page.locator(".case").filter(has=named)


def axe_free(page):
    assert not page.evaluate("axe.run()")["violations"]


def test_a_person_acknowledges_and_silences_and_everybody_sees_whose_word_it_is(
    chrome, cli, url, token
):
    with chrome.page(url, quiet=False) as opened:
        page = opened.page
        case = case_of(page)
        case.get_by_role("button", name="Acknowledge").click()
        page.keyboard.press("Enter")
        expect(page.locator("dialog input[name=token]")).to_be_focused()

    with chrome.page(f"{url}#token={token}") as opened:
        page = opened.page
        page.evaluate(AXE.read_text(encoding="utf-8"))
        case = case_of(page)
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


def test_an_incident_is_closed_by_hand_and_only_knowingly_while_it_lasts(
    chrome, cli, url, token
):
    with chrome.page(f"{url}#token={token}") as opened:
        page = opened.page
        page.evaluate(AXE.read_text(encoding="utf-8"))
        case = case_of(page)
        first = case.get_by_role("link", name="Details").get_attribute("href")
        page.goto(url + first)
        for force in (False, True):
            page.get_by_role("button", name="Close", exact=True).click()
            page.locator("dialog input[name=why]").fill("known")
            axe_free(page)
            if force:
                page.get_by_label("Although it still fails").check()
            page.keyboard.press("Enter")
            told = "its incident is closed" if force else "not closed, it still fails"
            expect(page.get_by_role("status")).to_contain_text(f"closed: {told}")
        expect(page.get_by_role("button", name="Close", exact=True)).to_have_count(0)
        expect(page.locator(".timeline")).to_contain_text("the agent answered")
        page.goto(url)
        expect(case).to_have_count(1)  # it still fails: a new one
        assert case.get_by_role("link", name="Details").get_attribute("href") != first


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_a_group_tells_how_many_of_it_are_well_and_folds(chrome, url, locale):
    words = {"en-GB": "1 of 2 healthy", "zh-CN": "2 个中 1 个健康"}[locale]
    with chrome.page(url, width=375, locale=locale) as opened:
        page = opened.page
        page.evaluate(AXE.read_text(encoding="utf-8"))
        row = page.locator("tr.group", has_text="pair")
        expect(row).to_contain_text(words)
        expect(row.locator(".state.is-warn")).to_be_visible()
        axe_free(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
        members = page.locator("table.targets tbody tr:not(.group)", has_text="pair.")
        expect(members).to_have_count(2)
        row.get_by_role("button").press("Enter")
        expect(members).to_have_count(0)
        expect(row).to_contain_text(words)
        row.get_by_role("button").press("Enter")
        members.get_by_role("link").first.click()
        expect(page.locator(".strip")).to_contain_text(words)


@needs_nginx
def test_behind_the_example_of_nginx_all_of_it_stands_under_a_path(
    chrome, cli, url, token, tmp_path
):
    port = reserved()
    text = (ROOT / "config" / "examples" / "nginx.conf").read_text()
    for theirs, ours in (("8642", cli.port), ("8080", port)):
        assert text.count(f"127.0.0.1:{theirs};") == 1
        text = text.replace(f"127.0.0.1:{theirs};", f"127.0.0.1:{ours};")
    argv = serving(tmp_path, text)
    tried = subprocess.run([*argv, "-t"], capture_output=True, text=True, timeout=60)
    assert tried.returncode == 0, tried.stderr
    front = f"http://127.0.0.1:{port}/agent2/"

    with subprocess.Popen(argv) as child:
        try:
            until(lambda: _answers(front + "livez"))
            assert _answers(f"{url}agent2/livez")  # a proxy that leaves the path there
            with urllib.request.urlopen(front + "api/v1/openapi.json") as got:
                assert json.load(got)["servers"] == [{"url": "/agent2"}]
            with chrome.page(f"{front}#token={token}") as opened:
                page = opened.page
                expect(page.locator(".stream")).to_have_attribute("data-mode", "live")
                page.get_by_role("button", name="Check now").click()
                expect(page.get_by_role("status")).to_contain_text(
                    "looks at everything"
                )
                heard = page.locator(".stream").get_attribute("data-received")
                assert cli("pause", "closed", "--why", "disk").code == 0
                case = case_of(page)
                allow = case.get_by_role("button", name="Allow restarts")
                expect(allow).to_be_visible()
                allow.click()
                page.keyboard.press("Enter")
                expect(page.get_by_role("status")).to_contain_text("closed: approved")
                assert page.locator(".stream").get_attribute("data-gaps") == "0", heard
                page.goto(front + "#/about")
                for link in page.locator("dd a").all():
                    assert _answers(link.evaluate("one => one.href"))
        finally:
            child.terminate()


def _answers(address):
    try:
        with urllib.request.urlopen(address, timeout=30) as got:
            return got.status == 200
    except OSError:
        return False
