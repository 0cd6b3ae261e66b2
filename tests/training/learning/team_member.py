"""One process of a team that TF_CONFIG names: two small trainings, of which the chief keeps the weights.

python -m tests.training.learning.team_member FILE
"""

import os
import sys
from pathlib import Path

import django
import numpy as np
from numpy.typing import NDArray

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()

from recognizer.baseline import shipped_baseline
from recognizer.labels import NOT_A_DIGIT
from tests.support.digits import few_digits
from training.config import FineTuneConfig
from training.curation.training_set import Examples, TrainingSet
from training.data.replay import Replay
from training.learning.cluster import Cluster
from training.learning.framework import load_framework


def baseline_weights(checkpoint: Path | None = None) -> NDArray[np.float32]:
    """Train from nothing, with a form head: norms, dropout, clipping, cycles and the average all take part."""
    from training.learning.pretraining import BaselineConfig, Cycle, Source, train

    mnist = few_digits()
    digits, others = slice(0, 100), slice(100, 150)
    forms = np.arange(50) % 5
    sources = [
        Source("digits", mnist.x_train[digits], mnist.y_train[digits], 0.75),
        Source("others", mnist.x_train[others], np.full(50, NOT_A_DIGIT), 0.25, forms, certainty=0.7),
    ]
    config = BaselineConfig(cycles=(Cycle(3), Cycle(3)), batch=32, save_every=3, average_every=1, warmup_steps=2)
    return flat(train(config, sources, checkpoint).get_weights())


def fine_tuned_weights() -> NDArray[np.float32]:
    from training.learning.fine_tuning import fine_tune

    mnist = few_digits()
    drawn = Examples(mnist.x_train[:40], (mnist.y_train[:40] + 1) % 10, np.arange(40) // 8, np.ones(40, bool))
    held = Examples(mnist.x_train[40:60], mnist.y_train[40:60], np.arange(20), np.ones(20, bool))
    replay = Replay(mnist.x_test, mnist.y_test, np.ones(50), unseen=10)
    config = FineTuneConfig(epochs=2, epoch_pictures=96, batch=32, average_decay=0.5, forgetting_tolerance=1.0)
    return flat(fine_tune(shipped_baseline().keras, TrainingSet(drawn, held, replay), config).model.get_weights())


def flat(weights: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    return np.concatenate([weight.ravel() for weight in weights])


def main(file: Path) -> None:
    load_framework()
    if Cluster.of_environment().is_follower:
        from training.learning.following import follow

        follow()
        follow()
        return
    np.savez(file, baseline=baseline_weights(), fine_tuned=fine_tuned_weights())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
