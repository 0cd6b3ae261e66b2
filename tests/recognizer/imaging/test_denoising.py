"""What is dropped and what is kept, cell by cell: a bar of 24 cells of 10 px, and something beside it."""

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.imaging.denoising import remove_noise

CELL = 10  # px; the bar is 240 px high, and 24 cells are laid along the longer side
BAR = 240 * CELL  # px of full ink
TOP, LEFT = 7, 13  # where the bar begins


def canvas() -> NDArray[np.uint8]:
    ink = np.zeros((280, 180), "uint8")
    ink[TOP : TOP + 240, LEFT : LEFT + CELL] = 255
    return ink


def with_dot(row: int, column: int, height: int, width: int, shade: int = 255) -> NDArray[np.uint8]:
    """The bar, and a dot whose upper left corner is that of a cell."""
    ink = canvas()
    y, x = TOP + row * CELL, LEFT + column * CELL
    ink[y : y + height, x : x + width] = shade
    return ink


def slowly(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same in plain Python: cells of full ink's box, groups by walking, light and short ones wiped out."""
    dark = [(y, x) for y, row in enumerate(ink.tolist()) for x, value in enumerate(row) if value >= 96]
    top, left = min(y for y, _ in dark), min(x for _, x in dark)
    longer = max(max(y for y, _ in dark) - top, max(x for _, x in dark) - left) + 1
    cell = (longer + 23) // 24
    mass: dict[tuple[int, int], int] = {}
    for y, x in dark:
        place = ((y - top) // cell, (x - left) // cell)
        mass[place] = mass.get(place, 0) + int(ink[y, x])
    groups: list[set[tuple[int, int]]] = []
    for place in mass:
        near = [g for g in groups if any(abs(place[0] - y) <= 2 and abs(place[1] - x) <= 2 for y, x in g)]
        groups = [g for g in groups if g not in near] + [{place}.union(*near)]
    heaviest = max(sum(mass[place] for place in group) for group in groups)
    kept = ink.copy()
    for group in groups:
        high = max(y for y, _ in group) - min(y for y, _ in group) + 1
        wide = max(x for _, x in group) - min(x for _, x in group) + 1
        if sum(mass[place] for place in group) < 0.04 * heaviest and max(high, wide) <= 4:
            for y, x in group:
                kept[top + y * cell : top + (y + 1) * cell, left + x * cell : left + (x + 1) * cell] = 0
    return kept


def test_as_the_slow_way_does_it() -> None:
    rng = np.random.default_rng(0)
    changed = 0
    for _ in range(60):
        height, width = rng.integers(30, 120, 2).tolist()
        ink = np.zeros((height, width), "uint8")
        ink[height // 3 : height // 2, width // 3 : width // 2] = 200
        for _ in range(rng.integers(1, 12)):
            y, x, side = rng.integers(0, height), rng.integers(0, width), rng.integers(1, 5)
            ink[y : y + side, x : x + side] = rng.integers(60, 256)
        cleaned = remove_noise(ink)
        np.testing.assert_array_equal(cleaned, slowly(ink))
        changed += bool((cleaned != ink).any())
    assert changed > 20


@pytest.mark.parametrize(("row", "column"), [(5, 2), (0, 2), (23, 2)])
def test_a_dot_with_one_empty_cell_between_stands_with_the_bar(row: int, column: int) -> None:
    ink = with_dot(row, column, 4, 4)
    assert remove_noise(ink) is ink


@pytest.mark.parametrize(("row", "column"), [(5, 3), (0, 3), (23, 3), (12, 15)])
def test_a_dot_with_two_empty_cells_between_is_dropped(row: int, column: int) -> None:
    np.testing.assert_array_equal(remove_noise(with_dot(row, column, 4, 4)), canvas())


def test_the_last_cell_of_a_row_is_not_beside_the_first_of_the_next() -> None:
    wide = np.zeros((60, 240), "uint8")
    wide[50:60] = 255
    wide[0:3, 0:3] = wide[10:13, 237:240] = 255
    np.testing.assert_array_equal(np.flatnonzero(remove_noise(wide).any(axis=1)), np.arange(50, 60))


def test_less_than_four_percent_of_the_main_ink_is_noise() -> None:
    enough = BAR * 4 // 100
    assert enough == 96
    assert remove_noise(with_dot(5, 6, 8, 12))[:, 60:].any()
    less = with_dot(5, 6, 8, 12)
    less[TOP + 50, LEFT + 60] = 0
    np.testing.assert_array_equal(remove_noise(less), canvas())


def test_a_paler_dot_weighs_less() -> None:
    assert (remove_noise(with_dot(5, 6, 10, 20, shade=255)) == 255).sum() == BAR + 200
    np.testing.assert_array_equal(remove_noise(with_dot(5, 6, 10, 20, shade=100)), canvas())


@pytest.mark.parametrize("lies", [False, True])
def test_a_thin_line_longer_than_four_cells_is_drawn_on_purpose(lies: bool) -> None:
    long = with_dot(5, 6, *((1, 41) if lies else (41, 1)))
    short = with_dot(5, 6, *((1, 40) if lies else (40, 1)))
    np.testing.assert_array_equal(remove_noise(long), long)
    np.testing.assert_array_equal(remove_noise(short), canvas())


def test_ink_counts_from_96_on_and_paler_ink_goes_with_its_cell_alone() -> None:
    np.testing.assert_array_equal(remove_noise(with_dot(5, 6, 4, 4, shade=96)), canvas())
    pale = with_dot(5, 6, 4, 4, shade=95)
    assert remove_noise(pale) is pale
    edged = with_dot(5, 6, 4, 4)
    edged[TOP + 50 : TOP + 60, LEFT + 60 + 4 : LEFT + 60 + 10] = 90  # the soft edge, within the dot's cell
    np.testing.assert_array_equal(remove_noise(edged), canvas())


def test_pale_ink_adds_nothing_to_the_weight() -> None:
    dot = with_dot(5, 6, 9, 10)  # 90 px, and with ten of 95 it would be just over the limit
    dot[TOP + 59, LEFT + 60 : LEFT + 70] = 95
    dot[TOP + 59, LEFT + 69] = 0
    np.testing.assert_array_equal(remove_noise(dot), canvas())


def test_a_drawing_smaller_than_its_grid_has_cells_of_a_pixel() -> None:
    ink = np.zeros((24, 24), "uint8")
    ink[0:24, 0:2] = 255
    ink[10, 3] = ink[10, 20] = ink[16, 4] = 255  # of a bar of 48 px one is 2 %
    cleaned = remove_noise(ink)
    assert cleaned[10, 3] == 255
    assert cleaned[10, 20] == cleaned[16, 4] == 0
