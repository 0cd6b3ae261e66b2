from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from training.exchange.backup_file import BadBackup
from training.exchange.restoring import NotEmpty, OtherRelease, restore


class Command(BaseCommand):
    help = (
        "Fill an empty database, PostgreSQL or SQLite, with what `backup` wrote from either. One in use is left alone."
    )
    requires_system_checks = []  # a check may ask for rows, and there are no tables yet

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: object, file: Path, **options: object) -> None:
        try:
            rows = restore(file)
        except (BadBackup, NotEmpty, OtherRelease) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{rows} rows are back.")
