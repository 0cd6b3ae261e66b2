"""Pictures as visitors and attackers send them."""

import base64
import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageDraw

SEVEN = [[[70.0, 60.0], [200.0, 62.0], [150.0, 140.0], [115.0, 225.0]], [[100.0, 150.0], [175.0, 148.0]]]
ONE = [[[140.0, 50.0], [138.0, 230.0]]]


def draw_ink(strokes: list = SEVEN, side: int = 280, pen: int = 20) -> np.ndarray:
    """Ink strokes on a square canvas. Returns uint8 (side, side), 0 = paper, 255 = ink."""
    big = Image.new("L", (side * 2, side * 2), 0)
    draw = ImageDraw.Draw(big)
    for stroke in strokes:
        points = [(x * 2 * side / 280, y * 2 * side / 280) for x, y, *_ in stroke]
        draw.line(points, fill=255, width=pen * 2, joint="curve")
        for x, y in points:
            draw.ellipse([x - pen, y - pen, x + pen, y + pen], fill=255)
    return np.asarray(big.resize((side, side), Image.BOX))


def save_png(picture: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", **options)
    return buffer.getvalue()


def canvas_png(strokes: list = SEVEN, **options: int) -> bytes:
    """Black on transparent, as a browser's canvas gives it."""
    ink = draw_ink(strokes, **options)
    rgba = np.zeros((*ink.shape, 4), "uint8")
    rgba[..., 3] = ink
    return save_png(Image.fromarray(rgba))


def paper_png(strokes: list = SEVEN) -> bytes:
    """Black on white."""
    return save_png(Image.fromarray(255 - draw_ink(strokes)))


def data_url(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def header(width: int, height: int, depth: int = 8, colour: int = 0, interlace: int = 0) -> bytes:
    ihdr = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", ihdr)


def bomb(width: int, height: int) -> bytes:
    """A picture of one bit a pixel, all zero, that is tiny on the wire and huge in memory."""
    row = b"\0" * (1 + (width + 7) // 8)
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return header(width, height, depth=1) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def with_chunk(png: bytes, kind: bytes, data: bytes) -> bytes:
    """Put a chunk right after IHDR."""
    after_header = 8 + 25
    return png[:after_header] + chunk(kind, data) + png[after_header:]
