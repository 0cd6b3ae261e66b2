"""The gate's table for a terminal."""

COLUMNS = ("metric", "champion", "challenger", "limit", "verdict")


def gate_table(rows: list[dict]) -> str:
    """Lay out a decision's rows under their headings; what did not pass is marked."""
    cells = [list(COLUMNS), *([row[name] for name in COLUMNS] for row in rows)]
    marks = ["  ", *("  " if row["passed"] else "x " for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(COLUMNS))]
    lines = [
        mark + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for mark, line in zip(marks, cells, strict=True)
    ]
    return "\n".join(lines)
