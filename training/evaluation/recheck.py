"""What is looked at once more before a person lets a version speak.

Nobody waits for ten thousand digits: what can be asked at once is answered afresh, by the version and by the present champion;
the long frozen exams count as they are on record, where the record shows that both answered the same questions.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q

from recognizer import registry
from recognizer.baseline import shipped_baseline
from recognizer.errors import CorruptArtifact
from recognizer.imaging.preprocessing import PREPROCESSING_VERSION
from recognizer.inference.calibrated_model import CalibratedModel
from recognizer.models import ModelVersion
from training.config import GatePolicy
from training.evaluation import comparison, gate, runner
from training.evaluation.exam_sets import ExamSet, quick_exam_set
from training.evaluation.runner import Evaluation
from training.models import TrainingRun

DRAWINGS = 500  # the newest of exam contributors: about two seconds, and a 99 % score is known within a point
ON_RECORD = (gate.MNIST, gate.PEN)
TIMED = 50  # drawings: enough to see that a model is twice as slow
RUNS_READ = 5  # in which a version sat; older ones sat the same exams
NOW, RECORD, BOTH = "just now", "on record", "both"
ADDED_UP = "digits refused"  # the gate's row that adds up all exams


@dataclass(frozen=True)
class Recheck:
    """The gate's rules applied once more. `is_finite` is False where the version answered with what is no number."""

    decision: gate.Decision
    recorded: list[str]
    is_finite: bool

    def to_dict(self) -> dict:
        """The decision as a run keeps it, each row with its `source`."""
        decision = self.decision.to_dict()
        for row in decision["rows"]:
            row["source"] = self.source_of(row["metric"])
        return decision

    def source_of(self, metric: str) -> str:
        if metric == ADDED_UP and self.recorded:
            return BOTH
        return RECORD if any(gate.EXAM_TITLES[exam] in metric for exam in self.recorded) else NOW


def recheck_version(version: ModelVersion, champion: ModelVersion | None, drawings: int = DRAWINGS) -> Recheck:
    """Compare a version with the champion and the shipped baseline, here and now.

    Args:
        drawings: of people's, at most; 0 asks the golden set alone.

    Raises:
        CorruptArtifact: the version cannot answer.
    """
    exam_set = quick_exam_set(drawings)
    models = {"challenger": _sound_model(version), "baseline": shipped_baseline().model}
    records = {"challenger": list(_record_of(version)), "baseline": list(_baseline_record())}
    notes = []
    try:
        if champion is None:
            raise CorruptArtifact("there is none")
        models["champion"] = _sound_model(champion)
        records["champion"] = list(_record_of(champion))
    except CorruptArtifact as error:
        notes.append(f"The champion cannot answer ({error}), so the shipped baseline stands in for it.")
        models["champion"], records["champion"] = models["baseline"], records["baseline"]
    evaluations = _examine(models, exam_set)
    reports = {who: {name: report.to_dict() for name, report in of.reports.items()} for who, of in evaluations.items()}
    recorded = _add_what_is_on_record(reports, records)
    candidates = {who: _candidate(of, reports[who]) for who, of in evaluations.items()}
    decision = gate.decide(
        candidates["champion"],
        candidates["challenger"],
        candidates["baseline"],
        _paired(reports["champion"], reports["challenger"]),
        _paired(reports["baseline"], reports["challenger"]),
        GatePolicy(),
    )
    notes += [*_asked(reports["challenger"], drawings), *_on_record(recorded)]
    decision = gate.Decision(decision.promote, decision.reasons, notes, decision.rows)
    return Recheck(decision, recorded, evaluations["challenger"].is_finite)


def _sound_model(version: ModelVersion) -> CalibratedModel:
    if version.preprocessing_version != PREPROCESSING_VERSION:
        raise CorruptArtifact(f"{version} reads ink prepared by another release")
    return registry.load_model(version)


