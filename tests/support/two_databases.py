"""Which tests run a second time, on PostgreSQL: two thirds of them never see a database, and SQLite's half has run those."""

import pytest

ROWS = {"db", "transactional_db", "django_db_reset_sequences", "live_server"}  # fixtures of what reads or writes rows
MARKS = ("django_db", "postgres", "processes")


def asks_a_database(item: pytest.Item) -> bool:
    """Whether the kind of database can matter to a test."""
    marked = any(item.get_closest_marker(name) for name in MARKS)
    return marked or bool(ROWS & set(getattr(item, "fixturenames", ())))


def leave_out_what_reads_no_rows(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect, in place: these are not skipped, they have been run."""
    unneeded = [item for item in items if not asks_a_database(item)]
    config.hook.pytest_deselected(items=unneeded)
    items[:] = [item for item in items if asks_a_database(item)]
