"""Points on a plane: what belongs together lies together, and what is new is placed where its like lies."""

import numpy as np
from numpy.typing import NDArray

from training.curation.neighbour_embedding import clusters, embed, place


def three_heaps(each: int = 25, width: int = 12) -> NDArray[np.float32]:
    """Three heaps of directions of length 1, far apart."""
    rng = np.random.default_rng(4)
    middles = np.eye(3, width) * 4
    points = np.repeat(middles, each, axis=0) + rng.normal(size=(3 * each, width), scale=0.3)
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True), "float32")


def distances(points: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.asarray(np.linalg.norm(points[:, None] - points[None], axis=2))


def test_heaps_stay_heaps() -> None:
    places = embed(three_heaps(), seed=1)
    assert places.min() >= 0
    assert places.max() <= 1
    apart = distances(places)
    np.fill_diagonal(apart, np.inf)
    heap = np.repeat([0, 1, 2], 25)
    assert (heap[apart.argmin(axis=1)] == heap).all()
    middles = np.array([places[heap == number].mean(axis=0) for number in range(3)])
    spread = max(places[heap == number].std(axis=0).max() for number in range(3))
    assert distances(middles)[np.triu_indices(3, 1)].min() > 2 * spread


def test_the_same_points_lie_the_same_way() -> None:
    np.testing.assert_array_equal(embed(three_heaps(8), seed=2), embed(three_heaps(8), seed=2))


def test_hardly_any_points_are_no_trouble() -> None:
    for count in range(5):
        assert embed(three_heaps()[:count], seed=1).shape == (count, 2)
    assert np.isfinite(embed(np.repeat(three_heaps()[:1], 6, axis=0), seed=1)).all()  # all the same


def test_what_is_new_is_placed_where_its_like_lies() -> None:
    landmarks = three_heaps()
    places = np.repeat(np.array([[0, 0], [1, 0], [0, 1]], "float32"), 25, axis=0)
    np.testing.assert_allclose(place(landmarks[[3, 30, 60]], landmarks, places, 5), places[[3, 30, 60]], atol=1e-3)


def test_clusters_are_numbered_by_size_and_too_few_are_none() -> None:
    heap = [(10, 10), (12, 10), (14, 11)]
    chain = [(100 + 9 * step, 50) for step in range(5)]
    places = np.array([*heap, *chain, (500, 500), (505, 500)], "float32")
    assert clusters(places, radius=10, fewest=3).tolist() == [2, 2, 2, 1, 1, 1, 1, 1, 0, 0]


def test_no_points_are_in_no_cluster() -> None:
    assert clusters(np.zeros((0, 2), "float32"), radius=10, fewest=3).shape == (0,)
