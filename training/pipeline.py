"""One whole run, chapter by chapter: choose, prepare, learn, examine, decide. Needs no Celery; loads TensorFlow to learn."""

import logging
import os
import platform
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID

import numpy as np
from django.db import transaction

from recognizer import registry
from recognizer.answers import Calibration
from recognizer.classifier import Classifier
from recognizer.errors import CorruptArtifact
from recognizer.models import Contributor, ModelVersion
from recognizer.preprocessing import PREPROCESSING_VERSION
from training import examination, gate, lessons, snapshots
from training.config import FineTuneConfig, RunConfig
from training.confinement import own_folder
from training.drawings import contributors_of
from training.evidence import baseline_evidence, read_all, reference_evidence
from training.exam_people import set_liars_aside
from training.examination import Sitter
from training.leases import Cancelled, Lease, LeaseLost, RunStopped
from training.lessons import Lessons
from training.models import DatasetSnapshot, TrainingRun
from training.recalibration import recalibrate
from training.replay import Replay, is_digit, load_replay
from training.reporting import Listener, Progress, Steps, connect_anew
from training.suspicion import doubt_labels

logger = logging.getLogger(__name__)
Status = TrainingRun.Status


class NothingNew(RunStopped):
    """The same drawings have been learned from, in the same way, and judged."""


@dataclass(frozen=True)
class Challenge:
    """What training gives: a model as bytes, with its calibration."""

    keras: bytes
    tflite: bytes
    calibration: Calibration
    agreement: float


def execute(run: TrainingRun, config: RunConfig | None = None, listener: Listener | None = None) -> TrainingRun:
    """Do a claimed run and record what came of it. Raises nothing but what ends the process.

    A process killed anywhere in here leaves a row whose lease runs out, and nothing else that anybody sees: the new version, its
    promotion and the run's outcome appear in one transaction.
    """
    config = config or RunConfig()
    with Lease(run, config.limits) as lease:
        try:
            with own_folder():
                _chapters(run, config, Progress(run, lease, listener))
        except NothingNew as reason:
            run.finish(Status.NOTHING_NEW, error=str(reason), progress=1.0)
        except Cancelled:
            run.finish(Status.CANCELLED)
        except LeaseLost:
            logger.warning("run %s lost its lease; its result is refused", run.pk)
            run.refresh_from_db()
        except MemoryError:
            run.finish(Status.FAILED, error=f"It needed more memory than {config.limits.memory_bytes >> 20} MB.")
        except Exception as error:
            # the edge of this process: whatever went wrong is the run's outcome, the champion stays
            logger.exception("run %s failed", run.pk)
            connect_anew()  # if it was the database, it may be there again
            run.finish(Status.FAILED, error=f"{error.__class__.__name__}: {error}"[:2000])
    return run


def _chapters(run: TrainingRun, config: RunConfig, progress: Progress) -> None:
    champion = _sound_champion()
    progress.note(config=config.to_dict(), seed=config.fine_tune.seed, champion=champion, curve=[], log="")
    progress.phase("choosing drawings")
    questions = honest_questions(champion, config, progress)
    replay = load_replay(config.fine_tune)
    snapshot = choose_drawings(run, config, questions, replay, progress)
    progress.note(snapshot=snapshot)
    challenge = learn(snapshot, config.fine_tune, questions, replay, progress)
    judge_and_decide(run, config, champion, challenge, questions, progress)


def _sound_champion() -> ModelVersion:
    """The version that serves, registered first if this database has never served."""
    registry.ensure_baseline()
    champion = ModelVersion.objects.get(is_champion=True)
    registry.load_classifier(champion)  # a broken champion is no measure; its reason becomes the run's
    return champion


def honest_questions(champion: ModelVersion, config: RunConfig, progress: Progress) -> examination.Questions:
    """Lay out the exams, and set aside the drawings of exam contributors who are not to be believed."""
    judges = [Sitter.of(champion), Sitter.shipped()]
    questions, set_aside = set_liars_aside(examination.set_questions(), judges, config.exam)
    if set_aside:
        progress.say(f"{set_aside} exam drawings are set aside: champion and baseline contradict their contributors")
    return questions


