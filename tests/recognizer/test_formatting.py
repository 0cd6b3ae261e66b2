"""Percentages as every page and every reason writes them."""

import pytest

from recognizer.formatting import brief_percent, percent, percent_range


@pytest.mark.parametrize(
    ("share", "digits", "text"),
    [(0.9874, 2, "98.74 %"), (0.9874, 0, "99 %"), (0.0, 1, "0.0 %"), (1.0, 2, "100.00 %"), (None, 2, "-")],
)
def test_a_share_has_as_many_digits_as_are_asked_for(share: float | None, digits: int, text: str) -> None:
    assert percent(share, digits) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.62, "62 %"), (0.02, "2 %"), (0.019, "1.9 %"), (0.98, "98 %"), (0.981, "98.1 %"), (None, "-")],
)
def test_a_brief_share_shows_tenths_near_the_ends_alone(share: float | None, text: str) -> None:
    assert brief_percent(share) == text


def test_a_range_names_its_unit_once() -> None:
    assert percent_range(0.971, 0.98744, 2) == "97.10 to 98.74 %"
