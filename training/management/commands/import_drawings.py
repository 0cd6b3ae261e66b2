from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from recognizer.models import Drawing
from training.exchange.exporting import MANIFEST
from training.exchange.importing import Imported, import_drawings
from training.exchange.orientation import Orientation
from training.exchange.preview import look, write_sheet
from training.exchange.reading import BadExport

TURNS = {
    "transpose": "rows are columns, as EMNIST has them",
    "flip": "pictures are upside down",
    "mirror": "left is right",
    "invert": "ink and paper are swapped, where that is not seen by itself",
}


class Command(BaseCommand):
    help = (
        "Store the drawings of an export as they stood, or of others' files for review: CSV as Kaggle's, MNIST's and EMNIST's "
        "IDX, NPZ, Quick Draw's ndjson, UNIPEN, InkML, PNG files in a folder for each class. Twice does no harm."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "folder", type=Path, help="a folder that export_drawings made, or a file or folder of others'"
        )
        kinds = parser.add_mutually_exclusive_group()
        kinds.add_argument(
            "--for-review", action="store_true", help="let a reviewer look at all of it before it trains"
        )
        kinds.add_argument("--approve", action="store_true", help="believe the labels of what says nothing of a review")
        for name, meaning in TURNS.items():
            parser.add_argument(f"--{name}", action="store_true", help=meaning)
        parser.add_argument(
            "--as-it-is", action="store_true", help="import it although another orientation looks better"
        )
        parser.add_argument(
            "--preview",
            nargs="?",
            const=Path("preview.png"),
            type=Path,
            metavar="FILE",
            help="store nothing: write ten drawings to FILE (.png or .html) and say what the model makes of a hundred",
        )

    def handle(self, *args: object, folder: Path, preview: Path | None, **options: bool) -> None:
        orientation = Orientation(**{name: bool(options.get(name)) for name in TURNS})
        try:
            if preview is not None:
                return self.preview(folder, orientation, preview)
            if not (folder / MANIFEST).is_file() and not options.get("as_it_is"):
                self.check_orientation(folder, orientation)
            status = Drawing.Status.APPROVED if options.get("approve") else None
            status = Drawing.Status.WAITING if options.get("for_review") else status
            self.tell(import_drawings(folder, status, orientation))
        except BadExport as error:
            raise CommandError(str(error)) from error

    def preview(self, folder: Path, orientation: Orientation, path: Path) -> None:
        outlook = look(folder, orientation)
        write_sheet(outlook, path)
        self.stdout.write(f"{outlook.sentence()} Ten of them are in {path}. Nothing was stored.")

    def check_orientation(self, folder: Path, orientation: Orientation) -> None:
        """Stop where the pictures plainly lie sideways: a thousand of them in the queue are a nuisance."""
        outlook = look(folder, orientation)
        self.stdout.write(outlook.sentence())
        if outlook.suggestion is not None:
            raise CommandError("Nothing was imported. Say how to turn them, or --as-it-is. --preview shows ten.")

    def tell(self, outcome: Imported) -> None:
        for problem in outcome.problems:
            self.stderr.write(problem)
        if outcome.refused > len(outcome.problems):
            self.stderr.write(f"and {outcome.refused - len(outcome.problems)} more")
        gone = f", {outcome.deleted} were deleted here and stay so" if outcome.deleted else ""
        self.stdout.write(f"{outcome.added} added, {outcome.known} were here already, {outcome.refused} refused{gone}.")
