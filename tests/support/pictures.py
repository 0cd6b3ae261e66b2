"""Pictures as visitors and attackers send them."""

import base64
import functools
import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from recognizer.imaging.decoding import MAX_PNG_BYTES

SEVEN = [[[70.0, 60.0], [200.0, 62.0], [150.0, 140.0], [115.0, 225.0]], [[100.0, 150.0], [175.0, 148.0]]]
ONE = [[[140.0, 50.0], [138.0, 230.0]]]


def draw_ink(strokes: list[Any] = SEVEN, side: int = 280, pen: int = 20) -> NDArray[Any]:
    """Ink strokes on a square canvas. Returns uint8 (side, side), 0 = paper, 255 = ink."""
    big = Image.new("L", (side * 2, side * 2), 0)
    draw = ImageDraw.Draw(big)
    for stroke in strokes:
        points = [(x * 2 * side / 280, y * 2 * side / 280) for x, y, *_ in stroke]
        draw.line(points, fill=255, width=pen * 2, joint="curve")
        for x, y in points:
            draw.ellipse([x - pen, y - pen, x + pen, y + pen], fill=255)
    return np.asarray(big.resize((side, side), Image.Resampling.BOX))


def save_png(picture: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", **options)
    return buffer.getvalue()


def canvas_png(strokes: list[Any] = SEVEN, **options: int) -> bytes:
    """Black on transparent, as a browser's canvas gives it."""
    ink = draw_ink(strokes, **options)
    rgba = np.zeros((*ink.shape, 4), "uint8")
    rgba[..., 3] = ink
    return save_png(Image.fromarray(rgba))


def paper_png(strokes: list[Any] = SEVEN) -> bytes:
    """Black on white."""
    return save_png(Image.fromarray(255 - draw_ink(strokes)))


def data_url(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def seven_form() -> dict[str, Any]:
    """What the draw page sends when somebody hands in a seven."""
    return {"image": data_url(paper_png()), "strokes": SEVEN, "canvas": {"width": 280, "height": 280}}


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


@functools.cache
def unsound_pictures() -> dict[str, bytes]:
    """Everything that decoding refuses, by what is wrong with it."""
    whole = paper_png()
    gif = io.BytesIO()
    Image.fromarray(draw_ink()).save(gif, "GIF")
    jpeg = io.BytesIO()
    Image.fromarray(draw_ink()).save(jpeg, "JPEG")
    return {
        "nothing": b"",
        "signature alone": b"\x89PNG\r\n\x1a\n",
        "header alone": header(28, 28),
        "bomb of 9400": bomb(9400, 9400),
        "bomb of 13000": bomb(13000, 13000),
        "width of 2^31-1": header(2**31 - 1, 28),
        "one pixel high and too long": header(100_000, 1),
        "no pixels": header(0, 0),
        "a strip of 21 to 1": bomb(210, 10),
        "bad interlace": header(28, 28, interlace=7) + whole[33:],
        "bad depth": header(28, 28, depth=3) + whole[33:],
        "cut in the middle": whole[: len(whole) // 2],
        "flipped bit in the pixels": whole[:100] + bytes([whole[100] ^ 0x10]) + whole[101:],
        "GIF": gif.getvalue(),
        "JPEG": jpeg.getvalue(),
        "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "flipped bit in the header's checksum": whole[:32] + bytes([whole[32] ^ 0x10]) + whole[33:],
        "palette picture without its palette": header(28, 28, colour=3) + whole[33:],
        "too many bytes": whole + b"\0" * MAX_PNG_BYTES,
    }


@functools.cache
def tolerated_pictures() -> dict[str, bytes]:
    """The same seven in files of which every viewer shows the picture, by what else is wrong with them."""
    whole = paper_png()
    bomb_text = b"a\0\0" + zlib.compress(b"a" * 70_000_000, 9)
    return {
        "text bomb": with_chunk(whole, b"zTXt", bomb_text),
        "colour profile bomb": with_chunk(whole, b"iCCP", bomb_text),
        "animation without frames, of which Pillow only warns": with_chunk(whole, b"acTL", b"\0" * 8),
        "wrong checksum of the physical size": with_wrong_checksum(whole, b"pHYs", b"\0\0\x0b\x13\0\0\x0b\x13\x01"),
        "wrong checksum of a text": with_wrong_checksum(whole, b"tEXt", b"a\0b"),
        "wrong checksum of the colour profile": with_wrong_checksum(whole, b"iCCP", b"a\0\0" + zlib.compress(b"a")),
        "wrong checksum of the transparent grey": with_wrong_checksum(whole, b"tRNS", b"\0\0"),
        "wrong checksum of the orientation": with_wrong_checksum(whole, b"eXIf", b"MM\0*\0\0\0\x08\0\0"),
        "orientation that says nothing": with_chunk(whole, b"eXIf", b"MM\0*\0\0\xff\xff"),
        "bytes after the end": whole + b"\0" * 1000,
    }


def with_wrong_checksum(png: bytes, kind: bytes, data: bytes) -> bytes:
    """Put a chunk with a wrong checksum right after IHDR."""
    after_header = 8 + 25
    wrong = chunk(kind, data)[:-4] + b"\1\2\3\4"
    return png[:after_header] + wrong + png[after_header:]
