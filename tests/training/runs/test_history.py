"""Nobody changes history unseen: one touched row, of whatever kind, is found and named."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, models, transaction

from recognizer import ledger, registry
from recognizer.baseline import shipped_baseline
from recognizer.models import LedgerEntry, ModelArtifacts, ModelVersion, PromotionEvent
from tests.support.known import known
from tests.support.versions import make_version
from training.config import RunConfig
from training.evaluation import comparison, gate, verdicts
from training.evaluation.gate import HeldOut
from training.evaluation.reports import Report
from training.evaluation.runner import Evaluation
from training.models import TrainingRun
from training.runs import history
from training.runs.schedule import difference

pytestmark = pytest.mark.django_db
Touch = Callable[[dict[str, Any]], object]


def evaluation(wrong: int) -> Evaluation:
    """Answers to two exams: of 300 digits so many are misread, and of 20 other things one is taken for a digit."""
    labels = np.array([*(place % 10 for place in range(300)), *[10] * 20])
    answers = labels.copy()
    answers[:wrong] = (labels[:wrong] + 1) % 10
    answers[-1] = 3
    confidences = np.linspace(0.9, 1.0, len(labels))
    reports = {
        exam: Report(exam, labels, answers, np.minimum(answers, 9).astype("intp"), confidences, exam)
        for exam in ("mnist", "golden")
    }
    return Evaluation(reports, 0.1234567891234, 300_000, True)


def decide(run: TrainingRun, champion: int, challenger: int, agreement: float) -> None:
    """Give a run all that the pipeline would: reports, what was measured, the gate's decision, and its entry."""
    evaluations = {"champion": evaluation(champion), "challenger": evaluation(challenger), "baseline": evaluation(40)}
    paired = comparison.compare(evaluations["champion"], evaluations["challenger"])
    paired_baseline = comparison.compare(evaluations["baseline"], evaluations["challenger"])
    held_out = HeldOut(3, False)
    config = RunConfig()
    decision = gate.decide(
        comparison.candidate(evaluations["champion"]),
        comparison.candidate(evaluations["challenger"], agreement),
        comparison.candidate(evaluations["baseline"]),
        paired,
        paired_baseline,
        config.gate,
        held_out,
    )
    reports = {
        exam: {who: of.reports[exam].to_dict() for who, of in evaluations.items()} for exam in ("mnist", "golden")
    }
    version = make_version(known(ModelVersion.objects.champion()), metrics={"mnist": reports["mnist"]["challenger"]})
    if decision.promote:
        registry.promote(version, by=None, reason="; ".join(decision.reasons))
    run.finish(
        TrainingRun.Status.PROMOTED if decision.promote else TrainingRun.Status.HELD,
        champion=version.parent,
        challenger=version,
        config=config.to_dict(),
        reports=reports,
        measured=verdicts.measured(evaluations, agreement, paired, paired_baseline, held_out),
        decision=decision.to_dict(),
    )
    history.note_decision(run)


@pytest.fixture
def past(owner: User) -> dict[str, Any]:
    """A version was promoted by the gate, another one held, and a person has promoted that all the same."""
    registry.ensure_baseline()
    runs = []
    for champion, challenger, agreement in ((40, 5, 1e-7), (5, 25, float("nan"))):
        run = TrainingRun.objects.claim(worker="test:1", trigger="command", difference=difference())
        decide(known(run), champion, challenger, agreement)
        runs.append(TrainingRun.objects.get(pk=known(run).pk))
    registry.promote(known(runs[1].challenger), by=owner, reason="it reads our 7s")
    return {"promoted": runs[0], "held": runs[1], "by_hand": PromotionEvent.objects.latest("pk")}


def problem() -> str:
    return str(history.first_problem(history.Count()) or "")


def touch(row: models.Model, **columns: object) -> None:
    """Change a row behind the application's back."""
    assert type(row)._default_manager.filter(pk=row.pk).update(**columns) == 1


def flip(text: str) -> str:
    """Change one bit of the last character but one."""
    return text[:-2] + chr(ord(text[-2]) ^ 1) + text[-1]


