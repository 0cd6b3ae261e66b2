import sys
from typing import TYPE_CHECKING

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from recognizer.formatting import percent
from recognizer.models import ModelVersion
from training.config import RunConfig
from training.runs.resource_limits import confine

if TYPE_CHECKING:
    from training.runs.reproduction import Remade


class Command(BaseCommand):
    help = (
        "Train a version again from its snapshot, config and seed; nothing is stored. "
        "Exit 0: the same weights, or the same exam results within noise; 1: neither."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", type=int)

    def handle(self, *args: object, number: int, **options: object) -> None:
        version = ModelVersion.objects.filter(number=number).first()
        if version is None:
            raise CommandError(f"There is no version {number}.")
        confine(RunConfig.from_environment().limits)
        from training.runs import reproduction
        from training.runs.progress import Steps

        with tqdm(total=100, bar_format="{bar} {n:3.0f}% {elapsed}", file=sys.stderr, mininterval=0.5) as bar:
            listen = lambda phase, progress, line: bar.update(100 * progress - bar.n)  # noqa: E731
            try:
                remade = reproduction.remake(version, Steps(listen))
            except reproduction.NotReproducible as error:
                raise CommandError(str(error)) from error
        self._report(remade)

    def _report(self, remade: "Remade") -> None:
        if remade.missing:
            self.stdout.write(f"{remade.missing} of its drawings have been deleted since.")
        for exam, (was, now) in remade.exams.items():
            self.stdout.write(f"{exam:20} {percent(was, 2)} on record, {percent(now, 2)} now")
        if remade.same_weights:
            self.stdout.write("The same weights.")
        elif remade.same_results:
            self.stdout.write("Other weights, the same results within noise (another machine, or other drawings).")
        else:
            self.stdout.write("Neither the same weights nor the same results.")
            sys.exit(1)
