"""The pages in other languages: in their words, within the window, sound by axe, from right to left where they are read so."""

from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import expect

from tests.support.looks import LOOKS, MOST_BYTES, PAGES, grave_findings
from tests.support.person import OpenContext, Person, Visit
from tests.support.recorded import SEVEN

OTHERS = [code for code, _ in settings.LANGUAGES if code != "en"]
WHOLLY = [("ar", "light"), ("ar", "dark"), ("ar", "phone"), ("de", "phone")]  # the others where their words are longest
SAMPLED = [(language, "phone") for language in OTHERS if language not in ("ar", "de")]


def look(person: Person, width: int) -> None:
    assert not grave_findings(person.page)
    assert person.page.evaluate("document.documentElement.scrollWidth") <= width, person.page.url


@pytest.mark.parametrize(("language", "name"), WHOLLY)
def test_every_page_is_sound_and_fits(visit: Visit, language: str, name: str) -> None:
    options: dict[str, Any] = LOOKS[name]
    person = visit("/", locale=language, **options)
    for path in PAGES:
        person.page.goto(path)
        expect(person.page.locator("html")).to_have_attribute("lang", language)
        look(person, options.get("viewport", {"width": 1280})["width"])


@pytest.mark.parametrize(("language", "name"), SAMPLED)
def test_the_longest_page_and_the_first_are_sound_and_fit(visit: Visit, language: str, name: str) -> None:
    person = visit("/", locale=language, **LOOKS[name])
    for path in ("/", "/privacy/"):
        person.page.goto(path)
        look(person, 360)


@pytest.mark.parametrize("language", OTHERS)
def test_the_first_page_weighs_less_than_100_kb(open_context: OpenContext, language: str) -> None:
    page, responses = open_context(locale=language).new_page(), []
    page.on("response", lambda response: responses.append(response))
    page.goto("/")
    page.wait_for_load_state("networkidle")
    assert sum(len(response.body()) for response in responses) < MOST_BYTES


@pytest.mark.parametrize("language", ["ar", "de"])
def test_an_answer_and_its_buttons_are_above_the_fold(visit: Visit, language: str) -> None:
    person = visit("/", locale=language, **LOOKS["phone"])
    person.hand_in(SEVEN)
    for selector in (".paper", ".verdict", ".feedback"):
        box = person.page.locator(selector).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 640, selector
    look(person, 360)


def test_what_scripts_say_is_in_the_language_of_the_page(visit: Visit) -> None:
    person = visit("/", locale="de")
    person.hand_in(SEVEN)
    expect(person.part("question")).to_have_text("War das richtig?")
    expect(person.part("certainty")).to_have_text("Sehr sicher.")
    person.page.keyboard.press("1")
    expect(person.part("saved-words")).to_have_text("Gespeichert: 1.")


def test_a_language_is_chosen_without_javascript(visit: Visit) -> None:
    person = visit("/about/", java_script_enabled=False)
    person.page.get_by_role("button", name="Français").click()
    expect(person.page.locator("html")).to_have_attribute("lang", "fr")
    assert person.page.url.endswith("/about/")


def test_bars_grow_from_the_side_that_reading_begins_on(visit: Visit) -> None:
    person = visit("/", locale="ar")
    person.hand_in(SEVEN)
    track = person.page.locator("[data-bar='7'] .bar-track")
    origin = track.evaluate("(bar) => parseFloat(getComputedStyle(bar, '::before').transformOrigin)")
    assert origin > 0
