import functools
import io
import struct
import warnings
import zipfile
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from recognizer.errors import InvalidDrawing
from recognizer.imaging.decoding import (
    MAX_PNG_BYTES,
    check_header,
    data_url,
    decode_data_url,
    decode_png,
    decode_stored,
    encode_png,
    to_ink,
)
from tests.support import pictures

INK = pictures.draw_ink()


@functools.cache
def modes() -> dict[str, bytes]:
    """The same seven in every way a PNG can hold it."""
    black_on_white = Image.fromarray(255 - INK)
    rgba = np.zeros((*INK.shape, 4), "uint8")
    rgba[..., 3] = INK
    grey_alpha = np.dstack([np.zeros_like(INK), INK])
    return {
        "canvas": pictures.save_png(Image.fromarray(rgba)),
        "grey": pictures.save_png(black_on_white),
        "grey and alpha": pictures.save_png(Image.fromarray(grey_alpha, "LA")),
        "colour": pictures.save_png(black_on_white.convert("RGB")),
        "colour, opaque alpha": pictures.save_png(black_on_white.convert("RGBA")),
        "palette": pictures.save_png(black_on_white.convert("P")),
        "16 bit": pictures.save_png(Image.fromarray((255 - INK).astype("uint16") * 257)),
        "white on black": pictures.save_png(Image.fromarray(INK)),
    }


@pytest.mark.parametrize("mode", modes())
def test_every_colour_mode_gives_the_same_ink(mode: str) -> None:
    ink = decode_png(modes()[mode])
    assert ink.dtype == np.uint8
    assert np.abs(ink.astype(int) - INK.astype(int)).max() <= 2


def test_one_bit_picture_gives_the_same_ink_where_it_is_sharp() -> None:
    ink = decode_png(pictures.save_png(Image.fromarray(255 - INK).convert("1", dither=Image.Dither.NONE)))
    sharp = (INK == 0) | (INK == 255)
    assert (ink[sharp] == INK[sharp]).all()


def test_transparent_palette_colour_is_paper() -> None:
    palette = Image.fromarray((INK > 127).astype("uint8"), "P")
    palette.putpalette([255, 255, 255, 0, 0, 0])
    assert (decode_png(pictures.save_png(palette, transparency=0)) == (INK > 127) * 255).all()


@pytest.mark.parametrize("case", pictures.unsound_pictures())
def test_what_is_no_sound_picture_is_refused(case: str) -> None:
    with pytest.raises(InvalidDrawing) as refusal:
        decode_png(pictures.unsound_pictures()[case])
    assert refusal.value.code in {"invalid_image", "invalid_size", "too_large"}
    assert refusal.value.detail.endswith(".")


@pytest.mark.parametrize("case", pictures.tolerated_pictures())
def test_what_is_damaged_beside_the_picture_is_left_out(case: str) -> None:
    """Neither unpacked nor checked: seventy megabytes of a text would be, and Pillow refuses them."""
    np.testing.assert_array_equal(decode_png(pictures.tolerated_pictures()[case]), INK)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_is_read_upright(orientation: int) -> None:
    """As a camera keeps it, and says so in eXIf."""
    turns = {
        1: [], 2: [Image.Transpose.FLIP_LEFT_RIGHT], 3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM], 5: [Image.Transpose.TRANSPOSE], 6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE], 8: [Image.Transpose.ROTATE_270],
    }  # fmt: skip
    kept = Image.fromarray(255 - INK[:, 30:250])
    for turn in turns[orientation]:
        kept = kept.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    np.testing.assert_array_equal(decode_png(pictures.save_png(kept, exif=exif)), INK[:, 30:250])


@functools.cache
def polyglots() -> dict[str, bytes]:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("evil.html", "<script>alert(1)</script>")
    frames = [Image.fromarray(INK)] + [Image.fromarray(np.full_like(INK, grey)) for grey in range(199)]
    return {
        "html": pictures.paper_png() + b"<script>alert(1)</script>",
        "zip": pictures.paper_png() + archive.getvalue(),
        "animation": pictures.save_png(frames[0], save_all=True, append_images=frames[1:], optimize=True),
    }


@pytest.mark.parametrize("case", polyglots())
def test_only_the_pixels_of_the_first_frame_are_kept(case: str) -> None:
    kept = encode_png(decode_png(polyglots()[case]))
    assert np.abs(decode_png(kept).astype(int) - INK.astype(int)).max() <= 2
    assert b"script" not in kept
    assert b"acTL" not in kept
    assert b"PK\x03\x04" not in kept


