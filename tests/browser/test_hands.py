"""Browsers, keyboards, palms and lines that are not the developer's own: no ink is lost, and no wrong label stored."""

from collections.abc import Mapping

import pytest
from playwright.sync_api import Route, expect

from recognizer.models import Drawing
from tests.support.known import known
from tests.support.person import OpenContext, Person, Visit
from tests.support.recorded import SEVEN
from tests.support.waiting import finish, let_page_settle

NO_PICTURE = "btoa(String.fromCharCode(...Array.from({ length: 3200 }, (_, i) => (i % 32) * 7)))"
CANVASES = {
    "gives nothing": "HTMLCanvasElement.prototype.toDataURL = () => 'data:,';",
    "throws": "HTMLCanvasElement.prototype.toDataURL = () => { throw new DOMException('no', 'SecurityError'); };",
    "has no way out": "delete HTMLCanvasElement.prototype.toDataURL;",
    "gives something else": "HTMLCanvasElement.prototype.toDataURL = () => null;",
    "gives bytes that are no picture": (
        f"HTMLCanvasElement.prototype.toDataURL = () => 'data:image/png;base64,' + {NO_PICTURE};"
    ),
    "is white": "CanvasRenderingContext2D.prototype.stroke = () => {};",
}


def begin(open_context: OpenContext, script: str, path: str = "/") -> Person:
    """Open a page in a browser that a script has changed."""
    context = open_context()
    context.add_init_script(script)
    person = Person(context.new_page())
    person.page.goto(path)
    return person


@pytest.mark.parametrize(("path", "canvas"), [*(("/", canvas) for canvas in CANVASES), ("/rounds/", "gives nothing")])
def test_a_drawing_is_read_from_its_path_where_the_canvas_lies(
    open_context: OpenContext, canvas: str, path: str
) -> None:
    person = begin(open_context, CANVASES[canvas], path)
    if path == "/rounds/":
        person.button("start").first.click()
        expect(person.part("prompt")).to_be_visible()
    person.draw(SEVEN)
    person.button("read").click()
    expect(person.page.locator("main")).to_have_attribute("data-phase", "answered")
    drawing = Drawing.objects.get()
    assert drawing.predicted_label == 7
    assert len(known(drawing.strokes)) == 1


def test_a_browser_without_the_newest_signals_reads_too(open_context: OpenContext) -> None:
    person = begin(open_context, "delete AbortSignal.timeout; delete AbortSignal.any;")
    person.hand_in(SEVEN)
    person.expect_answer(7)


KEYS = {
    "AZERTY": {"key": '"', "code": "Digit3"},
    "Arabic-Indic": {"key": "٣", "code": "Digit3"},
    "Devanagari": {"key": "३", "code": "Digit3"},
    "full width": {"key": "３", "code": "Digit3"},
    "input method": {"key": "Process", "code": "Digit3"},
}


def press(person: Person, key: Mapping[str, object]) -> None:
    """Press a key of another layout where the focus is."""
    person.page.evaluate(
        "(key) => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true, ...key }))", key
    )


@pytest.mark.parametrize("layout", KEYS)
def test_a_digit_key_is_one_on_every_keyboard(visit: Visit, layout: str) -> None:
    person = visit()
    person.hand_in(SEVEN)
    press(person, KEYS[layout])
    person.expect_saved("3")
    assert Drawing.objects.get().confirmed_label == 3


def test_letters_are_where_they_are_on_keyboards_of_other_scripts(visit: Visit) -> None:
    person = visit()
    person.draw(SEVEN)
    press(person, {"key": "я", "code": "KeyZ", "ctrlKey": True})
    assert person.ink_share() == 0
    press(person, {"key": "Я", "code": "KeyZ", "ctrlKey": True, "shiftKey": True})
    assert person.ink_share() > 0


def test_a_single_key_on_a_link_labels_nothing(visit: Visit) -> None:
    person = visit()
    person.hand_in(SEVEN)
    person.page.get_by_role("link", name="Yours").focus()
    for key in ("2", "x"):
        person.page.keyboard.press(key)
    let_page_settle(person.page)
    assert person.phase == "answered"


