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
    """``with chrome.page(url, dark=True) as opened``: a profile of its own each."""

    def __init__(self, browser):
        self.browser = browser

    @contextlib.contextmanager
    def page(self, url, *, dark=False, width=1280, quiet=True, **more):
        context = self.browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if dark else "light",
            locale=more.pop("locale", "en-GB"),
            reduced_motion="reduce",
            **more,
        )
        context.set_default_timeout(30_000)
        opened = Opened(context.new_page())
        page = opened.page
        page.on("console", lambda told: opened.said.append(f"{told.type}: {told.text}"))
        page.on("pageerror", lambda error: opened.said.append(f"error: {error}"))
        page.on("dialog", lambda box: (opened.said.append(box.message), box.dismiss()))
        try:
            page.goto(url)
            yield opened
            assert not (quiet and opened.said), opened.said
        finally:
            context.close()


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
        api.expect.set_options(timeout=30_000)
        yield Chrome(browser)
        browser.close()
