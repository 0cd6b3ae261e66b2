from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pytest_django import Settings

from recognizer.errors import InvalidDrawing
from recognizer.labels import NOT_A_DIGIT
from tests.support.in_this_process import InThisProcess
from training.data import baseline_mix, rendering, synthetic_negatives
from training.data.datasets import StrokeDrawing
from training.data.rendering import Job, draw, draw_once, draw_pools

DIGITS = [StrokeDrawing(digit, "", []) for digit in range(10)]
NAMED = [StrokeDrawing(digit, "", [], f"style {digit}") for digit in range(10)]


@pytest.fixture(autouse=True)
def here(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_this_process: type[InThisProcess]
) -> None:
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(rendering, "ProcessPoolExecutor", in_this_process)


def test_what_was_drawn_is_read_back_until_code_material_or_seed_change(monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job(baseline_mix.invent, DIGITS)
    first = draw_pools({"digits": job}, 7, print)
    monkeypatch.setattr(rendering, "_draw", None)
    again = draw_pools({"digits": job}, 7, print)
    for part in ("images", "labels", "names"):
        np.testing.assert_array_equal(getattr(first["digits"], part), getattr(again["digits"], part))
    for other, seed in ((job, 8), (Job(job.paint, DIGITS[:5]), 7), (Job(job.paint, DIGITS, (synthetic_negatives,)), 7)):
        with pytest.raises(TypeError):
            draw_pools({"digits": other}, seed, print)


def test_what_is_drawn_once_is_read_back_and_what_other_code_drew_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, folder = Job(baseline_mix.invent, DIGITS), tmp_path / "data"
    draw_once("digits", Job(job.paint, DIGITS[:5]), 7)
    draw_once("others", job, 7)
    first = draw_once("digits", job, 7)
    assert sorted(path.name.split("-")[1] for path in folder.iterdir()) == ["digits", "others"]
    monkeypatch.setattr(rendering, "draw", None)
    np.testing.assert_array_equal(first.images, draw_once("digits", job, 7).images)
    with pytest.raises(TypeError):
        draw_once("digits", job, 8)


def test_a_file_that_was_cut_off_is_drawn_anew(tmp_path: Path) -> None:
    job = Job(baseline_mix.invent, DIGITS)
    first = draw_once("digits", job, 7)
    (file,) = (tmp_path / "data").iterdir()
    for content in (file.read_bytes()[:1000], b"", b"no zip"):
        file.write_bytes(content)
        np.testing.assert_array_equal(first.images, draw_once("digits", job, 7).images)


def test_where_nothing_can_be_kept_it_is_drawn_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object, **arrays: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    assert draw_once("digits", Job(baseline_mix.invent, DIGITS), 7).labels.tolist() == list(range(10))


def test_a_pool_says_what_each_of_its_pictures_shows() -> None:
    pool = draw_pools({"digits": Job(baseline_mix.invent, NAMED)}, 7, print)["digits"]
    assert pool.names.tolist() == [f"style {digit}" for digit in pool.labels]


def test_jobs_without_material_are_left_out() -> None:
    assert draw_pools({"digits": Job(baseline_mix.invent, [])}, 7, print) == {}


def test_the_same_seed_draws_the_same() -> None:
    first, second = (draw(baseline_mix.invent, DIGITS, np.random.default_rng(1)) for _ in range(2))
    np.testing.assert_array_equal(first.images, second.images)
    assert first.labels.tolist() == list(range(10))


def test_what_is_too_small_to_read_is_left_out() -> None:
    def paint(item: StrokeDrawing, rng: np.random.Generator) -> NDArray[np.uint8]:
        if item.label == NOT_A_DIGIT:
            raise InvalidDrawing("too_small", "a speck")
        return np.full((28, 28), item.label, "uint8")

    pool = draw(paint, [*DIGITS[:2], StrokeDrawing(NOT_A_DIGIT, "", []), DIGITS[2]], np.random.default_rng(0))
    assert pool.labels.tolist() == [0, 1, 2]
    assert pool.names.tolist() == ["", "", ""]
    assert pool.images[:, 0, 0].tolist() == [0, 1, 2]
