"""One whole run, phase by phase: choose, prepare, learn, examine, decide. Needs no Celery; loads TensorFlow to learn."""

import logging
import os
import platform
from collections.abc import Set
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version as version_of
from typing import Any
from uuid import UUID

import numpy as np
import structlog
from django.db import Error as DatabaseError
from django.db import transaction
from numpy.typing import NDArray

from recognizer import registry
from recognizer.baseline import shipped_baseline
from recognizer.errors import CorruptArtifact
from recognizer.exams import MNIST, TAUGHT, exam_spec
from recognizer.formatting import percent
from recognizer.imaging.pixels import to_input
from recognizer.imaging.preprocessing import PREPROCESSING_VERSION
from recognizer.inference.calibrated_model import CalibratedModel
from recognizer.models import Contributor, ModelVersion
from training.config import FineTuneConfig, RunConfig
from training.curation import snapshots, training_set
from training.curation.drawing_views import render_drawings_to_learn
from training.curation.label_evidence import baseline_evidence, reference_evidence
from training.curation.label_noise import estimate_label_noise
from training.curation.stored_drawings import contributors_of
from training.curation.training_set import TrainingSet
from training.data.replay import Replay, is_digit, load_replay
from training.evaluation import comparison, gate, runner, verdicts
from training.evaluation.exam_label_noise import set_aside_noisy_labels
from training.evaluation.exam_sets import ExamSet, full_exam_set
from training.evaluation.look_alikes import without_look_alikes
from training.evaluation.reports import Exam, examine
from training.evaluation.runner import Evaluation
from training.evaluation.taught import NEW, Taught, findings
from training.learning.calibration import Unseen, recalibrate
from training.learning.cluster import Cluster
from training.learning.framework import load_framework
from training.models import DatasetSnapshot, RunCheckpoint, TrainingRun
from training.runs import history, outcomes
from training.runs.leases import Cancelled, HandedBack, Lease, LeaseLost, RunStopped
from training.runs.progress import Listener, Progress, Steps, connect_anew
from training.runs.resource_limits import own_folder

logger = logging.getLogger(__name__)
Status = TrainingRun.Status


class NothingNew(RunStopped):
    """The same drawings have been learned from, in the same way, and judged."""


@dataclass(frozen=True)
class Challenger:
    """What training gives: the network to learn on from, the model to serve, and how far one answers unlike the other.

    `taught` are the new drawings that it was made for.
    """

    keras: bytes
    model: CalibratedModel
    agreement: float
    taught: Taught


def execute(run: TrainingRun, config: RunConfig, listener: Listener | None = None) -> TrainingRun:
    """Do a claimed run and record what came of it. Raises nothing but what ends the process.

    A process killed anywhere in here leaves a row whose lease runs out, and nothing else that anybody sees: the new version, its
    promotion and the run's outcome appear in one transaction.
    """
    with Lease(run, config.limits) as lease, structlog.contextvars.bound_contextvars(run=run.pk):
        logger.info("%s started, by %s", run, run.get_trigger_display())
        try:
            with own_folder():
                _run_phases(run, config, Progress(run, lease, listener))
        except NothingNew as reason:
            run.finish(Status.NOTHING_NEW, error=str(reason), progress=1.0)
        except Cancelled:
            run.finish(Status.CANCELLED)
        except HandedBack:
            run.hand_back()
        except LeaseLost:
            logger.warning("run %s lost its lease; its result is refused", run.pk)
            run.refresh_from_db()
        except MemoryError:
            outcomes.finish(
                run, Status.FAILED, error=f"It needed more memory than {config.limits.memory_bytes >> 20} MB."
            )
        except Exception as error:
            # the edge of this process: whatever went wrong is the run's outcome, the champion stays
            logger.exception("run %s failed", run.pk)
            connect_anew()  # if it was the database, it may be there again
            outcomes.finish(run, Status.FAILED, error=f"{error.__class__.__name__}: {error}"[:2000])
        _forget_checkpoints()
        held = (run.decision or {}).get("reasons", []) if run.status == Status.HELD else []  # a promotion says its own
        logger.info("%s ended: %s", run, ". ".join(filter(None, [run.get_status_display(), run.error, *held])))
    return run


