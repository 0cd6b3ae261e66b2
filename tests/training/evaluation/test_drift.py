import numpy as np
import pytest

from training.evaluation.drift import accuracy_without_labels, chi_squared_tail, homogeneity, largest_shift


@pytest.mark.parametrize(
    ("statistic", "degrees", "p"),
    [(3.841, 1, 0.05), (5.991, 2, 0.05), (7.815, 3, 0.05), (16.919, 9, 0.05), (23.209, 10, 0.01), (0.0, 4, 1.0)],
)
def test_tail_is_that_of_the_tables(statistic: float, degrees: int, p: float) -> None:
    assert chi_squared_tail(statistic, degrees) == pytest.approx(p, abs=2e-4)


def test_same_shares_are_no_drift_and_others_are() -> None:
    rng = np.random.default_rng(1)
    shares = np.full(10, 0.1)
    same = [
        homogeneity(rng.multinomial(400, shares).tolist(), rng.multinomial(600, shares).tolist()) for _ in range(400)
    ]
    assert 0.02 < np.mean([p is not None and p < 0.05 for p in same]) < 0.09
    moved = np.array([0.2, *[0.8 / 9] * 9])
    p = homogeneity(rng.multinomial(2000, shares).tolist(), rng.multinomial(1000, moved).tolist())
    assert p is not None
    assert p < 1e-6


def test_too_little_tells_nothing() -> None:
    assert homogeneity([1, 0, 1], [0, 1, 0]) is None
    assert homogeneity([0, 0], [5, 5]) is None


def test_accuracy_without_labels_covers_the_truth() -> None:
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(200):
        sure = rng.beta(8, 1.5, 400)
        right = (rng.random(400) < sure).mean()
        found = accuracy_without_labels(sure, [])
        assert found is not None
        covered += found.low <= right <= found.high
    assert covered >= 180


def test_model_that_was_too_sure_in_its_exam_is_not_believed() -> None:
    bins = [{"confidence": 0.95, "accuracy": 0.7, "n": 2000}]
    found = accuracy_without_labels(np.full(500, 0.95), bins)  # type: ignore[arg-type]  # as an exam's report keeps them
    assert found is not None
    assert 0.68 < found.accuracy < 0.72


def test_largest_shift_names_the_class() -> None:
    assert largest_shift([50, 50], [80, 20]) == (0, 0.5, 0.8)
