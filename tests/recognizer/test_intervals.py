import pytest

from recognizer.intervals import Share, wilson
from tests.support.known import known


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (1, 200, 0.0009, 0.0278)],
)
def test_interval_is_wilsons(hits: int, total: int, low: float, high: float) -> None:
    share = known(Share.of(hits, total))
    assert (share.low, share.high) == pytest.approx((low, high), abs=1e-4)


def test_share_of_nothing_is_unknown() -> None:
    assert Share.of(0, 0) is None


def test_wilson_agrees_with_the_published_example() -> None:
    # Newcombe 1998, table I: 81 of 263, score method without continuity correction
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-4)
    assert wilson(0, 0) == (0.0, 1.0)
    low, high = wilson(100, 100)
    assert low < 1.0
    assert high == 1.0