def choose_drawings(
    run: TrainingRun, config: RunConfig, questions: examination.Questions, replay: Replay, progress: Progress
) -> DatasetSnapshot:
    """Freeze what this run learns from.

    Raises:
        NothingNew: there is no drawing, or these very drawings were learned from and judged already.
    """
    last_event = snapshots.latest_event()
    hashes = questions.hashes()
    chosen = snapshots.choose(config.snapshot, hashes)
    progress.say(f"{len(chosen.members)} drawings of {len(set(chosen.people.tolist()))} people can be learned from")
    if not chosen.members:
        raise NothingNew("There is no approved drawing to learn from yet.")
    images = snapshots.look_at(chosen, hashes, lambda share: progress.at(0.6 * share))
    images = snapshots.drop_near_duplicates(chosen, images, config.snapshot)
    _stop_if_learned(run, chosen, config, last_event)
    progress.at(0.7)
    judged = baseline_evidence(images, chosen.labels, chosen.people)
    doubt = doubt_labels(judged, reference_evidence(replay, config.snapshot), config.snapshot)
    set_aside = snapshots.set_aside(chosen, doubt)
    if set_aside:
        progress.say(f"{set_aside} drawings are set aside: others contradict their labels")
    if not chosen.members:
        raise NothingNew("Every drawing's label is contradicted by the others.")
    _stop_if_learned(run, chosen, config, last_event)
    snapshot = snapshots.freeze(chosen, last_event)
    progress.say(str(snapshot))
    return snapshot


def _stop_if_learned(run: TrainingRun, chosen: snapshots.Chosen, config: RunConfig, last_event: int) -> None:
    wanted, digest = config.fine_tune.to_dict(), snapshots.digest_of(chosen.members)
    for earlier in TrainingRun.objects.decided().filter(snapshot__digest=digest).exclude(pk=run.pk):
        same_start = earlier.environment.get("baseline") == registry.shipped_baseline().card["keras_sha256"]
        if earlier.config.get("fine_tune") == wanted and same_start:
            snapshots.mark_seen(digest, last_event)
            raise NothingNew(f"Nothing new to learn: run {earlier.pk} learned from the same drawings.")


def learn(
    snapshot: DatasetSnapshot,
    config: FineTuneConfig,
    questions: examination.Questions,
    replay: Replay,
    steps: Steps,
) -> Challenge:
    """Fine-tune the shipped baseline on a snapshot: the same one, config and seed give the same model on the same machine."""
    steps.phase("preparing pictures")
    learnt = prepare(snapshot, config, questions, replay, steps)
    steps.phase("learning")
    from training import fine_tuning  # TensorFlow enters the process here
    from training.export import disagreement, export_litert, save_keras

    baseline = registry.shipped_baseline()
    steps.note(environment=_environment(learnt.replay.source))
    trained = fine_tuning.fine_tune(
        baseline.keras,
        learnt,
        config,
        on_step=steps.at,
        on_epoch=lambda entry: steps.epoch(entry, config.epochs),
    )
    tflite = export_litert(trained.model)
    some = learnt.replay.images[: config.agreement_images].astype("float32")[..., np.newaxis] / 255
    calibration = _recalibrate(tflite, learnt, config)
    steps.say(f"kept epoch {trained.best_epoch}, {trained.way:.0%} of the way to it, {calibration}")
    return Challenge(save_keras(trained.model), tflite, calibration, disagreement(trained.model, tflite, some))


def prepare(
    snapshot: DatasetSnapshot,
    config: FineTuneConfig,
    questions: examination.Questions,
    replay: Replay,
    steps: Steps,
) -> Lessons:
    """Make the pictures of a run, and refuse those that an exam asks for.

    Raises:
        SmuggledQuestions: there are some.
    """
    members = [(UUID(drawing_id), label) for drawing_id, label in snapshot.manifest["members"]]
    people = contributors_of([drawing_id for drawing_id, _ in members])
    taught = lessons.show_drawings(members, people, config, steps.at)
    asked = questions.hashes()
    taught = lessons.without_chance_questions(taught, asked)
    replay = lessons.replay_without(replay, asked - questions.hashes(gate.MNIST))
    examined = set(Contributor.objects.filter(is_exam=True, pk__in=set(people.values())).values_list("pk", flat=True))
    lessons.refuse_smuggled([taught.images, replay.images], asked, set(people.values()), examined)
    teach, held = lessons.hold_out(taught, config)
    steps.say(f"{len(teach.labels)} pictures to learn from, {len(held.labels)} held out, {len(replay.labels)} replayed")
    return Lessons(teach, held, replay)


