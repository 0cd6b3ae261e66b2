import numpy as np
import pytest

from recognizer.imaging.preprocessing import normalize_strokes
from training.data.augmentation import augment, redraw_scan, render_drawings, resample, vary_strokes
from training.data.datasets import StrokeDrawing

SEVEN = [[[0.0, 5.0], [60.0, 0.0], [25.0, 100.0]], [[15.0, 50.0], [50.0, 46.0]]]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_augmented_pictures_differ_a_little_and_keep_their_form(rng: np.random.Generator) -> None:
    images = np.repeat(normalize_strokes(SEVEN)[np.newaxis], 64, axis=0)
    changed = augment(images, rng)
    assert changed.shape == images.shape
    assert changed.dtype == np.float32
    assert changed.min() >= 0
    assert changed.max() <= 1
    assert 0.01 < np.abs(changed - images).mean() < 0.12
    assert changed.sum(axis=(1, 2, 3)).min() > 0.4 * images[0].sum()


def test_the_same_seed_augments_the_same() -> None:
    images = np.repeat(normalize_strokes(SEVEN)[np.newaxis], 4, axis=0)
    np.testing.assert_array_equal(augment(images, np.random.default_rng(1)), augment(images, np.random.default_rng(1)))


def test_black_stays_black(rng: np.random.Generator) -> None:
    assert not augment(np.zeros((3, 28, 28, 1), "float32"), rng).any()


def test_drawings_are_rendered_as_serving_prepares_them(rng: np.random.Generator) -> None:
    drawing = StrokeDrawing(7, "someone", SEVEN)
    images, kept = render_drawings([drawing] * 8, rng)
    assert images.shape == (8, 28, 28)
    assert images.dtype == np.uint8
    assert kept.tolist() == list(range(8))
    usual = normalize_strokes(SEVEN)[..., 0]
    assert np.abs(images / 255 - usual).mean() < 0.05


def test_a_scan_is_put_on_a_canvas_and_stays_where_and_what_it_was(rng: np.random.Generator) -> None:
    scan = (normalize_strokes(SEVEN)[..., 0] * 255).astype("uint8")
    pictures = np.array([redraw_scan(scan, rng) for _ in range(20)])
    assert pictures.shape == (20, 28, 28)
    assert pictures.dtype == np.uint8
    assert np.abs(pictures / 255 - scan / 255).mean(axis=(1, 2)).max() < 0.06
    assert np.ptp(pictures.sum(axis=(1, 2)) / scan.sum()) > 0.1  # by several pens


def test_varied_strokes_stay_finite_and_few(rng: np.random.Generator) -> None:
    for _ in range(50):
        varied = vary_strokes(SEVEN, rng)
        assert len(varied) <= 64
        assert np.isfinite(np.vstack([np.array(stroke) for stroke in varied])).all()


def test_a_tap_can_be_varied_and_rendered(rng: np.random.Generator) -> None:
    images, kept = render_drawings([StrokeDrawing(1, "x", vary_strokes([[[5.0, 5.0]]], rng))], rng)
    assert len(images) == len(kept)


def test_resampled_points_are_evenly_apart_with_both_ends_kept() -> None:
    path = resample(np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]), 0.25)
    steps = np.hypot(*np.diff(path, axis=0).T)
    assert path[0].tolist() == [0, 0]
    assert path[-1].tolist() == [1, 1]
    np.testing.assert_allclose(steps, 0.25)