def _forget_checkpoints() -> None:
    """Delete what runs had kept that nobody goes on with, also those of dead workers."""
    try:
        RunCheckpoint.objects.exclude(run__status__in=TrainingRun.LIVE).delete()
    except DatabaseError:  # the next run does
        logger.warning("checkpoints of earlier runs could not be deleted just now", exc_info=True)


def _run_phases(run: TrainingRun, config: RunConfig, progress: Progress) -> None:
    champion, begun = _sound_champion(), run.snapshot
    if begun is not None:  # with the numbers it was begun with, also after an update that changed them
        config = replace(config, fine_tune=FineTuneConfig.from_dict(run.config["fine_tune"]))
    log, curve = (run.log, run.curve) if begun else ("", [])
    progress.note(config=config.to_dict(), seed=config.fine_tune.seed, champion=champion, curve=curve, log=log)
    progress.phase("choosing drawings")
    exam_set = trusted_exam_set(champion, config, progress)
    replay = load_replay(config.fine_tune, progress.check)
    if begun is not None:
        progress.say("going on after its worker was stopped")
    snapshot = begun or choose_drawings(run, config, exam_set, replay, progress)
    progress.note(snapshot=snapshot)
    challenger = learn(snapshot, config.fine_tune, exam_set, replay, progress, snapshots.learned_by(champion))
    judge_and_decide(run, config, champion, challenger, exam_set, progress)


def _sound_champion() -> ModelVersion:
    """The version that serves, registered first if this database has never served."""
    registry.ensure_baseline()
    champion: ModelVersion = ModelVersion.objects.get(is_champion=True)
    registry.load_model(champion)  # a broken champion is no measure; its reason becomes the run's
    return champion


def trusted_exam_set(champion: ModelVersion, config: RunConfig, progress: Progress) -> ExamSet:
    """Lay out the exams, and set aside the drawings of exam contributors who are not to be believed."""
    judges = [registry.load_model(champion), shipped_baseline().model]
    exam_set, set_aside = set_aside_noisy_labels(full_exam_set(), judges, config.exam)
    if set_aside:
        progress.say(f"{set_aside} exam drawings are set aside: champion and baseline contradict their contributors")
    return exam_set


def choose_drawings(
    run: TrainingRun, config: RunConfig, exam_set: ExamSet, replay: Replay, progress: Progress
) -> DatasetSnapshot:
    """Freeze what this run learns from.

    Raises:
        NothingNew: there is no drawing, or these very drawings were learned from and judged already.
    """
    # who learns from one campaign has not looked at what others drew: it stays new
    is_of_all = not config.snapshot.campaign
    last_event = snapshots.latest_event() if is_of_all else TrainingRun.objects.last_event_seen()
    hashes = exam_set.hashes()
    chosen = snapshots.choose(config.snapshot, hashes)
    progress.say(
        f"{len(chosen.members)} drawings of {len(set(chosen.contributors.tolist()))} people can be learned from"
    )
    if not chosen.members:
        raise NothingNew("There is no approved drawing to learn from yet.")
    images = snapshots.look_at(chosen, hashes, lambda share: progress.at(0.6 * share))
    images = snapshots.drop_near_duplicates(chosen, images, config.snapshot, progress.check)
    _stop_if_learned(run, chosen, config, last_event)
    progress.at(0.7)
    who = (chosen.contributors, chosen.is_reviewed, chosen.vouches)
    evidence = baseline_evidence(images, chosen.labels, *who, on_part=progress.check)
    reference = reference_evidence(replay, config.snapshot, progress.check)
    noise = estimate_label_noise(evidence, reference, config.snapshot, progress.check)
    images, set_aside = snapshots.set_aside(chosen, images, noise)
    if set_aside:
        progress.say(f"{set_aside} drawings are set aside: others contradict their labels")
    if not chosen.members:
        raise NothingNew("Every drawing's label is contradicted by the others.")
    _stop_if_learned(run, chosen, config, last_event)
    try:
        _stop_if_nothing_was_corrected(run, chosen, images)
    except NothingNew:
        # seen and judged, so that a schedule does not come back to them before something else is said
        progress.note(snapshot=snapshots.freeze(chosen, last_event))
        raise
    snapshot = snapshots.freeze(chosen, last_event)
    progress.say(str(snapshot))
    return snapshot


