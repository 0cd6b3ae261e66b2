"""The review desk in a real browser: by keyboard alone, by two at once, offline, by thumb, in both themes."""

import re
from collections import Counter
from typing import Any, Protocol

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Locator, Page, expect

from recognizer.models import Contributor, Drawing, LabelEvent
from tests.support.drawings import make_drawing, make_drawings
from tests.support.known import known
from tests.support.person import OpenContext, sign_in
from tests.support.watch import WATCH_CSP

QUEUE = "/admin/recognizer/drawing/queue/"
MOST = 50


class Desk:
    """The queue as a reviewer handles it: keys, and what is to be seen."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.goto(QUEUE)
        expect(self.part("left")).to_contain_text("left")

    def part(self, name: str) -> Locator:
        return self.page.locator(f"[data-part={name}]")

    @property
    def is_empty(self) -> bool:
        return self.part("empty").is_visible()

    def shown(self) -> str:
        """Wait for a drawing, or for the end; return the drawing's id, or ""."""
        self.page.wait_for_function(
            "() => !document.querySelector('[data-part=work]').hidden || !document.querySelector('[data-part=empty]').hidden"
        )
        return "" if self.is_empty else known(self.part("picture").get_attribute("data-id"))

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def settle(self) -> None:
        """Wait until everything is sent."""
        self.page.wait_for_function(
            "() => Object.keys(localStorage).filter((key) => key.startsWith('digitre-review-'))"
            ".every((key) => localStorage.getItem(key) === '[]')"
        )


class DeskOf(Protocol):
    def __call__(self, user: User, **options: Any) -> Desk: ...


@pytest.fixture
def desk_of(open_context: OpenContext, site: str) -> DeskOf:
    def desk_of(user: User, **options: object) -> Desk:
        context = open_context(**options)
        sign_in(context, user, site)
        return Desk(context.new_page())

    return desk_of


def decide(desk: Desk, turn: int, decided: dict[str, list[Any]]) -> bool:
    """Decide on what is shown, by a key that depends on the turn; every seventh is taken back once and decided anew."""
    shown = desk.shown()
    if not shown:
        return False
    key = ["Enter", "3", "n", "x"][turn % 4]
    desk.press(key)
    if turn % 7 == 6:
        desk.press("u")
        expect(desk.part("picture")).to_have_attribute("data-id", shown)
        key = "5"
        desk.press(key)
    decided.setdefault(shown, []).append(key)
    return True


def test_fifty_drawings_by_keyboard_alone_by_two_reviewers_at_once(
    desk_of: DeskOf, reviewer: User, other_reviewer: User
) -> None:
    made = {str(drawing.pk): drawing for drawing in make_drawings(MOST)}
    desks = [desk_of(user) for user in (reviewer, other_reviewer)]
    decided: list[dict[str, list[Any]]] = [{}, {}]
    for turn in range(2 * MOST):
        worked = [decide(desk, turn, done) for desk, done in zip(desks, decided, strict=True)]
        if not any(worked):
            break
    for desk in desks:
        desk.settle()

    assert not set(decided[0]) & set(decided[1])
    assert set(decided[0]) | set(decided[1]) == set(made)
    assert min(map(len, decided)) > MOST // 4  # both had work
    keys = {drawing: said for done in decided for drawing, said in done.items()}
    assert all(len(said) == 1 for said in keys.values())
    for drawing in Drawing.objects.all():
        (key,) = keys[str(drawing.pk)]
        expected = {"Enter": drawing.confirmed_label, "n": 10, "x": None}.get(key, int(key) if key.isdigit() else None)
        assert drawing.reviewed_label == expected
        assert drawing.status == ("rejected" if key == "x" else "approved")
        last = known(drawing.events.last())
        assert (last.label, last.user_id) == (expected, drawing.reviewed_by_id)
    actions = Counter(LabelEvent.objects.filter(actor="reviewer").values_list("action", flat=True))
    assert actions["approved"] + actions["rejected"] - actions["undone"] == MOST


