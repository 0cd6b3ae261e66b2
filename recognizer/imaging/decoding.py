"""Untrusted bytes -> ink. Everything a stranger can put into a picture is met here, and nowhere else.

Order, so that a bomb never reaches a decoder: length, signature, header read by hand, then Pillow with PNG alone
allowed and warnings as errors.
"""

import base64
import binascii
import io
import struct
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from recognizer.errors import InvalidDrawing

MAX_PNG_BYTES = 128 * 1024
MAX_SIDE = 1024  # pixels
MAX_ASPECT = 20  # longer side to shorter side
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
IHDR = struct.Struct(">I4sIIBBBBB")  # length, type, width, height, depth, colour, compression, filter, interlace
DATA_URL_PREFIX = "data:image/png;base64,"
BIT_DEPTHS = {
    0: (1, 2, 4, 8, 16),
    2: (8, 16),
    3: (1, 2, 4, 8),
    4: (8, 16),
    6: (8, 16),
}  # PNG specification, table 12
MIN_ALPHA_RANGE = 8  # of 255; below, alpha is the same everywhere and the colours hold the drawing

# What Pillow only warns of, a bad animation or a bomb, is an error. For the process and for good: a filter set around each
# picture is shared by all threads, and one that restores what another had set leaves it in place everywhere.
warnings.filterwarnings("error", module=r"PIL\.")


def decode_data_url(text: str) -> bytes:
    """Return the PNG bytes of a `data:image/png;base64,` URL, strictly decoded.

    Raises:
        InvalidDrawing: another prefix, base64 with anything odd in it, or over MAX_PNG_BYTES.
    """
    if not text.startswith(DATA_URL_PREFIX):
        raise InvalidDrawing("invalid_image", f'The picture must start with "{DATA_URL_PREFIX}".')
    encoded = text[len(DATA_URL_PREFIX) :]
    if len(encoded) > MAX_PNG_BYTES * 4 // 3 + 4:
        raise InvalidDrawing("too_large", "That picture is too large. At most 128 KB.")
    try:
        return base64.b64decode(encoded.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise InvalidDrawing("invalid_image", "The picture is not valid base64.") from error


def decode_png(png: bytes) -> NDArray[np.uint8]:
    """Decode an untrusted PNG of any colour mode into ink.

    Returns:
        uint8 (H, W), 0 = paper, 255 = full ink. Ink is alpha where alpha varies, else the distance from the paper,
        and paper is what the border mostly is.

    Raises:
        InvalidDrawing: not a whole and sound PNG, or its sides are outside 1..MAX_SIDE or longer than MAX_ASPECT to 1.
    """
    check_header(png)
    return to_ink(decode_pixels(png))


def decode_stored(png: bytes) -> NDArray[np.uint8]:
    """Read back a picture that encode_png made: its paper is white and not guessed. Returns uint8 (H, W), 255 = full ink.

    Raises:
        InvalidDrawing: not a whole and sound PNG.
    """
    return 255 - np.asarray(decode_pixels(png).convert("L"))


def check_header(png: bytes) -> None:
    """Read signature and IHDR by hand, so that no decoder ever sees an absurd size."""
    if len(png) > MAX_PNG_BYTES:
        raise InvalidDrawing("too_large", "That picture is too large. At most 128 KB.")
    if not png.startswith(PNG_SIGNATURE) or len(png) < len(PNG_SIGNATURE) + IHDR.size:
        raise InvalidDrawing("invalid_image", "That is not a PNG picture.")
    length, kind, width, height, depth, colour, compression, filtering, interlace = IHDR.unpack_from(
        png, len(PNG_SIGNATURE)
    )
    sound = (
        length == 13 and kind == b"IHDR" and depth in BIT_DEPTHS.get(colour, ()) and not compression and not filtering
    )
    if not sound or interlace > 1:
        raise InvalidDrawing("invalid_image", "That PNG picture has a broken header.")
    shorter, longer = sorted((width, height))
    if shorter < 1 or longer > MAX_SIDE or longer > shorter * MAX_ASPECT:
        raise InvalidDrawing(
            "invalid_size", f"The picture's sides must be 1 to {MAX_SIDE} pixels, at most {MAX_ASPECT} to 1."
        )


def decode_pixels(png: bytes) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(png), formats=["PNG"])
        picture.seek(0)
        picture.load()
    # Pillow raises these for damaged files: SyntaxError for bad chunks, EOFError and struct.error for cut ones, zlib
    # errors as OSError or ValueError
    except (
        UnidentifiedImageError,
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        struct.error,
        Warning,
        IndexError,
        KeyError,
    ) as error:
        raise InvalidDrawing("invalid_image", "That PNG picture is damaged.") from error
    return picture


def to_ink(picture: Image.Image) -> NDArray[np.uint8]:
    """Tell ink from paper. Returns uint8 (H, W), 0 = paper, 255 = full ink."""
    if picture.mode.startswith("I"):  # 16-bit grey: Pillow's own conversions clip it
        picture = Image.fromarray((np.asarray(picture).astype("uint32") >> 8).astype("uint8"))
    if picture.has_transparency_data:
        alpha = (picture if "A" in picture.mode else picture.convert("RGBA")).getchannel("A")
        least, most = alpha.getextrema()
        if most - least >= MIN_ALPHA_RANGE:  # type: ignore[operator]  # one band: two numbers
            return np.asarray(alpha)
    grey = np.asarray(picture.convert("RGB").convert("L"), "float32")
    distance = np.abs(grey - paper_level(grey))
    return np.minimum(distance, 255).round().astype("uint8")


def paper_level(grey: NDArray[np.float32]) -> float:
    """Return the grey that most of the border has: the median, so that ink touching the edge does not count."""
    border = np.concatenate([grey[0], grey[-1], grey[1:-1, 0], grey[1:-1, -1]])
    return float(np.median(border))


def encode_png(ink: NDArray[np.uint8]) -> bytes:
    """Encode ink as the picture we keep: greyscale PNG, black on white, no metadata."""
    buffer = io.BytesIO()
    Image.fromarray(255 - ink).save(buffer, "PNG", compress_level=3)  # as small as 6, in half the time
    return buffer.getvalue()


def data_url(png: bytes) -> str:
    return DATA_URL_PREFIX + base64.b64encode(png).decode("ascii")
