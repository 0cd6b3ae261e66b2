"""Migrations in two steps: while one runs, the version before goes on serving, and so must its statements (docs/operations.md).

A migration that breaks the rule on purpose says so in a class attribute, `needs_downtime = "why"`.
"""

from importlib import import_module
from pathlib import Path

import pytest
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.migrations.operations.base import Operation

pytestmark = pytest.mark.sqlite
ROOT = Path(__file__).resolve().parents[2]
# What comes before these stands in the first release: it meets an empty database
FIRST_UNDER_THE_RULE = {"recognizer": 12, "training": 12}


def broken(operations: list[Operation], *, is_atomic: bool = True) -> list[str]:
    """Say of each operation that the version before would not survive, or that locks a table for long, why."""
    made = {operation.name_lower for operation in operations if isinstance(operation, migrations.CreateModel)}
    found = []
    for operation in operations:
        if getattr(operation, "model_name_lower", None) in made:
            continue  # nobody uses it yet
        match operation:
            case migrations.RemoveField() | migrations.DeleteModel():
                found.append("removes what the version before still reads: first a version that does not, then this")
            case migrations.RenameField() | migrations.RenameModel() | migrations.AlterModelTable():
                found.append("renames what the version before still names: add, copy, and remove later")
            case migrations.AddField(field=field) if not field.null and not field.has_db_default():
                found.append("adds a column that the version before does not fill: give it null=True or a db_default")
            case AddIndexConcurrently() | RemoveIndexConcurrently():
                if is_atomic:
                    found.append("cannot run in a transaction: set atomic = False")
            case migrations.AddIndex() | migrations.RemoveIndex():
                found.append("locks the table: use AddIndexConcurrently in a migration with atomic = False")
            case migrations.AddConstraint():
                found.append("checks every row under a lock: add it NOT VALID, and validate it in another migration")
            case migrations.RunPython() if is_atomic and len(operations) > 1:
                found.append(
                    "keeps the lock of the other operations while it walks over rows: give it a migration of its own"
                )
    return found


def under_the_rule() -> list[str]:
    names = []
    for app, first in FIRST_UNDER_THE_RULE.items():
        files = sorted((ROOT / app / "migrations").glob("[0-9]*.py"))
        names += [f"{app}.migrations.{path.stem}" for path in files if int(path.stem[:4]) >= first]
    return names


def test_the_version_before_survives_every_migration() -> None:
    found = {}
    for name in under_the_rule():
        migration = import_module(name).Migration
        if not getattr(migration, "needs_downtime", ""):
            found[name] = broken(migration.operations, is_atomic=migration.atomic)
    assert not {name: reasons for name, reasons in found.items() if reasons}


HARMLESS = [
    migrations.AddField("drawing", "mood", models.TextField(null=True)),
    migrations.AddField("drawing", "mood", models.TextField(db_default="")),
    migrations.CreateModel("Mood", [("id", models.BigAutoField(primary_key=True))]),
    migrations.AlterField("drawing", "confidence", models.FloatField(help_text="other words")),
]
HARMFUL = [
    migrations.AddField("drawing", "mood", models.TextField(default="")),
    migrations.RemoveField("drawing", "canvas_width"),
    migrations.RenameField("drawing", "png", "picture"),
    migrations.DeleteModel("Drawing"),
    migrations.AddIndex("drawing", models.Index(fields=["margin"], name="by_margin")),
    migrations.AddConstraint("drawing", models.CheckConstraint(condition=models.Q(margin__gte=0), name="positive")),
    AddIndexConcurrently("drawing", models.Index(fields=["margin"], name="by_margin")),
]


@pytest.mark.parametrize("operation", HARMLESS, ids=lambda operation: operation.describe())
def test_what_the_version_before_does_not_notice_is_let_through(operation: Operation) -> None:
    assert broken([operation]) == []


@pytest.mark.parametrize("operation", HARMFUL, ids=lambda operation: operation.describe())
def test_what_would_stop_the_version_before_is_noticed(operation: Operation) -> None:
    assert len(broken([operation])) == 1


def test_an_index_made_beside_the_traffic_is_let_through() -> None:
    assert broken([HARMFUL[-1]], is_atomic=False) == []


def test_a_new_table_may_have_what_it_likes() -> None:
    index = migrations.AddIndex("mood", models.Index(fields=["id"], name="mood_by_id"))
    assert broken([HARMLESS[2], index]) == []
