"""Draw, be answered, correct: with each thing that can draw."""

import re

import pytest
from playwright.sync_api import expect

from recognizer.models import Contributor, Drawing, LabelEvent
from tests.support.known import known
from tests.support.person import Person, Visit
from tests.support.recorded import FOUR, SCRIBBLE, SEVEN, ZERO, Stroke
from tests.support.waiting import let_page_settle


def test_a_drawn_seven_is_read_and_the_correction_is_stored_with_its_events(visit: Visit) -> None:
    person = visit()
    person.hand_in(SEVEN)

    person.expect_answer(7)
    person.button("label").filter(has_text=re.compile("^1$")).click()
    person.expect_saved("1")

    drawing = Drawing.objects.get()
    assert drawing.predicted_label == 7
    assert drawing.confirmed_label == 1
    assert len(known(drawing.strokes)) == 1
    assert [(e.actor, e.action, e.label) for e in drawing.events.all()] == [("contributor", "confirmed", 1)]


def test_one_tap_confirms(visit: Visit) -> None:
    person = visit()
    person.hand_in(SEVEN)

    person.page.get_by_role("button", name="Yes, 7").click()
    person.expect_saved("7")

    assert Drawing.objects.get().confirmed_label == 7


def test_not_a_digit_is_an_answer_too(visit: Visit) -> None:
    person = visit()
    person.hand_in(SEVEN)

    person.page.get_by_role("button", name="not a digit").click()
    person.page.get_by_role("button", name="Not a digit", exact=True).click()  # of a sure 7 it is asked about
    person.expect_saved("not a digit")

    assert Drawing.objects.get().label == 10


def test_undo_takes_the_label_back_and_asks_again(visit: Visit) -> None:
    person = visit()
    person.hand_in(SEVEN)
    person.page.keyboard.press("4")
    person.expect_saved("4")

    person.button("withdraw").click()
    person.expect_answer(7)

    drawing = Drawing.objects.get()
    assert drawing.confirmed_label is None
    assert drawing.status == Drawing.Status.UNCONFIRMED
    assert [e.action for e in drawing.events.all()] == ["confirmed", "withdrawn"]


def test_a_label_can_be_taken_back_for_as_long_as_its_drawing_is_shown(visit: Visit) -> None:
    person = visit()
    person.page.clock.install()
    person.hand_in(SEVEN)
    person.page.keyboard.press("7")
    person.expect_saved("7")
    person.page.clock.fast_forward(60_000)
    person.page.keyboard.press("Control+z")  # the last thing done is the label, not the stroke
    person.expect_answer(7)
    assert person.ink_share() > 0.02
    assert Drawing.objects.get().confirmed_label is None


def test_a_guess_is_corrected_where_it_stands(visit: Visit) -> None:
    person = visit()
    person.draw(SEVEN)
    person.button("label").filter(has_text=re.compile("^1$")).click()
    person.expect_saved("1")
    drawing = Drawing.objects.get()
    assert (drawing.predicted_label, drawing.confirmed_label) == (7, 1)


def test_nothing_is_sure_and_nothing_can_be_pressed_while_the_pen_is_down(visit: Visit) -> None:
    person = visit()
    mouse = person.page.mouse
    mouse.move(*person.place(SEVEN[0][0]))
    mouse.down()
    for point in SEVEN[0][1:]:
        mouse.move(*person.place(point), steps=3)
    expect(person.part("digit")).to_have_text("7")
    expect(person.part("certainty")).to_be_empty()
    expect(person.part("first-choices")).to_be_hidden()
    assert set(person.page.locator("[data-share]").all_inner_texts()) == {""}
    mouse.up()
    expect(person.part("certainty")).not_to_be_empty()
    expect(person.page.get_by_role("button", name="Yes, 7")).to_be_visible()


def test_not_a_digit_of_a_sure_seven_is_asked_about_once(visit: Visit) -> None:
    person = visit()
    person.hand_in(SEVEN)
    person.page.keyboard.press("x")
    expect(person.part("question")).to_contain_text("Really not a digit?")
    person.page.keyboard.press("x")
    person.expect_saved("not a digit")
    assert Drawing.objects.get().label == 10


def test_a_refusal_has_no_default_and_teases_once(visit: Visit) -> None:
    person = visit()
    for words in ("Huh... You call that a digit?", "I see no digit in it."):
        person.hand_in(SCRIBBLE)
        expect(person.part("certainty")).to_have_text(words)
        person.page.keyboard.press("Enter")
        let_page_settle(person.page)
        assert person.phase == "answered"
        person.page.keyboard.press("Escape")
    assert not Drawing.objects.confirmed().exists()


def test_two_digits_are_named_and_one_is_asked_for(visit: Visit) -> None:
    person = visit()

    def small(strokes: list[Stroke], left: float) -> list[Stroke]:
        return [[(left + x / 2, 70 + y / 2) for x, y in stroke] for stroke in strokes]

    person.hand_in([*small(FOUR, 0), *small(SEVEN, 120)])
    expect(person.part("certainty")).to_have_text("Two digits? I see a 4 and a 7. One at a time.")


