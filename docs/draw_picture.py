"""Make the README's picture from the real page: draw a digit on a running Digitre, ask why, take the picture.

python docs/draw_picture.py --url http://127.0.0.1:8000 [--out docs/draw.png] [--dark] [--phone]
"""

import argparse
import math
import shutil
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

SIDE = 280  # the strokes' own units
WIDE, PHONE = {"width": 1200, "height": 690}, {"width": 360, "height": 640}


def seven() -> list[list[tuple[float, float]]]:
    """A 7 in one stroke: a wavy bar and a leaning stem."""
    bar = [(74 + 130 * t, 70 - 8 * math.sin(4.2 * t) + 2 * t) for t in steps(14)]
    stem = [(204 - 78 * t + 14 * math.sin(3.1 * t), 66 + 160 * t) for t in steps(16)]
    return [bar + stem[1:]]


def steps(count: int) -> list[float]:
    return [i / (count - 1) for i in range(count)]


def draw(page: Page, strokes: list[list[tuple[float, float]]]) -> None:
    box = page.locator("[data-part=pad]").bounding_box()
    for stroke in strokes:
        for i, (x, y) in enumerate(stroke):
            page.mouse.move(box["x"] + x / SIDE * box["width"], box["y"] + y / SIDE * box["height"])
            if i == 0:
                page.mouse.down()
        page.mouse.up()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--out", default=str(Path(__file__).parent / "draw.png"))
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--phone", action="store_true")
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(
            viewport=PHONE if options.phone else WIDE,
            color_scheme="dark" if options.dark else "light",
            device_scale_factor=1.5,
            reduced_motion="reduce",
        )
        page.goto(options.url)
        draw(page, seven())
        page.click("[data-action=read]")
        page.click("[data-action=why]")
        expect(page.locator("[data-part=why]")).not_to_be_empty()
        page.mouse.move(0, 0)
        page.evaluate("scrollTo(0, 0); document.activeElement.blur()")
        page.screenshot(path=options.out)
        browser.close()


if __name__ == "__main__":
    main()
