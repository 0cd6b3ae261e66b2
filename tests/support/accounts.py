import importlib
from collections.abc import Callable
from typing import Any, Protocol

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client

SignIn = Callable[[User], Client]


class MakeUser(Protocol):
    """What the fixture `make_user` is: `make_user("petra", "Operator")`."""

    def __call__(self, name: str, *groups: str, **columns: Any) -> User: ...


@pytest.fixture
def groups(db: None) -> None:
    """A test that flushes the database takes the groups of the migration with it: make them again."""
    if not Group.objects.filter(name="Reviewer").exists():
        roles = importlib.import_module("training.migrations.0002_roles")
        roles.make_groups(apps, connection.schema_editor())  # which it does not use, and SQLite cannot enter here
        for later in ("0007_history", "0009_campaign_roles"):
            importlib.import_module(f"training.migrations.{later}").grant(apps, connection.schema_editor())


@pytest.fixture
def make_user(groups: None) -> MakeUser:
    def make(name: str, *names: str, **columns: Any) -> User:
        user = User.objects.create_user(name, password=f"{name}-secret", is_staff=True, **columns)
        user.groups.set(Group.objects.filter(name__in=names))
        return user

    return make


@pytest.fixture
def reviewer(make_user: MakeUser) -> User:
    return make_user("rosa", "Reviewer")


@pytest.fixture
def other_reviewer(make_user: MakeUser) -> User:
    return make_user("omar", "Reviewer")


@pytest.fixture
def operator(make_user: MakeUser) -> User:
    return make_user("petra", "Operator")


@pytest.fixture
def owner(make_user: MakeUser) -> User:
    return make_user("ada", is_superuser=True)


@pytest.fixture
def sign_in() -> SignIn:
    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in
