"""Errors as people meet them: the drawing stays, the sentence says what to do, a retry stores it once."""

import json
import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Route, expect
from pytest_django import Settings

from recognizer.models import Contributor, Drawing
from tests.support.known import known
from tests.support.person import OpenContext, Person, Visit
from tests.support.recorded import FOUR, SCRIBBLE, SEVEN, ZERO
from tests.support.waiting import finish, let_page_settle

DRAWINGS = re.compile(r"/api/v1/drawings/$")
FEEDBACK = re.compile(r"/feedback/$")
GUESSES = re.compile(r"/api/v1/guesses/$")


def answer_once(person: Person, pattern: str | re.Pattern[str], **response: object) -> None:
    """Let the next call to `pattern` be answered by somebody else, and later ones by the server."""
    person.page.route(pattern, lambda route: route.fulfill(**response), times=1)


def expect_trouble(person: Person, words: str) -> None:
    expect(person.part("alert-words")).to_contain_text(words)
    expect(person.part("alert")).to_have_attribute("role", "alert")
    assert person.ink_share() > 0.02


def test_a_guess_sends_the_path_alone_and_what_is_kept_has_its_picture(visit: Visit) -> None:
    person = visit()
    with person.page.expect_request(GUESSES) as guess:
        person.draw(SEVEN)
    assert set(guess.value.post_data_json or {}) == {"strokes", "canvas"}
    with person.page.expect_request(DRAWINGS) as kept:
        person.button("read").click()
    assert set(kept.value.post_data_json or {}) == {"image", "strokes", "canvas"}
    person.expect_answer(7)


def test_offline_keeps_the_drawing_and_a_retry_stores_it_once(visit: Visit) -> None:
    person = visit()
    person.draw(SEVEN)
    person.page.context.set_offline(True)
    person.button("read").click()
    expect_trouble(person, "You are offline. Your drawing is still here")
    assert not Drawing.objects.exists()

    person.page.context.set_offline(False)
    person.button("retry").click()
    person.expect_answer(7)
    assert Drawing.objects.count() == 1
    expect(person.part("alert")).to_be_hidden()


