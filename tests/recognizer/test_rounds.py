import random
from itertools import pairwise
from typing import Any

from rest_framework.test import APIClient

from recognizer import rounds
from recognizer.models import ModelVersion


def prompts(confusion: list[Any] | None = None, seed: int = 0) -> list[int]:
    metrics = {"canvas": {"accuracy": 0.9, "confusion": confusion}} if confusion else {}
    return rounds.prompts(ModelVersion(metrics=metrics), random.Random(seed))


def test_a_round_is_ten_digits_never_one_twice_in_a_row(db: None) -> None:
    for seed in range(20):
        asked = prompts(seed=seed)
        assert len(asked) == 10
        assert all(a != b for a, b in pairwise(asked))
        assert max(asked.count(digit) for digit in range(10)) <= 2


def test_confused_digits_are_asked_for_more(db: None) -> None:
    confusion = [[0] * 11 for _ in range(11)]
    confusion[4][9] = 50
    asked = [digit for seed in range(200) for digit in prompts(confusion, seed)]
    assert min(asked.count(4), asked.count(9)) > 1.3 * max(asked.count(d) for d in (0, 1, 2, 3, 5, 6, 7, 8))


def test_rare_digits_are_asked_for_more() -> None:
    weights = rounds.weigh([], dict.fromkeys(range(9), 100) | {9: 1})
    assert weights[9] > 2 * weights[0]


def test_the_call_answers_with_ten_digits(visitor: APIClient) -> None:
    digits = visitor.get("/api/v1/rounds/").json()["digits"]
    assert len(digits) == 10
    assert set(digits) <= set(range(10))
