"""`manage.py train_baseline`: remake the shipped model from the data."""

import os
from dataclasses import replace
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from training.data.datasets import DataUnavailable
from training.learning.cluster import Cluster, ClusterError
from training.learning.framework import load_framework


class Command(BaseCommand):
    help = "Train the baseline that is shipped under recognizer/baseline/, with its card. Interrupted, it goes on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--steps", type=int, help="batches to train (default: as the shipped one)")
        parser.add_argument("--seed", type=int, help="of weights, order and augmentation")
        parser.add_argument("--output", type=Path, default=Path(settings.BASE_DIR) / "recognizer" / "baseline")
        parser.add_argument("--document", type=Path, default=Path(settings.BASE_DIR) / "docs" / "model-card.md")

    def handle(self, *, steps: int | None, seed: int | None, output: Path, document: Path, **options: object) -> None:
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # a sixth faster; some processors have it off by default
        try:
            is_follower = Cluster.of_environment().is_follower
        except ClusterError as error:
            raise CommandError(str(error)) from error
        load_framework()
        from training.learning import baseline, following
        from training.learning.pretraining import BaselineConfig, Cycle

        if is_follower:
            following.follow()
            return
        config = BaselineConfig()
        if steps is not None:
            config = replace(config, cycles=(Cycle(steps),))
        if seed is not None:
            config = replace(config, seed=seed)
        with tqdm(total=config.steps, unit="batch", smoothing=0.05) as bar:

            def report(step: int, loss: float, accuracy: float) -> None:
                bar.update(step - bar.n)
                bar.set_postfix(loss=f"{loss:.3f}", accuracy=f"{accuracy:.2%}")

            try:
                card = baseline.make(config, output, document, report, tell=lambda line: bar.set_description(line))
            except DataUnavailable as error:
                raise CommandError(str(error)) from error
        for name, result in card["metrics"].items():
            self.stdout.write(f"{name:12} {result['accuracy']:8.2%} of {result['n']}")
        self.stdout.write(self.style.SUCCESS(f"Written to {output} and {document}"))
