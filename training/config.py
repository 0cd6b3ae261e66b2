"""Every number of learning, each with its reason. Saved with each run; none is a setting of the site."""

import json
import math
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

RUN_CONFIG = "DIGITRE_RUN_CONFIG"


class ConfigError(ValueError):
    """What the environment says about a run's numbers makes no sense; the message, a sentence, says why."""


@dataclass(frozen=True)
class _Saved:
    """Lets a frozen dataclass of numbers be written to a run's row and read back."""

    def to_dict(self) -> dict[str, float]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Read what `to_dict` wrote; keys that this release no longer knows are left out."""
        return cls(**{name: value for name, value in values.items() if name in cls.__dataclass_fields__})

    def changed(self, values: object, section: str) -> Self:
        """Return a copy with some numbers changed.

        Raises:
            ConfigError: a name that is none of ours, or what is no number of its kind.
        """
        changes = _known(values, self.__dataclass_fields__, section)
        for name, value in changes.items():
            whole = isinstance(getattr(self, name), int)
            is_number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
            if not is_number or not math.isfinite(value) or value < 0:
                kind = "whole number" if whole else "number"
                raise ConfigError(f"{RUN_CONFIG}: {section}.{name} must be a {kind}, 0 or more, not {value!r}.")
        return replace(self, **changes)


def _known(values: object, names: Iterable[str], section: str) -> dict[str, Any]:
    """Return the values if each of them has one of the names."""
    if not isinstance(values, dict):
        raise ConfigError(f"{RUN_CONFIG}: {section} must be an object of names and what they are, not {values!r}.")
    strange = sorted(set(values) - set(names))
    if strange:
        raise ConfigError(f"{RUN_CONFIG}: {section} has no {', '.join(strange)}; there are {', '.join(names)}.")
    return values


@dataclass(frozen=True)
class SnapshotConfig(_Saved):
    """Which of the approved drawings a run learns from."""

    seed: int = 1998
    newest: int = 9_000  # drawings at most, the newest first
    older: int = 3_000  # and at most so many of all times, drawn by seed: what was learned once is not lost to a flood
    scanned: int = 100_000  # rows looked at for either: bounds the cost whatever is stored
    campaign: int = 0  # the row of the campaign whose drawings alone are learned from; 0 is everybody's
    per_contributor_and_class: int = 40  # one tireless hand is not everybody's; contributors bring 5 of each
    near_duplicate_distance: float = 1.5  # L2 between two 28 x 28 in 0..1; one hand's repeats are 3 and more apart
    reference_pictures: int = 4_000  # of the replay, beside the drawings when labels are judged
    contributors_for_leaving_out: int = 5  # from which on nobody's own drawings speak for each other
    contributors_for_a_form: int = 3  # who draw and label it alike, its own among them: two may be one, or friends
    form_agreement: float = 0.6  # of the weight of the nearest drawings; a form is seldom drawn by all alike
    form_unsure: float = 0.9  # the baseline's probability of its answer, below which it does not know the form;
    form_doubt: float = 0.15  # and of the weight at most so much may be of sure labels that say otherwise
    form_distance: float = 0.10  # cosine: or those who agree are so much more like it than any sure label that does not
    contradicted_probability: float = 0.10  # a label given less than this is contradicted,
    confident_enough: float = 0.80  # if another class has at least this, or what is usual for it
    contributor_drawings: int = 5  # fewer cannot show that a contributor disagrees with everybody
    contributor_contradicted: float = 0.5  # share of contradicted labels from which all of theirs are set aside


@dataclass(frozen=True)
class ExamConfig(_Saved):
    """Whose exam labels are not to be believed. The net is coarse: throwing out whoever is misread would flatter the model."""

    sure: float = 0.95  # champion and baseline must both be, to contradict; they are right 99 times in 100 then
    drawings: int = 10  # of a contributor; fewer may be a child's
    contradicted: float = 0.5  # share of them; unusual hands stay under 0.2
    confusions: int = 3  # different ones, such as a 7 read as 1: one or two odd digits are a hand
    # Cosine within which a thing that is no digit looks like a drawing: of 800 things 9 look like Chinese numerals, among them
    # 7 of the 22 that a version took for digits which 50 people had taught these, each for the digit that they had said
    look_alike_distance: float = 0.2
    look_alike_people: int = 3  # who drew its like, as SnapshotConfig.contributors_for_a_form
    look_alike_agreement: float = 0.6  # of these drawings, as SnapshotConfig.form_agreement
    look_alikes_most: float = 0.05  # of an exam's things: the others go on being asked for


@dataclass(frozen=True)
class LossConfig(_Saved):
    """What the losses weigh, for the baseline and for what is fine-tuned from it: another pull would undo the first one's."""

    label_smoothing: float = 0.03
    refusal_weight: float = 0.5  # of the digit-or-not loss
    # of the loss that wants no opinion about what is no digit (Hendrycks et al. 2019), where it has no form to be told by; small,
    # for a network without an opinion describes nothing
    exposure_weight: float = 0.1
    # of the loss that tells characters, signs and icons apart; what is fine-tuned on has none of them
    form_weight: float = 1.0


