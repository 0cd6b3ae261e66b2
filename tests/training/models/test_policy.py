"""What the operator sets, and what the gate makes of it."""

from dataclasses import replace

import pytest
from django.core.exceptions import ValidationError

from training.config import GatePolicy, RunConfig
from training.models import TrainingPolicy


def test_untouched_it_is_this_releases_numbers() -> None:
    assert TrainingPolicy().run_config() == RunConfig()


def test_digits_of_mnist_become_shares() -> None:
    policy = TrainingPolicy(mnist_for_a_point=5, mnist_at_most=80)
    expected = replace(GatePolicy(), mnist_fall_for_a_point=0.0005, mnist_fall_at_most=0.008)
    assert policy.run_config() == replace(RunConfig(), gate=expected)


@pytest.mark.parametrize("wrong", [{"mnist_for_a_point": 101}, {"mnist_at_most": 1001}, {"mnist_at_most": -1}])
def test_what_would_give_everything_away_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        TrainingPolicy(**wrong).clean_fields()