def test_a_guess_appears_while_drawing_and_stores_nothing(visit: Visit) -> None:
    person = visit()
    person.draw(SEVEN)

    expect(person.part("digit")).to_have_text("7")

    assert person.phase == "drawing"
    assert not Drawing.objects.exists()
    assert not Contributor.objects.exists()
    assert person.part("announcement").text_content() == ""  # only final answers are said aloud


@pytest.mark.parametrize("hand", ["draw", "draw_with_finger", "draw_with_pen"])
def test_mouse_finger_and_pen_make_the_same_strokes(visit: Visit, hand: str) -> None:
    person = visit(has_touch=True)
    getattr(person, hand)(FOUR)
    person.button("read").click()
    person.expect_answer(4)

    drawing = Drawing.objects.get()
    assert len(known(drawing.strokes)) == 2
    for stroke, recorded in zip(known(drawing.strokes), FOUR, strict=True):
        assert stroke[0][:2] == pytest.approx(recorded[0], abs=1.5)
        assert stroke[-1][:2] == pytest.approx(recorded[-1], abs=1.5)
        times = [point[2] for point in stroke]
        assert times == sorted(times)


def test_keyboard_alone_draws_reads_and_corrects(visit: Visit) -> None:
    person = visit()
    keys = person.page.keyboard
    person.focus_pad()
    for key, times in [("ArrowLeft", 8), (" ", 1), ("ArrowRight", 16), ("ArrowDown", 17), (" ", 1)]:
        for _ in range(times):
            keys.press(key)
    keys.press("Enter")
    expect(person.page.locator("main")).to_have_attribute("data-phase", "answered")
    keys.press("7")
    person.expect_saved("7")

    drawing = Drawing.objects.get()
    xs = [point[0] for point in known(drawing.strokes)[0]]
    assert (min(xs), max(xs)) == (76, 204)
    assert drawing.confirmed_label == 7


def press_all(person: Person, keys: str) -> None:
    """Press "Space Right*16 ..." on the pad."""
    for word in keys.split():
        name, _, times = word.partition("*")
        key = " " if name == "Space" else f"Arrow{name}"
        for _ in range(int(times or 1)):
            person.page.keyboard.press(key)


HALF_A_SEVEN, THE_OTHER_HALF = "Left*8 Space Right*16", "Down*17"


def test_an_answer_stays_when_the_keyboard_pen_was_down_at_enter(visit: Visit) -> None:
    person = visit()
    person.focus_pad()
    press_all(person, f"{HALF_A_SEVEN} {THE_OTHER_HALF}")
    person.page.keyboard.press("Enter")
    expect(person.page.locator("main")).to_have_attribute("data-phase", "answered")
    yes = person.part("first-choices").get_by_role("button").first
    for _ in range(10):
        person.page.keyboard.press("Tab")
        if yes.evaluate("(button) => button === document.activeElement"):
            break
    person.page.keyboard.press("Enter")
    expect(person.page.locator("main")).to_have_attribute("data-phase", "saved")
    assert Drawing.objects.get().confirmed_label is not None


def test_what_is_drawn_on_after_enter_is_another_drawing(visit: Visit) -> None:
    person = visit()
    person.focus_pad()
    for keys in (HALF_A_SEVEN, f"Space {THE_OTHER_HALF}"):
        press_all(person, keys)
        person.page.keyboard.press("Enter")
        expect(person.page.locator("main")).to_have_attribute("data-phase", "answered")
    person.page.keyboard.press("7")
    person.expect_saved("7")

    half, whole = Drawing.objects.order_by("created_at")
    assert [len(known(half.strokes)), len(known(whole.strokes))] == [1, 2]
    assert [half.confirmed_label, whole.confirmed_label] == [None, 7]


def test_enter_that_is_held_says_yes_to_nothing(visit: Visit) -> None:
    person = visit()
    person.draw(SEVEN)
    person.page.keyboard.down("Enter")
    person.expect_answer(7)
    for _ in range(3):
        person.page.keyboard.down("Enter")  # a key that is down already repeats
    let_page_settle(person.page)
    assert person.phase == "answered"
    person.page.keyboard.up("Enter")
    person.page.keyboard.press("Enter")
    person.expect_saved("7")


def test_every_control_is_reached_with_tab_and_shows_its_focus(visit: Visit) -> None:
    person = visit()
    person.hand_in(SEVEN)
    seen = []
    for _ in range(60):
        person.page.keyboard.press("Tab")
        name, outline = person.page.evaluate(
            """() => {
              const { dataset, tagName } = document.activeElement;
              const { outlineStyle } = getComputedStyle(document.activeElement);
              return [dataset.action ?? dataset.part ?? tagName, outlineStyle];
            }"""
        )
        assert outline != "none" or name == "BODY", name
        seen.append(name)
    assert {"pad", "undo", "clear", "label", "why"} <= set(seen)
    assert seen.count("label") >= 12


def test_the_picture_that_is_sent_is_black_on_white_whatever_the_theme(visit: Visit) -> None:
    for scheme in ("light", "dark"):
        person = visit(color_scheme=scheme, device_scale_factor=2)
        person.hand_in(ZERO)
    first, second = Drawing.objects.all()
    assert bytes(first.png) == bytes(second.png)
    assert first.content_hash == second.content_hash
    assert LabelEvent.objects.count() == 0