def test_skipped_drawings_come_again_when_asked_for(desk_of: DeskOf, reviewer: User) -> None:
    make_drawings(2)
    desk = desk_of(reviewer)
    first = desk.shown()
    desk.press("s")
    desk.press("s")
    expect(desk.part("empty")).to_be_visible()
    desk.page.get_by_role("button", name="Show the skipped ones again").click()
    desk.shown()
    expect(desk.part("next").locator("li")).to_have_count(1)
    assert first in [str(pk) for pk in Drawing.objects.filter(claimed_by=reviewer).values_list("pk", flat=True)]
    assert not LabelEvent.objects.filter(actor="reviewer").exists()


def test_a_skipped_drawing_stays_away_in_this_tab_also_through_a_reload(desk_of: DeskOf, reviewer: User) -> None:
    made = {str(drawing.pk) for drawing in make_drawings(8)}
    desk, seen = desk_of(reviewer), []
    for turn in range(len(made)):
        seen.append(desk.shown())
        desk.press("s")
        if turn == 3:
            desk.settle()
            desk.page.goto(QUEUE)
    expect(desk.part("empty")).to_be_visible()
    assert len(seen) == len(set(seen))
    assert set(seen) == made


def test_two_windows_of_one_reviewer_have_different_drawings_in_hand(desk_of: DeskOf, reviewer: User) -> None:
    make_drawings(8)
    first = desk_of(reviewer)
    shown = first.shown()
    expect(first.part("next").locator("li")).to_have_count(3)
    second = Desk(first.page.context.new_page())
    assert second.shown() != shown
    second.press("3")
    second.settle()
    first.press("4")
    first.settle()
    assert Drawing.objects.get(pk=shown).reviewed_label == 4
    assert Drawing.objects.exclude(reviewed_at=None).count() == 2


def test_one_key_opens_all_that_waits_by_the_same_hand_and_one_leaves_a_note(desk_of: DeskOf, reviewer: User) -> None:
    liar = Contributor.join()
    for seed in range(5):
        make_drawing(seed=seed, contributor=liar, predicted=7, confirmed=1, confidence=0.99)
    desk = desk_of(reviewer)
    shown = desk.shown()
    expect(desk.part("who")).to_contain_text("contradicted on 5 of 5")
    desk.press("m")
    desk.page.keyboard.type("all alike")
    desk.page.get_by_role("button", name="Keep it").click()
    expect(desk.part("why")).to_contain_text("you: all alike")
    desk.settle()
    assert LabelEvent.objects.get(action="noted").drawing_id == Drawing.objects.get(pk=shown).pk
    desk.press("p")
    desk.page.get_by_role("button", name="Reject the ticked ones").click()
    expect(desk.part("empty")).to_be_visible()
    assert set(Drawing.objects.values_list("status", flat=True)) == {"rejected"}


def test_undo_takes_a_skip_back_too(desk_of: DeskOf, reviewer: User) -> None:
    make_drawing()
    desk = desk_of(reviewer)
    shown = desk.shown()
    desk.press("s")
    expect(desk.part("empty")).to_be_visible()
    desk.press("u")
    expect(desk.part("picture")).to_have_attribute("data-id", shown)
    desk.settle()
    desk.page.goto(QUEUE)
    assert desk.shown() == shown


def test_decisions_made_offline_are_sent_when_the_connection_is_back(desk_of: DeskOf, reviewer: User) -> None:
    make_drawings(3)
    desk = desk_of(reviewer)
    desk.shown()
    expect(desk.part("next").locator("li")).to_have_count(2)
    desk.page.context.set_offline(True)
    for key in ("1", "2", "3"):
        desk.press(key)
    expect(desk.part("unsent")).to_contain_text("3 decisions are kept")
    assert Drawing.objects.filter(status="waiting").count() == 3
    desk.page.context.set_offline(False)
    desk.settle()
    expect(desk.part("unsent")).to_be_empty()
    assert set(Drawing.objects.values_list("reviewed_label", flat=True)) == {1, 2, 3}


