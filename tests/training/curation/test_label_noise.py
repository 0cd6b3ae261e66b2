"""Labels that others contradict: found without trusting anybody's own word."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.labels import NOT_A_DIGIT
from training.config import SnapshotConfig
from training.curation import label_noise
from training.curation.label_noise import LabelEvidence, estimate_label_noise

CONFIG = SnapshotConfig()
DIMENSIONS = 32


def looks(kinds: list[int], seed: int = 0, spread: float = 0.12) -> NDArray[Any]:
    """Features of drawings: those of a kind point the same way, give or take a hand."""
    rng = np.random.default_rng(seed)
    directions = np.linalg.qr(np.random.default_rng(99).normal(size=(DIMENSIONS, DIMENSIONS)))[0]
    features = directions[kinds] + rng.normal(0, spread, (len(kinds), DIMENSIONS))
    return np.asarray(features / np.linalg.norm(features, axis=1, keepdims=True), "float32")


def evidence(
    kinds: list[int],
    labels: list[int],
    contributors: list[int],
    seed: int = 0,
    prior: list[int] | None = None,
    pixels: list[int] | None = None,
    reviewed: bool = False,
) -> LabelEvidence:
    """Drawings of some kinds; to the eye they are of the same kinds, unless `pixels` says otherwise."""
    opinion = np.full((len(kinds), 11), 0.01, "float32")
    opinion[np.arange(len(kinds)), prior if prior is not None else np.minimum(kinds, 10)] = 0.95
    decided = np.full(len(kinds), reviewed)
    eyes = looks(kinds if pixels is None else pixels, seed + 100)
    return LabelEvidence(
        looks(kinds, seed), opinion, np.array(labels), np.array(contributors), eyes, decided, decided & False
    )


REFERENCE_KINDS = [digit for digit in range(10) for _ in range(20)]
REFERENCE = evidence(REFERENCE_KINDS, REFERENCE_KINDS, [-1] * 200, seed=1, reviewed=True)


def drawn_by(labels_of: dict[int, list[int]]) -> LabelEvidence:
    """Each contributor draws 0-9 and labels them as given."""
    kinds = list(range(10)) * len(labels_of)
    labels = [label for given in labels_of.values() for label in given]
    return evidence(kinds, labels, [contributor for contributor in labels_of for _ in range(10)], seed=2)


HONEST = list(range(10))


def test_honest_labels_are_no_noise() -> None:
    noise = estimate_label_noise(drawn_by(dict.fromkeys(range(8), HONEST)), REFERENCE, CONFIG)
    assert not any(noise.reasons)
    assert noise.scores.max() < 0.3


def test_one_wrong_label_is_named_with_what_others_say() -> None:
    slip = [0, 7, *range(2, 10)]
    noise = estimate_label_noise(drawn_by({0: slip, **dict.fromkeys(range(1, 8), HONEST)}), REFERENCE, CONFIG)
    assert noise.reasons[1] == "others who draw like this contradict its label: they call it a 1, not a 7"
    assert [i for i, reason in enumerate(noise.reasons) if reason] == [1]
    assert noise.scores[1] > 0.9


def test_contributor_who_mislabels_most_is_set_aside_whole() -> None:
    careless = [1, 2, 3, 4, 5, 6, 7, 8, 8, 9]
    noise = estimate_label_noise(drawn_by({0: careless, **dict.fromkeys(range(1, 8), HONEST)}), REFERENCE, CONFIG)
    assert set(noise.reasons[:10]) == {"others contradict its contributor: on 8 of 10 drawings"}
    assert not any(noise.reasons[10:])


def test_many_wrong_labels_that_agree_do_not_outvote_the_reference() -> None:
    wrong = {contributor: [(d + 1) % 10 for d in range(10)] for contributor in range(4)}
    noise = estimate_label_noise(drawn_by(wrong | dict.fromkeys(range(4, 14), HONEST)), REFERENCE, CONFIG)
    assert all(noise.reasons[:40])
    assert not any(noise.reasons[40:])


def test_style_that_the_baseline_misreads_is_believed_where_several_contributors_draw_it() -> None:
    kinds = [12] * 24 + list(range(10)) * 6
    labels = [7] * 24 + list(range(10)) * 6
    contributors = [c for c in range(6) for _ in range(4)] + [c for c in range(6) for _ in range(10)]
    misread = [1] * 24 + list(range(10)) * 6
    noise = estimate_label_noise(evidence(kinds, labels, contributors, seed=3, prior=misread), REFERENCE, CONFIG)
    assert not any(noise.reasons)


def test_a_style_is_learned_from_somebody_alone() -> None:
    kinds, labels = [12] * 8, [7] * 8
    noise = estimate_label_noise(evidence(kinds, labels, [1] * 8, seed=3, prior=[1] * 8), REFERENCE, CONFIG)
    assert not any(noise.reasons)


def test_nobodys_own_drawings_speak_for_them_among_many() -> None:
    own = evidence([3] * 10, [8] * 10, [0] * 10, seed=4)
    others = drawn_by(dict.fromkeys(range(1, 8), HONEST))
    probability, _ = label_noise.out_of_sample(own + others, REFERENCE, CONFIG)
    assert probability[:10, 3].min() > 0.9


def test_not_a_digit_is_a_class_like_the_others() -> None:
    kinds, labels = list(range(10)) * 6 + [15] * 6, list(range(10)) * 6 + [NOT_A_DIGIT] * 5 + [4]
    contributors = [c for c in range(6) for _ in range(10)] + list(range(6))
    noise = estimate_label_noise(evidence(kinds, labels, contributors, seed=5), REFERENCE, CONFIG)
    assert noise.reasons[-1].endswith("they call it no digit, not a 4")


def test_what_is_like_nothing_is_judged_by_the_baseline_alone() -> None:
    """Views of length 0 are as near to one drawing as to any other: ten of them picked by chance are no evidence."""
    drawn = drawn_by(dict.fromkeys(range(6), HONEST))
    drawn.features[[3, 14]] = drawn.pixels[[3, 14]] = 0.0
    drawn.prior[3] = [*[0.03] * 10, 0.7]
    probability, _ = label_noise.out_of_sample(drawn, REFERENCE, CONFIG)
    np.testing.assert_allclose(
        probability[[3, 14]], drawn.prior[[3, 14]] / drawn.prior[[3, 14]].sum(axis=1, keepdims=True)
    )


def form_of(contributors: int, label: int, prior: int, pixels: list[int] | None = None) -> LabelEvidence:
    """Two drawings each of kind 12, which nobody else draws and the baseline takes for `prior`; honest others beside."""
    count = 2 * contributors
    new = evidence(
        [12] * count, [label] * count, [c // 2 for c in range(count)], seed=7, prior=[prior] * count, pixels=pixels
    )
    return new + drawn_by(dict.fromkeys(range(20, 28), HONEST))


def test_where_the_baseline_sees_nothing_pixels_are_compared() -> None:
    drawn = form_of(4, label=7, prior=1)
    drawn.features[:8] = 0.0
    drawn.labels[0] = 3  # one of eight says something else
    probability, _ = label_noise.out_of_sample(drawn, REFERENCE, CONFIG)
    assert probability[:8, 7].min() > 0.8
    noise = estimate_label_noise(drawn, REFERENCE, CONFIG)
    assert [i for i, reason in enumerate(noise.reasons) if reason] == [0]
    assert noise.reasons[0].endswith("they call it a 7, not a 3")


@pytest.mark.parametrize(("contributors", "is_believed"), [(3, True), (4, True), (2, False)])
def test_a_form_that_three_draw_and_label_alike_is_believed_whatever_the_baseline_sees(
    contributors: int, is_believed: bool
) -> None:
    """To the baseline it is a 1 through and through; to the eye it is a form of its own."""
    count = 2 * contributors
    drawn = form_of(contributors, label=7, prior=1, pixels=[12] * count)
    drawn.features[:count] = looks([1] * count, seed=8)
    noise = estimate_label_noise(drawn, REFERENCE, CONFIG)
    assert any(noise.reasons[:count]) is not is_believed
    assert not any(noise.reasons[count:])


def test_three_who_agree_about_a_form_that_is_known_are_not_believed() -> None:
    count = 12
    lies = evidence([4] * count, [9] * count, [c // 2 for c in range(count)], seed=9, prior=[4] * count)
    everybody = lies + drawn_by(dict.fromkeys(range(40, 48), HONEST))
    _, is_shared = label_noise.out_of_sample(everybody, REFERENCE, CONFIG)
    assert not is_shared[:count].any()
    assert any(estimate_label_noise(everybody, REFERENCE, CONFIG).reasons[:count])


def test_what_was_reviewed_is_no_noise_and_vouches_for_its_contributor() -> None:
    """Four odd drawings that a reviewer approved do not condemn the contributor's other four."""
    odd, usual = [8, 8, 8, 8], [0, 1, 2, 3]
    theirs = evidence([15, 16, 17, 18, *usual], [*odd, *usual], [0] * 8, seed=10, prior=[3] * 4 + usual)
    theirs.features[:4] = looks([3] * 4, seed=11)
    theirs.pixels[:4] = looks([3] * 4, seed=11)
    everybody = theirs + drawn_by(dict.fromkeys(range(1, 9), HONEST))
    assert all(estimate_label_noise(everybody, REFERENCE, CONFIG).reasons[:8])
    everybody.is_reviewed[:4] = True
    assert not any(estimate_label_noise(everybody, REFERENCE, CONFIG).reasons)


