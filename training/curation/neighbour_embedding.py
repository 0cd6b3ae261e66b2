"""Some hundred points of many dimensions on a plane, neighbours beside neighbours: t-SNE (van der Maaten & Hinton 2008). Pure."""

import numpy as np
from numpy.typing import NDArray

PERPLEXITY = 30.0  # neighbours that count, about; fewer where there are few points
BISECTIONS = 40
STEPS = 350
EXAGGERATED_STEPS = 100  # at first attractions are larger, so that groups find together
EXAGGERATION = 12.0
MARGIN = 0.03  # of the side, left free around the points
FARTHEST = 0.995  # quantile of the distance from the centre that still fits; a stray point does not shrink the others
LEAST = 1e-12


def embed(points: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """Lay points (N, D) out on the unit square. Returns float32 (N, 2) in [0, 1]; the same for the same points and seed."""
    if len(points) < 3:
        return np.full((len(points), 2), 0.5, "float32")
    wanted = joint_probabilities(points, min(PERPLEXITY, (len(points) - 1) / 3))
    places = _principal_plane(points, np.random.default_rng(seed))
    velocity, gains = np.zeros_like(places), np.ones_like(places)
    rate = max(len(points) / EXAGGERATION / 4, 50.0)  # Belkina et al. 2019
    for step in range(STEPS):
        is_early = step < EXAGGERATED_STEPS
        slope = gradient(wanted * np.float32(EXAGGERATION if is_early else 1.0), places)
        gains = np.where((slope > 0) == (velocity > 0), gains * 0.8, gains + 0.2).clip(0.01)
        velocity = (0.5 if is_early else 0.8) * velocity - rate * gains * slope
        places = places + velocity
        places -= places.mean(axis=0)
    return _on_the_square(places)


def joint_probabilities(points: NDArray[np.float32], perplexity: float) -> NDArray[np.float32]:
    """How much each pair of points belongs together, float32 (N, N): symmetric, 1 in all, 0 on the diagonal."""
    distances = squared_distances(points)
    np.fill_diagonal(distances, np.inf)
    distances -= distances.min(axis=1, keepdims=True)
    low, high = np.zeros(len(points)), np.full(len(points), np.inf)
    precision = np.full(len(points), 1.0)
    for _ in range(BISECTIONS):
        shares = np.exp(-distances * precision[:, None])
        total = shares.sum(axis=1)
        shares /= total[:, None]
        with np.errstate(invalid="ignore"):
            entropy = np.log(total) + precision * np.nansum(distances * shares, axis=1)
        is_wide = entropy > np.log(perplexity)
        low, high = np.where(is_wide, precision, low), np.where(is_wide, high, precision)
        precision = np.where(np.isinf(high), precision * 2, (low + high) / 2)
    joint = shares + shares.T
    return (joint / joint.sum()).astype("float32")


def gradient(wanted: NDArray[np.float32], places: NDArray[np.float32]) -> NDArray[np.float32]:
    """The slope of the divergence between what belongs together and what lies together, float32 (N, 2)."""
    near = 1 / (1 + squared_distances(places))
    np.fill_diagonal(near, 0)
    pull = (wanted - near / max(near.sum(), LEAST)) * near
    slope: NDArray[np.float32] = 4 * (pull.sum(axis=1, keepdims=True) * places - pull @ places)
    return slope


def squared_distances(points: NDArray[np.float32]) -> NDArray[np.float32]:
    squares = (points**2).sum(axis=1)
    found: NDArray[np.float32] = (squares[:, None] + squares[None] - 2 * points @ points.T).clip(0)
    return found


def _principal_plane(points: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Begin with the two directions in which points differ most, tiny: the layout then depends on no luck."""
    centred = points - points.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    signs = np.sign(directions[:2].sum(axis=1, keepdims=True))
    plane = centred @ (directions[:2] * np.where(signs == 0, 1, signs)).T
    noise = rng.normal(size=plane.shape, scale=1e-6)  # equal points must be able to part
    return (plane / max(float(plane.std()), LEAST) * 1e-4 + noise).astype("float32")


def _on_the_square(places: NDArray[np.float32]) -> NDArray[np.float32]:
    reach = max(float(np.quantile(np.abs(places).max(axis=1), FARTHEST)), LEAST)
    inner = 0.5 - MARGIN
    return (0.5 + (places / reach).clip(-1, 1) * inner).astype("float32")


def place(
    points: NDArray[np.float32], landmarks: NDArray[np.float32], places: NDArray[np.float32], neighbours: int
) -> NDArray[np.float32]:
    """Place points (N, D) between their nearest landmarks (L, D), which lie at `places` (L, 2). Returns float32 (N, 2)."""
    distances = 1 - points @ landmarks.T  # of length 1 each
    count = min(neighbours, len(landmarks))
    nearest = np.argpartition(distances, count - 1, axis=1)[:, :count]
    weights = 1 / (np.take_along_axis(distances, nearest, axis=1).clip(0) + 1e-3) ** 2
    weights /= weights.sum(axis=1, keepdims=True)
    found: NDArray[np.float32] = (weights[..., None] * places[nearest]).sum(axis=1).astype("float32")
    return found


def clusters(places: NDArray[np.float32], radius: float, fewest: int) -> NDArray[np.int64]:
    """Group points (N, 2) that lie together, one link after another no longer than `radius`.

    Returns int64 (N,): 1 is the largest group, 0 what is in none of at least `fewest`.
    """
    cells: dict[tuple[int, int], list[int]] = {}
    for row, (x, y) in enumerate((places // radius).astype(int).tolist()):
        cells.setdefault((x, y), []).append(row)
    groups = np.zeros(len(places), "int64")
    found: list[list[int]] = []
    seen = np.zeros(len(places), bool)
    for start in range(len(places)):
        if seen[start]:
            continue
        seen[start] = True
        group, edge = [start], [start]
        while edge:
            here = places[edge.pop()]
            x, y = (here // radius).astype(int).tolist()
            around = [row for i in (-1, 0, 1) for j in (-1, 0, 1) for row in cells.get((x + i, y + j), [])]
            for row in around:
                if not seen[row] and np.hypot(*(places[row] - here)) <= radius:
                    seen[row] = True
                    group.append(row)
                    edge.append(row)
        if len(group) >= fewest:
            found.append(group)
    for number, group in enumerate(sorted(found, key=len, reverse=True), 1):
        groups[group] = number
    return groups
