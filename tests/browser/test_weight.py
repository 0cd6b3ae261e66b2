"""A page is light and asks nobody else. (Other hosts and policy violations fail any test: see conftest.)"""

import pytest
from playwright.sync_api import Browser

from tests.support.looks import MOST_BYTES, PAGES
from tests.support.person import OpenContext, Visit
from tests.support.watch import WATCH_CSP, Watch


@pytest.mark.parametrize("path", PAGES)
def test_a_page_weighs_less_than_100_kb(open_context: OpenContext, path: str) -> None:
    page, responses = open_context().new_page(), []
    page.on("response", lambda response: responses.append(response))
    page.goto(path)
    page.wait_for_load_state("networkidle")
    weight = {response.url: len(response.body()) for response in responses}
    assert len(weight) >= 4
    assert sum(weight.values()) < MOST_BYTES, weight


def test_the_policy_that_is_watched_is_the_strict_one(visit: Visit) -> None:
    person = visit("/")
    policy = person.page.request.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    inline = """document.querySelectorAll("[style], style, script:not([src], [type='application/json'])").length"""
    assert person.page.evaluate(inline) == 0


def test_the_watch_sees_another_host_and_a_broken_policy(chromium: Browser, site: str) -> None:
    page = chromium.new_page(base_url=site)
    page.add_init_script(WATCH_CSP)
    watch = Watch(site)
    watch.follow(page)
    page.goto("/")
    page.evaluate("() => { new Image().src = 'https://example.invalid/a.png'; }")
    page.wait_for_function("window.violations.length > 0")
    with pytest.raises(AssertionError):
        watch.check()
    page.close()