def test_what_nobody_touched_is_sound(past: dict[str, Any]) -> None:
    count = history.Count()
    assert history.first_problem(count) is None
    assert [run.status for run in (past["promoted"], past["held"])] == ["promoted", "held"]
    assert (count.verdicts, count.older) == (2, 0)
    assert count.entries == 3 + 3 + 2  # versions, promotions, decisions
    assert count.head == known(LedgerEntry.objects.first()).digest


TOUCHED: dict[str, tuple[Touch, str]] = {
    "a report": (
        lambda past: touch(
            past["held"],
            reports=past["held"].reports
            | {"golden": past["held"].reports["golden"] | {"champion": past["held"].reports["golden"]["challenger"]}},
        ),
        "training run {held} (ledger entry 7): changed since it was written: reports",
    ),
    "a decision": (
        lambda past: touch(past["held"], decision=past["held"].decision | {"promote": True}),
        "training run {held} (ledger entry 7): changed since it was written: decision",
    ),
    "an outcome": (
        lambda past: touch(past["held"], status="promoted"),
        "training run {held} (ledger entry 7): changed since it was written: status",
    ),
    "what was measured": (
        lambda past: touch(past["held"], measured=past["held"].measured | {"agreement": 1e-9}),
        "training run {held} (ledger entry 7): changed since it was written: measured",
    ),
    "the gate's numbers": (
        lambda past: touch(past["held"], config={**past["held"].config, "gate": {"mnist_fall": 1}}),
        "training run {held} (ledger entry 7): changed since it was written: config",
    ),
    "why a run began": (
        lambda past: touch(past["held"], difference=past["held"].difference | {"new_labels": 100}),
        "training run {held} (ledger entry 7): changed since it was written: difference",
    ),
    "a promotion's reason": (
        lambda past: touch(past["by_hand"], reason=flip(past["by_hand"].reason)),
        "promotion event {by_hand} (ledger entry 8): changed since it was written: reason",
    ),
    "who promoted": (
        lambda past: touch(past["by_hand"], by=None),
        "promotion event {by_hand} (ledger entry 8): changed since it was written: by",
    ),
    "a promotion that is gone": (
        lambda past: PromotionEvent.objects.filter(pk=past["by_hand"].pk).delete(),
        "promotion event {by_hand} (ledger entry 8): it is gone",
    ),
    "a version's metrics": (
        lambda past: touch(past["held"].challenger, metrics={}),
        "model version {version} (ledger entry 6): changed since it was written: metrics",
    ),
    "a version's calibration": (
        lambda past: touch(past["held"].challenger, calibration={"temperature": 2.0}),
        "model version {version} (ledger entry 6): changed since it was written: calibration",
    ),
    "a byte of a model": (
        lambda past: touch(
            ModelArtifacts.objects.get(pk=past["held"].challenger_id),
            tflite=shipped_baseline().model.tflite[:-1] + b"\1",
        ),
        "model version {version} (ledger entry 6): its served file is not the one that was registered",
    ),
    "an entry": (
        lambda past: touch(entry(5), content=flip(entry(5).content)),
        "ledger entry 5: its digest is not that of what it says",
    ),
    "an entry that is gone": (
        lambda past: entry(5).delete(),
        "ledger entry 5: it is missing; the next is entry 6",
    ),
    "an entry that was written anew": (
        lambda past: touch(rewritten(5), digest=ledger.entry_digest(rewritten(5))),
        "training run {promoted} (ledger entry 5): changed since it was written: status",
    ),
    "a promotion without an entry": (
        lambda past: PromotionEvent.objects.create(version_id=past["by_hand"].version_id, reason="smuggled"),
        "promotion event {smuggled}: no entry of the ledger tells of it",
    ),
    "who speaks": (
        lambda past: crown(first(), instead_of=past["held"].challenger),
        "version 1: it speaks, and was not the last one to be promoted",
    ),
}


def entry(number: int) -> LedgerEntry:
    return LedgerEntry.objects.get(pk=number)