def _examine(models: dict[str, CalibratedModel], exam_set: ExamSet) -> dict[str, Evaluation]:
    """Let each sit; those that are the same model sit once."""
    sat = {model: runner.evaluate(model, exam_set, rounds=TIMED) for model in set(models.values())}
    return {who: sat[model] for who, model in models.items()}


def _candidate(evaluations: Evaluation, reports: dict[str, dict]) -> gate.Candidate:
    scores = {name: comparison.score(report) for name, report in reports.items()}
    return gate.Candidate(scores, None, evaluations.latency_ms, evaluations.artifact_bytes, evaluations.is_finite)


def _paired(before: dict[str, dict], after: dict[str, dict]) -> dict[str, gate.Paired]:
    return {name: comparison.pair(before[name], report) for name, report in after.items() if name in before}


# the record


def _record_of(version: ModelVersion) -> Iterator[dict[str, dict]]:
    """Yield a version's exam reports: its own, then those of the latest runs that it sat in."""
    yield version.metrics
    if registry.find_baseline() == version:
        yield from _baseline_record()
    for run in TrainingRun.objects.filter(Q(challenger=version) | Q(champion=version)).only("reports", "challenger_id")[
        :RUNS_READ
    ]:
        yield _sat(run, "challenger" if run.challenger_id == version.pk else "champion")


def _baseline_record() -> Iterator[dict[str, dict]]:
    yield shipped_baseline().card["metrics"]
    digest = shipped_baseline().card["keras_sha256"]
    for run in TrainingRun.objects.filter(environment__baseline=digest).only("reports")[:RUNS_READ]:
        yield _sat(run, "baseline")


def _sat(run: TrainingRun, who: str) -> dict[str, dict]:
    return {name: reports[who] for name, reports in run.reports.items() if who in reports}


def _add_what_is_on_record(reports: dict[str, dict], records: dict[str, list[dict]]) -> list[str]:
    """Add to each one's reports the frozen exams that version and champion both sat. Returns which."""
    added = []
    for exam in ON_RECORD:
        for report in _all(records["challenger"], exam):
            partner = next(_same_questions(records["champion"], exam, report), None)
            if partner is not None:
                reports["challenger"][exam], reports["champion"][exam] = report, partner
                shipped = next(_same_questions(records["baseline"], exam, report), None)
                if shipped is not None:
                    reports["baseline"][exam] = shipped
                added.append(exam)
                break
    return added


def _all(record: list[dict], exam: str) -> Iterator[dict]:
    """Yield the reports of one exam that say which questions were asked; those of older releases do not."""
    return (metrics[exam] for metrics in record if metrics.get(exam, {}).get("questions"))


def _same_questions(record: list[dict], exam: str, report: dict) -> Iterator[dict]:
    return (other for other in _all(record, exam) if other["questions"] == report["questions"])


# what the table rests on, in words


def _asked(reports: dict[str, dict], drawings: int) -> list[str]:
    count = reports.get(gate.DRAWINGS, {}).get("n", 0)
    asked = f"Answered afresh just now by both: the {reports[gate.GOLDEN]['n']} pictures of the golden set"
    if not drawings:
        return [f"{asked}."]
    if not count:
        return [f"{asked}. There are no exam drawings by people yet."]
    enough = GatePolicy().drawings_enough
    few = f" It takes {enough} to tell." if count < enough else ""
    return [f"{asked}, and the newest {count} drawings of exam contributors.{few}"]


def _on_record(recorded: list[str]) -> list[str]:
    """Say which frozen exams count as they are on record, and which do not count at all."""
    notes = []
    if recorded:
        titles = " and ".join(gate.EXAM_TITLES[exam] for exam in recorded)
        notes.append(f"On record, not sat again: {titles}. Both answered the same questions.")
    missing = [gate.EXAM_TITLES[exam] for exam in ON_RECORD if exam not in recorded]
    if missing:
        notes.append(f"Not compared: {' and '.join(missing)}. No record shows both versions on the same questions.")
    return notes
