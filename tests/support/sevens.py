"""A seven, as a browser would send it."""

import base64
import io

from PIL import Image, ImageDraw

SEVEN = [[60, 60], [200, 60], [120, 230]]


def seven() -> dict:
    picture = Image.new("L", (280, 280), 255)
    ImageDraw.Draw(picture).line([tuple(point) for point in SEVEN], fill=0, width=22, joint="curve")
    png = io.BytesIO()
    picture.save(png, "PNG")
    return {
        "image": "data:image/png;base64," + base64.b64encode(png.getvalue()).decode(),
        "strokes": [SEVEN],
        "canvas": {"width": 280, "height": 280},
    }
