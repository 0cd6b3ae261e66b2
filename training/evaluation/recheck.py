"""The recheck: what is compared once more before a reviewer lets a version speak.

Nobody waits for ten thousand digits: what can be asked at once is answered afresh, by the version and by the present champion;
the long frozen exams count as they are on record, where the record shows that both answered the same questions.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

from django.db.models import Q

from recognizer import registry
from recognizer.baseline import shipped_baseline
from recognizer.errors import CorruptArtifact
from recognizer.exam_reports import ExamReport, read_reports
from recognizer.exams import DRAWINGS, EXAMS, GOLDEN, MNIST, PEN, TAUGHT, THINGS, exam_spec
from recognizer.imaging.preprocessing import PREPROCESSING_VERSION
from recognizer.inference.calibrated_model import CalibratedModel
from recognizer.models import ModelVersion
from training.config import GatePolicy
from training.curation.rereading import labelled_pairs
from training.evaluation import comparison, gate, runner
from training.evaluation.exam_sets import ExamSet, quick_exam_set
from training.evaluation.paired_tests import chance_of_falling, chance_of_rising
from training.evaluation.runner import Evaluation
from training.models import TrainingPolicy, TrainingRun

DRAWINGS_MOST = 500  # the newest of exam contributors: about two seconds, and a 99 % score is known within a point
TIMED = 50  # drawings: enough to see that a model is twice as slow
RUNS_READ = 5  # in which a version was evaluated; older ones asked the same exams
NOW, RECORD, BOTH = "just now", "on record", "both"
# the gate's rows that add up exams, fresh and on record, and the exams that may be on record and count there
ADDED_UP = {"digits_refused": {MNIST, PEN}, "others_refused": {THINGS}}

Reports = dict[str, ExamReport]  # by exam


@dataclass(frozen=True, kw_only=True)
class SourcedRow(gate.Row):
    """A row of the gate's table with where its figures come from: NOW, RECORD or BOTH."""

    source: str


@dataclass(frozen=True)
class Recheck:
    """The gate's rules applied once more. `is_finite` is False where the version answered with what is no number."""

    decision: gate.Decision
    recorded: list[str]
    is_finite: bool

    @property
    def rows(self) -> list[SourcedRow]:
        return [SourcedRow(**asdict(row), source=self._source_of(row)) for row in self.decision.rows]

    def _source_of(self, row: gate.Row) -> str:
        if row.key in ADDED_UP:
            return BOTH if ADDED_UP[row.key] & set(self.recorded) else NOW
        return RECORD if row.exam in self.recorded else NOW


def recheck_version(version: ModelVersion, champion: ModelVersion | None, drawings: int = DRAWINGS_MOST) -> Recheck:
    """Compare a version with the champion and the shipped baseline, here and now.

    Args:
        drawings: of exam contributors, at most; 0 asks the golden set alone.

    Raises:
        CorruptArtifact: the version cannot answer.
    """
    exam_set = quick_exam_set(drawings)
    models, records, notes = _compared(version, champion)
    evaluations = _evaluate(models, exam_set)
    reports = {who: {name: report.summary() for name, report in of.reports.items()} for who, of in evaluations.items()}
    recorded = _add_what_is_on_record(reports, records)
    candidates = {who: _candidate(of, reports[who]) for who, of in evaluations.items()}
    decision = gate.decide(
        candidates["champion"],
        candidates["challenger"],
        candidates["baseline"],
        _paired(reports["champion"], reports["challenger"]),
        _paired(reports["baseline"], reports["challenger"]),
        TrainingPolicy.load().weigh(GatePolicy()),
        needs_gain=False,
    )
    notes += [*_asked(reports["challenger"], drawings), *_on_record(recorded), *_live(version)]
    return Recheck(replace(decision, notes=notes), recorded, evaluations["challenger"].is_finite)


def _compared(
    version: ModelVersion, champion: ModelVersion | None
) -> tuple[dict[str, CalibratedModel], dict[str, list[Reports]], list[str]]:
    """Load challenger, baseline and champion, each with its record; notes say where the baseline stands in for the champion."""
    models = {"challenger": _sound_model(version), "baseline": shipped_baseline().model}
    records = {"challenger": list(_record_of(version)), "baseline": list(_baseline_record())}
    try:
        if champion is None:
            raise CorruptArtifact("there is none")
        models["champion"], records["champion"] = _sound_model(champion), list(_record_of(champion))
    except CorruptArtifact as error:
        models["champion"], records["champion"] = models["baseline"], records["baseline"]
        return models, records, [f"The champion cannot answer ({error}), so the shipped baseline stands in for it."]
    return models, records, []