def test_an_answer_lost_on_the_way_is_asked_for_again_and_stored_once(visit: Visit) -> None:
    person = visit()
    person.hand_in(ZERO)  # a contributor, by cookie
    person.button("clear").click()
    person.draw(SEVEN)
    keys = []

    def lose(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        route.fetch()  # the server stores it
        route.abort()  # the answer never arrives

    person.page.route(DRAWINGS, lose, times=1)
    person.button("read").click()
    expect_trouble(person, "I cannot reach the server")
    person.page.on("request", lambda request: keys.append(request.headers.get("idempotency-key", "")))
    person.button("retry").click()
    person.expect_answer(7)

    assert len(set(filter(None, keys))) == 1
    assert Drawing.objects.count() == 2


@pytest.mark.parametrize(
    ("status", "words"),
    [(429, "That was a lot in a short time"), (503, "The reader is not ready")],
    ids=["too many", "not ready"],
)
def test_a_busy_server_says_when_to_try_again(visit: Visit, status: int, words: str) -> None:
    person = visit()
    person.draw(SEVEN)
    body = json.dumps({"code": "busy", "detail": "Busy."})
    answer_once(
        person, DRAWINGS, status=status, headers={"Retry-After": "20"}, content_type="application/json", body=body
    )
    person.button("read").click()
    expect_trouble(person, f"{words}. Nothing is lost; try again in 20 seconds.")

    person.button("retry").click()
    person.expect_answer(7)
    assert Drawing.objects.count() == 1


def test_a_proxy_that_answers_with_a_page_is_a_sentence_too(visit: Visit) -> None:
    person = visit()
    person.draw(SEVEN)
    answer_once(person, DRAWINGS, status=502, content_type="text/html", body="<h1>Bad gateway</h1>")
    person.button("read").click()
    expect_trouble(person, "The reader is not ready")


def test_an_answer_whose_body_is_lost_is_a_sentence_and_a_retry_fills_the_page(visit: Visit) -> None:
    person = visit()
    person.hand_in(ZERO)  # a contributor, by cookie
    person.part("how").locator("summary").click()
    person.button("clear").click()
    person.draw(SEVEN)
    person.page.route(DRAWINGS, lambda route: route.fulfill(response=route.fetch(), body='{"id'), times=1)
    person.button("read").click()
    expect_trouble(person, "I cannot reach the server. Your drawing is still here")
    assert person.phase == "drawing"

    person.button("retry").click()
    person.expect_answer(7)
    expect(person.button("read")).to_be_disabled()
    expect(person.part("steps").locator("figcaption")).to_have_count(3)
    assert Drawing.objects.count() == 2


def test_the_throttle_itself_is_understood(visit: Visit, settings: Settings) -> None:
    settings.DIGITRE_THROTTLES = True
    person = visit()
    person.hand_in(SEVEN)
    from recognizer.api import throttles

    limit, throttles.DrawingsByContributor.limit = throttles.DrawingsByContributor.limit, 0
    try:
        person.button("clear").click()
        person.draw(ZERO)
        person.button("read").click()
        expect_trouble(person, "That was a lot in a short time. Nothing is lost; try again in")
    finally:
        throttles.DrawingsByContributor.limit = limit


def test_an_expired_cookie_asks_to_read_again(visit: Visit) -> None:
    person = visit()
    person.hand_in(SEVEN)
    person.page.context.clear_cookies()
    person.page.keyboard.press("Enter")
    expect_trouble(person, "This browser no longer holds the key to that drawing. Read it again")

    person.part("alert-action").click()
    person.expect_answer(7)
    person.page.keyboard.press("Enter")
    person.expect_saved("7")
    assert Contributor.objects.count() == 2
    assert [d.confirmed_label for d in Drawing.objects.order_by("created_at")] == [None, 7]


def test_a_review_that_came_first_is_told(visit: Visit, django_user_model: type[User]) -> None:
    person = visit()
    person.hand_in(SEVEN)
    reviewer = django_user_model.objects.create_user("reviewer")
    Drawing.objects.get().approve(7, reviewer)
    person.page.keyboard.press("1")
    expect_trouble(person, "A reviewer has already decided")
    expect(person.part("alert-action")).to_be_hidden()
    assert Drawing.objects.get().label == 7


def test_storage_that_is_switched_off_changes_nothing_else(visit: Visit, open_context: OpenContext) -> None:
    context = open_context()
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('off', 'SecurityError'); } });"
    )
    person = Person(context.new_page())
    person.page.goto("/")
    person.button("theme").click()
    person.hand_in(SEVEN)
    person.page.keyboard.press("Enter")
    person.expect_saved("7")


def test_a_failed_live_guess_is_no_error(visit: Visit) -> None:
    person = visit()
    person.page.route(GUESSES, lambda route: route.abort())
    with person.page.expect_event("requestfailed"):
        person.draw(SEVEN)
    let_page_settle(person.page)
    expect(person.part("alert")).to_be_hidden()
    person.button("read").click()
    person.expect_answer(7)


def test_one_guess_is_in_flight_and_late_ones_are_dropped(visit: Visit) -> None:
    person = visit()
    held = []
    person.page.route(GUESSES, lambda route: held.append(route))
    person.page.evaluate(
        """() => {
          const ask = window.fetch;
          let open = 0;
          window.mostOpen = 0;
          window.fetch = (url, ...how) => {
            if (!url.endsWith("/guesses/")) return ask(url, ...how);
            window.mostOpen = Math.max(window.mostOpen, open += 1);
            return ask(url, ...how).finally(() => { open -= 1; });
          };
        }"""
    )
    for strokes in (SEVEN, [[(112.0, 150.0), (196.0, 146.0)]]):
        with person.page.expect_request(GUESSES):
            person.draw(strokes)
    assert person.page.evaluate("window.mostOpen") == 1  # a changed sheet gives the last one up

    person.button("clear").click()
    finish(held)
    let_page_settle(person.page)
    expect(person.page.locator("main")).to_have_attribute("data-phase", "intro")
    expect(person.part("digit")).to_be_hidden()


