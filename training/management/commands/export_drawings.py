from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from training.exchange.exporting import FORMATS, export_drawings
from training.exchange.records import read_records
from training.exchange.selection import ALL, BadSelection, Selection

FILTERS = {
    "status": "some of unconfirmed,waiting,approved,rejected,quarantined; default approved",
    "label": "some of 0 to 9, and none for what is no digit",
    "version": "answered by the version of this number",
    "contributor": "drawn by the contributor of this number",
    "purpose": "learning or exam: what their contributors' drawings are for",
    "since": "handed in on this day (2026-11-27) or later",
    "until": "handed in before this day",
    "campaign": "drawn in the campaign of this code",
}


class Command(BaseCommand):
    help = (
        "Write drawings into a folder, with a manifest of SHA-256 hashes, a datasheet, Croissant metadata and a citation. "
        "Streams: any number fits. jsonl and parquet hold everything and can be imported as they were."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--formats", default="jsonl", help=f"some of {','.join(FORMATS)}; default jsonl")
        parser.add_argument("--all", action="store_true", help="every drawing, whatever its status")
        for name, meaning in FILTERS.items():
            if name != "version":
                parser.add_argument(f"--{name}", help=meaning)
        parser.add_argument("--answered-by", dest="version_number", help=FILTERS["version"])
        parser.add_argument("--without-names", action="store_true", help="reviewers as numbers, for a file to publish")

    def handle(self, *args: object, folder: Path, formats: str, **options: object) -> None:
        wanted = tuple(formats.split(","))
        unknown = set(wanted) - set(FORMATS)
        if unknown:
            raise CommandError(f"No such format: {', '.join(sorted(unknown))}. There are {', '.join(FORMATS)}.")
        if folder.exists() and any(folder.iterdir()):
            raise CommandError(f"{folder} is not empty.")
        given = {name: str(options[name]) for name in FILTERS if options.get(name) and name != "version"}
        if options["version_number"]:
            given["version"] = str(options["version_number"])
        if options["all"]:
            given.setdefault("status", ALL)
        try:
            drawings = Selection.of(given).drawings()
        except BadSelection as error:
            raise CommandError(str(error)) from error
        records = read_records(drawings, names=not options["without_names"])
        manifest = export_drawings(folder, wanted, tqdm(records, unit=" drawings"))
        self.stdout.write(f"{manifest['drawings']} drawings in {folder}: {', '.join(manifest['files'])}")
        for name, facts in manifest["files"].items():
            if left_out := manifest["drawings"] - facts["drawings"]:
                self.stdout.write(f"{left_out} of them are not in {name}: no digit, no label, or not readable.")
