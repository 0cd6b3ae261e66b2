"""What a reviewer decides: each decision an event, and each to be taken back."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User

from recognizer.models import AUDIT_EVERY, SECOND_OPINION_EVERY, Drawing, LabelEvent, Look
from tests.support.drawings import make_drawing
from tests.support.known import known

pytestmark = pytest.mark.django_db
Status = Drawing.Status


def sampled_id(*, audited: bool, seconded: bool) -> uuid.UUID:
    """An id that the random checks fall on, or do not."""
    return next(
        uuid.UUID(int=number)
        for number in range(1 << 64, (1 << 64) + 1000)
        if (number % AUDIT_EVERY == 0) is audited and (number // AUDIT_EVERY % SECOND_OPINION_EVERY == 0) is seconded
    )


def told(drawing: Drawing) -> list[tuple[Any, ...]]:
    return list(drawing.events.values_list("actor", "action", "label", "user__username"))


def fresh(drawing: Drawing) -> Drawing:
    return Drawing.objects.get(pk=drawing.pk)


def test_undoing_an_approval_lets_the_drawing_wait_again(reviewer: User) -> None:
    drawing = make_drawing(confirmed=7)
    drawing.approve(1, reviewer)
    assert drawing.undo(reviewer)
    drawing = fresh(drawing)
    assert (drawing.status, drawing.label, drawing.reviewed_by) == (Status.WAITING, 7, None)
    assert told(drawing) == [
        ("contributor", "confirmed", 7, None),
        ("reviewer", "approved", 1, "rosa"),
        ("reviewer", "undone", None, "rosa"),
    ]


def test_undoing_twice_changes_nothing_more(reviewer: User) -> None:
    drawing = make_drawing(confirmed=7)
    drawing.reject("not readable", reviewer)
    assert drawing.undo(reviewer)
    assert not drawing.undo(reviewer)
    assert drawing.events.count() == 3


def test_nobody_undoes_what_another_reviewer_said(reviewer: User, other_reviewer: User) -> None:
    drawing = make_drawing(confirmed=7)
    drawing.approve(7, reviewer)
    assert not drawing.undo(other_reviewer)
    assert fresh(drawing).status == Status.APPROVED


def test_undoing_restores_what_another_reviewer_had_decided(reviewer: User, other_reviewer: User) -> None:
    drawing = make_drawing(confirmed=7)
    drawing.approve(1, other_reviewer)
    drawing.reject("offensive", reviewer)
    drawing.undo(reviewer)
    drawing = fresh(drawing)
    assert (drawing.status, drawing.label, drawing.reviewed_by) == (Status.APPROVED, 1, other_reviewer)


def test_undoing_restores_a_quarantine_with_its_reason(reviewer: User) -> None:
    drawing = make_drawing(confirmed=7)
    drawing.quarantine("others call it a 1")
    drawing.approve(7, reviewer)
    drawing.undo(reviewer)
    assert (fresh(drawing).status, fresh(drawing).status_reason) == (Status.QUARANTINED, "others call it a 1")


def test_rule_leaves_one_approval_in_twenty_to_be_checked(db: None) -> None:
    checked = make_drawing(id=sampled_id(audited=True, seconded=False), confirmed=7)
    unchecked = make_drawing(id=sampled_id(audited=False, seconded=False), confirmed=7)
    for drawing in (checked, unchecked):
        drawing.approve_by_rule("they agree")
    assert (fresh(checked).check_due, fresh(unchecked).check_due) == (Look.AUDIT, "")


def test_undoing_a_check_of_the_rule_leaves_it_to_be_checked_again(reviewer: User) -> None:
    drawing = make_drawing(id=sampled_id(audited=True, seconded=False), confirmed=7)
    drawing.approve_by_rule("they agree")
    drawing.approve(1, reviewer, look=Look.AUDIT)
    drawing.undo(reviewer)
    drawing = fresh(drawing)
    assert (drawing.status, drawing.label, drawing.check_due) == (Status.APPROVED, 7, Look.AUDIT)
    assert drawing.status_reason == "they agree"


def test_agreeing_second_opinion_leaves_the_decision(reviewer: User, other_reviewer: User) -> None:
    drawing = make_drawing(id=sampled_id(audited=False, seconded=True), confirmed=7)
    drawing.approve(1, reviewer)
    assert fresh(drawing).check_due == Look.SECOND
    drawing.second_opinion(1, other_reviewer)
    drawing = fresh(drawing)
    assert (drawing.status, drawing.label, drawing.reviewed_by, drawing.check_due) == (Status.APPROVED, 1, reviewer, "")


def test_differing_second_opinion_lets_the_drawing_wait_again(reviewer: User, other_reviewer: User) -> None:
    drawing = make_drawing(confirmed=7)
    drawing.approve(1, reviewer)
    drawing.second_opinion(7, other_reviewer)
    assert fresh(drawing).status == Status.WAITING
    seconded = known(drawing.events.last())
    assert (seconded.action, seconded.label, seconded.previous_label) == ("seconded", 7, 1)


@pytest.mark.parametrize("second", [1, 7, None])
def test_undoing_a_second_opinion_restores_the_first(reviewer: User, other_reviewer: User, second: int | None) -> None:
    drawing = make_drawing(id=sampled_id(audited=False, seconded=True), confirmed=7)
    drawing.approve(1, reviewer)
    drawing.second_opinion(second, other_reviewer)
    drawing.undo(other_reviewer)
    drawing = fresh(drawing)
    assert (drawing.status, drawing.label, drawing.reviewed_by) == (Status.APPROVED, 1, reviewer)
    assert drawing.check_due == Look.SECOND


def test_history_is_only_added_to(reviewer: User, other_reviewer: User) -> None:
    drawing = make_drawing(confirmed=7)
    drawing.approve(1, reviewer)
    before = list(LabelEvent.objects.values())
    drawing.reject("offensive", other_reviewer)
    drawing.undo(other_reviewer)
    drawing.put_back(reviewer, "let us ask again")
    assert list(LabelEvent.objects.values())[: len(before)] == before
