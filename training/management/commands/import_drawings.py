from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from recognizer.models import Drawing
from training.exchange.importing import BadExport, import_drawings


class Command(BaseCommand):
    help = "Store the drawings of an export that are not here yet. Twice does no harm."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--for-review", action="store_true", help="let a reviewer look before they train")

    def handle(self, *args: object, folder: Path, **options: object) -> None:
        status = Drawing.Status.WAITING if options["for_review"] else Drawing.Status.APPROVED
        try:
            outcome = import_drawings(folder, status)
        except BadExport as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{outcome.added} added, {outcome.known} were here already, {outcome.refused} refused.")