def test_drawing_on_while_the_answer_is_under_way_drops_it(visit: Visit) -> None:
    person = visit()
    held = []
    person.draw(ZERO)
    person.page.route(DRAWINGS, lambda route: held.append(route), times=1)
    person.button("read").click()
    expect(person.page.locator("main")).to_have_attribute("data-phase", "reading")
    person.draw([[(200, 40), (240, 80)]])
    finish(held)
    let_page_settle(person.page)
    assert person.phase == "drawing"
    assert person.ink_share() > 0.05


def test_a_sheet_that_undo_brings_back_is_not_stored_twice(visit: Visit) -> None:
    person = visit()
    person.hand_in(SEVEN)
    person.page.keyboard.press("Escape")
    person.page.keyboard.press("Control+z")
    person.button("read").click()
    person.expect_answer(7)
    assert Drawing.objects.count() == 1


def test_the_next_drawing_begins_a_new_sheet_while_the_label_of_the_last_is_on_its_way(visit: Visit) -> None:
    person = visit()
    held = []
    person.page.route(FEEDBACK, lambda route: held.append(route), times=1)
    person.hand_in(SEVEN)
    person.page.keyboard.press("7")
    person.draw(ZERO)
    expect(person.part("digit")).to_have_text("0")  # a live guess of the new sheet alone
    with person.page.expect_response(FEEDBACK):
        held[0].continue_()
    assert person.phase == "drawing"
    person.button("read").click()
    person.expect_answer(0)

    first, second = Drawing.objects.order_by("created_at")
    assert (first.confirmed_label, second.confirmed_label) == (7, None)
    assert len(known(second.strokes)) == 1


def test_a_label_that_got_stuck_waits_and_is_sent_before_the_next_drawing(visit: Visit) -> None:
    person = visit()
    person.hand_in(SEVEN)
    person.page.route(FEEDBACK, lambda route: route.abort())
    person.page.keyboard.press("1")
    expect(person.part("saved-words")).to_have_text("Kept here as 1.")
    expect(person.part("waiting")).to_have_text("1 drawing waits for the network.")
    person.draw(ZERO)
    person.page.unroute(FEEDBACK)
    person.button("read").click()
    person.expect_answer(0)
    expect(person.part("alert")).to_be_hidden()
    assert [d.confirmed_label for d in Drawing.objects.order_by("created_at")] == [1, None]


def test_a_guess_that_is_given_up_does_not_silence_the_next(visit: Visit) -> None:
    person = visit()
    held = []
    person.page.route(GUESSES, lambda route: held.append(route), times=1)
    with person.page.expect_request(GUESSES):
        person.draw([FOUR[0]])
    with person.page.expect_response(GUESSES, timeout=1500):  # the second stroke gives the first guess up
        person.draw([FOUR[1]])
    expect(person.part("digit")).to_have_text("4")


def test_nothing_of_the_last_drawing_is_said_of_the_next(visit: Visit) -> None:
    person = visit()
    person.hand_in(SCRIBBLE)
    blank = person.page.evaluate("document.querySelector('[data-part=preview]').src")
    person.page.route(GUESSES, lambda route: route.abort())
    person.button("clear").click()
    person.draw(SEVEN)
    expect(person.part("digit")).to_have_text("…")
    expect(person.part("certainty")).to_be_empty()
    assert person.part("preview").get_attribute("src") != blank
    assert set(person.page.locator("[data-share]").all_inner_texts()) == {"0.0 %"}
