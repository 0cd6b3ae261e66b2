"""A backup into an empty database, of either kind: all of it or nothing."""

from collections.abc import Iterable
from math import inf
from pathlib import Path
from typing import Any

from django.apps import apps
from django.apps.registry import Apps
from django.core.management import call_command
from django.db import connection, models, reset_queries, transaction
from django.db.migrations.executor import MigrationExecutor

from training.exchange import backup_file
from training.exchange.backing_up import numbered_column
from training.exchange.backup_file import Header, Table

ROWS_AT_ONCE = 200  # in one statement, if they are small
CHARACTERS_AT_ONCE = 2_000_000  # of values; a drawing has 3 KB, a model 5 MB
# What migrating leaves in a database that nobody has used yet: so many rows at most. A backup's take their place
MADE_BY_MIGRATING = {
    "contenttypes.ContentType": inf,
    "auth.Permission": inf,
    "auth.Group": inf,
    "auth.Group_permissions": inf,
    "recognizer.ModelVersion": 1,
    "recognizer.ModelArtifacts": 1,
    "recognizer.PromotionEvent": 1,
    "recognizer.LedgerEntry": 2,  # the baseline's, and its promotion's
    "training.TrainingPolicy": 1,
}


class NotEmpty(Exception):
    """The database holds something that a restore would mix with, or lose."""


class OtherRelease(Exception):
    """The backup's tables are not those that this release can make of this database."""


def restore(path: Path) -> int:
    """Fill an empty database with a backup, and bring it to this release. Returns the number of rows.

    The file is read to its end before anything is touched; the rows then come in one transaction. An older release's
    backup is put into the tables of that time, and migrated from there.

    Raises:
        BadBackup: the file is not sound.
        NotEmpty: the database is in use.
        OtherRelease: the backup is of a later release, or older and the database has this release's tables already.
    """
    header, rows = backup_file.check(path)
    tables = _make_tables(header)
    of_that_time = {model._meta.label for model in tables.get_models(include_auto_created=True)}
    with transaction.atomic():
        for model in MADE_BY_MIGRATING.keys() & of_that_time:
            _empty(tables, model)
        _fill(tables, backup_file.read(path))
    call_command("migrate", interactive=False, verbosity=0)
    return rows


def _make_tables(header: Header) -> Apps:
    """Bring the database to the state that the backup was made in. Returns its models."""
    executor = MigrationExecutor(connection)
    targets = [(app, name) for app, name in header.migrations.items()]
    unknown = [f"{app}.{name}" for app, name in targets if (app, name) not in executor.loader.graph.nodes]
    if unknown:
        raise OtherRelease(
            f"A later release ({header.release}) made this backup: this one does not know {', '.join(unknown)}."
        )
    refuse_what_is_used()
    wanted = {step for target in targets for step in executor.loader.graph.forwards_plan(target)}
    if set(executor.loader.applied_migrations) - wanted:
        raise OtherRelease(
            "This backup is of an earlier release than the database's tables. Restore it into a database without any: "
            "they are made as they were, filled, and brought to this release."
        )
    executor.migrate(targets)
    return MigrationExecutor(connection).loader.project_state(targets).apps


def refuse_what_is_used() -> None:
    """Raise NotEmpty if there is a row that migrating has not made."""
    there = set(connection.introspection.table_names())
    for model in apps.get_models(include_auto_created=True):
        table = model._meta.db_table
        if table in there and _count(table) > MADE_BY_MIGRATING.get(model._meta.label, 0):
            raise NotEmpty(
                f"This database is in use: there are rows in {table}. A backup goes into a new one. Nothing was changed."
            )


def _count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608  a table of our own
        return int(cursor.fetchone()[0])


def _empty(tables: Apps, label: str) -> None:
    """Delete the rows of a table alone: what refers to them is put back before the transaction ends."""
    name = connection.ops.quote_name(_model(tables, label)._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {name}")  # noqa: S608  a table of our own


def _fill(tables: Apps, lines: Iterable[Table | list[Any]]) -> None:
    inserting: _Inserting | None = None
    for line in lines:
        if isinstance(line, Table):
            if inserting:
                inserting.finish()
            inserting = _Inserting(_model(tables, line.model), line)
        elif inserting:
            inserting.add(line)
    if inserting:
        inserting.finish()


def _model(tables: Apps, label: str) -> type[models.Model]:
    """Find a model among those of a state, that of a many-to-many field too."""
    named = {model._meta.label_lower: model for model in tables.get_models(include_auto_created=True)}
    try:
        return named[label.lower()]
    except KeyError:
        raise OtherRelease(f"This release has no table for {label}.") from None


class _Inserting:
    """Rows on their way into one table, some hundred a statement.

    In SQL of our own: `bulk_create` would give what has `auto_now_add` the time of the restore.
    """

    def __init__(self, model: type[models.Model], table: Table) -> None:
        by_name = {field.attname: field for field in model._meta.concrete_fields}
        self._model, self._last_id = model, table.last_id
        self._fields = [by_name[name] for name in table.columns]
        quote = connection.ops.quote_name
        self._into = (
            f"INSERT INTO {quote(model._meta.db_table)} ({', '.join(quote(str(f.column)) for f in self._fields)})"
        )
        most = connection.features.max_query_params or ROWS_AT_ONCE * len(self._fields)
        self._most = max(1, min(ROWS_AT_ONCE, most // len(self._fields)))
        self._rows: list[list[Any]] = []
        self._characters = 0

    def add(self, values: list[Any]) -> None:
        pairs = zip(self._fields, values, strict=True)
        self._rows.append([field.get_db_prep_save(original(field, value), connection) for field, value in pairs])
        self._characters += sum(len(value) for value in values if isinstance(value, str))
        if len(self._rows) >= self._most or self._characters > CHARACTERS_AT_ONCE:
            self._insert()

    def finish(self) -> None:
        self._insert()
        if column := numbered_column(self._model):
            _go_on_counting(self._model._meta.db_table, column, self._last_id or 0)

    def _insert(self) -> None:
        if not self._rows:
            return
        row = f"({', '.join(['%s'] * len(self._fields))})"
        with connection.cursor() as cursor:
            statement = f"{self._into} VALUES {', '.join([row] * len(self._rows))}"
            cursor.execute(statement, [value for row in self._rows for value in row])
        self._rows, self._characters = [], 0
        reset_queries()  # with DEBUG on, Django keeps every statement with all its values


def original(field: "models.Field[Any, Any]", value: Any) -> Any:
    """Return the value that `backing_up.portable` was given."""
    return value if isinstance(field, models.JSONField) else field.to_python(value)


def _go_on_counting(table: str, column: str, last_id: int) -> None:
    """Let the next row have the number that it would have had where the backup was made."""
    name = connection.ops.quote_name(column)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(max({name}), 0) FROM {connection.ops.quote_name(table)}")  # noqa: S608
        last_id = max(last_id, cursor.fetchone()[0])
        if connection.vendor == "postgresql":
            sequence = "pg_get_serial_sequence(%s, %s)"
            cursor.execute(f"SELECT setval({sequence}, %s, %s)", [f'"{table}"', column, max(last_id, 1), last_id > 0])
        else:
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table])
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, last_id])
