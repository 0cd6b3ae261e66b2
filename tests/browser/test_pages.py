"""Yours, rounds, why, how it sees it, memory."""

import json
import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Route, expect

from recognizer import registry, serving
from recognizer.api.views import NewestFirst
from recognizer.models import Contributor, Drawing, ModelVersion
from tests.support.known import known
from tests.support.person import Person, Visit
from tests.support.recorded import CROSSED_SEVEN, FOUR, SEVEN, ZERO, Stroke
from tests.support.waiting import let_page_settle, wait_until


def delete_for_good(person: Person, sheet: Locator) -> None:
    """Delete a drawing and let the time pass in which that can be undone."""
    person.page.clock.install()
    sheet.locator("[data-action=forget]").click()
    expect(sheet.locator("[data-action=keep]")).to_be_focused()
    person.page.clock.fast_forward(9_000)


def test_a_deletion_can_be_undone_and_is_carried_out_when_the_page_is_left(visit: Visit) -> None:
    person = visit()
    person.hand_in(SEVEN)
    person.page.goto("/drawings/")
    sheet = person.page.locator(".sheet")
    sheet.locator("[data-action=forget]").click()
    sheet.locator("[data-action=keep]").click()
    expect(sheet.locator("[data-action=forget]")).to_be_focused()
    assert Drawing.objects.exists()
    sheet.locator("[data-action=forget]").click()
    person.page.goto("/about/")
    wait_until(lambda: not Drawing.objects.exists())
    person.page.goto("/")
    let_page_settle(person.page)
    assert person.phase == "intro"  # the sheet of what is deleted does not come back


def test_all_is_deleted_by_nobody_who_only_presses_enter(visit: Visit) -> None:
    person = visit()
    person.hand_in(SEVEN)
    person.page.goto("/drawings/")
    person.button("ask-forget-all").click()
    person.page.keyboard.press("Enter")
    expect(person.page.get_by_role("dialog")).to_be_hidden()
    assert Drawing.objects.exists()


def test_a_drawing_of_yours_is_corrected_until_a_reviewer_has_decided(
    visit: Visit, django_user_model: type[User]
) -> None:
    person = visit()
    person.hand_in(SEVEN)
    person.page.goto("/drawings/")
    sheet = person.page.locator(".sheet")
    sheet.get_by_role("button", name="Say what it is").click()
    sheet.get_by_role("button", name="1", exact=True).click()
    expect(sheet).to_contain_text("You said 1.")
    expect(sheet).to_contain_text("A reviewer will look at it.")
    assert Drawing.objects.get().confirmed_label == 1
    sheet.get_by_role("button", name="Correct").click()
    sheet.get_by_role("button", name="7", exact=True).click()
    expect(sheet).to_contain_text("You said 7.")
    Drawing.objects.get().approve(7, django_user_model.objects.create_user("reviewer"))
    person.page.reload()
    expect(sheet).to_contain_text("You said 7.")
    expect(sheet.locator("[data-action=open-labels]")).to_be_hidden()


def test_your_drawings_lists_them_with_their_fate_and_deletes_one_and_all(visit: Visit) -> None:
    person = visit()
    for strokes in (SEVEN, FOUR, ZERO):
        person.hand_in(strokes)
        person.page.keyboard.press("1")
        person.expect_saved("1")
    person.page.goto("/drawings/")
    sheets = person.page.locator(".sheet")
    expect(sheets).to_have_count(3)
    expect(sheets.first).to_contain_text("You said 1.")
    expect(sheets.first).to_contain_text("Waiting for a reviewer.")

    sheets.first.locator("[data-action=versions]").click()
    expect(sheets.first).to_contain_text(re.compile("version 1 says 0"))

    delete_for_good(person, sheets.first)
    expect(sheets).to_have_count(2)
    assert Drawing.objects.count() == 2

    person.button("ask-forget-all").click()
    person.page.get_by_role("dialog").get_by_role("button", name="Delete all").click()
    expect(person.part("empty")).to_be_visible()
    assert not Drawing.objects.exists()
    assert not Contributor.objects.exists()


