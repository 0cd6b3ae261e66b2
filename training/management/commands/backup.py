import os
import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from training.exchange.backing_up import NotMigrated, back_up

STANDARD_OUTPUT = Path("-")


class Command(BaseCommand):
    help = (
        "Write everything that is in the database into one file, as it is at one moment, while the site goes on. "
        "The file is as private as the database."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="a file that is not there yet, or - for standard output")

    def handle(self, *args: object, file: Path, **options: object) -> None:
        try:
            rows = back_up(sys.stdout.buffer) if file == STANDARD_OUTPUT else write_whole(file)
        except (NotMigrated, OSError) as error:
            raise CommandError(str(error)) from error
        self.stderr.write(f"{rows} rows. Keep SECRET_KEY (var/secret_key) with it: it signs the cookies.")


def write_whole(file: Path) -> int:
    """Let the file have its name when it is whole and on the disk, and be its owner's alone from the first byte.

    Raises:
        OSError: it is there already, or there is no room.
    """
    if file.exists():
        raise FileExistsError(f"{file} is there already; nothing was written.")
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as raw:
            rows = back_up(raw)
            raw.flush()
            os.fsync(raw.fileno())
        partial.rename(file)
    finally:
        partial.unlink(missing_ok=True)
    return rows