def test_decisions_kept_through_a_reload_are_sent_once(desk_of: DeskOf, reviewer: User) -> None:
    make_drawings(1)
    desk = desk_of(reviewer)
    desk.page.route("**/queue/decide/", lambda route: route.abort())
    desk.page.goto(QUEUE)  # what a page sends in the moment in which a route is set may still slip past it
    shown = desk.shown()
    desk.press("4")
    expect(desk.part("unsent")).to_contain_text("1 decisions are kept")
    desk.page.unroute("**/queue/decide/")
    desk.page.goto(QUEUE)
    desk.settle()
    assert Drawing.objects.get(pk=shown).reviewed_label == 4
    assert LabelEvent.objects.filter(action="approved").count() == 1


def test_blind_mode_shows_the_drawing_and_nothing_of_what_was_said(desk_of: DeskOf, reviewer: User) -> None:
    make_drawing(predicted=1, confirmed=7)
    desk = desk_of(reviewer)
    desk.shown()
    expect(desk.part("said")).to_have_text(re.compile(r"model 1 \(\d+ %\) . person 7"))
    desk.page.get_by_role("link", name="Review blind").click()
    desk.shown()
    expect(desk.part("said")).to_have_text("what was said of it is hidden")
    desk.press("Enter")
    assert Drawing.objects.get().status == "waiting"
    desk.press("1")
    desk.settle()
    assert known(LabelEvent.objects.last()).look == "blind"


def test_help_lists_the_keys_and_holds_them_off(desk_of: DeskOf, reviewer: User) -> None:
    make_drawing()
    desk = desk_of(reviewer)
    desk.shown()
    desk.press("?")
    expect(desk.part("help")).to_be_visible()
    desk.press("7")
    desk.press("Escape")
    expect(desk.part("help")).to_be_hidden()
    assert Drawing.objects.get().status == "waiting"


def test_works_by_thumb(desk_of: DeskOf, reviewer: User) -> None:
    make_drawing(confirmed=7)
    desk = desk_of(reviewer, viewport={"width": 360, "height": 640}, has_touch=True)
    desk.shown()
    button = desk.page.locator("[data-label='4']")
    assert known(button.bounding_box())["height"] >= 44
    button.tap()
    desk.settle()
    assert Drawing.objects.get().reviewed_label == 4
    assert desk.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_markup_that_got_into_a_page_would_not_run(
    open_context: OpenContext, chromium: Browser, site: str, owner: User
) -> None:
    make_drawing()
    context = chromium.new_context(base_url=site)  # not watched: the policy is broken here on purpose
    sign_in(context, owner, site)
    page = context.new_page()
    page.add_init_script(WATCH_CSP)
    page.goto("/admin/recognizer/drawing/")
    page.evaluate(
        """() => {
            document.body.insertAdjacentHTML("beforeend", "<img src=data:, onerror='window.ran = true'>");
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.body.append(script);
        }"""
    )
    page.wait_for_function("window.violations.length >= 2")
    assert page.evaluate("window.ran") is None
    context.close()


def test_keys_of_any_layout_decide_and_none_on_a_link(desk_of: DeskOf, reviewer: User) -> None:
    make_drawings(3)
    desk = desk_of(reviewer)
    send = "(key) => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true, ...key }))"
    decided = []
    for key in ({"key": '"', "code": "Digit3"}, {"key": "ч", "code": "KeyX"}):
        decided.append(desk.shown())
        desk.page.evaluate(send, key)
    desk.settle()
    desk.shown()
    desk.page.get_by_role("link").first.focus()
    desk.press("5")
    desk.settle()
    labels = {str(drawing.pk): drawing.reviewed_label for drawing in Drawing.objects.exclude(reviewed_at=None)}
    assert labels == {decided[0]: 3, decided[1]: None}
