"""Making a version again from what its run wrote down, to see whether it is what it says."""

from dataclasses import dataclass

from recognizer import registry
from recognizer.baseline import shipped_baseline
from recognizer.exams import exam_spec
from recognizer.models import Drawing, ModelVersion
from training.config import RunConfig
from training.curation import snapshots
from training.curation.training_set import ExamLeakage
from training.data.replay import load_replay
from training.evaluation import runner
from training.evaluation.exam_sets import full_exam_set
from training.models import DatasetSnapshot, TrainingRun
from training.runs import pipeline
from training.runs.progress import Steps

NOISE_POINTS = 0.2  # of an exam's accuracy: about twice the spread of five seeds on 3,500 pen digits


class NotReproducible(ValueError):
    """There is not enough on record to make this version again."""


@dataclass(frozen=True)
class Remade:
    """A version beside its copy: `exams` maps names to (accuracy on record, accuracy of the copy)."""

    same_weights: bool
    missing: int
    exams: dict[str, tuple[float, float]]

    @property
    def same_results(self) -> bool:
        return all(abs(was - now) * 100 <= NOISE_POINTS for was, now in self.exams.values())


def remake(version: ModelVersion, steps: Steps) -> Remade:
    """Train a version again from its snapshot, config and seed. Stores nothing.

    Raises:
        NotReproducible: it was not made by a run here, or from another shipped baseline, or with other data to replay; or
            it learned from pictures that an exam holds since.
    """
    run = TrainingRun.objects.select_related("snapshot", "champion").filter(challenger=version).first()
    if run is None or run.snapshot is None:
        raise NotReproducible(f"{version} was not made by a training run of this installation.")
    if run.environment.get("baseline") != shipped_baseline().card["keras_sha256"]:
        raise NotReproducible(f"{version} was fine-tuned from another release's baseline.")
    config = RunConfig.from_dict(run.config)
    replay = load_replay(config.fine_tune)
    if run.environment.get("replay", replay.source) != replay.source:
        raise NotReproducible(f"{version} was shown other data again than is here now: {run.environment['replay']}.")
    exam_set = full_exam_set()
    try:
        known = snapshots.learned_by(run.champion) if run.champion else set()
        challenger = pipeline.learn(run.snapshot, config.fine_tune, exam_set, replay, steps, known)
    except ExamLeakage as error:
        raise NotReproducible(f"{version} learned from what is an exam question since: {error}") from error
    copy = runner.evaluate(challenger.model, exam_set)
    served = registry.load_model(version)
    original = runner.evaluate(served, exam_set)
    return Remade(
        same_weights=challenger.model.tflite == served.tflite,
        missing=_missing(run.snapshot),
        exams={
            exam_spec(name).title: (original.reports[name].accuracy, report.accuracy)
            for name, report in copy.reports.items()
        },
    )


def _missing(snapshot: DatasetSnapshot) -> int:
    """How many of the drawings that were learned from have been deleted since."""
    ids = [drawing_id for drawing_id, _ in snapshot.manifest["members"]]
    there = sum(Drawing.objects.filter(pk__in=ids[start : start + 500]).count() for start in range(0, len(ids), 500))
    return len(ids) - there
