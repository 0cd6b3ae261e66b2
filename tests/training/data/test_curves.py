import numpy as np

from training.data.curves import curve_through

CORNERS = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 20.0], [0.0, 20.0]])


def test_a_curve_runs_through_its_points_and_ends_at_the_last() -> None:
    curve = curve_through(CORNERS, CORNERS[0], CORNERS[-1], 8)
    assert curve.shape == (3 * 8 + 1, 2)
    np.testing.assert_allclose(curve[::8], CORNERS)


def test_points_on_a_line_give_a_line_at_an_even_pace() -> None:
    line = np.array([[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]])
    curve = curve_through(line, np.array([-1.0, -2.0]), np.array([3.0, 6.0]), 4)
    np.testing.assert_allclose(curve, np.column_stack([np.linspace(0, 2, 9), np.linspace(0, 4, 9)]))


def test_where_it_comes_from_bends_the_start_alone() -> None:
    straight, bent = (curve_through(CORNERS, before, CORNERS[-1], 8) for before in (CORNERS[0], np.array([0.0, 9.0])))
    assert np.abs(straight - bent)[1:8, 1].min() > 0
    np.testing.assert_array_equal(straight[8:], bent[8:])