def _stop_if_learned(run: TrainingRun, chosen: snapshots.Chosen, config: RunConfig, last_event: int) -> None:
    wanted, digest = config.fine_tune.to_dict(), snapshots.digest_of(chosen.members)
    for earlier in TrainingRun.objects.decided().filter(snapshot__digest=digest).exclude(pk=run.pk):
        same_start = earlier.environment.get("baseline") == shipped_baseline().card["keras_sha256"]
        if earlier.config.get("fine_tune") == wanted and same_start:
            snapshots.mark_seen(digest, last_event)
            raise NothingNew(f"Nothing new to learn: run {earlier.pk} learned from the same drawings.")


def _stop_if_nothing_was_corrected(run: TrainingRun, chosen: snapshots.Chosen, images: NDArray[np.uint8]) -> None:
    """Labels that the champion agrees with teach nothing but to be surer; a run on them alone can only lose something."""
    if run.champion is None:
        return
    known = snapshots.learned_by(run.champion)
    is_new = np.array([member.id not in known for member in chosen.members])
    labels = chosen.labels[is_new]
    model = registry.load_model(run.champion)
    report = examine(model.predict, Exam(NEW, to_input(images[is_new]), labels), model.calibration)
    if len(labels) and report.correct == len(labels):
        raise NothingNew(
            f"Nothing to learn: {run.champion} reads all {len(labels):,} new drawings as they are labelled. "
            "What it misreads is what teaches it."
        )


def learn(
    snapshot: DatasetSnapshot,
    config: FineTuneConfig,
    exam_set: ExamSet,
    replay: Replay,
    steps: Steps,
    known: Set[UUID],
) -> Challenger:
    """Fine-tune the shipped baseline on a snapshot: the same one, config and seed give the same model on the same machine.

    Args:
        known: drawings that the champion has learned from; of the others, which are new, some are held out for the gate.
    """
    steps.phase("preparing pictures")
    learned_from = prepare(snapshot, config, exam_set, replay, steps, known)
    steps.phase("learning")
    load_framework()
    from training.learning import fine_tuning
    from training.learning.conversion import disagreement, export_litert, save_keras

    baseline = shipped_baseline()
    steps.note(environment=_environment(learned_from.replay.source) | {"devices": fine_tuning.devices()})
    trained = fine_tuning.fine_tune(
        baseline.keras,
        learned_from,
        config,
        on_step=steps.at,
        on_epoch=lambda entry: steps.epoch(entry, config.epochs),
        on_checkpoint=steps.keep,
        earlier=steps.kept(),
    )
    tflite = export_litert(trained.model)
    some = to_input(learned_from.replay.images[: config.agreement_images])
    model = _calibrated(tflite, learned_from, config)
    steps.say(
        f"went {percent(trained.interpolation, 0)} of the way: held-out drawings gained {percent(trained.learned, 2)}, "
        f"unseen replay lost {percent(trained.forgotten, 2)}; {model.calibration}"
    )
    taught = Taught.of(learned_from.training, learned_from.validation)
    return Challenger(save_keras(trained.model), model, disagreement(trained.model, tflite, some), taught)


