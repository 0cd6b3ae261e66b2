from training.evaluation.gate import Row
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


def test_without_rows_there_are_headings() -> None:
    assert gate_table([]) == "  metric  champion  challenger  limit  verdict"
