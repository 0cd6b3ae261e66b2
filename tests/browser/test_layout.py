"""What fits where: phone, narrow, wide, zoomed, dark, still, forced colours."""

import pytest
from playwright.sync_api import expect

from tests.support.known import known
from tests.support.looks import PAGES
from tests.support.person import Person, Visit
from tests.support.recorded import SEVEN


def bottom(person: Person, selector: str) -> float:
    box = person.page.locator(selector).first.bounding_box()
    return known(box)["y"] + known(box)["height"]


@pytest.mark.parametrize("size", [(360, 640), (320, 568)], ids=["phone", "narrow phone"])
def test_canvas_answer_and_buttons_are_above_the_fold(visit: Visit, size: tuple[int, int]) -> None:
    person = visit(viewport={"width": size[0], "height": size[1]}, has_touch=True)
    assert bottom(person, ".tools") <= size[1]
    person.hand_in(SEVEN)
    assert person.page.evaluate("scrollY") == 0
    for selector in [".paper", ".verdict", ".feedback"]:
        assert bottom(person, selector) <= size[1], selector
    for box in [digit.bounding_box() for digit in person.page.locator(".digit").all()]:
        assert known(box)["height"] >= 44
        assert known(box)["width"] >= 24


@pytest.mark.parametrize("size", [(360, 640), (320, 568)], ids=["phone", "narrow phone"])
def test_a_refusal_that_memory_knows_of_is_above_the_fold_too(visit: Visit, size: tuple[int, int]) -> None:
    person = visit(viewport={"width": size[0], "height": size[1]}, has_touch=True)
    for _ in range(2):  # one "not a digit" of a sure 7 would be taken for a slip
        person.hand_in(SEVEN)
        person.page.keyboard.press("x")
        person.page.keyboard.press("x")
        person.expect_saved("not a digit")
    person.hand_in(SEVEN)
    expect(person.part("digit")).to_have_text("?")
    expect(person.page.get_by_role("button", name="A 7")).to_be_visible()
    expect(person.part("memory")).to_be_visible()
    assert bottom(person, ".feedback") <= size[1]
    assert all(known(digit.bounding_box())["width"] >= 24 for digit in person.page.locator(".digit").all())


@pytest.mark.parametrize(
    "size", [(640, 400), (844, 390), (768, 1024)], ids=["small window", "phone on its side", "tablet"]
)
def test_the_page_fits_the_shape_of_its_window(visit: Visit, size: tuple[int, int]) -> None:
    person = visit(viewport={"width": size[0], "height": size[1]})
    person.hand_in(SEVEN)
    for selector in (".tools", ".verdict", ".feedback"):
        assert bottom(person, selector) <= size[1], selector
    paper, feedback = (known(person.page.locator(name).bounding_box()) for name in (".paper", ".feedback"))
    if size[0] > size[1]:
        assert feedback["x"] > paper["x"] + paper["width"]
    else:
        assert feedback["width"] <= paper["width"] + 1
    assert person.page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_chalk_is_printed_as_ink(visit: Visit) -> None:
    person = visit(color_scheme="dark")
    person.hand_in(SEVEN)
    person.page.emulate_media(media="print")
    filters, page = person.page.evaluate(
        """() => [["pad", "preview"].map((name) => getComputedStyle(document.querySelector(`[data-part=${name}]`)).filter),
                  getComputedStyle(document.body).backgroundColor]"""
    )
    assert filters == ["brightness(0)", "none"]
    assert page == "rgb(244, 239, 229)"
    expect(person.page.locator(".tools")).to_be_hidden()


def test_without_javascript_a_sentence_stands_where_the_paper_was(visit: Visit) -> None:
    person = visit(java_script_enabled=False)
    expect(person.page.locator(".no-script")).to_be_visible()
    expect(person.page.locator(".too-old")).to_be_hidden()


