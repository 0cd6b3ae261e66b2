"""What a person takes along: their drawing once more, a picture of it, a round with its score; and a picture they bring."""

import base64
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Download, expect

from recognizer.imaging.strokes import ink_strokes
from recognizer.models import Drawing
from tests.support.drawings import make_drawing
from tests.support.looks import LOOKS
from tests.support.person import OpenContext, Person, Visit
from tests.support.recorded import FOUR, SEVEN
from tests.support.waiting import let_page_settle, wait_until

SHARES = """
window.shared = [];
navigator.canShare = () => true;
navigator.share = async (data) => { window.shared.push(data.files[0].name); };
"""
INKED = """(canvas) => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let inked = 0;
  for (let i = 3; i < pixels.length; i += 4) inked += pixels[i] > 127;
  return inked / (canvas.width * canvas.height);
}"""
BRING = """([kind, type, data]) => {
  const transfer = new DataTransfer();
  const bytes = Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0));
  transfer.items.add(new File([bytes], "brought", { type }));
  const target = document.querySelector("[data-part=pad]");
  const event = kind === "drop"
    ? new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: transfer })
    : new ClipboardEvent("paste", { bubbles: true, cancelable: true, clipboardData: transfer });
  target.dispatchEvent(event);
}"""


@pytest.fixture
def yours(visit: Visit) -> Person:
    """Somebody at their drawings, of which there is one."""
    person = visit()
    person.hand_in(FOUR)
    person.page.goto("/drawings/")
    expect(person.page.locator(".sheet")).to_have_count(1)
    return person


def opened(download: Download) -> Image.Image:
    return Image.open(io.BytesIO(download.path().read_bytes())).convert("L")


def darkest(picture: Image.Image) -> int:
    return int(np.asarray(picture).min())


def test_a_drawing_is_drawn_once_more_stroke_by_stroke(open_context: OpenContext) -> None:
    person = Person(open_context(reduced_motion="no-preference").new_page())
    person.page.goto("/")
    person.hand_in(FOUR)
    Drawing.objects.update(strokes=[[[60, 60, 0], [60, 200, 100]], [[200, 60, 2_400], [200, 200, 2_500]]])
    person.page.goto("/drawings/")
    person.button("replay").click()
    canvas = person.page.locator("[data-field=replay]")
    expect(canvas).to_be_visible()
    wait_until(lambda: canvas.evaluate(INKED) > 0.02)
    wait_until(lambda: canvas.evaluate(INKED) > 0.07)  # both strokes: the second began two seconds later


def test_who_wants_no_motion_sees_it_at_once(yours: Person) -> None:
    yours.button("replay").click()
    canvas = yours.page.locator("[data-field=replay]")
    expect(canvas).to_be_visible()
    let_page_settle(yours.page)
    assert canvas.evaluate(INKED) > 0.05


def test_of_a_picture_that_was_handed_in_there_is_no_replay(yours: Person) -> None:
    Drawing.objects.update(strokes=None)
    yours.button("replay").click()
    expect(yours.part("alert-words")).to_have_text("Only its picture was kept, not how it was drawn.")


def test_a_drawing_is_kept_beside_what_the_network_saw(yours: Person) -> None:
    with yours.page.expect_download() as download:
        yours.button("picture").click()
    picture = opened(download.value)
    assert download.value.suggested_filename == "digitre-drawing.png"
    drawn = picture.crop((50, 134, 430, 514))
    seen = picture.crop((490, 134, 870, 514))
    assert darkest(drawn) < 60
    assert darkest(seen) < 60
    edges = [seen.getpixel((x, 190)) != seen.getpixel((x + 1, 190)) for x in range(379)]
    assert sum(edges) <= 27  # 28 dots across, each of one colour


def test_a_phone_shares_it(open_context: OpenContext) -> None:
    context = open_context(**LOOKS["phone"], is_mobile=True)
    context.add_init_script(SHARES)
    person = Person(context.new_page())
    person.page.goto("/")
    person.hand_in(SEVEN)
    person.page.goto("/drawings/")
    person.button("picture").click()
    wait_until(lambda: person.page.evaluate("window.shared.length === 1"))


def test_a_round_ends_with_its_pictures_and_a_score_to_keep(visit: Visit) -> None:
    person = visit("/rounds/")
    person.page.route("**/rounds/", lambda route: route.fulfill(json={"digits": [7, 4]}), times=1)
    person.button("start").first.click()
    for place, strokes in enumerate((SEVEN, FOUR), 1):
        expect(person.part("count")).to_have_text(f"{place} of 2")
        person.draw(strokes)
        person.button("read").click()
        person.button("confirm").click()
    expect(person.part("score")).to_have_text("It read 2 of 2.")
    expect(person.part("marks-list").locator("svg path")).to_have_count(3)
    with person.page.expect_download() as download:
        person.button("picture").click()
    assert darkest(opened(download.value)) < 60


def bring(person: Person, kind: str, picture: Image.Image, form: str = "PNG") -> None:
    buffer = io.BytesIO()
    picture.save(buffer, form)
    data = base64.b64encode(buffer.getvalue()).decode()
    person.page.evaluate(BRING, [kind, f"image/{form.lower()}", data])


def seven(side: int) -> Image.Image:
    ink: Any = ink_strokes([[[x, y] for x, y in stroke] for stroke in SEVEN])
    return Image.fromarray(255 - ink).resize((side, side))


@pytest.mark.parametrize(("kind", "side", "form"), [("drop", 280, "PNG"), ("paste", 2_000, "JPEG")])
def test_a_picture_that_is_brought_is_read_like_a_drawing(visit: Visit, kind: str, side: int, form: str) -> None:
    person = visit()
    bring(person, kind, seven(side), form)
    expect(person.part("digit")).to_have_text("7")  # a live guess
    person.button("read").click()
    person.expect_answer(7)
    drawing = Drawing.objects.get()
    assert (drawing.predicted_label, drawing.strokes) == (7, None)


def test_a_stroke_takes_the_place_of_a_picture_and_undo_brings_it_back(visit: Visit) -> None:
    person = visit()
    bring(person, "drop", seven(280))
    expect(person.part("digit")).to_have_text("7")
    person.draw(FOUR[:1])
    expect(person.part("digit")).not_to_have_text("7")
    person.page.keyboard.press("Control+z")
    expect(person.part("digit")).to_have_text("7")


def test_the_api_shows_what_a_network_sees_of_a_drawing_of_ones_own(visit: Visit) -> None:
    person = visit()
    person.hand_in(SEVEN)
    make_drawing()  # somebody else's
    own = Drawing.objects.earliest("created_at")
    answer = person.page.evaluate(f"fetch('/api/v1/drawings/{own.pk}/').then((response) => response.json())")
    assert answer["canvas"] == {"width": 280, "height": 280}
    assert Image.open(io.BytesIO(base64.b64decode(answer["preview"].partition(",")[2]))).size == (28, 28)
