import hashlib

import numpy as np
import pytest

from recognizer.imaging.pixels import content_hash, to_grey, to_input


def test_every_grey_level_survives_the_way_to_the_network_and_back() -> None:
    grey = np.arange(256, dtype="uint8").repeat(49).reshape(16, 28, 28)
    image = to_input(grey)
    assert image.shape == (16, 28, 28, 1)
    assert image.dtype == np.float32
    assert image[0, 0, 0, 0] == 0.0
    assert image[-1, -1, -1, 0] == 1.0
    np.testing.assert_array_equal(to_grey(image), grey)


def test_one_picture_is_turned_like_many() -> None:
    grey = np.full((28, 28), 51, "uint8")
    assert to_input(grey).shape == (28, 28, 1)
    assert to_input(grey)[3, 4, 0] == pytest.approx(0.2)
    np.testing.assert_array_equal(to_grey(to_input(grey)), grey)


def test_between_two_levels_the_nearer_is_taken() -> None:
    image = np.array([0.49, 0.51, 1.49, 254.51], np.float32).reshape(2, 2, 1) / np.float32(255)
    assert to_grey(image).tolist() == [[0, 1], [1, 255]]


def test_the_hash_is_the_sha_256_of_the_784_bytes() -> None:
    grey = np.arange(784).astype("uint8").reshape(28, 28)
    assert content_hash(grey) == hashlib.sha256(bytes(i % 256 for i in range(784))).hexdigest()
    assert content_hash(grey) != content_hash(grey.T)
