"""The map of drawings in a real browser: drawn around, pressed, and without a script."""

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from recognizer import registry
from recognizer.models import Drawing
from tests.support.drawings import make_drawing
from tests.support.known import known
from tests.support.maps import lay_map
from tests.support.person import OpenContext, sign_in

MAP = "/admin/recognizer/drawing/map/"


@pytest.fixture
def sevens(site: str) -> list[Drawing]:
    """Two 7s side by side, and a 1 far from them."""
    made = [
        make_drawing(seed=seed, drawn=digit, predicted=digit, confirmed=digit) for seed, digit in enumerate((7, 7, 1))
    ]
    lay_map(registry.ensure_baseline(), made)
    return made[:2]


def open_map(open_context: OpenContext, site: str, user: User, **options: bool) -> Page:
    context = open_context(**options)
    sign_in(context, user, site)
    page = context.new_page()
    page.goto(MAP)
    return page


def at(page: Page, x: int, y: int) -> tuple[float, float]:
    """Where a place of the map, 0 to 1000, is on the screen."""
    box = known(page.locator("#map > svg").bounding_box())
    side = min(box["width"], box["height"])
    left, top = box["x"] + (box["width"] - side) / 2, box["y"] + (box["height"] - side) / 2
    return left + x * side / 1000, top + y * side / 1000


def on_the_sheet(page: Page) -> set[str]:
    page.wait_for_url("**/map/sheet/**")
    expect(page.locator(".sheet-of-many")).to_be_visible()
    return {known(box.get_attribute("value")) for box in page.locator("input[name=drawing]").all()}


def test_what_is_drawn_around_comes_on_a_sheet(
    open_context: OpenContext, site: str, reviewer: User, sevens: list[Drawing]
) -> None:
    page = open_map(open_context, site, reviewer)
    page.mouse.move(*at(page, 20, 440))
    page.mouse.down()
    for corner in ((200, 440), (200, 520), (20, 520)):
        page.mouse.move(*at(page, *corner), steps=5)
    page.mouse.up()
    assert on_the_sheet(page) == {str(drawing.pk) for drawing in sevens}


def test_a_pressed_place_shows_what_is_around_it(
    open_context: OpenContext, site: str, reviewer: User, sevens: list[Drawing]
) -> None:
    page = open_map(open_context, site, reviewer)
    page.mouse.click(*at(page, 120, 480))
    assert on_the_sheet(page) == {str(sevens[1].pk)}


def test_without_a_script_the_map_is_seen_and_its_table_leads_on(
    open_context: OpenContext, site: str, reviewer: User, sevens: list[Drawing]
) -> None:
    page = open_map(open_context, site, reviewer, java_script_enabled=False)
    assert re.search(r"M60 480h0M120 480h0", known(page.locator(".dots-waiting").first.get_attribute("d")))
    page.get_by_role("region", name="Labelled, and read as").get_by_role("link", name="2").click()
    assert on_the_sheet(page) == {str(drawing.pk) for drawing in sevens}
