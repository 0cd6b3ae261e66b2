from django.apps import AppConfig
from django.apps import apps as installed
from django.apps.registry import Apps
from django.db.models.signals import post_migrate


class RecognizerConfig(AppConfig):
    name = "recognizer"
    verbose_name = "Drawings and versions"

    def ready(self) -> None:
        from recognizer import checks  # noqa: F401  registers the system checks

        post_migrate.connect(register_baseline, sender=self)


def register_baseline(using: str, apps: Apps | None = None, **_: object) -> None:
    """Leave a migrated database able to serve.

    The shipped baseline is version 1. `post_migrate` is Django's own place for initial rows. A database that was migrated
    to an older state (`apps`; `flush` tells none) has no room for this release's rows.
    """
    from recognizer import registry

    if using == "default" and (apps is None or columns(installed) == columns(apps)):
        registry.ensure_baseline()


def columns(apps: Apps) -> set[tuple[str, str | None]]:
    """Every table of this app with each of its columns, as `apps` has them."""
    models = apps.get_app_config("recognizer").get_models()
    return {(model._meta.db_table, field.column) for model in models for field in model._meta.concrete_fields}
