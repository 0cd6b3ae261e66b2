"""The gate's table for a terminal."""

from collections.abc import Sequence

from training.evaluation.gate import FELL, GAINED, Row

MARKS = {GAINED: "+ ", FELL: "! "}
HEAD = ("metric", "champion", "challenger", "limit", "verdict")


def gate_table(rows: Sequence[Row]) -> str:
    """Lay out a decision's rows under their headings, marked: x did not pass, + is a gain, ! is a fall that is allowed."""
    cells = [HEAD, *((row.metric, row.champion, row.challenger, row.limit, row.verdict) for row in rows)]
    marks = ["  ", *(MARKS.get(row.standing, "  ") if row.passed else "x " for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        mark + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for mark, line in zip(marks, cells, strict=True)
    ]
    return "\n".join(lines)
