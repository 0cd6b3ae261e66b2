"""Stored drawings read by versions that did not answer them, and what the site sees of itself."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from recognizer import registry
from recognizer.models import Drawing, ModelVersion, PromotionEvent, Rereading
from tests.support.accounts import SignIn
from tests.support.drawings import approved_drawing, make_drawing
from tests.support.versions import make_version
from training.curation import rereading
from training.evaluation import recheck
from training.models import TrainingRun, Watch
from training.runs import watching

pytestmark = pytest.mark.django_db


@pytest.fixture
def champion(db: None) -> ModelVersion:
    return registry.ensure_baseline()


@pytest.fixture
def held(champion: ModelVersion) -> ModelVersion:
    version = make_version(champion)
    TrainingRun.objects.create(status="held", trigger="request", champion=champion, challenger=version)
    return version


def test_new_champion_reads_the_backlog_and_orders_it_anew(champion: ModelVersion) -> None:
    """A 7 that the version before took for a 1, as its contributor says it is a 7: the new one agrees with them."""
    drawing = make_drawing(drawn=7, predicted=1, confirmed=7, confidence=0.99)
    new = make_version(champion)
    registry.promote(new, by=None, reason="the gate")
    new.refresh_from_db()
    before = Drawing.objects.get()
    assert rereading.reread_backlog(new) == 1
    reread = Rereading.objects.get()
    after = Drawing.objects.get()
    assert (reread.drawing_id, reread.answered, reread.differs) == (drawing.pk, 7, True)
    assert after.review_priority < before.review_priority
    assert (after.suspicion or 0) < 0.3 < (before.suspicion or 0)
    assert (after.predicted_label, after.model_version_id) == (1, champion.pk)  # what was said stays said
    assert rereading.reread_backlog(new) == 0


def test_held_version_answers_some_of_what_comes_in_and_its_disagreements_go_up(
    champion: ModelVersion, held: ModelVersion
) -> None:
    assert rereading.newest_held(champion) == held
    made = [make_drawing(seed=seed, drawn=7, predicted=1, confirmed=1, confidence=0.9) for seed in range(30)]
    sampled = {drawing.pk for drawing in made if drawing.pk.int % rereading.LIVE_EVERY == 0}
    before = dict(Drawing.objects.values_list("pk", "review_priority"))
    assert rereading.answer_beside(held, champion) == len(sampled) > 0
    after = dict(Drawing.objects.values_list("pk", "review_priority"))
    assert {pk for pk in after if after[pk] > before[pk]} == sampled


def test_paired_count_of_a_held_version_is_of_approved_live_drawings(
    champion: ModelVersion, held: ModelVersion, reviewer: User
) -> None:
    fixed = make_drawing(seed=1, drawn=7, predicted=1, confirmed=7)
    broken = make_drawing(seed=2, drawn=7, predicted=1, confirmed=1)
    waiting = make_drawing(seed=3, drawn=7, predicted=1, confirmed=7)
    fixed.approve(7, reviewer)
    broken.approve(1, reviewer)
    rereading.reread(held, [fixed.pk, broken.pk, waiting.pk])
    assert rereading.labelled_pairs(held) == (2, 1, 1)
    (said,) = recheck._live(held)
    assert said.startswith("Of 2 live drawings")
    assert "as likely as 0.75 if it is no better" in said


def test_promoted_or_foreign_versions_do_not_answer_beside(champion: ModelVersion, held: ModelVersion) -> None:
    ModelVersion.objects.filter(pk=held.pk).update(preprocessing_version=held.preprocessing_version + 1)
    assert rereading.newest_held(champion) is None


def test_two_versions_are_compared_on_what_both_read(
    champion: ModelVersion, held: ModelVersion, owner: User, sign_in: SignIn, reviewer: User
) -> None:
    drawing = make_drawing(drawn=7, predicted=1, confirmed=7)
    drawing.approve(7, reviewer)
    client: Client = sign_in(owner)
    address = reverse("admin:recognizer_modelversion_compare")
    both = {"first": champion.pk, "second": held.pk}
    assert "Both have read 0 drawings" in client.get(address, both).content.decode()
    client.post(address, both)
    page = client.get(address, both).content.decode()
    assert "Both have read 1 drawing here" in page
    assert "reads 1 that version 1 does not" in page
    assert "<b>1</b>, then <b>7</b>" in page
    differing = client.get(f"/admin/recognizer/drawing/?status=all&differs={held.pk}").content.decode()
    assert f"{drawing.pk}/change/" in differing
    assert (
        "Version 2: <b>7</b>"
        in client.get(reverse("admin:recognizer_drawing_change", args=[drawing.pk])).content.decode()
    )


def test_tags_and_notes_are_kept_and_found(champion: ModelVersion, operator: User, sign_in: SignIn) -> None:
    client = sign_in(operator)
    address = reverse("admin:recognizer_modelversion_describe", args=[champion.pk])
    client.post(address, {"tags": " museum , night,museum", "notes": "quiet week"})
    champion.refresh_from_db()
    assert (champion.tags, champion.notes) == ("museum, night", "quiet week")
    assert "museum, night" in client.get("/admin/recognizer/modelversion/?q=museum").content.decode()


def test_accuracy_is_estimated_and_drift_is_told(champion: ModelVersion, operator: User, sign_in: SignIn) -> None:
    table = [[40 if row == column else 0 for column in range(11)] for row in range(11)]
    bins = [{"confidence": 0.9, "accuracy": 0.9, "n": 400}]
    report = {"n": 440, "accuracy": 1.0, "confusion": table, "bins": bins}
    ModelVersion.objects.filter(pk=champion.pk).update(metrics={"drawings": report})
    champion.refresh_from_db()
    sample = make_drawing(drawn=7, predicted=7, confirmed=None, confidence=0.9)
    columns = [field.attname for field in Drawing._meta.concrete_fields if field.name != "id"]
    values = {name: getattr(sample, name) for name in columns}
    Drawing.objects.bulk_create(Drawing(**values) for _ in range(149))
    watch = watching.watch(champion)
    assert watch.accuracy == pytest.approx(0.9, abs=0.01)
    assert (watch.low or 0) < 0.9 < (watch.high or 0)
    assert (watch.classes_p or 0) < 1e-9  # nothing but 7s
    page = sign_in(operator).get("/admin/").content.decode()
    assert "has changed" in page
    assert "7s are 100.0 % of what is read, 10.0 % of the exam" in page


def test_metrics_tell_what_was_watched(champion: ModelVersion, owner: User, sign_in: SignIn) -> None:
    Watch.objects.create(version=champion, accuracy=0.93, low=0.9, high=0.95, classes_p=0.2)
    PromotionEvent.objects.create(version=champion, reason="automatic return: x", is_return=True)
    text = sign_in(owner).get("/metrics").content.decode()
    for line in (
        'digitre_accuracy_without_labels{bound="estimate"} 0.93',
        'digitre_drift_p{of="classes"} 0.2',
        "digitre_automatic_returns 1.0",
    ):
        assert line in text


def test_dashboard_says_that_the_site_went_back(champion: ModelVersion, operator: User, sign_in: SignIn) -> None:
    new = make_version(champion)
    registry.promote(new, by=None, reason="the gate")
    event = PromotionEvent.objects.get(version=new)
    registry.step_back(event, "automatic return: of 200 labels")
    page = sign_in(operator).get("/admin/").content.decode()
    assert "The site went back by itself" in page
    assert "version 1 speaks again" in page


def test_look_does_all_of_it_once(champion: ModelVersion, held: ModelVersion) -> None:
    make_drawing(drawn=7, predicted=1, confirmed=7)
    said = watching.look()
    assert "0 waiting ones read anew" in said
    assert "read by version 2" in said
    assert Watch.objects.get().at <= timezone.now()


def test_what_a_version_was_taught_is_shown_on_its_page(
    champion: ModelVersion, held: ModelVersion, owner: User, sign_in: SignIn
) -> None:
    from training.models import DatasetSnapshot, SnapshotManifest

    drawing = approved_drawing(7)
    Drawing.objects.filter(pk=drawing.pk).update(predicted_label=1)
    ModelVersion.objects.filter(pk=held.pk).update(created_at=timezone.now())
    snapshot = DatasetSnapshot.objects.create(digest="a" * 64, drawings=1, contributors=1)
    SnapshotManifest.pack(snapshot, {"members": [(str(drawing.pk), 7)], "excluded": {}})
    TrainingRun.objects.update(snapshot=snapshot)
    assert rereading.read_what_was_taught() == 1
    page = sign_in(owner).get(f"/admin/recognizer/modelversion/{held.pk}/change/").content.decode()
    assert "Of 1 correction since the version before it now reads 1" in page
    assert "1 of 1" in page
