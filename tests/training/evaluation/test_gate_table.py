from training.evaluation.gate import FELL, GAINED, HELD, KEPT, Row
from training.evaluation.gate_table import gate_table


def test_columns_are_as_wide_as_their_widest_cell_and_what_failed_is_marked() -> None:
    rows = [
        Row("size", "size", "1,659 KB", "1,660 KB", "2,048 KB", "within the budget", True),
        Row("mnist.champion", "MNIST test", "99.70 %", "99.5 %", "99.60 %", "falls", False),
    ]
    assert gate_table(rows).splitlines() == [
        "  metric      champion  challenger  limit     verdict",
        "  size        1,659 KB  1,660 KB    2,048 KB  within the budget",
        "x MNIST test  99.70 %   99.5 %      99.60 %   falls",
    ]


def test_a_gain_and_a_fall_that_is_allowed_are_told_from_what_is_fine() -> None:
    rows = [Row("size", "size", "1", "1", "2", "well", True, standing) for standing in (GAINED, FELL, KEPT, "")]
    rows.append(Row("size", "size", "1", "3", "2", "too large", False, HELD))
    assert [line[:2] for line in gate_table(rows).splitlines()] == ["  ", "+ ", "! ", "  ", "  ", "x "]


def test_without_rows_there_are_headings() -> None:
    assert gate_table([]) == "  metric  champion  challenger  limit  verdict"