def test_the_answer_stands_beside_the_canvas_on_a_desktop(visit: Visit) -> None:
    person = visit()
    person.hand_in(SEVEN)
    paper = known(person.page.locator(".paper").bounding_box())
    verdict = known(person.page.locator(".verdict").bounding_box())
    assert verdict["x"] > paper["x"] + paper["width"]
    assert verdict["y"] < paper["y"] + paper["height"] / 2
    digit = person.page.evaluate("parseFloat(getComputedStyle(document.querySelector('.verdict-digit')).fontSize)")
    assert digit == pytest.approx(paper["height"] / 3, rel=0.05)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", [320, 640])  # 640: a 1280 px window at 200 % zoom
def test_nothing_is_wider_than_the_window(visit: Visit, path: str, width: int) -> None:
    person = visit(path, viewport={"width": width, "height": 568})
    assert person.page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_menu_of_a_phone_opens_and_closes(visit: Visit) -> None:
    person = visit(viewport={"width": 360, "height": 640})
    places = person.page.locator("#places")
    expect(places).to_be_hidden()
    person.button("menu").click()
    expect(places).to_be_visible()
    person.page.keyboard.press("Escape")
    expect(places).to_be_hidden()


def test_nothing_moves_for_people_who_asked_for_stillness(visit: Visit) -> None:
    person = visit(reduced_motion="reduce")
    person.hand_in(SEVEN)
    moving = person.page.evaluate(
        """() => [...document.querySelectorAll("*")].filter((e) => {
             const style = getComputedStyle(e);
             return style.animationName !== "none" || parseFloat(style.transitionDuration) > 0;
           }).length"""
    )
    assert moving == 0


def test_bars_grow_for_everybody_else(visit: Visit) -> None:
    person = visit(reduced_motion="no-preference")
    person.hand_in(SEVEN)
    bar = person.page.locator(".bar-track").first
    assert bar.evaluate("(bar) => getComputedStyle(bar, '::before').transitionDuration") == "0.18s"


PAPER_AND_INK = {
    "light": ("rgb(253, 250, 243)", "rgb(31, 27, 22)", "none"),
    "dark": ("rgb(24, 35, 48)", "rgb(239, 233, 220)", "invert(1)"),
}
LOOK_AT_PAPER = """() => [getComputedStyle(document.querySelector(".paper")).backgroundColor,
                         getComputedStyle(document.querySelector("[data-part=pad]")).color,
                         getComputedStyle(document.querySelector("[data-part=preview]")).filter]"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_theme_has_its_own_paper_and_ink(visit: Visit, scheme: str) -> None:
    person = visit(color_scheme=scheme)
    assert tuple(person.page.evaluate(LOOK_AT_PAPER)) == PAPER_AND_INK[scheme]


@pytest.mark.parametrize(("system", "chosen"), [("light", "dark"), ("dark", "light")])
def test_a_theme_chosen_by_hand_is_stronger_than_the_systems(visit: Visit, system: str, chosen: str) -> None:
    person = visit(color_scheme=system)
    person.button("theme").click()
    person.page.reload()
    assert tuple(person.page.evaluate(LOOK_AT_PAPER)) == PAPER_AND_INK[chosen]
    scheme = person.page.evaluate("getComputedStyle(document.documentElement).colorScheme")
    assert scheme == chosen  # the browser's own controls follow


def test_ink_and_buttons_are_there_in_forced_colours(visit: Visit) -> None:
    person = visit(forced_colors="active")
    person.hand_in(SEVEN)
    ink, border, bar = person.page.evaluate(
        """() => [getComputedStyle(document.querySelector("[data-part=pad]")).color,
                  getComputedStyle(document.querySelector(".digit")).borderTopStyle,
                  getComputedStyle(document.querySelector(".bar-track")).outlineStyle]"""
    )
    assert ink == "rgb(0, 0, 0)"
    assert (border, bar) == ("solid", "solid")
    assert person.ink_share() > 0.02


def test_the_shortcuts_open_behind_a_question_mark(visit: Visit) -> None:
    person = visit()
    person.page.keyboard.press("?")
    expect(person.part("shortcuts")).to_be_visible()
    person.page.keyboard.press("Escape")
    expect(person.part("shortcuts")).to_be_hidden()
