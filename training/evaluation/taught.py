"""What a run was taught: its new drawings, those of them that were held out as an exam, and what became of either, in words.

The answers to what was trained on show that a correction was heard, those to what was held out that a form was learned; the gate
asks for the latter alone. People label what was misread, so of new drawings the champion reads fewer than of all.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recognizer.exams import TAUGHT
from recognizer.imaging.pixels import to_input
from recognizer.labels import NOT_A_DIGIT
from training.curation.training_set import Examples, is_by_contributor
from training.evaluation.gate import FELL, GAIN, HELD, Decision, HeldOut, Paired
from training.evaluation.reports import Exam, Report

NEW = "new"  # the exam of all new drawings, trained on or not; shown, and never decided by
LABELS_SHOWN = 10  # in one sentence
LEAST = 5  # held-out drawings: five that are read now and none lost are the fewest that luck does not explain
TECHNICAL = {"outputs", "size", "agreement", "latency"}  # rows that no drawing can help


@dataclass(frozen=True)
class Taught:
    """A run's new drawings as serving saw them: uint8 (N, 28, 28), int labels (N,), and which were held out, bool (N,).

    `drawn` is every drawing of the run, new or not, as serving saw it.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    is_held_out: NDArray[np.bool_]
    contributors: int
    held_out: HeldOut
    drawn: Examples

    @classmethod
    def of(cls, training: Examples, validation: Examples) -> Self:
        """Pick what is new out of both sides of a split."""
        trained, held = training.new, validation.new
        both = _joined(trained, held)
        is_held_out = np.arange(len(both.labels)) >= len(trained.labels)
        people = len(np.unique(held.contributors))
        return cls(
            both.images,
            both.labels,
            is_held_out,
            len(np.unique(both.contributors)),
            HeldOut(people, is_by_contributor(both, is_held_out)),
            _joined(training[training.first], validation[validation.first]),
        )

    def exam(self) -> Exam | None:
        """The held-out ones as an exam; None where nothing new was held out."""
        if not self.is_held_out.any():
            return None
        return Exam(TAUGHT, to_input(self.images[self.is_held_out]), self.labels[self.is_held_out])

    def whole(self) -> Exam:
        return Exam(NEW, to_input(self.images), self.labels)


def _joined(one: Examples, other: Examples) -> Examples:
    """Put two together; which of them are new is not kept."""
    names = ("images", "labels", "contributors", "first")
    return Examples(*(np.concatenate([getattr(one, name), getattr(other, name)]) for name in names))


def findings(
    taught: Taught, champion: str, before: Report, after: Report, paired: dict[str, Paired], decision: Decision
) -> list[str]:
    """Say what a challenger learned, what it lost, what could not be told, and what to do next where it is held.

    Args:
        champion: what it is called, such as "version 3".
        before, after: the champion's and the challenger's answers to all new drawings (`Taught.whole`).
        paired: what changed in the exams, by name.
    """
    sentences = [*_learned(taught, champion, before, after), *_newly_wrong(paired), *_could_not_tell(taught)]
    return sentences if decision.promote else [*sentences, *_next_steps(decision)]


def _learned(taught: Taught, champion: str, before: Report, after: Report) -> list[str]:
    if not before.n:
        return []
    was, now = before.answers == before.labels, after.answers == after.labels
    sentences = [
        f"{champion.capitalize()} reads all {before.n:,} new drawings as they are labelled: nothing was corrected."
    ]
    if not was.all():
        by_label = _shares(before.labels[~was], now[~was])
        sentences = [
            f"Of {_many((~was).sum(), 'correction')} since {champion} (new drawings that it misreads) it reads "
            f"{(now & ~was).sum():,}: {by_label}."
        ]
        held = taught.is_held_out & ~was
        if held.any():
            sentences.append(
                f"Of the {held.sum():,} of them that it was not trained on it reads {(now & held).sum():,}."
            )
    lost = was & ~now
    if lost.any():
        count = f"{lost.sum():,} of the {was.sum():,} new drawings that {champion} reads"
        sentences.append(f"It no longer reads {count}: {_counts(before.labels[lost])}.")
    return sentences


