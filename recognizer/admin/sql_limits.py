"""How PostgreSQL shall carry out what a page asks. SQLite has no such settings, and serves nobody a million rows."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction

CANCELED = "57014"  # what PostgreSQL calls a statement that it stopped


class TookTooLong(RuntimeError):
    """PostgreSQL stopped a statement, as it was told to."""


@contextmanager
def session_setting(setting: str, value: str) -> Iterator[None]:
    """Change one of PostgreSQL's settings for the statements inside."""
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config(%s, %s, true)", [setting, value])
        yield


@contextmanager
def statement_timeout(milliseconds: int) -> Iterator[None]:
    """Let PostgreSQL stop what takes longer.

    Raises:
        TookTooLong: it did.
    """
    try:
        with session_setting("statement_timeout", str(milliseconds)):
            yield
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) != CANCELED:
            raise
        raise TookTooLong from error
