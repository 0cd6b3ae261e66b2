"""A real Chromium before a real server. Every page that a test opens is watched until the test ends."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests.support.person import OpenContext, Person, Visit
from tests.support.watch import WATCH_CSP, Watch

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright keeps an event loop running in this thread
PATIENCE_MS = 15_000  # the suite shares two cores with others; nothing here measures time
CHROMIUM_SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for the whole session; each test has its own contexts."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_SWITCHES)
        yield browser
        browser.close()


@pytest.fixture
def site(live_server: LiveServer, settings: Settings) -> str:
    settings.DIGITRE_THROTTLES = False  # every test comes from one address
    return live_server.url


@pytest.fixture
def open_context(chromium: Browser, site: str) -> Iterator[OpenContext]:
    """Make browser contexts of any shape; what happens in their pages is watched."""
    watch, contexts = Watch(site), []

    def make(**options: Any) -> BrowserContext:
        defaults = {
            "viewport": {"width": 1280, "height": 800},
            "base_url": site,
            "reduced_motion": "reduce",
            "service_workers": "block",  # what passes one is not seen by a test; those of test_offline.py let it work
        }
        context = chromium.new_context(**(defaults | options))
        context.add_init_script(WATCH_CSP)
        context.on("page", watch.follow)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        return context

    yield make
    watch.check()
    for context in contexts:
        context.close()


@pytest.fixture
def visit(open_context: OpenContext) -> Visit:
    """Send somebody to a page: `visit("/", viewport=...)`."""

    def send(path: str = "/", **options: Any) -> Person:
        person = Person(open_context(**options).new_page())
        person.page.goto(path)
        return person

    return send
