from typing import Any

from django.core.management.base import BaseCommand, CommandError

from training.models import WorkerHeartbeat


class Command(BaseCommand):
    help = "Say whether a worker has finished a task lately; for a container's health check. Exit 1: none has."
    requires_system_checks = []  # asked every minute, and the model is not its business

    def handle(self, *args: Any, **options: Any) -> None:
        state = WorkerHeartbeat.objects.state()
        if state != "alive":
            raise CommandError(state)
        self.stdout.write(state)