def prepare(
    snapshot: DatasetSnapshot,
    config: FineTuneConfig,
    exam_set: ExamSet,
    replay: Replay,
    steps: Steps,
    known: Set[UUID],
) -> TrainingSet:
    """Make the pictures of a run, and refuse those that an exam asks for.

    Raises:
        ExamLeakage: there are some.
    """
    members = [(UUID(drawing_id), label) for drawing_id, label in snapshot.manifest["members"]]
    contributors = contributors_of([drawing_id for drawing_id, _ in members])
    examples = render_drawings_to_learn(members, contributors, config, steps.at, known)
    exam_hashes = exam_set.hashes()
    examples = training_set.without_exam_look_alikes(examples, exam_hashes)
    replay = training_set.replay_without(replay, exam_hashes - exam_set.hashes(MNIST))
    learned_from = set(contributors.values())
    examined = set(Contributor.objects.filter(is_exam=True, pk__in=learned_from).values_list("pk", flat=True))
    training_set.refuse_exam_leakage([examples.images, replay.images], exam_hashes, learned_from, examined)
    learned, validation = training_set.hold_out(examples, config)
    steps.say(
        f"{len(learned.labels)} pictures to learn from, {len(validation.labels)} drawings held out, {len(validation.new.labels)} "
        f"of them new, {len(replay.labels)} replayed"
    )
    return TrainingSet(learned, validation, replay)


def _calibrated(tflite: bytes, learned_from: TrainingSet, config: FineTuneConfig) -> CalibratedModel:
    """Give a new artifact its calibration: the baseline's, moved as far as what it answers now allows."""
    baseline = shipped_baseline().model
    unseen = slice(0, learned_from.replay.unseen)
    pictures, digits = learned_from.replay.images[unseen], is_digit(learned_from.replay.labels[unseen])
    uncalibrated = CalibratedModel(tflite, baseline.calibration)

    def said_by(model: CalibratedModel) -> Unseen:
        return Unseen(model.predict_all(pictures[digits]), model.predict_all(pictures[~digits]))

    calibration = recalibrate(
        baseline.calibration,
        said_by(baseline),
        said_by(uncalibrated),
        uncalibrated.predict_all(learned_from.validation.images),
        learned_from.validation.labels,
        config,
    )
    return replace(uncalibrated, calibration=calibration)


def judge_and_decide(
    run: TrainingRun,
    config: RunConfig,
    champion: ModelVersion,
    challenger: Challenger,
    exam_set: ExamSet,
    progress: Progress,
) -> None:
    """Examine champion, challenger and baseline, let the gate decide, and record all of it in one transaction."""
    progress.phase("exams")
    models = {
        "champion": registry.load_model(champion),
        "challenger": challenger.model,
        "baseline": shipped_baseline().model,
    }
    exam_set = without_look_alikes(exam_set, challenger.taught.drawn, config.exam)
    taught = challenger.taught.exam()
    asked = replace(exam_set, exams=({TAUGHT: taught} if taught else {}) | exam_set.exams)
    evaluations = _evaluate_each(models, asked, progress)
    paired = comparison.compare(evaluations["champion"], evaluations["challenger"])
    paired_baseline = comparison.compare(evaluations["baseline"], evaluations["challenger"])
    decision = gate.decide(
        comparison.candidate(evaluations["champion"]),
        comparison.candidate(evaluations["challenger"], challenger.agreement),
        comparison.candidate(evaluations["baseline"]),
        paired,
        paired_baseline,
        config.gate,
        challenger.taught.held_out,
    )
    measured = verdicts.measured(evaluations, challenger.agreement, paired, paired_baseline, challenger.taught.held_out)
    new = challenger.taught.whole()
    before, after = (examine(models[who].predict, new, models[who].calibration) for who in ("champion", "challenger"))
    found = findings(challenger.taught, str(champion), before, after, paired, decision)
    decision = replace(decision, notes=[*decision.notes, *exam_set.notes], findings=found)
    progress.phase("deciding")
    _record(run, champion, challenger, evaluations, decision, asked, measured)


def _evaluate_each(models: dict[str, CalibratedModel], exam_set: ExamSet, progress: Progress) -> dict[str, Evaluation]:
    """Evaluate each model once: the champion is often the baseline."""
    evaluations: dict[str, Evaluation] = {}
    for name, model in models.items():
        same = next((other for other in evaluations if _is_same(models[other], model)), None)
        check = partial(progress.at, len(evaluations) / len(models))  # also whether the run may go on
        evaluations[name] = evaluations[same] if same else runner.evaluate(model, exam_set, check)
    return evaluations


