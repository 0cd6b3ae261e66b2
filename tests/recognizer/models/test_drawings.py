from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from recognizer import registry
from recognizer.errors import AlreadyReviewed
from recognizer.models import Contributor, Drawing, LabelEvent, ModelVersion, label_text
from tests.support.drawings import make_drawing

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "columns",
    [
        {"confirmed_label": 11},
        {"reviewed_label": 11},
        {"predicted_label": 10},
        {"prompted_label": 10},
        {"top_label": 10},
        {"status": "waiting"},
    ],
)
def test_database_refuses_labels_that_are_none(columns: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_drawing(confirmed=None, **columns)


def test_database_refuses_a_second_champion() -> None:
    champion = registry.ensure_baseline()
    second = registry.register(
        bytes(champion.keras),
        bytes(champion.tflite),
        preprocessing_version=1,
        calibration=champion.calibration,
        metrics={},
        parent=champion,
        origin="a test",
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        ModelVersion.objects.filter(pk=second.pk).update(is_champion=True, promoted_at=champion.promoted_at)


def test_three_labels_never_overwrite_each_other(admin_user: User) -> None:
    drawing = make_drawing(confirmed=None)
    drawing.confirm(1)
    drawing.approve(4, admin_user, "an open four")
    drawing.refresh_from_db()
    assert (drawing.predicted_label, drawing.confirmed_label, drawing.reviewed_label, drawing.label) == (7, 1, 4, 4)
    assert drawing.reviewed_by == admin_user
    assert list(drawing.events.values_list("actor", "action", "label")) == [
        ("contributor", "confirmed", 1),
        ("reviewer", "approved", 4),
    ]


def test_review_can_be_taken_back(admin_user: User) -> None:
    drawing = make_drawing(confirmed=None)
    drawing.confirm(1)
    drawing.reject("a heart", admin_user)
    drawing.put_back(admin_user)
    drawing.refresh_from_db()
    assert (drawing.status, drawing.reviewed_label, drawing.reviewed_at, drawing.label) == ("waiting", None, None, 1)
    drawing.confirm(2)
    assert [event.action for event in drawing.events.all()] == ["confirmed", "rejected", "put back", "confirmed"]


def test_contributor_cannot_reopen_a_review(admin_user: User) -> None:
    drawing = make_drawing(confirmed=None)
    drawing.confirm(1)
    drawing.reject("a heart", admin_user)
    with pytest.raises(AlreadyReviewed):
        drawing.confirm(2)
    assert Drawing.objects.get().confirmed_label == 1


def test_only_approved_drawings_of_unexamined_unblocked_people_train(admin_user: User) -> None:
    people = [Contributor.objects.create() for _ in range(4)]
    taught, evaluations, blocked, waiting = (
        make_drawing(seed=seed, confirmed=None, contributor=person) for seed, person in enumerate(people)
    )
    for drawing in (taught, evaluations, blocked):
        drawing.confirm(1)
        drawing.approve(1, admin_user)
    waiting.confirm(1)
    Contributor.objects.filter(pk__in=[person.pk for person in people]).update(is_exam=False)
    Contributor.objects.filter(pk=evaluations.contributor_id).update(is_exam=True)
    blocked.contributor.block()

    assert list(Drawing.objects.trainable()) == [taught]
    assert list(Drawing.objects.exam()) == [evaluations]
    assert list(Drawing.objects.waiting()) == [waiting]


def test_queue_shows_disagreement_before_doubt() -> None:
    sure, doubtful, disputed = (make_drawing(seed=seed, confirmed=None) for seed in range(3))
    for drawing, priority in ((sure, 0.1), (doubtful, 0.9), (disputed, 2.5)):
        drawing.confirm(7, priority=priority)
    assert list(Drawing.objects.waiting()) == [disputed, doubtful, sure]


def test_quarantined_drawing_neither_trains_nor_examines() -> None:
    drawing = make_drawing(confirmed=None)
    drawing.confirm(1)
    drawing.approve_by_rule("everything goes")
    drawing.quarantine("its contributor is contradicted by everybody")
    assert not Drawing.objects.trainable().exists()
    assert LabelEvent.objects.latest("id").actor == "training"


def test_a_contributor_cannot_lift_a_quarantine() -> None:
    drawing = make_drawing(confirmed=None)
    drawing.confirm(1)
    drawing.quarantine("others call it a 7")
    for label in (7, 1):
        assert drawing.confirm(label)
        drawing.approve_by_rule("they agree")
        drawing.refresh_from_db()
        assert (drawing.status, drawing.status_reason, drawing.label) == ("quarantined", "others call it a 7", label)
    assert drawing.withdraw()
    drawing.refresh_from_db()
    assert (drawing.status, drawing.confirmed_label) == ("quarantined", None)
    assert not drawing.events.filter(actor="rule").exists()


def test_a_reviewer_lifts_a_quarantine_with_the_contributor_s_last_word(admin_user: User) -> None:
    drawing = make_drawing(confirmed=None)
    drawing.confirm(1)
    drawing.quarantine("others call it a 7")
    drawing.confirm(7)
    drawing.put_back(admin_user)
    drawing.refresh_from_db()
    assert (drawing.status, drawing.status_reason, drawing.label) == ("waiting", "", 7)


def test_labels_are_said_in_words() -> None:
    assert [label_text(label) for label in (7, 10, None)] == ["7", "not a digit", "-"]
