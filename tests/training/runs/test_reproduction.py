"""Making a version again from what its run wrote down."""

from collections.abc import Callable, Set
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from recognizer.baseline import shipped_baseline
from recognizer.models import Drawing, ModelVersion
from tests.support.drawings import Draw
from tests.support.known import known
from tests.training.runs.stopping_run import CONFIG, learn
from training.config import FineTuneConfig
from training.data.replay import Replay
from training.evaluation import runner
from training.evaluation.exam_sets import ExamSet
from training.models import DatasetSnapshot, TrainingRun
from training.runs import pipeline
from training.runs.pipeline import Challenger
from training.runs.progress import Steps

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db,
    pytest.mark.usefixtures("little_data", "still_lease", "hesitant_champion"),
]


@pytest.fixture(autouse=True)
def untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    def noted(
        snapshot: DatasetSnapshot,
        config: FineTuneConfig,
        questions: ExamSet,
        replay: Replay,
        steps: Steps,
        known: Set[UUID],
    ) -> Challenger:
        steps.note(environment={"baseline": shipped_baseline().card["keras_sha256"]})
        return learn(snapshot, config, questions, replay, steps, known)

    monkeypatch.setattr(pipeline, "learn", noted)
    monkeypatch.setattr("training.management.commands.reproduce_version.confine", lambda limits: None)


@pytest.fixture
def run(draw: Draw, claim: Callable[[], TrainingRun]) -> TrainingRun:
    draw(3, style=1), draw(4, style=1)
    return pipeline.execute(claim(), CONFIG)


def test_same_weights_are_recognised(run: TrainingRun, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("reproduce_version", "2")
    told = capsys.readouterr().out
    assert "The same weights." in told
    assert "golden set" in told


def test_deleted_drawings_are_counted(run: TrainingRun, capsys: pytest.CaptureFixture[str], draw: Draw) -> None:
    member, _ = known(run.snapshot).manifest["members"][0]
    Drawing.objects.filter(model_version=run.challenger).delete()
    Drawing.objects.filter(pk=member).delete()
    call_command("reproduce_version", "2")
    assert "1 of its drawings have been deleted since." in capsys.readouterr().out


def test_other_results_are_said_and_fail(
    run: TrainingRun, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate, evaluated = runner.evaluate, []

    def stumble(*args: Any) -> Any:
        evaluations = evaluate(*args)
        evaluated.append(evaluations)
        if len(evaluated) > 1:
            return evaluations
        golden = evaluations.reports["golden"]
        return replace(evaluations, reports={"golden": replace(golden, answers=(golden.answers + 1) % 10)})

    monkeypatch.setattr(runner, "evaluate", stumble)
    noted = pipeline.learn

    def learn_elsewhere(*lesson: Any) -> Any:
        challenger = noted(*lesson)
        return replace(challenger, model=replace(challenger.model, tflite=challenger.model.tflite + b"\0"))

    monkeypatch.setattr(pipeline, "learn", learn_elsewhere)
    with pytest.raises(SystemExit):
        call_command("reproduce_version", "2")
    assert "Neither the same weights nor the same results" in capsys.readouterr().out


def test_shipped_baseline_was_made_by_no_run(baseline: ModelVersion) -> None:
    with pytest.raises(CommandError, match="was not made by a training run"):
        call_command("reproduce_version", "1")


def test_another_releases_baseline_is_not_reproducible(run: TrainingRun) -> None:
    TrainingRun.objects.update(environment={"baseline": "another"})
    with pytest.raises(CommandError, match="another release's baseline"):
        call_command("reproduce_version", "2")


def test_unknown_version_is_said(db: None) -> None:
    with pytest.raises(CommandError, match="There is no version 9"):
        call_command("reproduce_version", "9")
