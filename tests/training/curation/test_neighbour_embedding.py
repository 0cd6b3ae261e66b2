"""Points on a plane: what belongs together lies together; the slope is the slope; what is new is placed where its like lies."""

import numpy as np
from numpy.typing import NDArray

from training.curation.neighbour_embedding import (
    clusters,
    embed,
    gradient,
    joint_probabilities,
    place,
    squared_distances,
)


def three_heaps(each: int = 25, width: int = 12) -> NDArray[np.float32]:
    """Three heaps of directions of length 1, far apart."""
    rng = np.random.default_rng(4)
    middles = np.eye(3, width) * 4
    points = np.repeat(middles, each, axis=0) + rng.normal(size=(3 * each, width), scale=0.3)
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype("float32")


def divergence(wanted: NDArray[np.float64], places: NDArray[np.float64]) -> float:
    """Kullback and Leibler's, pair by pair, as the paper writes it."""
    count = len(places)
    near = [[0.0] * count for _ in range(count)]
    for i in range(count):
        for j in range(count):
            if i != j:
                near[i][j] = 1 / (1 + float(((places[i] - places[j]) ** 2).sum()))
    total = sum(map(sum, near))
    return sum(
        float(wanted[i, j]) * float(np.log(wanted[i, j] * total / near[i][j]))
        for i in range(count)
        for j in range(count)
        if i != j
    )


def test_the_slope_is_that_of_the_divergence() -> None:
    rng = np.random.default_rng(0)
    wanted = joint_probabilities(rng.normal(size=(7, 4)).astype("float32"), 2.0).astype("float64")
    places, step = rng.normal(size=(7, 2)), 1e-5
    expected = np.zeros_like(places)
    for row, column in np.ndindex(places.shape):
        up, down = places.copy(), places.copy()
        up[row, column] += step
        down[row, column] -= step
        expected[row, column] = (divergence(wanted, up) - divergence(wanted, down)) / (2 * step)
    np.testing.assert_allclose(gradient(wanted, places), expected, atol=1e-6)


def test_each_point_has_as_many_neighbours_as_the_perplexity_says() -> None:
    points = three_heaps(20)
    joint = joint_probabilities(points, 5.0).astype("float64")
    assert np.isclose(joint.sum(), 1)
    np.testing.assert_allclose(joint, joint.T, rtol=1e-5)
    shares = joint / joint.sum(axis=1, keepdims=True)
    perplexities = np.exp(-(shares * np.log(np.maximum(shares, 1e-30))).sum(axis=1))
    assert 4 < np.median(perplexities) < 8  # made symmetric, so about


def test_heaps_stay_heaps() -> None:
    places = embed(three_heaps(), seed=1)
    assert places.min() >= 0
    assert places.max() <= 1
    distances = squared_distances(places)
    np.fill_diagonal(distances, np.inf)
    heap = np.repeat([0, 1, 2], 25)
    assert (heap[distances.argmin(axis=1)] == heap).all()
    middles = np.array([places[heap == number].mean(axis=0) for number in range(3)])
    spread = max(places[heap == number].std(axis=0).max() for number in range(3))
    assert squared_distances(middles)[np.triu_indices(3, 1)].min() ** 0.5 > 2 * spread


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
