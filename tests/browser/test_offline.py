"""Without a network: the page opens, what is drawn and said waits, and each arrives once, as whose it was."""

import re
from contextlib import suppress

import pytest
from playwright.sync_api import Error, Page, Route, expect

from recognizer.models import Contributor, Drawing
from tests.support.person import OpenContext, Person, Visit
from tests.support.recorded import FOUR, SEVEN
from tests.support.waiting import wait_until

DRAWINGS = re.compile(r"/api/v1/drawings/$")
NEXT = re.compile(r"/api/v1/session/next/$")
KEPT = """async () => {
  await navigator.serviceWorker.ready;
  for (const name of await caches.keys()) {
    if (await (await caches.open(name)).match(document.querySelector("main").dataset.wordsUrl ?? "/")) return true;
  }
  return false;
}"""


@pytest.fixture
def person(open_context: OpenContext) -> Person:
    """Somebody who has been here before, so that the browser keeps the page."""
    person = Person(open_context(service_workers="allow").new_page())
    person.page.goto("/")
    person.hand_in(SEVEN)
    keep_page(person.page)
    person.page.reload()
    person.button("clear").click()
    return person


def keep_page(page: Page) -> None:
    wait_until(lambda: page.evaluate(KEPT))


def go_offline(person: Person, is_away: bool = True) -> None:
    person.page.context.set_offline(is_away)


def draw_and_say(person: Person, digit: int, again: bool = True) -> None:
    """Without a network: nobody can read it, so it is asked what it is."""
    person.draw(SEVEN)
    person.button("read").click()
    expect(person.part("certainty")).to_have_text("I cannot read it without a connection.")
    person.page.keyboard.press(str(digit))
    expect(person.part("saved-words")).to_have_text(f"Kept here as {digit}.")
    if again:
        person.button("again").click()


def waits(person: Person, count: int) -> None:
    words = f"{count} drawings wait for the network." if count != 1 else "1 drawing waits for the network."
    expect(person.part("waiting")).to_contain_text(words)


def test_twenty_drawings_made_offline_arrive_once_each_with_their_labels(person: Person) -> None:
    said = [i % 10 for i in range(20)]
    go_offline(person)
    for digit in said[:12]:
        draw_and_say(person, digit)
    person.page.reload()
    waits(person, 12)
    for digit in said[12:]:
        draw_and_say(person, digit)

    passed: list[str] = []

    def let_some_pass(route: Route) -> None:
        """The fifth is stored, but its answer is lost; then the server is away."""
        passed.append(route.request.headers["idempotency-key"])
        if len(passed) < 5:
            route.continue_()
        elif len(passed) == 5:
            route.fetch()
            with suppress(Error):  # where the machine is slow, the page has given up by itself
                route.abort()
        else:
            route.fulfill(status=503, body="{}")

    person.page.route(DRAWINGS, let_some_pass)
    go_offline(person, False)
    waits(person, 16)
    person.page.unroute(DRAWINGS)
    person.page.reload()
    expect(person.part("waiting")).to_have_text("All that waited is sent.")
    drawings = Drawing.objects.order_by("created_at")[1:]
    assert [drawing.confirmed_label for drawing in drawings] == said
    assert Contributor.objects.count() == 1


def test_what_lies_on_the_paper_is_answered_once_the_network_is_back(person: Person) -> None:
    go_offline(person)
    person.draw(SEVEN)
    person.button("read").click()
    expect(person.part("alert-words")).to_contain_text("You are offline. Your drawing is still here")
    go_offline(person, False)
    person.expect_answer(7)
    expect(person.part("alert")).to_be_hidden()
    assert Drawing.objects.count() == 2


def test_a_label_that_waits_can_be_changed_and_taken_back(person: Person) -> None:
    go_offline(person)
    draw_and_say(person, 1, again=False)
    person.button("withdraw").click()
    expect(person.part("saved-words")).to_be_hidden()  # it is asked again
    person.page.keyboard.press("4")
    expect(person.part("saved-words")).to_have_text("Kept here as 4.")
    expect(person.part("preview")).to_be_hidden()
    go_offline(person, False)
    person.expect_saved("4")
    expect(person.part("preview")).to_be_visible()
    expect(person.page.locator("[data-bar='7'] [data-share]")).to_contain_text("%")
    assert Drawing.objects.latest("created_at").confirmed_label == 4


def test_a_label_alone_waits_for_the_network_too(person: Person) -> None:
    person.hand_in(FOUR)
    go_offline(person)
    person.page.keyboard.press("9")
    expect(person.part("saved-words")).to_have_text("Kept here as 9.")
    go_offline(person, False)
    person.expect_saved("9")
    assert Drawing.objects.latest("created_at").confirmed_label == 9


def test_what_waits_is_sent_as_whose_it_was(person: Person) -> None:
    go_offline(person)
    draw_and_say(person, 1, again=False)
    person.button("next").click()
    expect(person.page.locator("main")).to_have_attribute("data-phase", "intro")
    draw_and_say(person, 2)
    go_offline(person, False)
    expect(person.part("waiting")).to_have_text("All that waited is sent.")
    first, second = Contributor.objects.order_by("created_at")
    assert [drawing.confirmed_label for drawing in first.drawings.order_by("created_at")] == [None, 1]
    assert [drawing.confirmed_label for drawing in second.drawings.all()] == [2]


