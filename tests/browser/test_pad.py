"""The paper: what becomes a stroke, and what it survives."""

import pytest
from playwright.sync_api import expect

from recognizer.models import Drawing
from tests.support.known import known
from tests.support.person import Person, Visit
from tests.support.recorded import FOUR, SEVEN, ZERO, arc
from tests.support.waiting import let_page_settle


def test_a_tap_draws_a_dot(visit: Visit) -> None:
    person = visit()
    person.page.mouse.click(*person.place((140, 140)))
    share = person.ink_share()
    assert share == pytest.approx(3.14 * 0.04**2, rel=0.15)  # a disc as wide as the pen, 8 % of the side


def test_a_speck_is_not_handed_in(visit: Visit) -> None:
    person = visit()
    person.page.mouse.click(*person.place((140, 140)))
    person.button("read").click()
    expect(person.part("alert-words")).to_have_text("That is only a speck. Draw a bit bigger.")
    assert not Drawing.objects.exists()


def test_undo_redo_and_clear_turn_whole_sheets(visit: Visit) -> None:
    person = visit()
    person.draw(FOUR)
    both = person.ink_share()
    keys = person.page.keyboard

    keys.press("Control+z")
    one = person.ink_share()
    keys.press("Control+Shift+z")
    assert person.ink_share() == both > one > 0

    keys.press("Escape")
    assert person.ink_share() == 0
    keys.press("Control+z")  # clearing can be undone
    assert person.ink_share() == both

    for _ in range(2):
        person.button("undo").click()
    assert person.ink_share() == 0
    expect(person.button("undo")).to_be_disabled()
    expect(person.button("read")).to_be_disabled()


def test_the_ink_reaches_to_where_the_pen_lifts(visit: Visit) -> None:
    person = visit()
    devtools = person.page.context.new_cdp_session(person.page)

    def mouse(kind: str, point: tuple[float, float]) -> None:
        x, y = person.place(point)
        devtools.send("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1})

    mouse("mousePressed", (80, 60))
    mouse("mouseMoved", (80, 120))
    mouse("mouseReleased", (80, 240))  # a browser that is busy tells of the last stretch only here
    person.button("read").click()
    expect(person.page.locator("main")).to_have_attribute("data-phase", "answered")
    (stroke,) = known(Drawing.objects.get().strokes)
    assert stroke[-1][:2] == pytest.approx([80, 240], abs=1.5)


def test_a_second_finger_is_ignored(visit: Visit) -> None:
    person = visit(has_touch=True)
    devtools = person.page.context.new_cdp_session(person.page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        places = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(map(person.place, points))]
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    touch("touchStart", (80, 140))
    touch("touchMove", (120, 140))
    touch("touchStart", (120, 140), (200, 40))
    touch("touchMove", (200, 140), (200, 240))
    touch("touchEnd")
    person.button("read").click()
    expect(person.page.locator("main")).to_have_attribute("data-phase", "answered")

    (stroke,) = known(Drawing.objects.get().strokes)
    assert {round(point[1]) for point in stroke} == {140}


def test_the_hand_that_holds_the_pen_leaves_no_ink(visit: Visit) -> None:
    person = visit(has_touch=True)
    devtools = person.page.context.new_cdp_session(person.page)

    def lean(point: tuple[float, float], radius: float) -> None:
        x, y = person.place(point)
        palm = {"x": x, "y": y, "radiusX": radius, "radiusY": radius}
        devtools.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [palm]})
        devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    lean((240, 240), 40)  # far larger than a fingertip
    assert person.ink_share() == 0
    lean((240, 240), 8)
    assert person.ink_share() > 0


def test_a_stroke_that_goes_far_beyond_the_paper_ends_there(visit: Visit) -> None:
    person = visit()
    person.draw([[(140, 60), (140, 200), (370, 200), (370, 100), (200, 100), (140, 100)]])
    person.button("read").click()
    expect(person.page.locator("main")).to_have_attribute("data-phase", "answered")

    drawing = Drawing.objects.get()
    assert len(known(drawing.strokes)) == 2
    assert all(0 <= x <= 350 and 0 <= y <= 350 for stroke in known(drawing.strokes) for x, y, _ in stroke)
    assert known(drawing.canvas_width) == 350


def test_the_pens_way_is_kept_a_little_beyond_the_paper(visit: Visit) -> None:
    person = visit()
    eight = arc(214, 90, 46, 44, 90, -270) + arc(214, 194, 75, 60, -90, 270)  # its bowl leaves the paper by 9
    person.draw([eight])
    person.button("read").click()
    person.expect_answer(8)
    drawing = Drawing.objects.get()
    (stroke,) = known(drawing.strokes)
    xs = [point[0] for point in stroke]
    assert max(xs) == pytest.approx(289, abs=2)
    assert known(drawing.canvas_width) == pytest.approx(max(xs), abs=0.1)


def test_what_is_selected_is_not_dragged_away_in_place_of_a_stroke(visit: Visit) -> None:
    person = visit()
    person.page.keyboard.press("Control+a")
    person.draw(SEVEN)
    assert person.page.evaluate("getSelection().isCollapsed")
    person.button("clear").click()
    left, top = person.place((100, -50))
    person.page.mouse.move(left, top)  # press above the paper, drag in and release
    person.page.mouse.down()
    person.page.mouse.move(*person.place((150, 150)), steps=5)
    person.page.mouse.up()
    person.hand_in(SEVEN)
    person.expect_answer(7)
    (stroke,) = known(Drawing.objects.get().strokes)
    assert stroke[-1][:2] == pytest.approx(SEVEN[0][-1], abs=1.5)


