"""One real browser for all tests of the dashboard; they skip where there is none."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass, field

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)


@dataclass
class Opened:
    """A page and what it said: its console, its errors, its dialogs."""

    page: object
    said: list[str] = field(default_factory=list)


class Chrome:
    """``with chrome.page(url, dark=True) as opened``: a page that remembers nothing.

    A profile of its own costs half a second of a processor, so each kind of page is
    made once; what a test left in it is taken away before the next one.
    """

    def __init__(self, browser):
        self.browser = browser
        self.made = {}

    @contextlib.contextmanager
    def page(self, url, *, dark=False, width=1280, quiet=True, **more):
        options = {"locale": "en-GB", "reduced_motion": "reduce"} | more
        kind = tuple(sorted(options.items()))
        opened = self.made.pop(kind, None) or self.fresh(options)
        page, opened.said[:] = opened.page, []
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme="dark" if dark else "light")
        try:
            page.goto(url)
            yield opened
            assert not (quiet and opened.said), opened.said
            page.unroute_all(behavior="ignoreErrors")
            if page.url.startswith("http"):
                page.evaluate("sessionStorage.clear(); localStorage.clear()")
            page.goto("about:blank")
            page.context.clear_cookies()
            self.made[kind] = opened
        finally:
            if kind not in self.made:
                page.context.close()

    def fresh(self, options):
        context = self.browser.new_context(**options)
        context.set_default_timeout(60_000)
        opened = Opened(context.new_page())
        page, said = opened.page, opened.said
        page.on("console", lambda told: said.append(f"{told.type}: {told.text}"))
        page.on("pageerror", lambda error: said.append(f"error: {error}"))
        page.on("dialog", lambda box: (said.append(box.message), box.dismiss()))
        return opened


@pytest.fixture(scope="session")
def chrome():
    """A browser that was started once."""
    if CHROMIUM is None:
        pytest.skip("no chromium: apt-get install chromium")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is missing")
    with api.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        api.expect.set_options(timeout=60_000)
        yield Chrome(browser)
        browser.close()