def test_what_a_newer_version_makes_of_an_older_ones_drawing_is_said_by_itself(visit: Visit) -> None:
    person = visit()
    person.hand_in(SEVEN)
    first = ModelVersion.objects.get()
    newer = registry.register(
        bytes(first.keras), bytes(first.tflite), preprocessing_version=first.preprocessing_version,
        calibration=first.calibration, metrics=first.metrics, parent=first, origin="the same again",
    )  # fmt: skip
    registry.promote(newer, by=None, reason="for this test")
    serving.champion.reset()
    person.page.goto("/drawings/")
    expect(person.page.locator(".sheet")).to_contain_text("version 1 said 7, version 2 says 7")


def show_yours(person: Person, monkeypatch: pytest.MonkeyPatch, page_size: int = 2) -> Locator:
    """Hand in three drawings and open the first page of them."""
    monkeypatch.setattr(NewestFirst, "page_size", page_size)
    for strokes in (SEVEN, FOUR, ZERO):
        person.hand_in(strokes)
        person.button("clear").click()
    person.page.goto("/drawings/")
    sheets = person.page.locator(".sheet")
    expect(sheets).to_have_count(min(page_size, 3))
    return sheets


def test_earlier_drawings_come_once_however_often_they_are_asked_for(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = visit()
    sheets = show_yours(person, monkeypatch)
    person.button("more").dblclick()
    expect(person.button("more")).to_be_hidden()
    person.page.wait_for_load_state("networkidle")
    expect(sheets).to_have_count(3)


def test_a_proxy_that_knows_the_server_by_another_name_hides_no_earlier_drawings(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rename(route: Route) -> None:
        page = route.fetch().json()
        route.fulfill(json=page | {"next": re.sub("^http://[^/]+", "http://inside:8000", page["next"])})

    person = visit()
    sheets = show_yours(person, monkeypatch)
    person.page.route(re.compile("/api/v1/drawings/$"), rename, times=1)
    person.page.reload()
    person.button("more").click()
    expect(sheets).to_have_count(3)


def test_a_drawing_that_is_gone_already_is_deleted_without_a_word_of_trouble(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = visit()
    sheets = show_yours(person, monkeypatch, page_size=60)
    Drawing.objects.latest("created_at").delete()
    delete_for_good(person, sheets.first)
    expect(sheets).to_have_count(2)
    expect(person.part("alert")).to_be_hidden()


def test_a_page_of_drawings_that_is_deleted_does_not_hide_the_earlier_ones(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = visit()
    sheets = show_yours(person, monkeypatch)
    for left in (1, 0):
        delete_for_good(person, sheets.first)
        expect(sheets).to_have_count(left)
    expect(person.part("empty")).to_be_hidden()
    person.button("more").click()
    expect(sheets).to_have_count(1)


def test_somebody_elses_drawings_are_not_listed(visit: Visit) -> None:
    visit().hand_in(SEVEN)
    other = visit("/drawings/")
    expect(other.part("empty")).to_be_visible()
    expect(other.page.locator(".sheet")).to_have_count(0)


def test_the_export_holds_every_drawing_with_its_strokes(visit: Visit) -> None:
    person = visit()
    person.hand_in(SEVEN)
    person.page.goto("/drawings/")
    with person.page.expect_download() as download:
        person.page.get_by_role("link", name="Take them with you").click()
    (drawing,) = json.loads(download.value.path().read_text())
    assert drawing["predicted"] == 7
    assert len(drawing["strokes"]) == 1


def test_a_round_asks_for_ten_digits_and_counts_what_was_read(visit: Visit) -> None:
    person = visit("/rounds/")
    person.button("start").first.click()
    asked = []
    for number in range(1, 11):
        expect(person.part("count")).to_have_text(f"{number} of 10")
        prompt = person.part("prompt").inner_text()
        asked.append(int(known(re.search(r"\d", prompt)).group()))
        person.draw(SEVEN)
        person.button("read").click()
        expect(person.part("verdict")).to_contain_text("It reads a 7.")
        person.button("confirm" if asked[-1] == 7 or number == 10 else "skip").click()
    expect(person.part("score")).to_contain_text("It read")

    drawings = Drawing.objects.order_by("created_at")
    assert [d.prompted_label for d in drawings] == asked
    confirmed = [d for d in drawings if d.confirmed_label is not None]
    assert all(d.confirmed_label == d.prompted_label for d in confirmed)
    assert len(confirmed) < 10  # who drew something else labelled nothing


@pytest.mark.parametrize("strokes", [SEVEN, CROSSED_SEVEN], ids=["seven", "crossed seven"])
def test_why_names_a_part_and_marks_it_or_names_none_and_marks_none(visit: Visit, strokes: list[Stroke]) -> None:
    person = visit()
    person.hand_in(strokes)
    person.button("why").click()
    expect(person.part("why")).to_contain_text(re.compile("^(Without this|This .* matters most|No single part)"))
    colours = person.page.evaluate(
        """() => {
          const marks = document.querySelector("[data-part=marks]");
          const pixels = marks.getContext("2d").getImageData(0, 0, marks.width, marks.height).data;
          const seen = new Map();
          for (let i = 0; i < pixels.length; i += 4) {
            const colour = pixels.slice(i, i + 3).join();
            if (pixels[i + 3] === 255) seen.set(colour, 1 + (seen.get(colour) ?? 0));
          }
          return [...seen].filter(([, count]) => count > 100).map(([colour]) => colour);
        }"""
    )
    names_none = (person.part("why").text_content() or "").startswith("No single part")
    assert bool(colours) != names_none
    if colours:
        assert {"191,52,23", "253,250,243"} <= set(colours)  # a rim around a core as light as the paper
    assert Drawing.objects.count() == 1  # asking stores nothing


def test_how_it_sees_it_shows_the_steps_to_28_by_28(visit: Visit) -> None:
    person = visit()
    person.hand_in(SEVEN)
    size = person.part("preview").evaluate("(picture) => [picture.naturalWidth, picture.naturalHeight]")
    assert size == [28, 28]
    person.part("how").locator("summary").click()
    captions = person.part("steps").locator("figcaption")
    expect(captions).to_have_text(["crop", "fit", "centre"])


def test_a_correction_is_remembered_for_its_author_alone(visit: Visit) -> None:
    person = visit()
    person.hand_in(SEVEN)
    person.page.keyboard.press("1")
    person.expect_saved("1")

    person.draw(SEVEN)
    person.button("read").click()
    person.expect_answer(1)
    expect(person.part("memory")).to_have_text("You draw your 1s like this.")
    newest = Drawing.objects.latest("created_at")
    assert newest.predicted_label == 7  # what is stored is what the network alone said

    other = visit()
    other.hand_in(SEVEN)
    other.expect_answer(7)
    expect(other.part("memory")).to_be_empty()


def begin_round(visit: Visit, digits: list[int], **options: object) -> Person:
    """Send somebody into a round that asks for these digits, and let them hand in a seven for the first."""
    person = visit("/rounds/", **options)
    person.page.route("**/rounds/", lambda route: route.fulfill(json={"digits": digits}), times=1)
    person.button("start").first.click()
    person.draw(SEVEN)
    person.button("read").click()
    expect(person.part("verdict")).to_be_visible()
    return person


def test_what_failed_for_one_digit_of_a_round_is_not_tried_again_for_the_next(visit: Visit) -> None:
    person = begin_round(visit, [1, 7])
    refused = {"code": "invalid", "detail": "No."}
    person.page.route("**/feedback/", lambda route: route.fulfill(status=400, json=refused), times=1)
    person.button("confirm").click()
    expect(person.part("alert")).to_be_visible()
    person.button("skip").click()
    expect(person.part("count")).to_have_text("2 of 2")
    expect(person.part("alert")).to_be_hidden()
    asked: list[str] = []
    person.page.on("request", lambda request: asked.append(request.url))
    person.page.evaluate("document.querySelector('[data-action=retry]').click()")
    let_page_settle(person.page)
    assert not asked
    expect(person.part("count")).to_have_text("2 of 2")
    assert Drawing.objects.get().confirmed_label is None


def test_a_label_of_a_round_that_gets_stuck_is_sent_by_itself(visit: Visit) -> None:
    person = begin_round(visit, [1, 7])
    person.page.route("**/feedback/", lambda route: route.abort(), times=1)
    person.button("confirm").click()
    expect(person.part("count")).to_have_text("2 of 2")
    expect(person.part("waiting")).to_have_text("All that waited is sent.")
    assert Drawing.objects.get().confirmed_label == 1


def test_new_ink_opens_the_question_of_a_round_again(visit: Visit) -> None:
    person = begin_round(visit, [5, 7])
    person.button("clear").click()
    expect(person.button("confirm")).to_be_hidden()
    person.draw(ZERO)
    person.button("read").click()
    expect(person.part("verdict")).to_contain_text("It reads a 0.")
    person.button("confirm").click()
    expect(person.part("count")).to_have_text("2 of 2")
    seven, zero = Drawing.objects.order_by("created_at")
    assert (seven.confirmed_label, zero.confirmed_label) == (None, 5)


def test_a_round_goes_on_after_a_reload(visit: Visit) -> None:
    person = begin_round(visit, [5, 7])
    person.button("skip").click()
    expect(person.part("count")).to_have_text("2 of 2")
    person.draw(SEVEN)
    person.page.reload()
    expect(person.part("count")).to_have_text("2 of 2")
    assert person.ink_share() > 0.02
    person.button("read").click()
    expect(person.part("verdict")).to_contain_text("It reads a 7.")
    person.page.reload()
    person.button("confirm").click()
    expect(person.part("score")).to_have_text("It read 1 of 1.")


def test_enter_that_is_held_confirms_nothing_in_a_round(visit: Visit) -> None:
    person = begin_round(visit, [7, 1])
    person.page.evaluate("document.activeElement.blur()")
    person.page.keyboard.down("Enter")
    expect(person.part("count")).to_have_text("2 of 2")
    person.draw(SEVEN)
    person.page.keyboard.down("Enter")  # a key that is down already repeats
    let_page_settle(person.page)
    assert person.phase == "asking"


def test_enter_in_a_round_ends_the_stroke_of_the_keyboard(visit: Visit) -> None:
    person = visit("/rounds/")
    person.button("start").first.click()
    expect(person.part("count")).to_have_text("1 of 10")
    person.pad.focus()
    for key in (" ", *["ArrowDown"] * 15, "Enter"):
        person.page.keyboard.press(key)
    expect(person.part("verdict")).to_be_visible()
    assert person.part("marks").get_attribute("data-cursor") == "up"


def test_escape_that_closes_the_menu_leaves_the_drawing_of_a_round(visit: Visit) -> None:
    person = visit("/rounds/", viewport={"width": 360, "height": 640})
    person.button("start").first.click()
    expect(person.part("count")).to_have_text("1 of 10")
    person.draw(SEVEN)
    person.button("menu").click()
    person.page.keyboard.press("Escape")
    expect(person.page.locator("#places")).to_be_hidden()
    assert person.ink_share() > 0.02


def test_a_second_tap_on_a_slow_line_does_not_answer_for_the_next_digit(visit: Visit) -> None:
    person = visit("/rounds/")
    person.button("start").first.click()
    person.draw(SEVEN)
    person.button("read").click()
    expect(person.part("verdict")).to_be_visible()
    held = []
    person.page.route("**/feedback/", lambda route: held.append(route))
    with person.page.expect_request("**/feedback/"):
        person.button("confirm").click()
    person.button("confirm").click()
    person.button("skip").click()
    for route in held:
        route.continue_()
    expect(person.part("count")).to_have_text("2 of 10")
    expect(person.part("marks-list").locator("li")).to_have_count(1)
    assert Drawing.objects.get().confirmed_label == Drawing.objects.get().prompted_label
