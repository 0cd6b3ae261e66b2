"""What is shown again so that it is not forgotten, and what is kept back to see whether it is."""

import numpy as np
import pytest

from training import baseline_data, datasets
from training.config import FineTuneConfig
from training.datasets import Mnist
from training.replay import load_replay

CONFIG = FineTuneConfig(
    replay_mnist=60, replay_scans=0, replay_pen=0, replay_synthetic=20, replay_others=20, replay_unseen=10
)
SHADES = np.arange(200, dtype="uint8")


@pytest.fixture
def mnist(monkeypatch) -> Mnist:
    """Two hundred digits, each of a shade of its own; the baseline has not seen every tenth writer."""
    labels = np.arange(200) % 10
    whole = Mnist(np.tile(SHADES[:, None, None], (1, 28, 28)), labels, np.zeros((0, 28, 28), "uint8"), labels[:0])
    monkeypatch.setattr(datasets, "load_mnist", lambda fallback=False: whole)
    monkeypatch.setattr(datasets, "data_dir", lambda: None)
    monkeypatch.setattr(baseline_data, "held_mnist", lambda config, mnist: SHADES % 10 == 3)
    return whole


def shades(images: np.ndarray) -> set[int]:
    """Which of MNIST's digits are among the pictures."""
    return {int(image[0, 0]) for image in images if (image == image[0, 0]).all() and image[0, 0]}


def test_writers_that_the_baseline_has_not_seen_are_kept_back(mnist):
    replay = load_replay(CONFIG)
    strangers = set(SHADES[SHADES % 10 == 3].tolist())
    assert shades(replay.images[: len(strangers)]) == strangers
    assert replay.unseen == len(strangers) + CONFIG.replay_unseen
    assert not strangers & shades(replay.images[replay.draw(2000, np.random.default_rng(0))])


def test_all_of_mnist_is_shown_and_weighs_what_it_should(mnist):
    replay = load_replay(CONFIG)
    drawn = replay.draw(4000, np.random.default_rng(0))
    assert drawn.min() >= replay.unseen
    is_mnist = np.array([(image == image[0, 0]).all() for image in replay.images[drawn]])
    assert is_mnist.mean() == pytest.approx(0.6, abs=0.1)
    assert len(shades(replay.images)) == 199  # a digit of shade 0 is as good as nothing


def test_part_of_it_keeps_count_of_what_is_kept_back(mnist):
    replay = load_replay(CONFIG)
    rows = np.ones(len(replay.labels), bool)
    rows[[0, 1, -1]] = False
    part = replay[rows]
    assert part.unseen == replay.unseen - 2
    assert len(part.labels) == len(part.weights) == len(replay.labels) - 3