def test_the_warning_filters_of_all_threads_are_left_alone_while_a_picture_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened, before = Image.open, list(warnings.filters)
    seen: list[Any] = []

    def watched(*args: Any, **options: Any) -> Image.Image:
        seen.append(warnings.filters[:])
        return opened(*args, **options)

    monkeypatch.setattr(Image, "open", watched)
    decode_png(pictures.paper_png())
    assert seen == [before]


def test_a_tight_crop_whose_border_is_mostly_ink_is_read_back_as_it_was() -> None:
    ink = np.full((30, 14), 200, "uint8")  # most of a thick 1 that fills its picture, on transparent
    ink[5:25, 2:12] = 255
    ink[0, 0] = 0
    rgba = np.zeros((*ink.shape, 4), "uint8")
    rgba[..., 3] = ink
    sent = decode_png(pictures.save_png(Image.fromarray(rgba)))
    np.testing.assert_array_equal(sent, ink)
    np.testing.assert_array_equal(decode_stored(encode_png(sent)), sent)


def test_noise_that_is_longer_as_we_keep_it_is_read_back() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (512, 512), "uint8")
    kept = encode_png(noise)
    assert len(kept) > MAX_PNG_BYTES
    np.testing.assert_array_equal(decode_stored(kept), noise)


def test_a_stored_picture_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidDrawing):
        decode_stored(b"png")


@pytest.mark.parametrize(
    "text",
    [
        "data:image/gif;base64,AAAA",
        "data:image/png;base64,@@@@",
        "data:image/png;base64,AAAAA",
        "data:image/png;base64,AA==AAAA",
        "data:image/png;base64,AAAA\x0bAAAA",
        "data:image/png;base64,AAAA%0AAAAA",
        " data:image/png;base64,AAAA",
        "data:image/png;charset=utf-8;base64,AAAA",
        "data:image/png;base64,é",
        "data:image/png;base64," + "A" * 400_000,
        "7",
    ],
)
def test_data_url_is_strict(text: str) -> None:
    with pytest.raises(InvalidDrawing):
        decode_data_url(text)


@pytest.mark.parametrize(
    "text",
    [
        "data:image/png;base64,iVBORw==",
        "data:image/png;base64,iVBORw",
        "data:image/png;base64,iVBORw=",
        "data:image/PNG;base64,iVBORw==",
        "DATA:IMAGE/PNG;BASE64,iVBORw==",
        "data:image/png;base64,iVBO\r\nRw==\r\n",
        "data:image/png;base64, iV BO\tRw",
    ],
)
def test_a_data_url_may_have_line_breaks_capitals_in_its_type_and_no_padding(text: str) -> None:
    assert decode_data_url(text) == b"\x89PNG"


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cut=st.integers(8, 400), noise=st.binary(max_size=200), keep=st.booleans())
def test_damaged_bytes_raise_nothing_but_invalid_drawing(cut: int, noise: bytes, keep: int) -> None:
    whole = pictures.canvas_png(side=56, pen=4)
    damaged = whole[:cut] + noise + (whole[cut + len(noise) :] if keep else b"")
    try:
        ink = decode_png(damaged)
    except InvalidDrawing:
        return
    assert ink.dtype == np.uint8


def refusal_of(png: bytes) -> tuple[str, str] | None:
    """What check_header says of bytes, None if nothing."""
    try:
        check_header(png)
    except InvalidDrawing as refusal:
        return refusal.code, refusal.detail
    return None


NOT_A_PNG = ("invalid_image", "That is not a PNG picture.")
BROKEN = ("invalid_image", "That PNG picture has a broken header.")
BAD_SIDES = ("invalid_size", "The picture's sides must be 1 to 1024 pixels, at most 20 to 1.")
TOO_LARGE = ("too_large", "That picture is too large. At most 128 KB.")


def ihdr(
    length: int = 13, kind: bytes = b"IHDR", depth: int = 8, colour: int = 0, last: tuple[int, ...] = (0, 0, 0)
) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", length, kind, 28, 28, depth, colour, *last)


@pytest.mark.parametrize(
    ("width", "height", "refusal"),
    [
        (1, 1, None),
        (0, 0, BAD_SIDES),
        (0, 1, BAD_SIDES),
        (1, 0, BAD_SIDES),
        (1, 20, None),
        (20, 1, None),
        (1, 21, BAD_SIDES),
        (21, 1, BAD_SIDES),
        (1000, 50, None),
        (1001, 50, BAD_SIDES),
        (1024, 1024, None),
        (1025, 1024, BAD_SIDES),
        (1024, 1025, BAD_SIDES),
    ],
)
def test_sides_are_1_to_1024_and_at_most_20_to_1(width: int, height: int, refusal: tuple[str, str] | None) -> None:
    assert refusal_of(pictures.header(width, height)) == refusal


