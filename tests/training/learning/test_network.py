"""What ships, and the head that does not: TensorFlow is loaded here."""

import numpy as np
import pytest

pytestmark = [pytest.mark.tensorflow, pytest.mark.sqlite]  # no rows: one database is enough
MOST_PARAMETERS = 500_000


def test_what_ships_has_three_heads_and_few_parameters() -> None:
    from training.learning.network import FEATURES, build_network

    network = build_network()
    shapes = {name: tuple(output.shape) for name, output in network.output.items()}
    assert shapes == {"logits": (None, 10), "digitness": (None, 1), "features": (None, FEATURES)}
    assert network.count_params() <= MOST_PARAMETERS


def test_features_have_length_one_and_keep_what_a_rectifier_would_cut_off() -> None:
    from training.learning.network import build_network

    images = np.random.default_rng(0).random((50, 28, 28, 1), dtype="float32")
    features = build_network().predict(images, verbose=0)["features"]
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, atol=1e-4)
    assert 0.2 < (features < 0).mean() < 0.8


def test_features_are_numbers_whatever_is_shown() -> None:
    from recognizer.inference.classifier import Classifier
    from training.learning import conversion
    from training.learning.network import build_network

    classifier = Classifier(conversion.export_litert(build_network()))
    for image in (np.zeros((1, 28, 28, 1), "float32"), np.ones((1, 28, 28, 1), "float32")):
        assert np.isfinite(classifier.predict(image).features).all()


def test_the_head_for_forms_shares_the_network_and_measures_cosines() -> None:
    from training.learning.network import FORM_SCALE, build_network, with_form_head

    network = build_network()
    learner = with_form_head(network, 7)
    images = np.random.default_rng(0).random((5, 28, 28, 1), dtype="float32")
    out = learner.predict(images, verbose=0)
    assert set(out) == {"logits", "digitness", "features", "forms"}
    np.testing.assert_allclose(out["logits"], network.predict(images, verbose=0)["logits"], atol=1e-5)
    (directions,) = learner.get_layer("forms").get_weights()
    directions /= np.linalg.norm(directions, axis=0)
    np.testing.assert_allclose(out["forms"], FORM_SCALE * out["features"] @ directions, atol=1e-4)
    assert len(learner.trainable_variables) == len(network.trainable_variables) + 1
