"""All rows of an installation into one file, as they are at one moment, while the site goes on."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, time
from decimal import Decimal
from typing import IO, Any
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from training.exchange.backup_file import BackupWriter, Header, Table

# What is worth nothing elsewhere, or is nobody's business there
LEFT_OUT = {
    "sessions.Session": "whoever was signed in signs in again",
    "axes.AccessAttempt": "addresses of failed sign-ins",
    "axes.AccessFailureLog": "addresses of failed sign-ins",
    "axes.AccessLog": "addresses of sign-ins",
    "axes.AccessAttemptExpiration": "goes with its attempt",
    "training.WorkerHeartbeat": "whether a worker lived then",
}
PAGE = 50  # rows held at a time: a model has 4 MB, a drawing 2 KB


class NotMigrated(Exception):
    """The database is not as this release has it."""


def back_up(raw: IO[bytes]) -> int:
    """Write a backup of the whole database. Returns the number of rows.

    Raises:
        NotMigrated: there are migrations to be done first.
    """
    header = Header(str(settings.SPECTACULAR_SETTINGS["VERSION"]), timezone.now().isoformat(), _migrations())
    with one_moment():
        writer = BackupWriter(raw, header)
        for model in kept_models():
            _write_table(writer, model)
        writer.close()
    return writer.rows


def kept_models() -> list[type[models.Model]]:
    """Every table with rows to keep, those that hold two others together too."""
    found = apps.get_models(include_auto_created=True)
    return [model for model in found if model._meta.managed and not model._meta.proxy and not is_left_out(model)]


def is_left_out(model: type[models.Model]) -> bool:
    return model._meta.label in LEFT_OUT


@contextmanager
def one_moment() -> Iterator[None]:
    """See the database as it is now, whatever is written meanwhile; keep no writer waiting.

    Not by `atomic` on SQLite: there it would take the lock that all writers need.
    """
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def portable(value: Any) -> Any:
    """Say a column's value in JSON; what `restoring` makes of it is the same value again."""
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value) if isinstance(value, UUID | Decimal) else value


def numbered_column(model: type[models.Model]) -> str | None:
    """Return the column whose numbers the database gives by itself, if the model's key is such a one."""
    field = model._meta.pk
    return field.column if isinstance(field, models.AutoField) else None


def _migrations() -> dict[str, str]:
    executor = MigrationExecutor(connection)
    leaves = executor.loader.graph.leaf_nodes()
    if executor.migration_plan(leaves):
        raise NotMigrated("The database is not as this release has it: run `python manage.py migrate` first.")
    return dict(sorted(leaves))


def _write_table(writer: BackupWriter, model: type[models.Model]) -> None:
    columns = [field.attname for field in model._meta.concrete_fields if not field.generated]
    rows = model._base_manager.order_by("pk").values_list(*columns)
    writer.begin_table(Table(model._meta.label, columns, _last_id(model)))
    for row in rows.iterator(PAGE):
        writer.add_row([portable(value) for value in row])


def _last_id(model: type[models.Model]) -> int | None:
    """Return the highest number given so far, also to a row that is gone.

    A run remembers which event it saw last: an event with a number that was given before would never be looked at.
    """
    table, column = model._meta.db_table, numbered_column(model)
    if column is None:
        return None
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [f'"{table}"', column])
            cursor.execute(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {cursor.fetchone()[0]}")  # noqa: S608
        else:
            cursor.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = %s", [table])
        return int(cursor.fetchone()[0])
