"""Some hundred points of many dimensions on a plane, neighbours beside neighbours.

By scikit-learn, which a worker has and the web has not.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import DBSCAN
from sklearn.manifold import TSNE
from sklearn.neighbors import KNeighborsRegressor

PERPLEXITY = 30.0  # neighbours that count, about; fewer where there are few points
MARGIN = 0.03  # of the side, left free around the points
FARTHEST = 0.995  # quantile of the distance from the centre that still fits; a stray point does not shrink the others
LEAST = 1e-12


def embed(points: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """Lay points (N, D) out on the unit square by t-SNE (van der Maaten 2014).

    Returns float32 (N, 2) in [0, 1]; the same for the same points and seed.
    """
    if len(points) < 3 or (points == points[0]).all():
        return np.full((len(points), 2), 0.5, "float32")
    perplexity = min(PERPLEXITY, (len(points) - 1) / 3)
    found = TSNE(perplexity=perplexity, init="pca", max_iter=500, random_state=seed).fit_transform(points)
    places = found - found.mean(axis=0)
    reach = max(float(np.quantile(np.abs(places).max(axis=1), FARTHEST)), LEAST)
    return np.asarray(0.5 + (places / reach).clip(-1, 1) * (0.5 - MARGIN), "float32")


def place(
    points: NDArray[np.float32], landmarks: NDArray[np.float32], places: NDArray[np.float32], neighbours: int
) -> NDArray[np.float32]:
    """Place points (N, D) between their nearest landmarks (L, D), which lie at `places` (L, 2). Returns float32 (N, 2)."""
    count = min(neighbours, len(landmarks))
    among = KNeighborsRegressor(count, weights=_nearer_counts_more, metric="cosine").fit(landmarks, places)
    return np.asarray(among.predict(points), "float32")


def _nearer_counts_more(distances: NDArray[np.floating]) -> NDArray[np.floating]:
    return 1 / (distances + 1e-3) ** 2


def clusters(places: NDArray[np.float32], radius: float, fewest: int) -> NDArray[np.int64]:
    """Group points (N, 2) that lie together, one link after another no longer than `radius`.

    Returns int64 (N,): 1 is the largest group, 0 what is in none of at least `fewest`.
    """
    if len(places) == 0:
        return np.zeros(0, "int64")
    group = DBSCAN(eps=radius, min_samples=1).fit_predict(places)
    sizes = np.bincount(group)
    by_size = [number for number in np.argsort(-sizes, kind="stable").tolist() if sizes[number] >= fewest]
    numbers: NDArray[np.int64] = np.zeros(len(sizes), "int64")
    numbers[by_size] = np.arange(1, len(by_size) + 1)
    return np.asarray(numbers[group])
