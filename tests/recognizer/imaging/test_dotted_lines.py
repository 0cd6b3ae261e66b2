"""Dots that a fast mouse left, and what only looks like them."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.imaging import dotted_lines
from recognizer.imaging.dotted_lines import join_dots
from recognizer.imaging.strokes import Point, ink_strokes

SIDE = 104  # px, as large as the working picture


def dots(places: list[Point], pen: float = 7) -> NDArray[np.uint8]:
    return ink_strokes([[place] for place in places], SIDE, pen)


def row(count: int, step: float = 11) -> list[Point]:
    return [[20 + step * i, 50.0] for i in range(count)]


def ring(count: int, radius: float = 34, gap: float = 0.0) -> list[Point]:
    angles = np.linspace(0, 2 * math.pi - gap, count, endpoint=gap > 0)
    return [[52 + radius * math.cos(angle), 52 + radius * math.sin(angle)] for angle in angles]


def pieces(ink: NDArray[np.uint8]) -> int:
    """How many pieces hang together, by walking from pixel to pixel."""
    left = set(map(tuple, np.argwhere(ink >= 128).tolist()))
    count = 0
    while left:
        count += 1
        reached = [left.pop()]
        while reached:
            y, x = reached.pop()
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            reached += near
    return count


@pytest.mark.parametrize(("count", "joined"), [(5, False), (6, True), (8, True)])
def test_six_dots_in_a_row_are_a_line(count: int, joined: bool) -> None:
    ink = dots(row(count))
    assert pieces(ink) == count
    assert pieces(join_dots(ink)) == (1 if joined else count)
    assert (join_dots(ink) is ink) is not joined


def test_the_line_is_as_wide_as_its_dots_and_ends_with_them() -> None:
    ink = dots(row(8))
    line = join_dots(ink)
    assert (line >= ink).all()
    between = line[:, 20 + 5 : 20 + 7 * 11 - 5].astype(float).sum(axis=0) / 255
    assert between.min() > 5
    assert between.max() < 8.5
    ends, dotted = np.flatnonzero(line.max(axis=0) >= 128), np.flatnonzero(ink.max(axis=0) >= 128)
    assert (ends[0], ends[-1]) == (dotted[0], dotted[-1])


def test_a_corner_is_followed() -> None:
    corner = row(6, 12) + [[80.0, 50.0 + 12 * i] for i in range(1, 4)]
    line = join_dots(dots(corner))
    assert pieces(line) == 1
    assert not line[58:, :60].any()  # no short cut from end to end


def hole(ink: NDArray[np.uint8]) -> bool:
    """Is the middle cut off from the paper outside?"""
    outside = np.zeros(ink.shape, bool)
    reached = [(0, 0)]
    while reached:
        y, x = reached.pop()
        if 0 <= y < SIDE and 0 <= x < SIDE and not outside[y, x] and ink[y, x] < 128:
            outside[y, x] = True
            reached += [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
    return not outside[SIDE // 2, SIDE // 2]


def test_a_ring_of_dots_closes() -> None:
    ink = dots(ring(18))
    assert not hole(ink)
    assert hole(join_dots(ink))


def test_an_arch_of_dots_stays_open() -> None:
    """Its ends are nearer to each other than a line may be long, and yet twice as far as dot and dot."""
    arch = ring(16, gap=2 * 2 * math.pi / 18)
    assert pieces(join_dots(dots(arch))) == 1
    assert not hole(join_dots(dots(arch)))


@pytest.mark.parametrize(("gap", "count"), [(2.4, 1), (2.9, 2)])
def test_nothing_is_joined_over_more_than_twice_and_a_half_of_the_usual_step(gap: float, count: int) -> None:
    step = 7.5
    first = [[8 + step * i, 50.0] for i in range(6)]
    second = [[8 + step * (5 + gap + i), 50.0] for i in range(5)]
    assert pieces(join_dots(dots(first + second, 4.5))) == count


def test_a_whole_line_is_left_as_it_is() -> None:
    whole = ink_strokes([[[20.0, 20.0], [80.0, 80.0]], [[80.0, 20.0], [20.0, 80.0]]], SIDE, 8)
    assert join_dots(whole) is whole
    assert join_dots(np.zeros((SIDE, SIDE), "uint8")).max() == 0


def test_a_few_dots_beside_a_long_line_are_no_line() -> None:
    """Crumbs: less than half of the ink is dots."""
    ink = np.maximum(ink_strokes([[[10.0, 20.0], [94.0, 20.0]]], SIDE, 8), dots(row(7), 4))
    assert join_dots(ink) is ink


def test_dashes_are_no_dots() -> None:
    dashes = ink_strokes([[[6.0 + 13 * i, 30.0], [6.0 + 13 * i, 80.0]] for i in range(7)], SIDE, 5)
    assert join_dots(dashes) is dashes


@pytest.mark.parametrize(("columns", "joined"), [(12, True), (13, False)])
def test_more_than_ninety_six_pieces_are_a_texture(columns: int, joined: bool) -> None:
    ink = np.zeros((SIDE, SIDE), "uint8")
    for i in range(columns * 8 - 1):
        y, x = 4 + 8 * (i // columns), 4 + 7 * (i % columns)
        ink[y : y + 3, x : x + 3] = 255
    assert (join_dots(ink) is not ink) is joined


def test_the_edges_are_those_of_the_minimum_spanning_tree() -> None:
    """Against Kruskal's way: the shortest edges one by one, if they join what was apart."""
    rng = np.random.default_rng(0)
    for _ in range(10):
        places = rng.uniform(0, 100, (12, 2))
        distances = np.linalg.norm(places[:, None] - places[None], axis=2)
        group, tree = list(range(12)), []
        for length, one, other in sorted((distances[i, j], i, j) for i in range(12) for j in range(i)):
            if group[one] != group[other]:
                group = [group[other] if at == group[one] else at for at in group]
                tree.append((length, frozenset((one, other))))
        usual = float(np.median([length for length, _ in tree]))
        short = {edge for length, edge in tree if length <= 2.6 * usual}
        found = {frozenset(edge) for edge in dotted_lines._edges(places)}
        assert short <= found
        assert all(distances[min(edge), max(edge)] <= 1.25 * usual for edge in found - short)
