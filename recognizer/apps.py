from django.apps import AppConfig
from django.db.models.signals import post_migrate


class RecognizerConfig(AppConfig):
    name = "recognizer"
    verbose_name = "Drawings and versions"

    def ready(self) -> None:
        from recognizer import checks  # noqa: F401  registers the system checks

        post_migrate.connect(register_baseline, sender=self)


def register_baseline(using: str, **_: object) -> None:
    """Leave a migrated database able to serve.

    The shipped baseline is version 1. `post_migrate` is Django's own place for initial rows.
    """
    from recognizer import registry

    if using == "default":
        registry.ensure_baseline()
