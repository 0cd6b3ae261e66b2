"""The same filters for the command, the admin and the API."""

from datetime import UTC, datetime

import pytest

from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Contributor, Drawing
from tests.support.drawings import Draw
from training.exchange.selection import BadSelection, Selection


@pytest.mark.django_db
def test_each_filter_narrows(draw: Draw) -> None:
    examined = Contributor.objects.create(is_exam=True)
    seven, two = draw(7), draw(2, status=Drawing.Status.WAITING)
    none = draw(5, by=examined, label=NOT_A_DIGIT, reviewed=True)
    Drawing.objects.filter(pk=seven.pk).update(created_at=datetime(2026, 11, 2, tzinfo=UTC))

    def chosen(**given: str) -> set[Drawing]:
        return set(Selection.of(given).drawings())

    assert chosen() == {seven, none}
    assert chosen(status="all") == {seven, two, none}
    assert chosen(status="waiting, approved") == {seven, two, none}
    assert chosen(status="waiting") == {two}
    assert chosen(label="7,2") == {seven}
    assert chosen(label="none") == {none}
    assert chosen(purpose="exam") == {none}
    assert chosen(purpose="learning") == {seven}
    assert chosen(contributor=str(examined.pk)) == {none}
    assert chosen(version=str(seven.model_version.number)) == {seven, none}
    assert chosen(version="999") == set()
    assert chosen(since="2026-11-02", until="2026-11-03") == {seven}
    assert chosen(until="2026-11-02") == set()
    assert chosen(since="2026-11-02T00:00:01Z") == {none}


@pytest.mark.parametrize(
    ("name", "word"),
    [
        *[
            ("status", "golden"),
            ("label", "12"),
            ("label", "seven"),
            ("label", "٧"),
            ("version", "x"),
            ("version", "-1"),
        ],
        *[("contributor", "9" * 30), ("purpose", "fun"), ("since", "yesterday"), ("until", "2026-02-31")],
    ],
)
def test_a_filter_that_says_nothing_is_said(name: str, word: str) -> None:
    with pytest.raises(BadSelection, match=f"^{name} is "):
        Selection.of({name: word})
