"""A whole run in a process of its own that stops at a given point and waits there to be killed.

python -m tests.training.stopping_run POINT    with the database named by DATABASE_URL
"""

import os
import sys
import time

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from recognizer import registry  # noqa: E402
from recognizer.answers import Calibration  # noqa: E402
from tests.training.conftest import few_digits  # noqa: E402
from training import datasets, pipeline  # noqa: E402
from training.config import FineTuneConfig, RunConfig  # noqa: E402
from training.models import TrainingRun  # noqa: E402

CONFIG = RunConfig(fine_tune=FineTuneConfig(replay_mnist=100, replay_pen=0, replay_synthetic=5, replay_others=5))
IN_THE_LAST_TRANSACTION = "in the last transaction"


def stop() -> None:
    sys.stdout.write("stopped\n")
    sys.stdout.flush()
    time.sleep(600)


def learn(snapshot, config, questions, replay, steps):
    """Train nothing: the challenger is the baseline itself."""
    steps.phase("preparing pictures")
    pipeline.prepare(snapshot, config, questions, replay, steps)
    steps.phase("learning")
    shipped = registry.shipped_baseline()
    return pipeline.Challenge(shipped.keras, shipped.tflite, Calibration.from_dict(shipped.card["calibration"]), 0.0)


def main(point: str) -> None:
    mnist = few_digits()
    datasets.load_mnist = lambda fallback=False: mnist
    datasets.data_dir = lambda: None
    pipeline.learn = learn
    if point == IN_THE_LAST_TRANSACTION:
        registry.promote = lambda *args, **options: stop()
    run = TrainingRun.objects.claim(worker="child", trigger="command")
    pipeline.execute(run, CONFIG, lambda phase, progress, line: stop() if phase == point else None)


if __name__ == "__main__":
    main(sys.argv[1])