@dataclass(frozen=True)
class FineTuneConfig(LossConfig):
    """How the shipped baseline becomes a challenger."""

    seed: int = 20171107
    epochs: int = 6
    epoch_pictures: int = 16_000  # pictures shown in an epoch, whatever was drawn: the run's time is capped
    batch: int = 128
    learning_rate: float = 1e-3  # AdamW's peak, the baseline's last: a fifth of it never gets to a new form
    weight_decay: float = 1e-4  # next to none in so few steps: the replay is what holds it
    warmup: float = 0.1  # share of the steps in which the rate rises: AdamW's first steps are its rudest
    average_decay: float = 0.98  # of the running mean of the weights, a batch: about the last 50
    distillation_weight: float = 1.0  # of what the baseline says of the replay, beside what is true
    interpolation_step: float = 0.05  # of the way from the baseline's weights to the learned ones, back from its end
    # What the unseen replay may lose, in mean probability of what is wrong: the luck of 4,000 digits,
    forgetting_tolerance: float = 5e-4
    # and so much for what held-out drawings gain: 100 points of theirs for one of these,
    forgetting_worth: float = 0.01
    forgetting_most: float = 2e-3  # up to the gate's margin
    # what all of MNIST together weighs against one of the following; with 15,000, and two thirds of the pen digits, MNIST's test
    # digits gained by a new script what UCI's lost, 6 of 3,498
    replay_mnist: int = 12_000
    replay_scans: int = 2_500  # of MNIST's digits, as their writers would have left them on a canvas
    replay_pen: int = 7_494  # all of UCI's training digits, inked anew
    replay_synthetic: int = 4_000  # digits drawn by program; with 1,000 styles that nobody taught fell
    # things that are none, drawn by program, and what one weighs against a digit: the baseline saw three beside seven, and with
    # fewer the refusal gave way to a new script
    replay_others: int = 6_000
    replay_others_weight: float = 2.0
    replay_unseen: int = 1_000  # of the replay, never trained on, beside MNIST's digits that the baseline did not see
    drawing_share: float = 0.2  # of the pictures at most: a flood does not drown the replay
    # of one drawing in an epoch at most: of a new script's fifty pictures a tenth of all that is shown. With 8 strangers'
    # were guessed rightly 91 times in 100, with 24 94, with 64 96 times, but then other styles of digits fell by 1.6 points
    drawing_repeats: int = 40
    views: int = 4  # pictures made of a drawing with strokes: as sent, without strokes, and with other pens
    validation_share: float = 0.15  # of the drawings, by contributor: early stopping sees other hands
    contributors_for_validation: int = 5  # below, some drawings are held out: a contributor would be a whole style
    # of the new drawings at least, or the gate sees nothing but a landslide: with 12 of 72, of which half are read already, the
    # same drawings were promoted in one of two runs;
    new_held_out: int = 18
    new_held_out_share: float = 0.25  # as far as this share of them is so many: what is held out teaches nothing
    enough_to_calibrate: int = 200  # held-out digits; below, the baseline's temperature is the better guess
    digits_refused: float = 0.008  # of held-out digits at most; the promise is 1 % of strangers'
    agreement_images: int = 1_000  # on which Keras and LiteRT must say the same