PALM = {"pointerType": "touch", "pointerId": 5, "isPrimary": True, "button": 0}
SEND = """([kind, event]) => document.querySelector("[data-part=pad]").dispatchEvent(
             new PointerEvent(kind, { bubbles: true, ...event }))"""


def rest(person: Person, kind: str, point: tuple[float, float], **contact: object) -> None:
    """Let a touch of a size of its own do something on the paper."""
    x, y = person.place(point)
    person.page.evaluate(SEND, [kind, PALM | {"clientX": x, "clientY": y, "width": 40, "height": 45} | contact])


def test_a_pen_takes_over_from_the_hand_that_rests(visit: Visit) -> None:
    person = visit(has_touch=True)
    rest(person, "pointerdown", (250, 250))
    rest(person, "pointermove", (252, 255))
    person.draw_with_pen(SEVEN)
    rest(person, "pointerup", (252, 255))
    person.button("read").click()
    person.expect_answer(7)
    assert len(known(Drawing.objects.get().strokes)) == 1


def test_a_touch_that_the_system_takes_back_or_that_grows_to_a_palm_leaves_no_ink(visit: Visit) -> None:
    person = visit(has_touch=True)
    for end, contact in (("pointercancel", {}), ("pointermove", {"width": 80, "height": 90})):
        rest(person, "pointerdown", (250, 250))
        rest(person, "pointermove", (200, 200))
        assert person.ink_share() > 0
        rest(person, end, (200, 200), **contact)
        assert person.ink_share() == 0
        expect(person.page.locator("main")).to_have_attribute("data-phase", "intro")


def test_a_lone_finger_that_lies_flat_draws_and_a_hand_is_told(visit: Visit) -> None:
    person = visit(has_touch=True)
    for kind, point in (("pointerdown", (60, 60)), ("pointermove", (200, 200)), ("pointerup", (200, 200))):
        rest(person, kind, point, width=90, height=100)
    expect(person.part("alert-words")).to_contain_text("as wide as a hand")
    assert person.ink_share() == 0
    for kind, point in (("pointerdown", (60, 60)), ("pointermove", (200, 200)), ("pointerup", (200, 200))):
        rest(person, kind, point, width=85, height=30)
    assert person.ink_share() > 0
    expect(person.part("alert")).to_be_hidden()


def test_the_page_scrolls_by_touch_beside_the_paper_and_never_on_it(visit: Visit) -> None:
    person = visit(has_touch=True, viewport={"width": 360, "height": 640})
    actions = person.page.evaluate(
        """() => [document.querySelector("[data-part=pad]"), document.body]
             .map((element) => getComputedStyle(element).touchAction)"""
    )
    assert actions == ["none", "auto"]


def test_ink_survives_rotation_in_the_middle_of_a_stroke(visit: Visit) -> None:
    person = visit(viewport={"width": 360, "height": 640})
    mouse = person.page.mouse
    start, *rest = SEVEN[0]
    mouse.move(*person.place(start))
    mouse.down()
    for point in rest[:3]:
        mouse.move(*person.place(point), steps=3)
    person.page.set_viewport_size({"width": 640, "height": 360})
    for point in rest[3:]:
        mouse.move(*person.place(point))  # no steps: the first would start from a place of the old layout
    mouse.up()
    person.button("read").click()
    person.expect_answer(7)

    (stroke,) = known(Drawing.objects.get().strokes)
    assert stroke[0][:2] == pytest.approx(start, abs=1.5)
    assert stroke[-1][:2] == pytest.approx(rest[-1], abs=1.5)


def test_ink_survives_a_change_of_theme(visit: Visit) -> None:
    person = visit()
    person.draw(ZERO)
    before = person.ink_share()
    person.button("theme").click()
    let_page_settle(person.page)
    assert person.ink_share() == pytest.approx(before, rel=0.01)


def test_the_chosen_theme_is_kept(visit: Visit) -> None:
    person = visit(color_scheme="light")
    person.button("theme").click()
    person.page.reload()
    assert person.page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_enter_right_after_the_answer_says_yes_though_read_it_had_the_focus(visit: Visit) -> None:
    person = visit()
    person.draw(SEVEN)
    person.page.evaluate(
        """() => {
          const read = document.querySelector("[data-action=read]");
          const enter = new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true });
          const observer = new MutationObserver(() => {
            observer.disconnect();
            document.activeElement.dispatchEvent(enter);
          });
          observer.observe(read, { attributeFilter: ["disabled"] });
        }"""
    )
    person.button("read").click()
    person.expect_saved("7")


def test_the_next_stroke_after_saving_begins_a_new_sheet(visit: Visit) -> None:
    person = visit()
    person.hand_in(SEVEN)
    person.page.keyboard.press("Enter")
    person.expect_saved("7")

    person.draw(ZERO)
    person.button("read").click()
    person.expect_answer(0)
    assert Drawing.objects.count() == 2
    assert {len(known(drawing.strokes)) for drawing in Drawing.objects.all()} == {1}
