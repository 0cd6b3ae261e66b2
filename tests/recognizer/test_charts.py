import pytest

from recognizer.charts import Plot, grid, named, share_chart


@pytest.mark.parametrize(
    ("low", "high", "levels"),
    [
        (0.971, 1.0, [0.97, 0.98, 0.99, 1.0]),
        (0.3, 0.3, [0.298, 0.3]),
        (0.0, 0.0, [0.0, 0.002]),
        (0.0, 1.0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
    ],
)
def test_grid_is_round_and_holds_all_values(low: float, high: float, levels: list[float]) -> None:
    assert grid(low, high, 4) == pytest.approx(levels)


def test_grid_is_named_as_exactly_as_its_step() -> None:
    assert [text for _, text in named(grid(0.97, 1.0, 4))] == ["97 %", "98 %", "99 %", "100 %"]
    assert [text for _, text in named(grid(0.99, 1.0, 4))] == ["99.0 %", "99.5 %", "100.0 %"]


def test_plot_maps_shares_upwards_and_places_from_edge_to_edge() -> None:
    plot = Plot(left=10, right=110, top=0, bottom=50, low=0.5, high=1.0)
    assert [plot.y(share) for share in (0.5, 0.75, 1.0)] == [50, 25, 0]
    assert [plot.x(place, 3) for place in range(3)] == [10, 60, 110]
    assert [plot.column(place, 2) for place in range(2)] == [35, 85]
    assert plot.x(0, 1) == 10


def test_line_leaves_out_what_was_not_measured() -> None:
    chart = share_chart(["1", "2", "3"], {"golden set": [0.9, None, 1.0]})
    (line,) = chart.lines
    assert [(point.name, point.text) for point in line.points] == [("1", "90.00 %"), ("3", "100.00 %")]
    assert chart.table[1] == ("2", ["-"])
    assert chart.is_worth_drawing
