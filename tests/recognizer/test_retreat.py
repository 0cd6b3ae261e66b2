"""Going back by itself, by rows."""

from datetime import timedelta

import pytest
from django.utils import timezone

from recognizer import registry, retreat, services
from recognizer.models import Contributor, Drawing, ModelVersion, PromotionEvent
from tests.support.drawings import make_drawing
from tests.support.known import known
from tests.support.versions import make_version

pytestmark = pytest.mark.django_db


def labelled(version: ModelVersion, corrected: int, count: int, *, people: int = 40, status: str = "waiting") -> None:
    """Rows of drawings that a version answered, so many of them corrected, evenly spread."""
    sample = make_drawing(seed=1, model_version=version)
    hands = [Contributor.join() for _ in range(people)]
    every = count / corrected if corrected else count + 1
    wrong = {int(number * every) for number in range(corrected)}
    Drawing.objects.filter(pk=sample.pk).delete()
    copies = []
    for number in range(count):
        copy = make_copy(sample)
        copy.contributor = hands[number % people]
        copy.status = status
        copy.predicted_label, copy.confirmed_label = 7, 1 if number in wrong else 7
        copy.created_at = timezone.now() + timedelta(milliseconds=number)
        copies.append(copy)
    Drawing.objects.bulk_create(copies)


def make_copy(drawing: Drawing) -> Drawing:
    columns = [field.attname for field in Drawing._meta.concrete_fields if field.name != "id"]
    return Drawing(**{name: getattr(drawing, name) for name in columns})


@pytest.fixture
def before(db: None) -> ModelVersion:
    baseline = registry.ensure_baseline()
    labelled(baseline, 60, 300)
    return baseline


@pytest.fixture
def after(before: ModelVersion) -> ModelVersion:
    version = make_version(before)
    registry.promote(version, by=None, reason="the gate")
    return version


def test_version_that_is_corrected_twice_as_often_steps_down(before: ModelVersion, after: ModelVersion) -> None:
    labelled(after, 80, 200)
    promotion = known(retreat.step_back_if_worse())
    assert ModelVersion.objects.champion() == before
    assert promotion.is_return
    assert promotion.reason.startswith("automatic return: of ")
    assert "before it 20.0 %" in promotion.reason


def test_version_that_is_as_good_stays_and_is_no_longer_watched(after: ModelVersion) -> None:
    labelled(after, 40, 200)
    assert retreat.step_back_if_worse() is None
    assert ModelVersion.objects.champion() == after
    assert "nothing to go back for" in known(PromotionEvent.objects.first()).watch_ended


@pytest.mark.parametrize("of", ["one hand among many", "a rejected heap", "blocked people"])
def test_who_corrects_whatever_is_said_sends_nobody_back(after: ModelVersion, of: str) -> None:
    labelled(after, 30, 150)
    status = "rejected" if of == "a rejected heap" else "waiting"
    labelled(after, 50, 50, people=1 if of == "one hand among many" else 5, status=status)
    if of == "blocked people":
        liars = Contributor.objects.order_by("-pk")[:5].values_list("pk", flat=True)
        Contributor.objects.filter(pk__in=list(liars)).update(blocked_at=timezone.now())
    assert retreat.step_back_if_worse() is None
    assert ModelVersion.objects.champion() == after


def test_return_is_not_returned_from(before: ModelVersion, after: ModelVersion) -> None:
    labelled(after, 80, 200)
    retreat.step_back_if_worse()
    labelled(before, 200, 200)
    assert retreat.step_back_if_worse() is None


def test_correction_that_makes_it_certain_steps_back_at_once(before: ModelVersion, after: ModelVersion) -> None:
    labelled(after, 85, 199)
    last = make_drawing(seed=900, predicted=7, confirmed=None, model_version=after)
    Drawing.objects.filter(pk=last.pk).update(created_at=timezone.now() + timedelta(minutes=1))
    services.give_feedback(last.pk, last.contributor, 1)
    assert ModelVersion.objects.champion() == before
