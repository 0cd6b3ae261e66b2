from django.conf import settings
from django.core.management.base import BaseCommand

from recognizer import services


class Command(BaseCommand):
    help = "Delete drawings that nobody confirmed within DIGITRE_RETENTION_DAYS."

    def handle(self, *args: object, **options: object) -> None:
        purged = services.purge_unconfirmed()
        services.forget_senders()
        self.stdout.write(f"Purged {purged} drawings older than {settings.DIGITRE_RETENTION_DAYS} days.")