def _sound_model(version: ModelVersion) -> CalibratedModel:
    if version.preprocessing_version != PREPROCESSING_VERSION:
        raise CorruptArtifact(f"{version} reads ink prepared by another release")
    return registry.load_model(version)


def _evaluate(models: dict[str, CalibratedModel], exam_set: ExamSet) -> dict[str, Evaluation]:
    """Evaluate each; those that are the same model, once."""
    evaluations = {model: runner.evaluate(model, exam_set, rounds=TIMED) for model in set(models.values())}
    return {who: evaluations[model] for who, model in models.items()}


def _candidate(evaluation: Evaluation, reports: Reports) -> gate.Candidate:
    scores = {name: comparison.score(report) for name, report in reports.items()}
    return gate.Candidate(scores, None, evaluation.latency_ms, evaluation.artifact_bytes, evaluation.is_finite)


def _paired(before: Reports, after: Reports) -> dict[str, gate.Paired]:
    return {name: comparison.pair(before[name], report) for name, report in after.items() if name in before}


# the record


def _record_of(version: ModelVersion) -> Iterator[Reports]:
    """Yield a version's exam reports: its own, then those of the latest runs that it was evaluated in."""
    yield read_reports(version.metrics)
    if registry.find_baseline() == version:
        yield from _baseline_record()
    for run in TrainingRun.objects.filter(Q(challenger=version) | Q(champion=version)).only("reports", "challenger_id")[
        :RUNS_READ
    ]:
        yield _in_run(run, "challenger" if run.challenger_id == version.pk else "champion")


def _baseline_record() -> Iterator[Reports]:
    yield read_reports(shipped_baseline().card["metrics"])
    digest = shipped_baseline().card["keras_sha256"]
    for run in TrainingRun.objects.filter(environment__baseline=digest).only("reports")[:RUNS_READ]:
        yield _in_run(run, "baseline")


def _in_run(run: TrainingRun, who: str) -> Reports:
    return read_reports({name: reports.get(who) for name, reports in run.reports.items()})


def _add_what_is_on_record(reports: dict[str, Reports], records: dict[str, list[Reports]]) -> list[str]:
    """Add to each one's reports the frozen exams in which version and champion were both evaluated. Returns which."""
    added = []
    for exam in _long_exams():
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


def _long_exams() -> list[str]:
    return [*(exam.name for exam in EXAMS if exam.may_count_on_record), TAUGHT]


def _all(record: list[Reports], exam: str) -> Iterator[ExamReport]:
    """Yield the reports of one exam that say which questions were asked; those of older releases do not."""
    return (reports[exam] for reports in record if exam in reports and reports[exam].questions)


def _same_questions(record: list[Reports], exam: str, report: ExamReport) -> Iterator[ExamReport]:
    return (other for other in _all(record, exam) if other.questions == report.questions)


# what the table rests on, in words


def _asked(reports: Reports, drawings: int) -> list[str]:
    count = reports[DRAWINGS].n if DRAWINGS in reports else 0
    asked = f"Answered afresh just now by both: the {reports[GOLDEN].n} pictures of the golden set"
    if not drawings:
        return [f"{asked}."]
    if not count:
        return [f"{asked}. There are no exam drawings by people yet."]
    return [f"{asked}, and the newest {count} drawings of exam contributors."]


def _on_record(recorded: list[str]) -> list[str]:
    """Say which frozen exams count as they are on record, and which do not count at all."""
    notes = []
    if recorded:
        titles = _titles(recorded)
        notes.append(f"On record, not sat again: {titles}. Both answered the same questions.")
    missing = [
        exam for exam in _long_exams() if exam not in (*recorded, TAUGHT)
    ]  # few versions have both taken that one
    if missing:
        notes.append(f"Not compared: {_titles(missing)}. No record shows both versions on the same questions.")
    return notes


def _live(version: ModelVersion) -> list[str]:
    """Say how a held version did on what people drew since, which it read in the background and others labelled."""
    count, fixed, broken = labelled_pairs(version)
    if not count:
        return []
    better, worse = chance_of_rising(fixed, broken), chance_of_falling(fixed, broken)
    chance = f"{better:.2g} if it is no better" if fixed >= broken else f"{worse:.2g} if it is no worse"
    return [
        f"Of {count} live drawings that it read in the background and that were approved since it reads {fixed} that were "
        f"misread and misreads {broken} that were read (exact McNemar test: as likely as {chance})."
    ]


def _titles(exams: list[str]) -> str:
    *first, last = [exam_spec(exam).title for exam in exams]
    return f"{', '.join(first)} and {last}" if first else last
