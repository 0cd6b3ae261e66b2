import functools
import io
import warnings
import zipfile
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from recognizer.errors import InvalidDrawing
from recognizer.imaging.decoding import MAX_PNG_BYTES, decode_data_url, decode_png, decode_stored, encode_png
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
        "data:image/png;base64,AAAA AAAA",
        "data:image/png;base64,AAA",
        "data:image/png;base64,é",
        "data:image/png;base64," + "A" * 400_000,
        "7",
    ],
)
def test_data_url_is_strict(text: str) -> None:
    with pytest.raises(InvalidDrawing):
        decode_data_url(text)


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
