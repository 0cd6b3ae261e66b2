"""The order of the review queue and the rule that needs no reviewer, without a database: rows are made, never stored."""

from collections import Counter
from collections.abc import Callable

import pytest
from django.core.cache import cache

from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Drawing
from recognizer.review import priority
from recognizer.review.priority import approval_rule, assess, class_rarity, contradiction, review_priority, suspicion_of


def drawing(read: int | None = 7, confidence: float = 0.9, margin: float = 0.8) -> Drawing:
    probabilities = [0.01] * 10
    probabilities[7] = confidence
    return Drawing(predicted_label=read, confidence=confidence, margin=margin, probabilities=probabilities)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """counted({7: 3}): what approved drawings of late are labelled."""

    def count(labels: dict[int, int]) -> None:
        cache.delete("recognizer.label_counts")
        monkeypatch.setattr(priority, "count_recent_labels", lambda: Counter(labels))

    count(dict.fromkeys(range(11), 100))
    return count


@pytest.fixture
def contradicted(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    return lambda rate: monkeypatch.setattr(priority, "contradiction_rate", lambda drawing: rate)


def test_a_label_that_is_not_the_models_comes_first(counted: Callable[..., None]) -> None:
    assert review_priority(drawing(7, margin=0.8), 7) == pytest.approx(0.2)
    assert review_priority(drawing(7, margin=0.8), 1) == pytest.approx(2.2)
    assert review_priority(drawing(None, margin=0.8), NOT_A_DIGIT) == pytest.approx(0.2)
    assert review_priority(drawing(None, margin=0.8), 7) == pytest.approx(2.2)
    assert review_priority(drawing(7, margin=0.8), NOT_A_DIGIT) == pytest.approx(2.2)


def test_then_what_the_model_was_unsure_of_what_is_suspicious_and_what_is_rare(counted: Callable[..., None]) -> None:
    assert review_priority(drawing(margin=0.25), 7) == pytest.approx(0.75)
    assert review_priority(drawing(margin=0.25), 7, 0.6) == pytest.approx(0.75 + 0.3)
    counted({1: 1000})
    assert review_priority(drawing(margin=0.25), 7, 0.6) == pytest.approx(0.75 + 0.3 + 0.5)
    assert review_priority(drawing(margin=0.25), 1, 0.6) == pytest.approx(2.75 + 0.3)


def test_a_priority_is_kept_to_six_places(counted: Callable[..., None]) -> None:
    assert review_priority(drawing(margin=1 / 3), 7) == 0.666667


@pytest.mark.parametrize(
    ("read", "label", "chance"),
    [(7, 7, 0.1), (7, 2, 0.99), (None, 7, 0.1), (7, NOT_A_DIGIT, 0.9), (None, NOT_A_DIGIT, 0.0)],
)
def test_a_label_is_contradicted_by_what_the_model_thought_of_it(read: int | None, label: int, chance: float) -> None:
    assert contradiction(drawing(read), label) == pytest.approx(chance)


def test_suspicion_is_three_quarters_the_drawing_and_one_quarter_its_contributor(
    contradicted: Callable[[float], None],
) -> None:
    contradicted(0.4)
    assert suspicion_of(drawing(), 2) == pytest.approx(0.75 * 0.99 + 0.25 * 0.4)
    assert suspicion_of(drawing(None), NOT_A_DIGIT) == pytest.approx(0.1)
    contradicted(1 / 3)
    assert suspicion_of(drawing(None), NOT_A_DIGIT) == 0.083333


def test_both_columns_are_assessed_and_suspicion_counts_for_the_order(
    counted: Callable[..., None], contradicted: Callable[[float], None]
) -> None:
    contradicted(0.2)
    assert assess(drawing(7, confidence=0.9, margin=0.8), 7) == {
        "priority": pytest.approx(0.2 + 0.5 * 0.125),
        "suspicion": pytest.approx(0.125),
    }


@pytest.mark.parametrize(
    ("labels", "rarity"),
    [
        ({}, 0.0),
        ({1: 110}, 1.0),
        ({1: 109, 3: 1}, 0.9),  # one of ten that would be its share
        ({1: 105, 3: 5}, 0.5),
        ({1: 100, 3: 10}, 0.0),
        ({3: 110}, 0.0),
        ({NOT_A_DIGIT: 11}, 1.0),
    ],
)
def test_a_label_is_rare_by_what_it_lacks_of_an_eleventh(
    counted: Callable[..., None], labels: dict[int, int], rarity: float
) -> None:
    counted(labels)
    assert class_rarity(3) == pytest.approx(rarity)


def test_labels_are_counted_once_in_five_minutes(counted: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    kept: list[int] = []

    def count() -> Counter[int]:
        asked.append(1)
        return Counter({3: 11})

    monkeypatch.setattr(priority, "count_recent_labels", count)
    monkeypatch.setattr(cache, "get_or_set", _noting(cache.get_or_set, kept))
    assert [class_rarity(3), class_rarity(4)] == [0.0, 1.0]
    assert asked == [1]
    assert kept == [300, 300]


def _noting(get_or_set: Callable[..., object], kept: list[int]) -> Callable[..., object]:
    def noted(key: str, default: object, timeout: int) -> object:
        kept.append(timeout)
        return get_or_set(key, default, timeout)

    return noted


@pytest.mark.parametrize(
    ("policy", "label", "confidence", "reason"),
    [
        ("all", 2, 0.1, "every confirmed label is accepted here"),
        ("agreement", 7, 0.95, "contributor and model agree, the model being at least 95 % sure"),
        ("agreement", 7, 0.949, ""),
        ("agreement", 2, 0.99, ""),
        ("none", 7, 0.99, ""),
    ],
)
def test_what_is_accepted_without_a_reviewer(policy: str, label: int, confidence: float, reason: str) -> None:
    assert approval_rule(drawing(7, confidence), label, policy) == reason


def test_a_refused_drawing_is_never_accepted_by_agreement() -> None:
    assert approval_rule(drawing(None, 0.99), NOT_A_DIGIT, "agreement") == ""
    assert approval_rule(drawing(None, 0.99), 7, "agreement") == ""