def rewritten(number: int) -> LedgerEntry:
    """An entry that says something else, as who can compute a digest would leave it."""
    touch(entry(number), content=entry(number).content.replace("held", "hold").replace("promoted", "promotes"))
    return entry(number)


def crown(version: ModelVersion, *, instead_of: ModelVersion) -> None:
    touch(instead_of, is_champion=False)
    touch(version, is_champion=True)


def first() -> ModelVersion:
    return ModelVersion.objects.get(number=1)


def test_the_first_row_that_was_touched_is_named(past: dict[str, Any]) -> None:
    rows = {"version": past["held"].challenger_id} | {name: row.pk for name, row in past.items()}
    found, expected = {}, {}
    for what, (act, words) in TOUCHED.items():
        with transaction.atomic():
            act(past)
            found[what] = problem()
            expected[what] = words.format(**rows, smuggled=PromotionEvent.objects.latest("pk").pk)
            transaction.set_rollback(True)
    assert found == expected


def test_a_decision_that_the_reports_do_not_bear_out_is_found_though_its_entry_was_made_to_fit(
    past: dict[str, Any],
) -> None:
    """Who writes the ledger anew from some row on has still to lie in the gate's own arithmetic."""
    run = past["held"]
    touch(run, decision=run.decision | {"promote": True, "reasons": ["every limit is kept"]})
    LedgerEntry.objects.filter(number__gte=7).delete()
    history.note_decision(run)
    assert problem().startswith(f"training run {run.pk} (ledger entry 7): the gate says hold: ")


def test_reports_that_were_swapped_with_their_entry_do_not_fit_what_changed(past: dict[str, Any]) -> None:
    run = past["held"]
    touch(
        run, reports=run.reports | {"golden": dict.fromkeys(run.reports["golden"], run.reports["golden"]["baseline"])}
    )
    LedgerEntry.objects.filter(number__gte=7).delete()
    history.note_decision(run)
    assert problem().endswith("(ledger entry 7): what changed in golden is not what its reports say")


def test_a_rewritten_end_is_found_by_a_digest_that_was_kept(
    past: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("verify_history")
    head = capsys.readouterr().out.split()[-1]
    call_command("verify_history", head=head)
    past["by_hand"].delete()
    entry(8).delete()
    crown(past["promoted"].challenger, instead_of=past["held"].challenger)
    call_command("verify_history")
    with pytest.raises(CommandError, match=f"no entry has the digest {head}"):
        call_command("verify_history", head=head)


def test_an_account_may_be_deleted_and_its_promotion_stays_sound(past: dict[str, Any], owner: User) -> None:
    owner.delete()
    assert problem() == ""


def test_rows_older_than_the_ledger_are_counted_and_not_blamed(past: dict[str, Any]) -> None:
    LedgerEntry.objects.all().delete()
    count = history.Count()
    assert history.first_problem(count) is None
    assert count.older == 3 + 3 + 2


def test_a_decision_by_the_rules_of_another_release_is_not_judged_by_these(past: dict[str, Any]) -> None:
    run = past["held"]
    given = run.measured | {"rules": 0}
    assert verdicts.disagreement(run.reports, given, run.config, {"promote": True}) == ""


def test_json_is_written_in_one_way_whatever_the_database_makes_of_it() -> None:
    assert ledger.canonical({"b": [1.0, 0.1, 1e22, True, None], "a": "ü"}) == '{"a":"ü","b":[1,0.1,1e+22,true,null]}'
    assert ledger.canonical([10**22]) == ledger.canonical([1e22])
    with pytest.raises(ValueError):
        ledger.canonical([float("nan")])


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("groups")
def test_two_writers_make_no_fork() -> None:
    """Eight threads promote in turn: each link follows exactly one other."""
    from concurrent.futures import ThreadPoolExecutor

    baseline = registry.ensure_baseline()
    versions = [make_version(baseline) for _ in range(4)]

    def promote(version: ModelVersion) -> None:
        try:
            registry.promote(version, by=None, reason="in a hurry")
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(promote, versions))
    assert problem() == ""
    assert LedgerEntry.objects.filter(kind="promotion").count() == PromotionEvent.objects.count()
