"""Somebody at the draw page: hands, and what their eyes can find."""

import re
from collections.abc import Sequence
from typing import Any, Protocol

from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.support.known import known
from tests.support.recorded import SIDE, Stroke


def sign_in(context: BrowserContext, user: User, site: str) -> None:
    """Give a browser the session of a reviewer or operator."""
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}])


class OpenContext(Protocol):
    """What the fixture `open_context` is: a browser's context of any shape, watched until the test ends."""

    def __call__(self, **options: Any) -> BrowserContext: ...


class Person:
    def __init__(self, page: Page) -> None:
        self.page = page

    # what they see

    def part(self, name: str) -> Locator:
        return self.page.locator(f"[data-part='{name}']")

    def button(self, action: str) -> Locator:
        return self.page.locator(f"[data-action='{action}']")

    @property
    def pad(self) -> Locator:
        return self.part("pad")

    @property
    def phase(self) -> str:
        return known(self.page.locator("main").get_attribute("data-phase"))

    def ink_share(self) -> float:
        """Return the share of the pad's pixels that are inked."""
        return float(
            self.page.evaluate(
                """() => {
              const pad = document.querySelector("[data-part=pad]");
              const pixels = pad.getContext("2d").getImageData(0, 0, pad.width, pad.height).data;
              let inked = 0;
              for (let i = 3; i < pixels.length; i += 4) inked += pixels[i] > 127;
              return inked / (pad.width * pad.height);
            }"""
            )
        )

    def expect_answer(self, digit: int) -> None:
        expect(self.page.locator("main")).to_have_attribute("data-phase", "answered")
        expect(self.part("digit")).to_have_text(re.compile(str(digit)))

    def expect_saved(self, label: str) -> None:
        expect(self.page.locator("main")).to_have_attribute("data-phase", "saved")  # the words may be of the last one
        expect(self.part("saved-words")).to_have_text(f"Saved as {label}.")

    # what they do

    def focus_pad(self) -> None:
        """Go to the pad of the draw page, and wait until its keys are there: no hand is as fast as a test."""
        self.pad.focus()
        expect(self.page.locator("main")).to_have_attribute("data-keys", "")

    def place(self, point: Sequence[float]) -> tuple[float, float]:
        """Where a point of the canonical square lies on the screen."""
        box = known(self.pad.bounding_box())
        return box["x"] + point[0] / SIDE * box["width"], box["y"] + point[1] / SIDE * box["height"]

    def draw(self, strokes: list[Stroke]) -> None:
        """With a mouse."""
        mouse = self.page.mouse
        for stroke in strokes:
            mouse.move(*self.place(stroke[0]))
            mouse.down()
            for point in stroke[1:]:
                mouse.move(*self.place(point), steps=3)
            mouse.up()

    def draw_with_finger(self, strokes: list[Stroke]) -> None:
        devtools = self.page.context.new_cdp_session(self.page)

        def touch(kind: str, point: Sequence[float] | None) -> None:
            places = [dict(zip("xy", self.place(point), strict=True))] if point else []
            devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

        for stroke in strokes:
            touch("touchStart", stroke[0])
            for point in stroke[1:]:
                touch("touchMove", point)
            touch("touchEnd", None)

    def draw_with_pen(self, strokes: list[Stroke]) -> None:
        devtools = self.page.context.new_cdp_session(self.page)

        def pen(kind: str, point: Sequence[float], buttons: int) -> None:
            x, y = self.place(point)
            held = {"button": "left", "buttons": buttons, "clickCount": 1, "pointerType": "pen", "force": 0.5}
            devtools.send("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, **held})

        for stroke in strokes:
            pen("mousePressed", stroke[0], 1)
            for point in stroke[1:]:
                pen("mouseMoved", point, 1)
            pen("mouseReleased", stroke[-1], 0)

    def hand_in(self, strokes: list[Stroke]) -> None:
        self.draw(strokes)
        self.button("read").click()
        expect(self.page.locator("main")).to_have_attribute("data-phase", "answered")


class Visit(Protocol):
    """What the fixture `visit` is: `visit("/rounds/", viewport=...)`."""

    def __call__(self, path: str = "/", **options: Any) -> Person: ...
