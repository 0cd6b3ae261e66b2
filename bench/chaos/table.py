"""What a run found, as a table for people."""

import os
import sys
from collections import Counter

from bench.chaos.people import is_failure
from bench.chaos.run import Outcome, Report

HEAD = [
    ("fault", "---"),
    ("lasted", "---:"),
    ("calls", "---:"),
    ("failed", "---"),
    ("slowest", "---:"),
    ("`/healthz`", "---:"),
    ("healthy after", "---:"),
    ("lost", "---:"),
    ("twice", "---:"),
]


def table(report: Report) -> str:
    rows = [row(report, outcome) for outcome in report.outcomes]
    lines = [[title for title, _ in HEAD], [rule for _, rule in HEAD], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def row(report: Report, outcome: Outcome) -> list[str]:
    if outcome.not_tried:
        return [outcome.name, f"not tried: {outcome.not_tried}", *[""] * (len(HEAD) - 2)]
    verdict, name = report.verdict, outcome.name
    failures = report.failures(outcome)
    return [
        name,
        f"{outcome.lasted:.1f} s",
        f"{len(report.calls(outcome)):,}",
        ", ".join(f"{kind} × {count}" for kind, count in failures.most_common()) or "none",
        f"{report.slowest(outcome):.1f} s",
        f"{outcome.slowest_probe:.2f} s",
        "never" if outcome.healthy_after is None else f"{outcome.healthy_after:.1f} s",
        str(verdict.lost[name] + verdict.labels_lost[name]),
        str(verdict.twice[name]),
    ]


def summary(report: Report) -> str:
    verdict, calls = report.verdict, report.ledger.calls
    failed = Counter(call.outcome for call in calls if is_failure(call.outcome))
    healed = [outcome.healthy_after or 0 for outcome in report.tried]
    lines = [
        f"* {len(report.tried)} faults, {len(calls):,} calls in {report.seconds / 60:.1f} minutes "
        f"({os.cpu_count()} cores, at the end with a load of {os.getloadavg()[2]:.0f}; Python {sys.version.split()[0]}); "
        f"{failed.total():,} calls failed, and were sent again.",
        f"* Acknowledged drawings lost: {verdict.lost.total()}. Acknowledged labels lost: {verdict.labels_lost.total()}. "
        f"Drawings stored twice: {verdict.twice.total()}. Drawings in the database: {verdict.drawings:,}.",
        f"* Events that do not go on from the one before, lead elsewhere or are missing: {verdict.events_wrong.total()} "
        f"drawings, of {verdict.events:,} events.",
        f"* Champions: {verdict.champions}. Runs that hang: {verdict.stuck_runs}; "
        f"runs: {', '.join(f'{count} {status}' for status, count in verdict.runs.items()) or 'none'}.",
        f"* Answers by a version that was not champion: {verdict.strangers.total()}. Drawings read again by the version that "
        f"is said to have read them: {verdict.read_again}, otherwise than stored: {verdict.read_otherwise}.",
        f"* Slowest answer: {max((call.seconds for call in calls), default=0):.1f} s. Slowest `/healthz` of a process that was "
        f"not stopped itself: {max((outcome.slowest_probe for outcome in report.tried), default=0):.2f} s. "
        f"Longest until healthy: {max(healed, default=0):.1f} s.",
    ]
    if verdict.surprises:
        lines.append(f"* Surprises: {', '.join(f'{what} × {n}' for what, n in verdict.surprises.items())}.")
    return "\n".join(lines)


def page(report: Report) -> str:
    """Return docs/faults.md."""
    return f"""# Faults

What happens to drawings and answers when parts of an installation fall, freeze, fill up and come back. `make chaos` starts one
on loopback (PostgreSQL with all its safety on, Redis, nginx, three replicas of two processes, a worker and the clock), lets
many people draw, label, change their minds and delete, each at an address of their own, and makes one fault after the other.
Then it holds what people were told against the rows. This page is what its last run wrote; `bench/chaos/faults.py` says what
each fault is.

{summary(report)}

A failed call is one without an answer or with a 5xx; people send it again with its `Idempotency-Key`, as the page does.
*Healthy* is the moment of the last failed call after a fault was over. *Lost* counts acknowledged drawings and labels,
*twice* drawings with two rows.

{table(report)}
"""