def test_single_keys_can_be_switched_off_for_good(visit: Visit) -> None:
    person = visit()
    person.button("shortcuts").click()
    person.part("single-keys").uncheck()
    person.page.keyboard.press("Escape")
    person.page.reload()
    person.hand_in(SEVEN)
    for key in ("2", "x", "?"):
        person.page.keyboard.press(key)
    let_page_settle(person.page)
    assert person.phase == "answered"
    expect(person.part("shortcuts")).to_be_hidden()
    person.page.keyboard.press("Enter")  # no single key that somebody says by chance
    person.expect_saved("7")


@pytest.mark.parametrize("away", ["reload", "link"])
def test_the_sheet_comes_back_with_its_answer_and_its_label(visit: Visit, away: str) -> None:
    person = visit()

    def leave_and_return() -> None:
        if away == "reload":
            person.page.reload()
        else:
            person.page.get_by_role("link", name="About").first.click()
            person.page.get_by_role("link", name="Draw").first.click()

    person.draw(SEVEN)
    leave_and_return()
    assert person.ink_share() > 0.02
    expect(person.part("digit")).to_have_text("7")
    person.button("read").click()
    person.expect_answer(7)
    leave_and_return()
    person.expect_answer(7)
    person.page.keyboard.press("1")
    person.expect_saved("1")
    leave_and_return()
    person.expect_saved("1")
    person.button("withdraw").click()
    person.expect_answer(7)
    drawing = Drawing.objects.get()
    assert drawing.confirmed_label is None


@pytest.mark.parametrize("path", ["/", "/rounds/"])
def test_a_slow_line_is_told_at_once(visit: Visit, path: str) -> None:
    person = visit(path)
    if path == "/rounds/":
        person.button("start").first.click()
        expect(person.part("prompt")).to_be_visible()
    held: list[Route] = []
    person.page.route("**/api/v1/drawings/", lambda route: held.append(route), times=1)
    person.draw(SEVEN)
    with person.page.expect_request("**/api/v1/drawings/"):
        person.button("read").click()
    expect(person.part("certainty" if path == "/" else "reading")).to_have_text("Reading…")
    finish(held)
    expect(person.page.locator("main")).to_have_attribute("data-phase", "answered")
    expect(person.page.get_by_text("Reading…").locator("visible=true")).to_have_count(0)


def test_who_blocks_cookies_is_told_so_and_not_asked_for_ever(visit: Visit) -> None:
    person = visit()
    person.draw(SEVEN)
    for words in ("Read it again, then tell me.", "Cookies seem to be blocked here"):
        person.button("read").click()
        person.expect_answer(7)
        person.page.context.clear_cookies()
        person.page.keyboard.press("Enter")
        expect(person.part("alert-words")).to_contain_text(words)
    expect(person.part("alert-action")).to_be_hidden()


def test_a_label_says_what_became_of_this_drawing(visit: Visit) -> None:
    person = visit()
    person.hand_in(SEVEN)
    person.page.keyboard.press("1")
    person.expect_saved("1")
    expect(person.part("thanks")).to_have_text("Thanks. A reviewer will look at it.")
    person.page.wait_for_load_state("networkidle")
    expect(person.part("news")).to_be_empty()  # nothing is new yet, and "0 new drawings" is no news


def test_a_ghost_invites_once(visit: Visit) -> None:
    person = visit()
    ghost = person.part("ghost")
    expect(ghost).not_to_have_attribute("hidden", "")
    person.page.reload()
    expect(ghost).to_have_attribute("hidden", "")


def test_a_file_that_is_no_picture_does_not_take_the_place_of_the_ink(visit: Visit) -> None:
    person = visit()
    person.draw(SEVEN)
    taken = person.page.evaluate(
        """() => {
          const transfer = new DataTransfer();
          transfer.items.add(new File(["x"], "seven.png", { type: "image/png" }));
          const drop = new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: transfer });
          return !document.querySelector("[data-part=pad]").dispatchEvent(drop);
        }"""
    )
    assert taken
    expect(person.part("alert-words")).to_have_text("I cannot open that picture. Draw the digit on the paper.")
    assert person.ink_share() > 0.02