def test_depths_and_colours_are_those_of_the_specification() -> None:
    sound = {
        (colour, depth)
        for colour in range(8)
        for depth in range(18)
        if not refusal_of(ihdr(13, depth=depth, colour=colour))
    }
    grey = {(0, 1), (0, 2), (0, 4), (0, 8), (0, 16)}
    palette = {(3, 1), (3, 2), (3, 4), (3, 8)}
    others = {(colour, depth) for colour in (2, 4, 6) for depth in (8, 16)}
    assert sound == grey | palette | others


@pytest.mark.parametrize(
    ("png", "refusal"),
    [
        (ihdr(), None),
        (ihdr()[:-1], NOT_A_PNG),
        (b"\x88" + ihdr()[1:], NOT_A_PNG),
        (ihdr(12), BROKEN),
        (ihdr(14), BROKEN),
        (ihdr(kind=b"IDAT"), BROKEN),
        (ihdr(last=(1, 0, 0)), BROKEN),
        (ihdr(last=(0, 1, 0)), BROKEN),
        (ihdr(last=(0, 0, 1)), None),
        (ihdr(last=(0, 0, 2)), BROKEN),
        (ihdr() + b"\0" * (131_072 - 29), None),
        (ihdr() + b"\0" * (131_072 - 28), TOO_LARGE),
    ],
)
def test_a_header_is_read_field_by_field(png: bytes, refusal: tuple[str, str] | None) -> None:
    assert refusal_of(png) == refusal


@pytest.mark.parametrize(
    ("text", "code", "detail"),
    [
        ("data:image/jpeg;base64,AAAA", "invalid_image", 'The picture must start with "data:image/png;base64,".'),
        ("data:image/png;base64,AAAAA", "invalid_image", "The picture is not valid base64."),
        ("data:image/png;base64,é", "invalid_image", "The picture is not valid base64."),
        ("data:image/png;base64," + "A" * 174_765, "invalid_image", "The picture is not valid base64."),
        ("data:image/png;base64," + "A" * 174_767, "too_large", "That picture is too large. At most 128 KB."),
    ],
)
def test_what_is_wrong_with_a_data_url_is_said(text: str, code: str, detail: str) -> None:
    with pytest.raises(InvalidDrawing) as refusal:
        decode_data_url(text)
    assert (refusal.value.code, refusal.value.detail) == (code, detail)


def test_a_data_url_of_a_whole_picture_is_taken() -> None:
    assert decode_data_url("data:image/png;base64," + "A" * 174_764) == b"\0" * (174_764 * 3 // 4)
    assert decode_data_url("data:image/png;base64," + "A" * 174_766 + "\n" * 9) == b"\0" * 131_074
    assert decode_data_url(data_url(b"\x89PNG")) == b"\x89PNG"
    assert data_url(b"\x89PNG") == "data:image/png;base64,iVBORw=="


def test_damage_is_said_in_one_sentence() -> None:
    whole = pictures.paper_png()
    with pytest.raises(InvalidDrawing) as refusal:
        decode_png(whole[: len(whole) // 2])
    assert (refusal.value.code, refusal.value.detail) == ("invalid_image", "That PNG picture is damaged.")


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_sixteen_bits_are_read_by_those_that_are_used(bits: int) -> None:
    full = (1 << bits) - 1
    grey = np.round((255 - INK) / 255 * full).astype("uint16")
    ink = decode_png(pictures.save_png(Image.fromarray(grey)))
    assert np.abs(ink.astype(int) - INK).max() <= 1


@pytest.mark.parametrize(("most", "used"), [(255, 8), (256, 10), (1023, 10), (1024, 12), (4096, 14), (16384, 16)])
def test_the_bits_that_are_used_are_told_by_the_lightest_pixel(most: int, used: int) -> None:
    grey = np.full((9, 9), most, "uint16")
    grey[4, 4] = 0
    assert to_ink(Image.fromarray(grey))[4, 4] == most >> (used - 8)
    assert not to_ink(Image.fromarray(grey * 0)).any()


def test_sixteen_bits_are_cut_to_the_upper_eight() -> None:
    grey = np.full((5, 5), 0xFFFF, "uint16")
    grey[2, 2], grey[2, 3] = 0x80FF, 0x00FF
    ink = to_ink(Image.fromarray(grey))
    assert ink[2].tolist() == [0, 0, 0x7F, 0xFF, 0]


def test_what_is_kept_is_black_on_white() -> None:
    ink = np.arange(256, dtype="uint8").reshape(16, 16)
    kept = Image.open(io.BytesIO(encode_png(ink)))
    assert (kept.mode, kept.format, kept.info) == ("L", "PNG", {})
    np.testing.assert_array_equal(np.asarray(kept), 255 - ink)
    np.testing.assert_array_equal(decode_stored(encode_png(ink)), ink)