def _is_same(one: CalibratedModel, other: CalibratedModel) -> bool:
    return one == other


def _record(
    run: TrainingRun,
    champion: ModelVersion,
    challenger: Challenger,
    evaluations: dict[str, Evaluation],
    decision: gate.Decision,
    exam_set: ExamSet,
    measured: verdicts.Measured,
) -> None:
    """Register the challenger, promote it if the gate says so, close the run, enter it in the ledger: all of it or nothing.

    Raises:
        LeaseLost: the run is no longer ours.
    """
    reports = {name: {who: of.reports[name].to_dict() for who, of in evaluations.items()} for name in exam_set.exams}
    with transaction.atomic():
        if not run.renew():
            raise LeaseLost("Another process has given this run up; its result is refused.")
        try:
            # how a version reads what it was taught is its run's matter: the next one is asked other drawings
            metrics = {name: report["challenger"] for name, report in reports.items() if name != TAUGHT}
            version = _register(run, champion, challenger, metrics)
        except CorruptArtifact as error:  # the gate has said so already, in other words
            given = {"reports": reports, "measured": measured, "decision": decision.to_dict()}
            outcomes.finish(run, Status.HELD, **given, error=str(error), progress=1.0)
            history.note_decision(run)
            return
        _keep_newest(champion, reports)
        obstacle = _obstacle(run, champion) if decision.promote else ""
        promoted = decision.promote and not obstacle
        if obstacle:
            decision = replace(decision, promote=False, reasons=[obstacle])
        if promoted:
            registry.promote(version, by=None, reason=" ".join([f"{'; '.join(decision.reasons)}.", *decision.notes]))
        outcomes.finish(
            run,
            Status.PROMOTED if promoted else Status.HELD,
            challenger=version,
            reports=reports,
            measured=measured,
            decision=decision.to_dict(),
            changed=comparison.changed_drawings(evaluations["champion"], evaluations["challenger"], exam_set),
            progress=1.0,
        )
        history.note_decision(run)


def _keep_newest(champion: ModelVersion, reports: dict[str, dict[str, Any]]) -> None:
    """Let the champion's row say how it reads the growing exams now, as the run's table does: one exam, one number."""
    growing = {name: report["champion"] for name, report in reports.items() if exam_spec(name).is_growing}
    if growing:
        champion.metrics = champion.metrics | growing
        champion.save(update_fields=["metrics"])


def _register(
    run: TrainingRun, champion: ModelVersion, challenger: Challenger, metrics: dict[str, dict[str, Any]]
) -> ModelVersion:
    return registry.register(
        challenger.keras,
        challenger.model.tflite,
        preprocessing_version=PREPROCESSING_VERSION,
        calibration=challenger.model.calibration.to_dict(),
        metrics=metrics,
        parent=champion,
        origin=f"run {run.pk}",
    )


def _obstacle(run: TrainingRun, champion: ModelVersion) -> str:
    """Say why a version that passed may not be promoted by its run, or ""."""
    if not ModelVersion.objects.filter(pk=champion.pk, is_champion=True).exists():
        return verdicts.OVERTAKEN  # the comparison was with a champion that is none any more
    back = registry.standing_roll_back()
    if back is not None and run.trigger == TrainingRun.Trigger.SCHEDULE:
        return (
            f"{verdicts.HELD_BY_HAND}{back.by} rolled back from {back.previous} to {back.version} by hand, and a run that "
            "starts by itself does not undo that. Promote it if it is good, or use Train now."
        )
    return ""


def _environment(source: dict[str, str]) -> dict[str, Any]:
    return {
        "baseline": shipped_baseline().card["keras_sha256"],
        "tensorflow": version_of("tensorflow"),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "threads": os.cpu_count(),
        "processes": max(1, len(Cluster.of_environment().members)),
        "replay": source,
    }