def test_the_next_person_does_not_see_the_drawings_of_the_last(person: Person) -> None:
    go_offline(person)
    draw_and_say(person, 1, again=False)
    person.button("next").click()
    expect(person.page.locator("main")).to_have_attribute("data-phase", "intro")  # and the turn's end is kept
    person.page.route(NEXT, lambda route: route.abort())
    go_offline(person, False)
    person.page.goto("/drawings/")
    expect(person.part("alert-words")).to_contain_text("What the last person drew here is still to be sent.")
    expect(person.page.locator(".sheet")).to_have_count(0)
    person.page.unroute(NEXT)
    person.part("alert-action").click()
    expect(person.part("empty")).to_be_visible()


def test_a_round_is_played_without_a_network_and_read_with_it(person: Person) -> None:
    person.page.goto("/rounds/")
    go_offline(person)
    person.page.reload()
    person.button("start").first.click()
    for place in range(10):
        expect(person.part("count")).to_have_text(f"{place + 1} of 10")
        person.draw(SEVEN)
        person.button("read").click()
        expect(person.part("verdict")).to_have_text("It is kept here, and read once there is a connection.")
        person.button("confirm").click()
    expect(person.part("score-words")).to_have_text("10 more are read once there is a connection.")
    go_offline(person, False)
    expect(person.part("score")).to_have_text(
        re.compile(r"^It read \d+ of 10\.$")
    )  # its memory of this hand is at work, too
    drawings = Drawing.objects.exclude(confirmed_label=None)
    assert sorted(drawing.confirmed_label or 0 for drawing in drawings) == list(range(10))
    assert not [drawing for drawing in drawings if drawing.prompted_label != drawing.confirmed_label]


def test_a_page_that_is_not_kept_says_that_it_needs_the_network(person: Person) -> None:
    go_offline(person)
    person.page.goto("/progress/")
    expect(person.page.get_by_role("heading", level=1)).to_have_text("This page needs a connection")
    person.page.get_by_role("link", name="Draw a digit").click()
    expect(person.pad).to_be_visible()


def test_a_new_release_replaces_the_pages_of_the_old(person: Person) -> None:
    words = "() => document.querySelector('.lede').textContent"
    person.page.evaluate(
        """async () => {
          const [name] = await caches.keys();
          const old = new Response("<!doctype html><p class=lede>old", { headers: { "Content-Type": "text/html" } });
          await (await caches.open(name)).put("/", old);
        }"""
    )
    person.page.reload()
    assert "small neural network" in person.page.evaluate(words)
    go_offline(person)
    person.page.reload()
    assert "small neural network" in person.page.evaluate(words)


def test_where_nothing_can_be_kept_what_waits_lasts_as_long_as_the_page(open_context: OpenContext) -> None:
    context = open_context()
    context.add_init_script("indexedDB.open = () => { throw new DOMException('off', 'SecurityError'); };")
    person = Person(context.new_page())
    person.page.goto("/")
    person.hand_in(SEVEN)
    person.button("clear").click()
    go_offline(person)
    draw_and_say(person, 3)
    expect(person.part("waiting")).to_contain_text("leave the page open")
    go_offline(person, False)
    expect(person.part("waiting")).to_have_text("All that waited is sent.")
    assert Drawing.objects.latest("created_at").confirmed_label == 3


def test_a_drawing_that_is_not_taken_is_told_and_holds_nothing_up(person: Person) -> None:
    go_offline(person)
    for digit in (1, 2):
        draw_and_say(person, digit)
    refusal = {"code": "campaign_closed", "detail": "The campaign is over."}
    person.page.route(DRAWINGS, lambda route: route.fulfill(status=403, json=refusal), times=1)
    go_offline(person, False)
    expect(person.part("waiting")).to_have_text("Something that waited was not taken. The campaign is over.")
    assert Drawing.objects.latest("created_at").confirmed_label == 2


def test_who_joins_a_campaign_sends_what_waits_first(visit: Visit) -> None:
    from recognizer.models import Campaign

    campaign = Campaign(name="7b draws digits", consent_text="")
    campaign.save()
    person = visit()
    person.hand_in(SEVEN)
    person.button("clear").click()
    person.page.route(DRAWINGS, lambda route: route.abort())
    person.draw(SEVEN)
    person.button("read").click()
    waits(person, 1)
    person.page.goto(f"/j/{campaign.code}/")
    join = person.page.get_by_role("button", name="Join")
    join.click()
    expect(person.part("alert-words")).to_have_text("What was drawn here is still to be sent. Join once it is.")
    person.page.unroute(DRAWINGS)
    with person.page.expect_navigation(url=re.compile(r"/$")):
        person.part("alert-action").click()
    assert [drawing.campaign for drawing in Drawing.objects.all()] == [None, None]