@dataclass(frozen=True)
class GatePolicy(_Saved):
    """What a challenger may lose, in shares of 1 unless said otherwise."""

    significance: float = 0.05  # one-sided McNemar: the share of equal challengers that may be called worse on one exam
    # digits of MNIST, if also beyond luck: 12 of 10,000. Of 0.2 % answers that differ between equal models 10.9 net losses are
    # luck, so a model that is truly worse by twice this passes 4 times in 100, see docs/gate.md
    mnist_fall: float = 0.0012
    frozen_fall: float = 0.004  # the same of other frozen exams: 14 of the 3,498 pen digits, of which 1 % differ
    # of things that are no digit, in all exams together: 9 of the 896 that every installation has
    others_refused_fall: float = 0.01
    # of one digit on one exam, if beyond a tenth of the significance: ten digits are looked at
    recall_fall: float = 0.015
    ratchet: float = 2.0  # times these margins against the shipped baseline: runs that each lose a little stop here
    mnist_fall_for_a_point: float = 0.0001  # a point (0.01) more of people's drawings read may cost this much of MNIST
    mnist_fall_at_most: float = 0.002  # of MNIST, whatever is gained; the other margins widen by the same factor
    # what may be called a gain by luck, 0.05 in all: most of it where one is looked for
    taught_luck: float = 0.032  # on new drawings held out: five read that were not, none lost, is 1 in 32
    drawings_luck: float = 0.01  # on people's drawings: seven and none
    frozen_luck: float = 0.002  # on each of the others, four at most
    # of the held-out drawings that the champion misreads, net: people label what was misread, and of these an equal model reads
    # some by regression to the mean alone (a tenth, where two trainings on the same data differ on a tenth of what is hard)
    taught_gain: float = 0.25
    # new drawings held out, as far as a quarter of them are so many: fewer show nothing but a landslide
    taught_least: int = 12
    taught_most: float = 0.25  # of the new drawings: what is held out teaches nothing
    digits_refused: float = 0.01  # what a version promises, see the refusal threshold
    digits_refused_rise: float = 0.005  # above the champion, where that is over the promise already
    calibration_digits: int = 200  # of an exam; below, its calibration error is noise
    calibration_error: float = 0.02  # expected calibration error that nobody sees on the page
    calibration_rise: float = 0.01  # above the champion's
    agreement: float = 1e-3  # between Keras and LiteRT, largest difference of an output
    artifact_bytes: int = 2 * 1024 * 1024  # of the served file
    latency_ms: float = 1.0  # of the processor's time, median of one drawing; the promise is 0.5 ms on an idle core
    latency_rise: float = 2.0  # times the champion's, measured side by side


@dataclass(frozen=True)
class PrototypeConfig(_Saved):
    """Which approved drawings help the next person at once, before any training. No part of a run."""

    seed: int = 2017
    # pictures that every installation has: half of them hold drawings back, the other half examines what is left to speak
    reference_digits: int = 2_000
    reference_others: int = 800  # likewise, of what is no digit
    newest: int = 2_000  # approved drawings looked at; what is older has long been trained on
    speaking: int = 1_000  # of these at most, the newest: a guess compares itself with each
    read_at_once: int = 500  # drawings read anew in one go: the worker has other things to do, and the next go reads on
    # share of reference digits with one of their label so near: what is as near to another label is just that. At 0.6 30 of 240
    # swapped 4s and 9s speak and spoil 16 digits of 13,498; at 0.9 three and none, and a new script loses half a point
    plain: float = 0.95
    alone: float = 2.0  # times that distance from which on a reviewed drawing speaks though nobody else drew such a one
    borne_out: float = 0.25  # share of the nearest strangers' voices that its own label needs: about one of three
    broken: float = 5e-4  # of references and rightly read drawings: 1 of 2,000, where a run may cost MNIST 0.1 points
    # that a voice is right before anything is measured: less than five teachers of a script reached
    trust: float = 0.85
    trust_weight: float = 10.0  # drawings that this is worth; ten that were measured weigh as much


