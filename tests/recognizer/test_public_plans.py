"""What the public site and the long verbs ask is read from an index, however many rows there are.

Tables of some thousand rows may be read as they lie, so that is forbidden here.
"""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.db.models import Count, QuerySet
from django.utils import timezone

from recognizer import services
from recognizer.api.views import NewestFirst
from recognizer.models import Contributor, Drawing, LabelEvent
from tests.support.drawings import make_drawing
from tests.support.known import known

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def contributor() -> Contributor:
    """One of a hundred people who made a thousand drawings within a day."""
    drawing = make_drawing()
    Contributor.objects.bulk_create(Contributor() for _ in range(99))
    own = {"id": "gen_random_uuid()", "created_at": "created_at - number * interval '1 minute'"}
    own["status"] = "(ARRAY['approved', 'unconfirmed', 'rejected'])[1 + number % 3]"
    own["contributor_id"] = "(SELECT array_agg(id) FROM recognizer_contributor)[1 + number % 100]"
    columns = [known(field.column) for field in Drawing._meta.concrete_fields]
    copied = ", ".join(own.get(column, column) for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO recognizer_drawing ({', '.join(columns)})"
            f" SELECT {copied} FROM recognizer_drawing, generate_series(1, 1000) AS number"
        )
        cursor.execute("ANALYZE recognizer_drawing; ANALYZE recognizer_contributor")
        for dear in ("seqscan", "sort", "bitmapscan"):  # as each is where there are a million
            cursor.execute(f"SET LOCAL enable_{dear} = off")
    return drawing.contributor


def mine(contributor: Contributor) -> QuerySet[Drawing]:
    return Drawing.objects.of(contributor)


def yours(contributor: Contributor) -> QuerySet[Drawing]:
    return Drawing.objects.of(contributor).with_fate().order_by(*NewestFirst.ordering)[: NewestFirst.page_size]


def yours_further_on(contributor: Contributor) -> QuerySet[Drawing]:
    return mine(contributor).filter(created_at__lte=timezone.now()).order_by(*NewestFirst.ordering)[:61]


def own_file(contributor: Contributor) -> QuerySet[Drawing]:
    return mine(contributor).order_by("created_at")


def overdue(_: Contributor) -> QuerySet[Drawing]:
    return Drawing.objects.unconfirmed_before(timezone.now())[:200]


def senders(_: Contributor) -> QuerySet[Drawing]:
    return Drawing.objects.filter(retry_digest__isnull=False, created_at__lt=timezone.now())


def newest_to_learn_from(_: Contributor) -> QuerySet[Drawing]:
    return Drawing.objects.trainable().order_by("-created_at", "id")[:1000]


def a_page_of_an_export(_: Contributor) -> QuerySet[Drawing]:
    return Drawing.objects.approved().filter(id__gt=UUID(int=1)).order_by("id")[:200]


PLANS: dict[Callable[[Contributor], QuerySet[Drawing]], tuple[str, ...]] = {
    yours: ("drawing_contributor_newest",),
    yours_further_on: ("drawing_contributor_newest",),
    own_file: ("drawing_contributor_newest",),
    overdue: ("drawing_status_newest", "drawing_daily"),
    senders: ("one_drawing_per_first_call",),
    newest_to_learn_from: ("drawing_newest", "drawing_status_newest", "drawing_daily"),
    a_page_of_an_export: ("recognizer_drawing_pkey",),
}


@pytest.mark.parametrize("asked", PLANS, ids=lambda asked: asked.__name__)
def test_drawings_are_found_by_their_index(
    contributor: Contributor, asked: Callable[[Contributor], QuerySet[Drawing]]
) -> None:
    plan = asked(contributor).explain()
    assert any(index in plan for index in PLANS[asked]), plan
    assert "Seq Scan on recognizer_drawing" not in plan


def test_what_became_of_ones_own_is_counted_over_them_alone(contributor: Contributor) -> None:
    plan = mine(contributor).order_by().values_list("status").annotate(count=Count("id")).explain()
    assert "Index Cond: (contributor_id" in plan


def test_events_leave_with_their_drawing_by_its_index(contributor: Contributor) -> None:
    drawings = list(mine(contributor).values_list("pk", flat=True))
    plan = LabelEvent.objects.filter(drawing__in=drawings).explain()
    assert "Index Cond: (drawing_id = ANY" in plan  # of either index of theirs: which, PostgreSQL's statistics decide


def test_contributors_without_a_drawing_are_found_without_reading_drawings(contributor: Contributor) -> None:
    plan = services.idle_before(timezone.now() - timedelta(days=30))[:200].explain()
    assert "Index Cond: (contributor_id = recognizer_contributor.id)" in plan
