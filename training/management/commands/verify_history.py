from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from training.runs import history


class Command(BaseCommand):
    help = (
        "Check that no version, promotion or decision was changed since it was written: follow the ledger's hashes, compare "
        "every row with its entry, and judge every run anew from its stored reports. Names the first row that was touched, "
        "and exits 1 then."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--head",
            default="",
            help="the digest that an earlier check printed, kept elsewhere: it must still be in the chain",
        )

    def handle(self, *args: object, head: str, **options: object) -> None:
        count = history.Count()
        problem = history.first_problem(count, head)
        if problem is not None:
            raise CommandError(f"Touched: {problem}.", returncode=1)
        self.stdout.write(f"{count.entries:,} entries and {count.verdicts:,} verdicts are as they were written.")
        if count.older:
            self.stdout.write(f"{count.older:,} rows are older than the ledger: nothing vouches for them.")
        self.stdout.write(f"Newest digest, to keep elsewhere: {count.head or '-'}")
