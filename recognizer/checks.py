"""Faults of an installation that should stop it at the start, not at the first drawing."""

from django.core.checks import Error, register

from recognizer.baseline import shipped_baseline
from recognizer.errors import CorruptArtifact


@register()
def shipped_baseline_is_sound(app_configs: object, **_: object) -> list[Error]:
    try:
        shipped_baseline()
    except (OSError, CorruptArtifact, ValueError, KeyError) as error:
        return [
            Error(
                f"The shipped baseline cannot be used: {error}",
                hint="Restore recognizer/baseline/ from the release, or remake it with `manage.py train_baseline`.",
                id="recognizer.E001",
            )
        ]
    return []