def _recalibrate(tflite: bytes, learnt: Lessons, config: FineTuneConfig) -> Calibration:
    baseline = registry.shipped_baseline()
    unseen = slice(0, learnt.replay.unseen)
    digits = learnt.replay.images[unseen][is_digit(learnt.replay.labels[unseen])]
    challenger = Classifier(tflite)
    return recalibrate(
        Calibration.from_dict(baseline.card["calibration"]),
        read_all(Classifier(baseline.tflite), digits),
        read_all(challenger, digits),
        read_all(challenger, learnt.held.images),
        learnt.held.labels,
        config,
    )


def judge_and_decide(
    run: TrainingRun,
    config: RunConfig,
    champion: ModelVersion,
    challenge: Challenge,
    questions: examination.Questions,
    progress: Progress,
) -> None:
    """Examine champion, challenger and baseline, let the gate decide, and record all of it in one transaction."""
    progress.phase("exams")
    sitters = {
        "champion": Sitter.of(champion),
        "challenger": Sitter(challenge.tflite, challenge.calibration),
        "baseline": Sitter.shipped(),
    }
    examined: dict[str, examination.Examined] = {}
    for name, sitter in sitters.items():
        same = next((other for other in examined if _is_same(sitters[other], sitter)), None)
        check = partial(progress.at, len(examined) / len(sitters))  # also whether the run may go on
        examined[name] = (
            examined[same] if same else examination.sit(sitter.tflite, sitter.calibration, questions, check)
        )
    paired = examination.compare(examined["champion"], examined["challenger"])
    decision = gate.decide(
        examined["champion"].candidate(),
        examined["challenger"].candidate(challenge.agreement),
        examined["baseline"].candidate(),
        paired,
        examination.compare(examined["baseline"], examined["challenger"]),
        config.gate,
    )
    decision = replace(decision, notes=[*decision.notes, *questions.notes])
    progress.phase("deciding")
    _record(run, champion, challenge, examined, decision, questions)


def _is_same(one: Sitter, other: Sitter) -> bool:
    """The champion is often the baseline: one sitting is enough then."""
    return one == other


def _record(
    run: TrainingRun,
    champion: ModelVersion,
    challenge: Challenge,
    examined: dict[str, examination.Examined],
    decision: gate.Decision,
    questions: examination.Questions,
) -> None:
    """Register the challenger, promote it if the gate says so, close the run: all of it or nothing.

    Raises:
        LeaseLost: the run is no longer ours.
    """
    reports = {name: {who: of.reports[name].to_dict() for who, of in examined.items()} for name in questions.exams}
    with transaction.atomic():
        if not run.renew():
            raise LeaseLost("Another process has given this run up; its result is refused.")
        try:
            version = registry.register(
                challenge.keras,
                challenge.tflite,
                preprocessing_version=PREPROCESSING_VERSION,
                calibration=challenge.calibration.to_dict(),
                metrics={name: report["challenger"] for name, report in reports.items()},
                parent=champion,
                origin=f"run {run.pk}",
            )
        except CorruptArtifact as error:  # the gate has said so already, in other words
            run.finish(Status.HELD, reports=reports, decision=decision.to_dict(), error=str(error), progress=1.0)
            return
        promoted = decision.promote and _promote(version, champion, decision)
        if decision.promote and not promoted:
            decision = replace(decision, promote=False, reasons=["Another version became champion meanwhile."])
        run.finish(
            Status.PROMOTED if promoted else Status.HELD,
            challenger=version,
            reports=reports,
            decision=decision.to_dict(),
            changed=examination.changed_drawings(examined["champion"], examined["challenger"], questions),
            progress=1.0,
        )


def _promote(version: ModelVersion, champion: ModelVersion, decision: gate.Decision) -> bool:
    """Promote, unless somebody has promoted or rolled back since the exams: the comparison was with another champion."""
    if not ModelVersion.objects.filter(pk=champion.pk, is_champion=True).exists():
        return False
    registry.promote(version, by=None, reason=" ".join([f"{'; '.join(decision.reasons)}.", *decision.notes]))
    return True


def _environment(source: dict[str, str]) -> dict:
    import tensorflow

    return {
        "baseline": registry.shipped_baseline().card["keras_sha256"],
        "tensorflow": tensorflow.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "threads": os.cpu_count(),
        "replay": source,
    }
