"""axe finds nothing serious or critical, on any page, in either theme, on desktop and phone."""

import pytest
from playwright.sync_api import expect

from tests.support.looks import LOOKS, PAGES, grave_findings
from tests.support.person import Visit
from tests.support.recorded import FOUR, SEVEN


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_is_sound(visit: Visit, look: str) -> None:
    person = visit("/", **LOOKS[look])
    for path in [*PAGES, "/api/docs/", "/nothing-here/"]:
        person.page.goto(path)
        person.page.wait_for_load_state("networkidle")
        assert not grave_findings(person.page)


@pytest.mark.parametrize("look", LOOKS)
def test_every_state_of_the_draw_page_is_sound(visit: Visit, look: str) -> None:
    person = visit("/", **LOOKS[look])
    person.draw(SEVEN)
    expect(person.part("digit")).to_have_text("7")
    assert not grave_findings(person.page)
    person.button("read").click()
    person.expect_answer(7)
    person.part("how").locator("summary").click()
    expect(person.part("steps").locator("img").first).to_be_visible()
    assert not grave_findings(person.page)
    person.page.keyboard.press("1")
    person.expect_saved("1")
    assert not grave_findings(person.page)
    person.page.keyboard.press("?")
    assert not grave_findings(person.page)


@pytest.mark.parametrize("look", LOOKS)
def test_filled_pages_are_sound(visit: Visit, look: str) -> None:
    person = visit("/", **LOOKS[look])
    person.hand_in(FOUR)
    person.page.goto("/drawings/")
    expect(person.page.locator(".sheet")).to_have_count(1)
    assert not grave_findings(person.page)
    person.page.goto("/rounds/")
    person.button("start").first.click()
    expect(person.part("prompt")).to_be_visible()
    assert not grave_findings(person.page)


def test_only_final_answers_are_said_aloud_and_focus_stays(visit: Visit) -> None:
    person = visit()
    person.draw(SEVEN)
    expect(person.part("digit")).to_have_text("7")
    expect(person.part("announcement")).to_be_empty()

    person.button("read").focus()
    person.page.keyboard.press("Enter")
    expect(person.part("announcement")).to_contain_text("I read a 7.")
    assert person.page.evaluate("document.activeElement.dataset.action ?? document.activeElement.tagName") in (
        "read",
        "BODY",
    )
