from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from recognizer import campaigns
from training.exchange.exporting import FORMATS, export_drawings, read_drawings


class Command(BaseCommand):
    help = "Write the approved drawings into a folder, with a manifest of SHA-256 hashes. Streams: any number fits."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--formats", default="jsonl", help=f"some of {','.join(FORMATS)}; default jsonl")
        parser.add_argument("--campaign", default="", help="the code of a campaign: its drawings alone")
        parser.add_argument("--all", action="store_true", help="every drawing with a label, also those not approved")

    def handle(self, *args: object, folder: Path, formats: str, campaign: str, **options: bool) -> None:
        wanted = tuple(formats.split(","))
        unknown = set(wanted) - set(FORMATS)
        if unknown:
            raise CommandError(f"No such format: {', '.join(sorted(unknown))}. There are {', '.join(FORMATS)}.")
        chosen = campaigns.by_code(campaign) if campaign else None
        if campaign and chosen is None:
            raise CommandError(f"No campaign has the code {campaign}.")
        if folder.exists() and any(folder.iterdir()):
            raise CommandError(f"{folder} is not empty.")
        manifest = export_drawings(folder, wanted, tqdm(read_drawings(options["all"], chosen), unit=" drawings"))
        self.stdout.write(f"{manifest['drawings']} drawings in {folder}: {', '.join(manifest['files'])}")
