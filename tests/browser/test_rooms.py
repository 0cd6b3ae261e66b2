"""One device, many hands; a kiosk; a class that joins; its wall."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect
from pytest_django import Settings

from recognizer.models import Admission, Campaign, Contributor, Drawing
from tests.support.drawings import make_drawing
from tests.support.known import known
from tests.support.looks import LOOKS, grave_findings
from tests.support.person import Person, Visit
from tests.support.recorded import SEVEN

TABLET = {"viewport": {"width": 1024, "height": 768}}


@pytest.fixture
def campaign() -> Campaign:
    made = Campaign(name="7b draws digits", wall=True, consent_text="We keep what you draw.")
    made.save()
    return made


def hand_in(person: Person) -> None:
    person.hand_in(SEVEN)
    person.button("label").first.click()
    expect(person.page.locator("main")).to_have_attribute("data-phase", "saved")


def test_next_person_leaves_a_clean_sheet_and_another_contributor(visit: Visit) -> None:
    person = visit("/")
    hand_in(person)
    with person.page.expect_navigation():
        person.button("next").click()
    expect(person.page.locator("main")).to_have_attribute("data-phase", "intro")
    hand_in(person)
    assert Contributor.objects.count() == 2


def test_what_was_not_handed_in_does_not_come_back_for_the_next_person(visit: Visit) -> None:
    person = visit("/kiosk/", **TABLET)
    person.draw(SEVEN)
    expect(person.page.locator("main")).to_have_attribute("data-inked", "")
    with person.page.expect_navigation():
        person.button("next").click()
    assert person.ink_share() == 0


def test_a_page_that_nobody_touches_asks_and_is_then_put_away(visit: Visit, settings: Settings) -> None:
    settings.DIGITRE_IDLE_SECONDS = 120
    person = visit("/")
    person.page.clock.install()
    person.page.reload()  # the page's timers are the clock's from here on
    hand_in(person)
    person.page.clock.fast_forward("01:45")
    expect(person.part("idle")).to_be_visible()
    with person.page.expect_navigation():
        person.page.clock.fast_forward("00:25")
    expect(person.page.locator("main")).to_have_attribute("data-phase", "intro")
    hand_in(person)
    assert Contributor.objects.count() == 2


def test_no_link_leads_out_of_the_kiosk(visit: Visit) -> None:
    for path in ("/kiosk/", "/kiosk/?rounds"):
        person = visit(path, **TABLET)
        links = person.page.locator("a[href]").evaluate_all("links => links.map(link => link.getAttribute('href'))")
        assert set(links) == {"#main"}
        expect(person.button("next")).to_be_visible()


@pytest.mark.parametrize("state", ["", "refused", "clueless"])
def test_an_answer_fits_the_kiosks_screen(visit: Visit, state: str) -> None:
    person = visit("/kiosk/", **TABLET)
    person.hand_in(SEVEN)
    page = person.page
    if state:  # an answer of this kind looks so, whatever was drawn
        page.evaluate(
            "state => Object.assign(document.querySelector('main').dataset, {kind: 'refused', [state]: ''})", state
        )
    digits, feedback = (known(page.locator(name).bounding_box()) for name in (".digits", ".feedback"))
    assert digits["y"] + digits["height"] <= feedback["y"] + feedback["height"]
    assert all(known(digit.bounding_box())["width"] >= 44 for digit in page.locator(".digit").all())
    assert page.evaluate(
        "[innerWidth - document.documentElement.scrollWidth, innerHeight - document.documentElement.scrollHeight]"
    ) == [0, 0]


def test_who_joins_consents_and_draws_in_the_campaign(visit: Visit, campaign: Campaign) -> None:
    person = visit(f"/j/{campaign.code}/", **LOOKS["phone"])
    person.page.get_by_role("button", name="I consent, and join").click()
    person.page.wait_for_url(re.compile(r"/$"))
    person.draw_with_finger(SEVEN)
    person.button("read").click()
    person.expect_answer(7)
    assert Drawing.objects.get().contributor.consent_version == 1


def test_at_the_kiosk_of_a_campaign_the_next_person_is_asked(visit: Visit, campaign: Campaign) -> None:
    person = visit(f"/j/{campaign.code}/?to=kiosk", **TABLET)
    with person.page.expect_navigation(wait_until="load"):
        person.page.get_by_role("button", name="I consent, and join").click()
    hand_in(person)
    person.button("next").click()
    expect(person.page.get_by_role("button", name="I consent, and join")).to_be_visible()


def test_the_wall_shows_a_drawing_once_it_is_approved_by_itself(
    visit: Visit, campaign: Campaign, admin_user: Any
) -> None:
    drawing = make_drawing(contributor=Contributor.join(Admission(campaign)), campaign=campaign)
    person = visit(f"/wall/{campaign.code}/", viewport={"width": 1280, "height": 720})
    expect(person.part("people")).to_have_text("1")
    expect(person.part("empty")).to_be_visible()
    drawing.approve(7, admin_user)
    expect(person.page.locator(".wall-sheet img")).to_have_count(1)
    expect(person.part("empty")).to_be_hidden()


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_grave_and_nothing_overflows(visit: Visit, campaign: Campaign, look: str) -> None:
    for path in (f"/j/{campaign.code}/", "/j/", "/kiosk/", f"/wall/{campaign.code}/"):
        page = visit(path, **LOOKS[look]).page
        assert grave_findings(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
