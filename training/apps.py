from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured

from training.config import ConfigError, RunConfig


class TrainingConfig(AppConfig):
    name = "training"
    verbose_name = "Learning"

    def ready(self) -> None:
        try:
            RunConfig.from_environment()
        except ConfigError as error:  # at the start, not when the first run is due
            raise ImproperlyConfigured(str(error)) from error