@dataclass(frozen=True)
class MapConfig(_Saved):
    """How approved and waiting drawings become points on a map. No part of a run."""

    seed: int = 2017
    waiting: int = 3_000  # the most urgent; with the approved ones the page has 6,000 points, whatever is stored
    approved: int = 3_000  # the newest
    fewest: int = 20  # below, there is nothing to see
    read_at_once: int = 300  # drawings in one go: three seconds; the next minute reads on
    references: int = 500  # landmarks from pictures that every installation has: the digits lie where they are expected
    drawn: int = 700  # landmarks from drawings at most: what is like nothing known has a place of its own. 5 s for both
    refused_share: float = 0.3  # of those, from what is refused, where there is so much
    grown: float = 3.0  # drawings since the landmarks were chosen, times those of then: chosen anew
    neighbours: int = 5  # landmarks between which a drawing is placed
    cluster_radius: float = 25.0  # of 1,000: refused drawings so near lie together
    cluster_fewest: int = 3
    kept: int = 3  # maps: the champion's, and those of the two before it


@dataclass(frozen=True)
class RunLimits(_Saved):
    """What a run may take from the machine."""

    nice: int = 10  # the canvas never waits for training
    memory_bytes: int = 4 * 1024**3  # private memory; a run with 5,000 drawings needs half
    soft_seconds: int = 40 * 60  # eight times the budget of a run with 5,000 drawings: then it stops by itself
    hard_seconds: int = 60 * 60  # then it is killed, and its lease is no longer renewed


@dataclass(frozen=True)
class RunConfig:
    """All numbers of a run, as its row keeps them."""

    snapshot: SnapshotConfig = field(default_factory=SnapshotConfig)
    exam: ExamConfig = field(default_factory=ExamConfig)
    fine_tune: FineTuneConfig = field(default_factory=FineTuneConfig)
    gate: GatePolicy = field(default_factory=GatePolicy)
    limits: RunLimits = field(default_factory=RunLimits)

    @classmethod
    def from_environment(cls, start: Self | None = None) -> Self:
        """This release's numbers, but for those that DIGITRE_RUN_CONFIG changes: for tests and experiments, see docs/settings.md.

        Args:
            start: what is changed instead of this release's numbers.

        Raises:
            ConfigError: it is neither JSON nor a file of JSON, or it names what is no number of a run.
        """
        given = os.environ.get(RUN_CONFIG, "").strip()
        start = start or cls()
        if not given:
            return start
        try:
            text = given if given.startswith("{") else Path(given).read_text(encoding="utf-8")
            return start.changed(json.loads(text))
        except (OSError, UnicodeError, json.JSONDecodeError) as error:
            raise ConfigError(f"{RUN_CONFIG} must be JSON, or the path of a file of JSON: {error}.") from error

    def changed(self, values: object) -> Self:
        """Return a copy with some numbers of some sections changed: {"fine_tune": {"epochs": 2}}."""
        sections = _known(values, self.__dataclass_fields__, "a run's configuration")
        return replace(self, **{name: getattr(self, name).changed(part, name) for name, part in sections.items()})

    def to_dict(self) -> dict[str, dict[str, float]]:
        return {name: getattr(self, name).to_dict() for name in self.__dataclass_fields__}

    @classmethod
    def from_dict(cls, values: dict[str, dict[str, float]]) -> Self:
        return cls(
            SnapshotConfig.from_dict(values["snapshot"]),
            ExamConfig.from_dict(values.get("exam", {})),  # runs of earlier releases have none
            FineTuneConfig.from_dict(values["fine_tune"]),
            GatePolicy.from_dict(values["gate"]),
            RunLimits.from_dict(values["limits"]),
        )
