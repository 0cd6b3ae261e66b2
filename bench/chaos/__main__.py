"""`make chaos`: every fault, and docs/faults.md anew. `python -m bench.chaos --short`: ten of them, and no page."""

import argparse
import signal
import sys
from pathlib import Path

from bench.chaos.faults import FAULTS
from bench.chaos.run import run, workplace
from bench.chaos.stack import CannotRun
from bench.chaos.table import page, summary, table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "faults.md"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="ten faults, and as many calls as it takes")
    parser.add_argument("--only", help="faults whose name has this in it")
    parser.add_argument("--people", type=int, default=80)
    parser.add_argument("--calls", type=int, default=50_000, help="at least")
    parser.add_argument("--seconds-between", type=float, default=1.6, help="two drawings of one person")
    parser.add_argument("--write", action="store_true", help="write docs/faults.md")
    options = parser.parse_args()
    faults = [fault for fault in FAULTS if (fault.is_short or not options.short)]
    faults = [fault for fault in faults if not options.only or options.only in fault.name]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing is left running
    calls = 0 if options.short or options.only else options.calls
    try:
        with workplace() as folder:
            report = run(folder, faults, people=options.people, calls=calls, seconds_between=options.seconds_between)
    except CannotRun as reason:
        print(reason)
        return 1
    print(table(report), summary(report), sep="\n\n")
    if options.write:
        PAGE.write_text(page(report))
    return 0 if report.verdict.is_clean and report.all_healed else 1


if __name__ == "__main__":
    sys.exit(main())
