"""Draw the icons of an installed Digitre, and the card that is shown where somebody links to it, from the mark in the masthead.

python docs/draw_icons.py
"""

from pathlib import Path

from PIL import Image, ImageDraw

ICONS = Path(__file__).resolve().parent.parent / "static" / "icons"
PAPER, VERMILION, DOT = "#fbf7ee", "#c2361a", "#d9d0c0"
MARK = [[(6.5, 6), (17.5, 6), (11, 19)], [(8.5, 12.6), (15.5, 12.6)]]  # digitre.svg, in its square of 24
UNITS, PEN, ROUNDING = 24, 2.6, 5
FINE = 4  # drawn so many times as large, then made smaller: Pillow's lines have steps


def draw_mark(pen: ImageDraw.ImageDraw, left: float, top: float, side: float) -> None:
    """Draw the crossed 7 into a square, its strokes round at their ends."""
    scale = side / UNITS
    width = round(PEN * scale)
    radius = width / 2
    for stroke in MARK:
        points = [(left + x * scale, top + y * scale) for x, y in stroke]
        pen.line(points, VERMILION, width, joint="curve")
        for x, y in points:
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), VERMILION)


def icon(side: int, share: float = 1.0, rounded: bool = True) -> Image.Image:
    """Return the icon; a maskable one fills its square, and keeps the mark within the share that every mask leaves."""
    large = side * FINE
    image = Image.new("RGBA", (large, large), "#fbf7ee00") if rounded else Image.new("RGB", (large, large), PAPER)
    pen = ImageDraw.Draw(image)
    if rounded:
        pen.rounded_rectangle((0, 0, large - 1, large - 1), large * ROUNDING / UNITS, PAPER)
    margin = large * (1 - share) / 2
    draw_mark(pen, margin, margin, large * share)
    return image.resize((side, side), Image.Resampling.LANCZOS)


def card(width: int = 1200, height: int = 630) -> Image.Image:
    """Return a sheet with a crossed 7 on squared dots: without a word, for it is shown in every language."""
    image = Image.new("RGB", (width * 2, height * 2), PAPER)
    pen = ImageDraw.Draw(image)
    for x in range(40, width * 2, 80):
        for y in range(40, height * 2, 80):
            pen.ellipse((x - 4, y - 4, x + 4, y + 4), DOT)
    side = height * 2 * 0.9
    draw_mark(pen, width - side / 2, height - side / 2, side)
    return image.resize((width, height), Image.Resampling.LANCZOS)


def main() -> None:
    drawn = {
        "digitre-180.png": icon(180, rounded=False),
        "digitre-192.png": icon(192),
        "digitre-512.png": icon(512),
        "digitre-maskable-512.png": icon(512, share=0.8, rounded=False),
        "card.png": card(),
    }
    for name, image in drawn.items():
        image.quantize(64).save(ICONS / name, optimize=True)


if __name__ == "__main__":
    main()
