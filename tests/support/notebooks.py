"""Runs a notebook's cells in order, in a process of their own, as Jupyter would: no kernel, and so none of its packages."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

RUN = """
import ast, json, sys
cells = json.load(open(sys.argv[1], encoding="utf-8"))["cells"]
names = {"__name__": "__main__"}
for number, cell in enumerate(cells):
    if cell["cell_type"] != "code":
        continue
    tree = ast.parse("".join(cell["source"]))
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, f"cell {number}", "exec"), names)
    if last is not None:  # a cell shows what its last line says
        shown = eval(compile(ast.Expression(last.value), f"cell {number}", "eval"), names)
        if shown is not None:
            print(shown)
"""


def run_notebook(path: Path, **environment: str) -> str:
    """Return what a notebook prints and shows as text. Fails with its error where a cell does."""
    settings = {"MPLBACKEND": "agg", "PYTHONPATH": str(ROOT)} | environment
    ended = subprocess.run(
        [sys.executable, "-c", RUN, str(path)],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    return ended.stdout
