"""Browsers, keyboards, palms and lines that are not the developer's own: no ink is lost, and no wrong label stored."""

import pytest
from playwright.sync_api import expect

from recognizer.models import Drawing
from tests.support.known import known
from tests.support.person import OpenContext, Person, Visit
from tests.support.recorded import SEVEN

BYTES = "new Blob([new Uint8Array(3200).map((_, i) => (i % 32) * 7)], { type: 'image/png' })"
CANVASES = {
    "gives nothing": "HTMLCanvasElement.prototype.toBlob = (back) => back(null);",
    "throws": "HTMLCanvasElement.prototype.toBlob = () => { throw new DOMException('no', 'SecurityError'); };",
    "has no way out": "delete HTMLCanvasElement.prototype.toBlob;",
    "never calls back": "HTMLCanvasElement.prototype.toBlob = () => {};",
    "gives bytes that are no picture": f"HTMLCanvasElement.prototype.toBlob = (back) => back({BYTES});",
    "is white": "CanvasRenderingContext2D.prototype.stroke = () => {};",
}


def begin(open_context: OpenContext, script: str, path: str = "/") -> Person:
    """Open a page in a browser that a script has changed."""
    context = open_context()
    context.add_init_script(script)
    person = Person(context.new_page())
    person.page.goto(path)
    return person


@pytest.mark.parametrize("path", ["/", "/rounds/"])
@pytest.mark.parametrize("canvas", CANVASES)
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
