"""Which tests run again on PostgreSQL."""

import pytest

from tests.support.two_databases import asks_a_database


def test_what_reads_no_row_is_asked_once(request: pytest.FixtureRequest) -> None:
    assert not asks_a_database(request.node)


def test_what_reads_rows_is_asked_on_both(request: pytest.FixtureRequest, db: None) -> None:
    assert asks_a_database(request.node)


@pytest.mark.django_db
def test_a_mark_is_as_good_as_a_fixture(request: pytest.FixtureRequest) -> None:
    assert asks_a_database(request.node)