def test_one_approved_drawing_vouches_but_not_for_what_is_plainly_wrong() -> None:
    careless = [1, 2, 3, 4, 5, 6, 7, 8, 8, 9]  # 8 of 10, each contradicted by itself
    drawn = drawn_by({0: careless, **dict.fromkeys(range(1, 8), HONEST)})
    drawn.is_reviewed[8] = drawn.vouches[8] = True
    noise = estimate_label_noise(drawn, REFERENCE, CONFIG)
    assert noise.reasons[8] == ""
    assert noise.reasons[9] == ""  # would be set aside with the others if nobody had vouched
    assert all("they call it" in reason for reason in noise.reasons[:8])


def test_own_reviewed_drawings_speak_for_the_others_of_the_same_hand() -> None:
    hand = evidence([12] * 4, [7] * 4, [0] * 4, seed=12, prior=[1] * 4)
    everybody = hand + drawn_by(dict.fromkeys(range(1, 8), HONEST))
    alone, _ = label_noise.out_of_sample(everybody, REFERENCE, CONFIG)
    everybody.is_reviewed[1:4] = True
    vouched, _ = label_noise.out_of_sample(everybody, REFERENCE, CONFIG)
    assert alone[0, 7] < 0.2
    assert vouched[0, 7] > 0.35


def test_few_drawings_do_not_condemn_a_contributor() -> None:
    contradicted = np.array([True, True, False, False, False, False])
    assert label_noise.contradicted_contributors(np.array([0, 0, 1, 1, 2, 2]), contradicted, CONFIG) == {}


@pytest.mark.parametrize(("k", "n", "share", "chance"), [(0, 3, 0.5, 1.0), (3, 3, 0.5, 0.125), (1, 2, 0.1, 0.19)])
def test_chance_is_the_binomial_tail(k: int, n: int, share: float, chance: float) -> None:
    assert label_noise._chance_of_at_least(k, n, share) == pytest.approx(chance)


def test_long_work_can_be_stopped_between_its_parts() -> None:
    """Somebody who cancels a run while its drawings are chosen need not wait until all are judged."""
    looked: list[int] = []

    def stop() -> None:
        looked.append(1)
        if len(looked) == 2:
            raise KeyboardInterrupt

    many = evidence([0] * (label_noise.CHUNK + 1), [0] * (label_noise.CHUNK + 1), [1] * (label_noise.CHUNK + 1), seed=0)
    with pytest.raises(KeyboardInterrupt):
        estimate_label_noise(many, REFERENCE, CONFIG, stop)
