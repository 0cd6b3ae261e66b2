"""Untrusted bytes -> ink. Everything a stranger can put into a picture is met here, and nowhere else.

Order, so that a bomb never reaches a decoder: length, signature, header read by hand, then Pillow with PNG alone
allowed and warnings as errors.
"""

import base64
import binascii
import io
import struct
import warnings
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from recognizer.errors import InvalidDrawing
from recognizer.imaging import paper

MAX_PNG_BYTES = 128 * 1024
MOST_KEPT_BYTES = 32 * 1024  # of a picture as it is kept; the page's has 2 to 8 thousand
MAX_SIDE = 1024  # pixels
MAX_ASPECT = 20  # longer side to shorter side
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
IHDR = struct.Struct(">I4sIIBBBBB")  # length, type, width, height, depth, colour, compression, filter, interlace
DATA_URL_PREFIX = "data:image/png;base64,"
WHITESPACE = b" \t\r\n"
BIT_DEPTHS = {
    0: (1, 2, 4, 8, 16),
    2: (8, 16),
    3: (1, 2, 4, 8),
    4: (8, 16),
    6: (8, 16),
}  # PNG specification, table 12
CHUNK = struct.Struct(">I4s")  # of what follows IHDR: length, type; then so many bytes, and their CRC
ANCILLARY = 0x20  # bit of a type's first letter: a decoder may do without the chunk
WANTED = {b"tRNS", b"eXIf"}  # ancillary chunks that say something about the picture itself
ENCODING = [
    *(cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE),
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE),
    *(cv2.IMWRITE_PNG_COMPRESSION, 1),  # zlib's nine levels are the same where it looks for runs alone
]
DEEP_BITS = (8, 10, 12, 14, 16)  # that scanners and cameras use of sixteen

# What Pillow only warns of, a bad animation or a bomb, is an error. For the process and for good: a filter set around each
# picture is shared by all threads, and one that restores what another had set leaves it in place everywhere.
warnings.filterwarnings("error", module=r"PIL\.")


def decode_data_url(text: str) -> bytes:
    """Return the PNG bytes of a `data:image/png;base64,` URL.

    The type may be in capitals; line breaks and blanks in the base64 are left out, and its padding may be missing.

    Raises:
        InvalidDrawing: another prefix, base64 with anything else in it, or over MAX_PNG_BYTES.
    """
    if text[: len(DATA_URL_PREFIX)].lower() != DATA_URL_PREFIX:
        raise InvalidDrawing("invalid_image", 'The picture must start with "{start}".', start=DATA_URL_PREFIX)
    try:
        encoded = text[len(DATA_URL_PREFIX) :].encode("ascii").translate(None, WHITESPACE).rstrip(b"=")
        if len(encoded) > MAX_PNG_BYTES * 4 // 3 + 4:
            raise InvalidDrawing("too_large", "That picture is too large. At most 128 KB.")
        return base64.b64decode(encoded + b"=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise InvalidDrawing("invalid_image", "The picture is not valid base64.") from error


def decode_png(png: bytes) -> NDArray[np.uint8]:
    """Decode an untrusted PNG of any colour mode into ink.

    Returns:
        uint8 (H, W), 0 = paper, 255 = full ink, upright. Ink is alpha where a pen left it, else the distance from the
        paper; frames and uneven light are taken away, see `paper`.

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


def check_header(png: bytes) -> tuple[int, int]:
    """Read signature and IHDR by hand, so that no decoder ever sees an absurd size. Returns width and height.

    Raises:
        InvalidDrawing: as decode_png, of what can be told before a pixel is decoded.
    """
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
            "invalid_size",
            "The picture's sides must be 1 to {most} pixels, at most {aspect} to 1.",
            most=MAX_SIDE,
            aspect=MAX_ASPECT,
        )
    return width, height


def decode_pixels(png: bytes) -> Image.Image:
    """Decode the first frame, as it stands in the file. `check_header` must have passed it, or it must be our own.

    Raises:
        InvalidDrawing: not a whole and sound PNG.
    """
    try:
        picture = Image.open(io.BytesIO(_essential_chunks(png)), formats=["PNG"])
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
        raise _damaged() from error
    if picture.mode == "P" and picture.palette is None:  # Pillow loads it, and fails at whatever is done with it next
        raise _damaged()
    return picture


def _damaged() -> InvalidDrawing:
    return InvalidDrawing("invalid_image", "That PNG picture is damaged.")


def _essential_chunks(png: bytes) -> bytes:
    """Leave out what says nothing about the picture: texts, times, profiles, further frames, and whatever of it is damaged.

    Every viewer opens a file whose physical size has a wrong checksum; what is critical is the decoder's to judge.
    """
    kept, start = [png[: len(PNG_SIGNATURE)]], len(PNG_SIGNATURE)
    while start + CHUNK.size <= len(png):
        length, kind = CHUNK.unpack_from(png, start)
        end = start + CHUNK.size + length + 4
        chunk = png[start:end]
        if not kind[0] & ANCILLARY or (kind in WANTED and zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:])):
            kept.append(chunk)
        start = end
        if kind == b"IEND":
            break
    return b"".join(kept)


def to_ink(picture: Image.Image) -> NDArray[np.uint8]:
    """Tell ink from paper. Returns uint8 (H, W), 0 = paper, 255 = full ink, upright."""
    picture = _upright(picture)
    if picture.mode.startswith("I"):  # 16-bit grey: Pillow's own conversions clip it
        return paper.ink_of_grey(_eight_bits(np.asarray(picture).astype("uint32")))
    if not picture.has_transparency_data:
        return paper.ink_of_grey(_grey(picture))
    alpha = np.asarray((picture if "A" in picture.mode else picture.convert("RGBA")).getchannel("A"))
    return paper.ink_of_alpha(alpha) if paper.is_a_pens(alpha) else paper.ink_of_sheet(_grey(picture), alpha)


def _grey(picture: Image.Image) -> NDArray[np.uint8]:
    if picture.mode in ("L", "RGB"):
        return np.asarray(picture.convert("L"))  # of "L" that is no more than a copy
    return np.asarray(picture.convert("RGB").convert("L"))


def _upright(picture: Image.Image) -> Image.Image:
    """Turn the picture as its eXIf says; one that cannot be read says nothing."""
    if "exif" not in picture.info:
        return picture
    try:
        return ImageOps.exif_transpose(picture)
    except (OSError, SyntaxError, ValueError, struct.error, Warning, KeyError, TypeError):
        return picture


def _eight_bits(grey: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Scale by the bits that are used: a scanner of ten bits or of twelve leaves the others 0."""
    used = int(grey.max()).bit_length()
    depth = next(bits for bits in DEEP_BITS if used <= bits)
    return (grey >> (depth - 8)).astype("uint8")


def encode_png(ink: NDArray[np.uint8]) -> bytes:
    """Encode ink as the picture we keep: greyscale PNG, black on white, no metadata.

    For what a pen leaves no filter of rows is better than none, and runs are all that deflating finds: a page's picture is a
    quarter smaller than by Pillow, in a quarter of the time.
    """
    return cv2.imencode(".png", 255 - ink, ENCODING)[1].tobytes()


def encode_kept(ink: NDArray[np.uint8]) -> bytes:
    """As `encode_png`, in MOST_KEPT_BYTES: a picture that takes more, mostly noise, is halved until it does not."""
    png = encode_png(ink)
    while len(png) > MOST_KEPT_BYTES:
        ink = cv2.resize(ink, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        png = encode_png(ink)
    return png


def data_url(png: bytes) -> str:
    return DATA_URL_PREFIX + base64.b64encode(png).decode("ascii")