def _newly_wrong(paired: dict[str, Paired]) -> list[str]:
    pairs = [pair for exam, pair in paired.items() if exam != TAUGHT]
    wrong, right = (
        Counter({label: count for label, count in enumerate(np.sum(counts, axis=0).tolist()) if count})
        for counts in (
            [(*pair.digit_broken, pair.others_broken) for pair in pairs] or [(0,)],
            [(*pair.digit_fixed, pair.others_fixed) for pair in pairs] or [(0,)],
        )
    )
    sentences = [f"Newly wrong in the exams: {_listed(wrong)}."] if wrong else []
    return [*sentences, f"Newly right there: {_listed(right)}."] if right else sentences


def _could_not_tell(taught: Taught) -> list[str]:
    """What is missing where few people taught, or few drawings."""
    new, held = len(taught.labels), int(taught.is_held_out.sum())
    if not new:
        return ["No drawing is new: every one was learned from by the champion."]
    sentences = []
    if held and not taught.held_out.is_by_contributor:
        sentences.append(
            f"What is new was drawn by {_many(taught.contributors, 'contributor')}, so some drawings of the same hands were held "
            "out: they show that these hands are read, not that others are. It takes drawings by five contributors or more."
        )
    if held < LEAST:
        sentences.append(
            f"Only {held} of {_many(new, 'new drawing')} could be held out, and it takes {LEAST} to show a gain, whatever was "
            f"learned: it takes {4 * LEAST} new drawings or more."
        )
    return sentences


def _next_steps(decision: Decision) -> list[str]:
    held = {row.key for row in decision.rows if row.standing == HELD}
    fell = {row.key for row in decision.rows if row.standing in (HELD, FELL)}
    peoples = {"taught.champion", "drawings.champion", "drawings.baseline", "drawings.recall"}
    steps = []
    if held & TECHNICAL:
        steps.append("What is served is at fault, not what was drawn: those who run this site should read the log.")
    if held & peoples:
        steps.append(
            "People's own drawings are read worse than before, so labels may contradict each other: look at the drawings "
            "that are suspected most, in the list of drawings, and at those in quarantine."
        )
    if "others_refused" in held:
        steps.append('Drawings that are no digit, labelled "not a digit", teach it what to refuse.')
    if held - peoples - TECHNICAL - {GAIN, "others_refused"}:
        steps.append(
            "It lost more of what it knew than a gain of this size may cost: more corrections, by more people, weigh more; "
            "and the training policy says how much a point for people is worth."
        )
    if held == {GAIN}:
        steps.append(
            "The champion is as good, as far as can be told: correct what it misreads, by as many hands as possible. "
            "What was approved stays, and the next run learns from it again."
            if not fell - {GAIN}
            else "What it lost is allowed for a gain, and there is none that can be told: correct more of what is misread."
        )
    return steps


def _shares(labels: NDArray[np.int64], is_read: NDArray[np.bool_]) -> str:
    """ "4s 40 of 41, 7s 8 of 9": the commonest first."""
    asked, read = Counter(labels.tolist()), Counter(labels[is_read].tolist())
    parts = [f"{_name(label)} {read[label]:,} of {count:,}" for label, count in asked.most_common(LABELS_SHOWN)]
    return ", ".join(parts)


def _counts(labels: NDArray[np.int64]) -> str:
    return _listed(Counter(labels.tolist()))


def _listed(counts: Counter[int]) -> str:
    """ "5 times a 4, once no digit": the commonest first."""
    return ", ".join(
        f"{'once' if count == 1 else f'{count:,} times'} {'no digit' if label == NOT_A_DIGIT else f'a {label}'}"
        for label, count in counts.most_common(LABELS_SHOWN)
    )


def _name(label: int) -> str:
    return "no digit" if label == NOT_A_DIGIT else f"{label}s"


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
