"""make mutants: a table of modules, and a failure where fewer than SHARE of the mutants are noticed."""

import argparse
import os
import subprocess
import sys
import tomllib
from collections import Counter
from dataclasses import astuple, dataclass
from pathlib import Path

from tests.mutants.modules import TARGETS, Target

SHARE = 0.85  # of the mutants that are not allowed: what the tests of each module, and all together, must notice
MOST = 120  # mutants of one module
SEED = 1
ALLOWED = Path(__file__).with_name("allowed.toml")
HEADINGS = ("module", "mutants", "noticed", "survived", "allowed", "share")


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    module: str
    mutants: int
    noticed: int
    survived: int
    allowed: int

    @property
    def share(self) -> float:
        counted = self.mutants - self.allowed
        return self.noticed / counted if counted else 1.0

    def __str__(self) -> str:
        return _laid_out(*map(str, astuple(self)), f"{self.share:.1%}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("module", nargs="?", default="", help="its name or the end of it; every one if left out")
    parser.add_argument("--most", type=int, default=MOST, help="mutants of one module (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="which ones (default: %(default)s)")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)  # not in a process of its own
    chosen = parser.parse_args()
    targets = [target for target in TARGETS if f".{target.module}".endswith(chosen.module and f".{chosen.module}")]
    if not targets:
        parser.error(f"no module of that name; there are {', '.join(target.module for target in TARGETS)}")
    if chosen.here:
        print(_try(targets[0], chosen.most, chosen.seed))
        return 0
    return _table(targets, chosen.most, chosen.seed)


def _table(targets: list[Target], most: int, seed: int) -> int:
    """Try each module in a process of its own: what one module's tests loaded is no part of another's."""
    print(_laid_out(*HEADINGS), flush=True)
    lines = []
    for target in targets:
        command = [sys.executable, "-m", "tests.mutants", target.module, f"--most={most}", f"--seed={seed}", "--here"]
        lines.append(_followed(command))
    if len(lines) > 1:
        lines.append(Line("all", *(sum(column) for column in zip(*(astuple(line)[1:] for line in lines), strict=True))))
        print(lines[-1])
    return int(any(line.share < SHARE for line in lines))


def _followed(command: list[str]) -> Line:
    """Pass on what the process of one module prints, and read its last line: the module's own.

    Raises:
        CalledProcessError: its tests do not pass as things are.
    """
    last = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for last in process.stdout:
            print(last, end="", flush=True)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    module, *counts = last.split()[:5]
    return Line(module, *map(int, counts))


def _try(target: Target, most: int, seed: int) -> Line:
    """Try one module; survivors are printed as they are found, what pytest says goes where errors go."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # threads do not survive a fork; before NumPy is loaded
    from tests.mutants.making import mutants
    from tests.mutants.trying import Bench, Outcome

    table = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    bench, allowed, counts = Bench(target.module, target.tests), _allowed(target.module), Counter[str]()
    for mutant in mutants(bench.source, target.without, f"{seed} {target.module}"):
        outcome = bench.lay(mutant.source)
        if outcome is Outcome.NO_PROGRAM:
            continue
        counts["mutants"] += 1
        if outcome is Outcome.NOTICED:
            counts["noticed"] += 1
        elif (mutant.was, mutant.now) in allowed:
            counts["allowed"] += 1
        else:
            counts["survived"] += 1
            print(
                f"  {target.path}:{mutant.line}: {mutant.was}\n      survives as {mutant.now}", file=table, flush=True
            )
        if counts["mutants"] == most:
            break
    os.dup2(table.fileno(), 1)
    return Line(target.module, *(counts[name] for name in HEADINGS[1:-1]))


def _allowed(module: str) -> set[tuple[str, str]]:
    entries = tomllib.loads(ALLOWED.read_text(encoding="utf-8")).get(module, [])
    return {(entry["was"], entry["now"]) for entry in entries}


def _laid_out(module: str, *columns: str) -> str:
    return f"{module:<38}" + "".join(f"{column:>10}" for column in columns)


if __name__ == "__main__":
    sys.exit(main())
