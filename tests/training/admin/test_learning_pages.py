"""Versions, runs, the policy and the first page."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from recognizer import registry
from recognizer.charts import reliability, share_chart
from recognizer.models import Drawing, ModelArtifacts, ModelVersion, PromotionEvent
from tests.support.accounts import SignIn
from tests.support.drawings import make_drawing, make_drawings
from tests.support.known import known
from training.admin import dashboard
from training.evaluation import exam_sets, gate, recheck
from training.evaluation.golden import golden_drawings
from training.models import DatasetSnapshot, TrainingPolicy, TrainingRun, WorkerHeartbeat

pytestmark = pytest.mark.django_db
VERSIONS = "/admin/recognizer/modelversion/"
RUNS = "/admin/training/trainingrun/"


@pytest.fixture(autouse=True)
def few_golden(monkeypatch: pytest.MonkeyPatch) -> None:
    images, labels = golden_drawings()
    monkeypatch.setattr(exam_sets, "golden_drawings", lambda: (images[::6], labels[::6]))


@pytest.fixture
def desk(operator: User, sign_in: SignIn) -> Client:
    return sign_in(operator)


@pytest.fixture
def challenger() -> ModelVersion:
    champion = registry.ensure_baseline()
    report: dict[str, Any] = {
        "n": 100,
        "accuracy": 0.97,
        "interval": [0.91, 0.99],
        "refusal_rate": 0.01,
        "ece": 0.02,
        "confusion": [[9 if row == column else 0 for column in range(11)] for row in range(11)],
    }
    report["confusion"][4][9] = 3
    return registry.register(
        bytes(champion.keras),
        bytes(champion.tflite),
        preprocessing_version=champion.preprocessing_version,
        calibration=champion.calibration,
        metrics={"drawings": report},
        parent=champion,
        origin="run 1",
    )


@pytest.fixture
def run(challenger: ModelVersion) -> TrainingRun:
    snapshot = DatasetSnapshot.objects.create(
        digest="ab" * 32,
        drawings=321,
        contributors=12,
        counts={"labels": {"7": 300, "not a digit": 21}, "excluded": {"a copy": 5}},
    )
    return TrainingRun.objects.create(
        status="held",
        trigger="schedule",
        champion=ModelVersion.objects.champion(),
        challenger=challenger,
        snapshot=snapshot,
        seed=42,
        started_at=timezone.now() - timedelta(minutes=5),
        finished_at=timezone.now(),
        curve=[{"epoch": 1, "accuracy": 0.9}, {"epoch": 2, "accuracy": 0.95}],
        decision={
            "promote": False,
            "reasons": ["the 7s fall"],
            "notes": ["Decided on little."],
            "rows": [
                {
                    "metric": "MNIST test",
                    "champion": "99 %",
                    "challenger": "98 %",
                    "limit": "98.9 %",
                    "verdict": "falls",
                    "passed": False,
                }
            ],
        },
    )


# versions


def test_list_marks_the_champion_and_shows_exams(desk: Client, challenger: ModelVersion) -> None:
    page = desk.get(VERSIONS).content.decode()
    assert page.count('<span class="champion">champion</span>') == 1
    assert "97.00 %" in page


def test_page_explains_a_version(desk: Client, run: TrainingRun) -> None:
    page = desk.get(f"{VERSIONS}{run.challenger_id}/change/").content.decode()
    for words in (
        "the 7s fall",
        "Decided on little.",
        "98.9 %",
        "321 drawings by 12 people",
        "a copy",
        "seed 42",
        "91.00 to 99.00 %",
    ):
        assert words in page


def test_page_shows_fixed_broken_and_worst_drawings_to_who_may_see_drawings(
    owner: User, sign_in: SignIn, run: TrainingRun, reviewer: User
) -> None:
    fixed, broken = make_drawing(seed=1), make_drawing(seed=2)
    mistake = make_drawing(seed=3, predicted=1, confirmed=7, confidence=0.99, model_version=run.challenger)
    mistake.approve(7, reviewer)
    evaluations = make_drawing(seed=4, predicted=7, confirmed=7)
    gone = "00000000-0000-4000-8000-000000000000"
    wrong = [[gone, 3], [str(evaluations.pk), 2]]
    run.changed = {"fixed": [str(fixed.pk)], "broken": [str(broken.pk)], "wrong": wrong}
    run.save()
    page = sign_in(owner).get(f"{VERSIONS}{run.challenger_id}/change/").content.decode()
    for drawing in (fixed, broken, mistake, evaluations):
        assert f"/admin/recognizer/drawing/{drawing.pk}/change/" in page
    for words in ("said <b>1</b>, is <b>7</b>", "said <b>2</b>, is <b>7</b>"):
        assert words in page


def test_promoting_shows_the_check_asks_why_and_notes_who(desk: Client, challenger: ModelVersion) -> None:
    address = f"{VERSIONS}{challenger.pk}/promote/"
    page = desk.get(address).content.decode()
    for words in ("Checked just now", "By the gate's rules it may speak", "Known from", "just now"):
        assert words in page
    assert "although the gate holds it" not in page
    assert desk.post(address, {"reason": " "}).status_code == 200
    assert not ModelVersion.objects.get(pk=challenger.pk).is_champion
    desk.post(address, {"reason": "the museum's hands"})
    event = known(PromotionEvent.objects.first())
    assert (event.version, known(event.by).username) == (challenger, "petra")
    assert event.reason == "the museum's hands (By the gate's rules it may.)"
    assert ModelVersion.objects.champion() == challenger


def test_promoting_against_the_gate_takes_a_tick_and_is_noted(desk: Client, challenger: ModelVersion) -> None:
    never_sure = challenger.calibration | {"refusal_threshold": 1e6}
    ModelVersion.objects.filter(pk=challenger.pk).update(calibration=never_sure)
    address = f"{VERSIONS}{challenger.pk}/promote/"
    assert "By the gate's rules it is held" in desk.get(address).content.decode()
    assert "Tick this" in desk.post(address, {"reason": "I know better"}).content.decode()
    assert not ModelVersion.objects.get(pk=challenger.pk).is_champion
    desk.post(address, {"reason": "I know better", "against": "on"})
    assert ModelVersion.objects.champion() == challenger
    assert known(PromotionEvent.objects.first()).reason.startswith("I know better (Against the gate: ")


def test_version_that_answers_with_no_number_is_not_promoted_whatever_is_ticked(
    desk: Client, challenger: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    decision = gate.Decision(False, ["outputs: no number"])
    monkeypatch.setattr(recheck, "recheck_version", lambda *_: recheck.Recheck(decision, [], is_finite=False))
    response = desk.post(f"{VERSIONS}{challenger.pk}/promote/", {"reason": "why not", "against": "on"})
    assert "answers with something that is no number" in response.content.decode()
    assert not ModelVersion.objects.get(pk=challenger.pk).is_champion


def test_champion_is_not_promoted_again(desk: Client, challenger: ModelVersion) -> None:
    champion = known(ModelVersion.objects.champion())
    assert "It speaks already." in desk.post(f"{VERSIONS}{champion.pk}/promote/", {"reason": "again"}).content.decode()
    assert PromotionEvent.objects.count() == 1


def test_promoting_checks_the_file_once_more(desk: Client, challenger: ModelVersion) -> None:
    ModelArtifacts.objects.filter(version=challenger).update(tflite=b"broken")
    response = desk.post(f"{VERSIONS}{challenger.pk}/promote/", {"reason": "why not"})
    assert "SHA-256" in response.content.decode()
    assert not ModelVersion.objects.get(pk=challenger.pk).is_champion


def test_version_for_another_preparation_of_ink_is_not_promoted(desk: Client, challenger: ModelVersion) -> None:
    ModelVersion.objects.filter(pk=challenger.pk).update(preprocessing_version=99)
    response = desk.post(f"{VERSIONS}{challenger.pk}/promote/", {"reason": "why not"})
    assert "prepared by version 99" in response.content.decode()
    assert not ModelVersion.objects.get(pk=challenger.pk).is_champion


def test_rolling_back_restores_the_version_before(desk: Client, challenger: ModelVersion, operator: User) -> None:
    before = known(ModelVersion.objects.champion())
    registry.promote(challenger, by=operator, reason="better")
    page = desk.get(f"{VERSIONS}roll-back/").content.decode()
    assert "Roll back to version 1" in page
    assert "Known from" in page
    desk.post(f"{VERSIONS}roll-back/", {"reason": "it was not", "version": before.pk})
    assert ModelVersion.objects.champion() == before
    assert known(PromotionEvent.objects.first()).reason == "it was not"


def test_rolling_back_waits_for_no_comparison_and_needs_no_sound_champion(
    desk: Client, challenger: ModelVersion, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = known(ModelVersion.objects.champion())
    registry.promote(challenger, by=operator, reason="better")
    ModelArtifacts.objects.filter(version=challenger).update(tflite=b"broken")
    assert "cannot answer" in desk.get(f"{VERSIONS}roll-back/").content.decode()
    monkeypatch.setattr(recheck, "recheck_version", None)
    desk.post(f"{VERSIONS}roll-back/", {"reason": "it burns", "version": before.pk})
    assert ModelVersion.objects.champion() == before


def test_rolling_back_asks_again_where_the_target_has_changed_meanwhile(
    desk: Client, challenger: ModelVersion, operator: User
) -> None:
    registry.promote(challenger, by=operator, reason="better")
    response = desk.post(f"{VERSIONS}roll-back/", {"reason": "it was not", "version": challenger.pk})
    assert "Roll back to version 1" in response.content.decode()
    assert ModelVersion.objects.champion() == challenger


def test_first_champion_cannot_be_rolled_back(desk: Client, db: None) -> None:
    registry.ensure_baseline()
    response = desk.post(f"{VERSIONS}roll-back/", {"reason": "why not"})
    assert "replaced no other version" in response.content.decode()


@pytest.mark.parametrize("method", ["promote", "roll-back"])
def test_looking_changes_nothing(desk: Client, challenger: ModelVersion, method: str) -> None:
    address = f"{VERSIONS}{challenger.pk}/promote/" if method == "promote" else f"{VERSIONS}roll-back/"
    desk.get(address)
    assert ModelVersion.objects.champion() != challenger


# runs


def test_train_now_asks_for_one_run(desk: Client) -> None:
    for _ in range(2):
        response = desk.post(f"{RUNS}train-now/")
    run = TrainingRun.objects.get()
    assert response["Location"] == f"{RUNS}{run.pk}/change/"
    assert (run.status, known(run.requested_by).username) == ("requested", "petra")


def test_train_now_is_not_a_link(desk: Client) -> None:
    assert desk.get(f"{RUNS}train-now/").status_code == 405
    assert not TrainingRun.objects.exists()


def test_cancel_stops_a_waiting_run(desk: Client) -> None:
    run = TrainingRun.objects.create(trigger="request")
    desk.post(f"{RUNS}{run.pk}/cancel/")
    assert TrainingRun.objects.get().status == "cancelled"


def test_finished_run_cannot_be_cancelled(desk: Client, run: TrainingRun) -> None:
    desk.post(f"{RUNS}{run.pk}/cancel/")
    assert TrainingRun.objects.get().status == "held"


def test_live_run_tells_its_progress(desk: Client) -> None:
    run = TrainingRun.objects.create(
        status="running",
        trigger="schedule",
        token="12345678123456781234567812345678",
        lease_expires_at=timezone.now() + timedelta(minutes=1),
        started_at=timezone.now(),
        phase="learning",
        progress=0.52,
        epoch=2,
        epochs=5,
        accuracy=0.975,
        log="13:00:52 epoch 2/5\n",
    )
    live = desk.get(f"{RUNS}{run.pk}/progress/").json()
    assert live["is_live"]
    assert (live["phase"], live["percent"], live["epoch"], live["accuracy"]) == (
        "learning",
        "52 %",
        "2 of 5",
        "97.50 %",
    )
    page = desk.get(f"{RUNS}{run.pk}/change/").content.decode()
    assert "review/run.js" in page
    assert "13:00:52 epoch 2/5" in page


def test_run_page_shows_the_decision(desk: Client, run: TrainingRun) -> None:
    page = desk.get(f"{RUNS}{run.pk}/change/").content.decode()
    assert "The gate holds it" in page
    assert "review/run.js" not in page


def test_policy_is_one_row_that_operators_edit(desk: Client) -> None:
    assert desk.get("/admin/training/trainingpolicy/").status_code == 302
    page = desk.get("/admin/training/trainingpolicy/1/change/").content.decode()
    assert "for each point (one drawing in a hundred) it may read so many more of MNIST" in page
    form = {"minimum_new_labels": "7", "minimum_interval_minutes": "5", "mnist_for_a_point": "2", "mnist_at_most": "50"}
    desk.post("/admin/training/trainingpolicy/1/change/", form)
    policy = TrainingPolicy.load()
    assert (policy.minimum_new_labels, policy.enabled) == (7, False)
    assert (policy.mnist_for_a_point, policy.mnist_at_most) == (2, 50)


# the first page


def test_first_page_shows_figures_that_lead_to_their_rows(owner: User, sign_in: SignIn, run: TrainingRun) -> None:
    make_drawings(5)
    earlier = make_drawing(seed=77)
    earlier.quarantine("in doubt")
    Drawing.objects.filter(pk=earlier.pk).update(created_at=timezone.now() - timedelta(days=3))
    WorkerHeartbeat.objects.beat("celery@host")
    client = sign_in(owner)
    response = client.get("/admin/")
    figures = {figure.name: figure for figure in [*response.context["review"], *response.context["learning"]]}
    assert figures["waiting for review"].value == "5"
    assert figures["quarantined"].value == "1"
    assert figures["worker"].value == "alive"
    assert "too recent" in figures["next training"].note
    for figure in figures.values():
        assert client.get(figure.address, follow=True).status_code == 200, figure
    drawn = {}
    for day, address, _ in response.context["daily"]["chart"].rows[-5:]:
        assert f'<a href="{escape(address)}">{day}</a>' in response.content.decode()
        drawn[address] = len(client.get(address).context["cl"].result_list)
    assert list(drawn.values()) == [0, 1, 0, 0, 5]


def test_first_page_works_on_an_empty_installation(owner: User, sign_in: SignIn) -> None:
    registry.ensure_baseline()
    response = sign_in(owner).get("/admin/")
    assert response.status_code == 200
    assert "nothing checked yet" in response.content.decode()


def test_daily_chart_looks_at_so_many_drawings_of_a_day(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "DAY_MOST", 3)
    for seed in range(5):
        make_drawing(seed=seed)
    today = timezone.now().date()
    yesterday, now = dashboard.tally([today - timedelta(days=1), today])
    assert (yesterday["drawn"], now["drawn"], now["told"]) == (0, 3, 3)


def test_daily_chart_counts_corrections_and_refusals(owner: User, sign_in: SignIn) -> None:
    cache.clear()
    for seed, (predicted, confirmed) in enumerate([(7, 7), (7, 7), (7, 7), (1, 7), (None, 10)]):
        make_drawing(seed=seed, predicted=predicted, confirmed=confirmed)
    chart = sign_in(owner).get("/admin/").context["daily"]["chart"]
    assert chart.table[-1][1] == ["20.00 %", "20.00 %"]


def test_first_page_asks_the_same_number_of_queries_whatever_is_stored(owner: User, sign_in: SignIn) -> None:
    def queries() -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as captured:
            client.get("/admin/")
        return len(captured)

    registry.ensure_baseline()
    TrainingPolicy.load()
    client = sign_in(owner)
    client.get("/admin/")
    few = queries()
    make_drawings(30)
    assert queries() == few <= 30


# charts


def test_exams_that_one_version_alone_sat_draw_no_line(desk: Client, challenger: ModelVersion) -> None:
    assert "drawings" not in known(ModelVersion.objects.champion()).metrics
    second = registry.register(
        bytes(challenger.keras),
        bytes(challenger.tflite),
        preprocessing_version=challenger.preprocessing_version,
        calibration=challenger.calibration,
        metrics={"drawings": challenger.metrics["drawings"] | {"accuracy": 0.975}},
        parent=challenger,
        origin="run 2",
    )
    chart = desk.get("/admin/").context["exams"]
    assert [line.title for line in chart.lines] == ["People's drawings"]
    assert [point.name for point in chart.lines[0].points] == [str(challenger.number), str(second.number)]


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([0.0, 0.183], ["0 %", "5 %", "10 %", "15 %", "20 %"]),
        ([0.9859, 0.9943], ["98.5 %", "99.0 %", "99.5 %"]),
        ([0.5, 0.5], ["49.8 %", "50.0 %"]),
        ([1.0, 1.0], ["99.8 %", "100.0 %"]),
    ],
)
def test_chart_has_round_numbers_beside_it(values: list[float], ticks: list[str]) -> None:
    assert [text for _, text in share_chart(["1", "2"], {"a": values}).ticks] == ticks


def test_chart_spans_its_values_and_leaves_gaps(db: None) -> None:
    chart = share_chart(["1", "2", "3"], {"a": [0.9, None, 0.95], "b": [None, None, None]})
    assert [len(line.points) for line in chart.lines] == [2, 0]
    assert chart.lines[0].points[0].y > chart.lines[0].points[1].y
    assert chart.table[1] == ("2", ["-", "-"])


def test_answers_are_binned_by_how_sure_they_were() -> None:
    bins = reliability([(0.95, True), (0.96, False), (0.2, False), (1.0, True)])
    assert [(one.n, one.accuracy) for one in bins] == [(1, 0.0), (3, pytest.approx(2 / 3))]


def test_reliability_in_use_believes_the_reviewer(owner: User, sign_in: SignIn, reviewer: User) -> None:
    drawing = make_drawing(predicted=7, confirmed=7, confidence=0.9)
    drawing.approve(1, reviewer)
    make_drawing(seed=1, predicted=7, confirmed=10, confidence=0.9)  # no digit: how sure is nothing it was asked
    version = known(Drawing.objects.first()).model_version
    in_use = sign_in(owner).get(f"{VERSIONS}{version.pk}/change/").context["reliabilities"][-1]
    assert in_use.title == "In use, by approved labels"
    assert [(one.n, one.accuracy) for one in in_use.bins] == [(1, 0.0)]


def test_version_that_never_served_has_a_curve_for_each_exam_it_sat(desk: Client, challenger: ModelVersion) -> None:
    kept = [{"confidence": 0.55, "accuracy": 0.5, "n": 4}, {"confidence": 0.99, "accuracy": 0.98, "n": 96}]
    report = challenger.metrics["drawings"]
    for bins, titles in ((kept, ["People's drawings"]), (None, []), ([], [])):
        challenger.metrics = {"drawings": report | ({} if bins is None else {"bins": bins}), "not_digits": report}
        challenger.tflite_sha256 = "another"
        challenger.save()
        response = desk.get(f"{VERSIONS}{challenger.pk}/change/")
        assert [curve.title for curve in response.context["reliabilities"]] == titles
        assert response.content.decode().count("chart-square") == len(titles)


def test_shipped_baseline_has_a_curve(desk: Client, db: None) -> None:
    version = registry.ensure_baseline()
    assert desk.get(f"{VERSIONS}{version.pk}/change/").context["reliabilities"]


def test_exams_share_of_refused_digits_leaves_out_what_is_none(desk: Client, challenger: ModelVersion) -> None:
    table = [[0] * 11 for _ in range(11)]
    table[3][3], table[3][10], table[10][10] = 3, 1, 50
    challenger.metrics = {"golden": {"n": 54, "accuracy": 0.98, "confusion": table, "refusal_rate": 51 / 54}}
    challenger.save()
    (row,) = desk.get(f"{VERSIONS}{challenger.pk}/change/").context["exams"]
    assert (row.title, row.n, row.refused) == ("Golden set", "54", "25.00 %")
