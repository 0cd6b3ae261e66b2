"""The gate's verdict on a run, once more, from nothing but what its row keeps. Pure."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TypedDict

from recognizer.exam_reports import ExamReport
from training.config import GatePolicy
from training.evaluation import comparison, gate
from training.evaluation.gate import Candidate, Decision, HeldOut, Paired
from training.evaluation.runner import Evaluation

# What holds a version that the gate let pass: its whole reason, and how another begins
OVERTAKEN = "Another version became champion meanwhile."
HELD_BY_HAND = "It passed, but "


class Measured(TypedDict):
    """What the gate was given besides the reports, as a run's row keeps it.

    `exams` is their order, which PostgreSQL's JSON does not keep and the gate's table follows. `paired` and `paired_baseline` are
    gate.Paired by exam; `latency_ms`, `artifact_bytes` and `is_finite` are by candidate; `rules` is gate.RULES.
    """

    rules: int
    exams: list[str]
    agreement: float | None
    latency_ms: dict[str, float]
    artifact_bytes: dict[str, int]
    is_finite: dict[str, bool]
    paired: dict[str, dict[str, Any]]
    paired_baseline: dict[str, dict[str, Any]]
    held_out: dict[str, Any]


def measured(
    evaluations: Mapping[str, Evaluation],
    agreement: float | None,
    paired: Mapping[str, Paired],
    paired_baseline: Mapping[str, Paired],
    held_out: HeldOut,
) -> Measured:
    """Collect what the gate is given, for the run's row; `agreement` is None where it is no number, which JSON cannot say."""
    return {
        "rules": gate.RULES,
        "exams": list(evaluations["challenger"].reports),
        "agreement": agreement if agreement == agreement else None,
        "latency_ms": {who: of.latency_ms for who, of in evaluations.items()},
        "artifact_bytes": {who: of.artifact_bytes for who, of in evaluations.items()},
        "is_finite": {who: of.is_finite for who, of in evaluations.items()},
        "paired": {exam: asdict(pair) for exam, pair in paired.items()},
        "paired_baseline": {exam: asdict(pair) for exam, pair in paired_baseline.items()},
        "held_out": asdict(held_out),
    }


def can_be_judged(given: Mapping[str, Any]) -> bool:
    """Whether a run was decided by the present rules, and its row says by what numbers."""
    return given.get("rules") == gate.RULES


def disagreement(
    reports: Mapping[str, Any], given: Mapping[str, Any], config: Mapping[str, Any], decision: Mapping[str, Any]
) -> str:
    """Judge a run's row anew. Returns what the row says otherwise than the gate does, in words, or "".

    What an older release decided, by other rules, is not judged by these.
    """
    if not can_be_judged(given):
        return ""
    read = {who: _reports(reports, given["exams"], who) for who in ("champion", "challenger", "baseline")}
    for name, other in (("paired", "champion"), ("paired_baseline", "baseline")):
        pairs = _pairs(given, name)
        wrong = [exam for exam, pair in pairs.items() if _contradict(read[other][exam], read["challenger"][exam], pair)]
        if wrong:
            return f"what changed in {wrong[0]} is not what its reports say"
    return _difference(_judge(read, given, config), decision)


def _judge(
    read: Mapping[str, Mapping[str, ExamReport]], given: Mapping[str, Any], config: Mapping[str, Any]
) -> Decision:
    candidates = {
        who: Candidate(
            {exam: comparison.score(report) for exam, report in reports.items()},
            _agreement(given) if who == "challenger" else None,
            given["latency_ms"][who],
            given["artifact_bytes"][who],
            given["is_finite"][who],
        )
        for who, reports in read.items()
    }
    return gate.decide(
        candidates["champion"],
        candidates["challenger"],
        candidates["baseline"],
        _pairs(given, "paired"),
        _pairs(given, "paired_baseline"),
        GatePolicy.from_dict(dict(config["gate"])),
        HeldOut(**given["held_out"]),
    )


def _difference(judged: Decision, decision: Mapping[str, Any]) -> str:
    """Say where a decision on record is not the one just made; findings, and the last notes, are not the gate's."""
    again, notes = judged.to_dict(), decision.get("notes", [])
    if again["rows"] != decision.get("rows"):
        return "its table is not the gate's"
    if again["notes"] != notes[: len(again["notes"])]:
        return "its notes are not the gate's"
    reasons, promote = decision.get("reasons"), decision.get("promote")
    if judged.promote and not promote and _is_obstacle(reasons):
        return ""
    if again["promote"] != promote or again["reasons"] != reasons:
        return f"the gate says {'promote' if judged.promote else 'hold'}: {'; '.join(judged.reasons)}"
    return ""


def _is_obstacle(reasons: object) -> bool:
    if not (isinstance(reasons, list) and len(reasons) == 1 and isinstance(reasons[0], str)):
        return False
    return reasons[0] == OVERTAKEN or reasons[0].startswith(HELD_BY_HAND)


def _reports(reports: Mapping[str, Any], exams: list[str], who: str) -> dict[str, ExamReport]:
    return {exam: ExamReport.from_dict(reports[exam][who]) for exam in exams}


def _pairs(given: Mapping[str, Any], name: str) -> dict[str, Paired]:
    return {exam: _pair(given[name][exam]) for exam in given["exams"]}


def _pair(stored: Mapping[str, Any]) -> Paired:
    counts: dict[str, Any] = {key: tuple(part) if isinstance(part, list) else part for key, part in stored.items()}
    return Paired(**counts)


def _contradict(before: ExamReport, after: ExamReport, pair: Paired) -> bool:
    """Whether two reports that name what they missed count other changes than are on record."""
    return before.missed is not None and after.missed is not None and comparison.pair(before, after) != pair


def _agreement(given: Mapping[str, Any]) -> float:
    """What is no number was kept as None, for a challenger's is always measured."""
    return float("nan") if given["agreement"] is None else float(given["agreement"])
