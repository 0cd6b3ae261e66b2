from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from recognizer.models import LabelEvent, Look
from recognizer.review import queue, reviewer_figures
from tests.support.accounts import SignIn
from tests.support.drawings import make_drawing

pytestmark = pytest.mark.django_db


def second_opinion(first: User, second: User, seed: int, label: int) -> None:
    drawing = make_drawing(seed=seed)
    drawing.approve(7, first)
    type(drawing).objects.filter(pk=drawing.pk).update(check_due=Look.SECOND)
    queue.decide(second, drawing.pk, label, blind=True)


def test_operator_sees_each_reviewer_and_each_pair(
    reviewer: User, other_reviewer: User, operator: User, sign_in: SignIn
) -> None:
    for seed, label in enumerate([7, 7, 1]):
        second_opinion(reviewer, other_reviewer, seed, label)
    start = timezone.now()
    for number, event in enumerate(LabelEvent.objects.filter(user=reviewer, action="approved")):
        LabelEvent.objects.filter(pk=event.pk).update(at=start + timedelta(seconds=4 * number))
    rosa = next(one for one in reviewer_figures.figures() if one.user == "rosa")
    assert (rosa.decided, rosa.seconds) == (3, 4.0)
    (pair,) = reviewer_figures.pairs()
    assert (pair.first, pair.second, pair.agreed.hits, pair.agreed.total) == ("rosa", "omar", 2, 3)
    page = sign_in(operator).get(reverse("admin:training_reviewers")).content.decode()
    assert "66.67 %" in page


def test_reviewers_do_not_see_one_anothers_figures(reviewer: User, sign_in: SignIn) -> None:
    assert sign_in(reviewer).get(reverse("admin:training_reviewers")).status_code == 403
