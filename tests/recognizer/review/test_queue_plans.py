"""Every order of the queue is read from an index: no sort, whatever waits."""

import pytest
from django.contrib.auth.models import User
from django.db import connection

from recognizer.models import Drawing
from recognizer.review import queue
from recognizer.review.queue import ORDERS, Wanted
from tests.support.drawings import make_drawings

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
INDEXES = {
    "suspicious": "drawing_waiting_suspicion",
    "telling": "drawing_queue",
    "unsure": "drawing_waiting_margin",
    "rare": "drawing_waiting_rarity",
    "oldest": "drawing_waiting_oldest",
}


def test_every_order_has_its_index() -> None:
    assert set(INDEXES) == set(ORDERS)


@pytest.mark.parametrize("order", INDEXES)
def test_order_is_read_from_its_index(reviewer: User, order: str) -> None:
    make_drawings(3)
    with connection.cursor() as cursor:  # so few rows are otherwise read as they lie
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
    plan = queue.waiting_for(reviewer, Wanted(order=order))[:1].explain()
    assert INDEXES[order] in plan
    assert "Sort" not in plan


def test_what_one_reviewer_decided_is_read_from_its_index(reviewer: User) -> None:
    decided = Drawing.objects.filter(reviewed_by=reviewer, reviewed_at__isnull=False).order_by("-reviewed_at", "id")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute("DROP INDEX drawing_reviewed")  # in an empty table it would do as well
    plan = decided[:100].explain()
    assert "drawing_reviewer" in plan
    assert "Sort" not in plan
