"""Personal memory: what one contributor corrected changes what they, and they alone, are answered next.

The network is mixed with the nearest of their own labelled drawings: nearest in how the pen went (imaging/trajectories.py), or,
where only a picture is known, in the features of the model that serves. Nothing is trained and nothing is stored: the
drawings are the memory, and when they are deleted it is gone. A process keeps what it has collected for some seconds, by the
stamp of the contributor's cookie: a label or a deletion changes the stamp, so that the next call collects anew in any process.
"""

import json
import threading
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID

import numpy as np
from django.db.models import TextField
from django.db.models.functions import Cast
from numpy.typing import NDArray

from recognizer.errors import InvalidDrawing
from recognizer.imaging import trajectories
from recognizer.imaging.strokes import Strokes
from recognizer.inference.answers import VERY_SURE, Answer, Calibration, calibrated_probabilities
from recognizer.inference.calibrated_model import CalibratedModel
from recognizer.inference.prediction import NUM_CLASSES, Prediction
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Contributor, Drawing
from recognizer.submissions import Reading, Submission
from recognizer.ttl_cache import TtlCache

LABELS = ("confirmed_label", "reviewed_label", "predicted_label", "confidence")
MOST_REMEMBERED = 50  # newest first; a hand changes, and a guess must stay fast
# characters of strokes in one call, or one drawing more: 20 ms, and twice what fifty by hand have
MOST_TRACED = 400_000
MOST_TRACES = 8_192  # that a process keeps, half a kilobyte each
COLLECTED_SECONDS = 10  # that a collected memory is used; a reviewer's word, which stamps no cookie, counts after this
# Chosen on the UCI pen digits' training writers, as they wrote and sheared, stretched and bent, read by three networks, one
# of which had seen no pen; never on an exam. Any ten drawings of a writer mend half of what those networks misread of them.
TRUST = 30.0  # log-odds for each unit of distance
UNSHOWN = 0.25  # where a digit is presumed that they never showed: nine in ten of a hand's repetitions are nearer
FAR = 0.34  # distances beyond are alike: another way to write the same digit must not count against it for long
DOUBT = 3e-3  # a digit that a drawing speaks for is given at least this: the network errs, however sure it is
LIKENESS, LIKENESS_TRUST = 0.6, 40.0  # the same for features: cosine above which they speak, log-odds for each unit


@dataclass(frozen=True)
class Remembered:
    """A contributor's newest labelled drawings.

    Attributes:
        labels: int (M,), 0-9 or NOT_A_DIGIT.
        traces: float32 (M, POINTS, 4); NaN where only a picture is known.
        features: float32 (M, D) of length 1; NaN where the trace says enough.
    """

    labels: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    traces: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, *trajectories.SHAPE), "float32"))
    features: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0), "float32"))


# By contributor, what was collected by stamp, kind and model. Who drops it lets a thread that is collecting finish in vain.
_collected: TtlCache[int, dict[tuple[str, bool, CalibratedModel], Remembered]] = TtlCache(256, COLLECTED_SECONDS)


def recall(
    reading: Reading, strokes: Strokes | None, contributor: Contributor | None, stamp: str | None = None
) -> tuple[Answer, int]:
    """Answer one drawing for this contributor. Returns the answer and how many of their drawings it used.

    What they taught is read from the database, or with their cookie's `stamp` from what was collected under it a moment ago.
    """
    model = reading.served.model
    remembered = remember(contributor, model, by_features=strokes is None, stamp=stamp)
    if not len(remembered.labels):
        return reading.answer, 0
    evidence = weigh(remembered, trajectories.trace(strokes) if strokes else None, reading.prediction.features[0])
    return model.interpret(mix(reading.prediction, evidence, model.calibration)), len(remembered.labels)


def weigh(
    remembered: Remembered, trace: NDArray[np.float32] | None, features: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Weigh what the remembered drawings say of one drawing: log-odds (11,) for each digit and for NOT_A_DIGIT.

    0 for what they never showed; below 0 for what they did and this is not like.
    """
    evidence = np.zeros(NUM_CLASSES + 1)
    traced = ~np.isnan(remembered.traces[:, 0, 0]) if trace is not None else np.zeros(len(remembered.labels), bool)
    if trace is not None and traced.any():
        shown, labels = np.full(len(evidence), np.inf), remembered.labels[traced]
        np.minimum.at(shown, labels, trajectories.distances(trace, remembered.traces[traced]))
        evidence = np.where(np.isinf(shown), 0.0, TRUST * (UNSHOWN - np.minimum(shown, FAR)))
    if not traced.all():
        likeness = remembered.features[~traced] @ features
        np.maximum.at(evidence, remembered.labels[~traced], LIKENESS_TRUST * np.maximum(0, likeness - LIKENESS))
    return evidence


def mix(prediction: Prediction, evidence: NDArray[np.float64], calibration: Calibration) -> Prediction:
    """Add evidence (11,) to a prediction (N = 1): its digits' to their log-odds, the strongest to that it is a digit at all."""
    network = calibrated_probabilities(prediction.logits, calibration.temperature)[0]
    digits, none = evidence[:NUM_CLASSES], evidence[NOT_A_DIGIT]
    log_odds = np.log(np.maximum(network, np.where(digits > 0, DOUBT, 1e-12))) + digits
    logits = (log_odds * calibration.temperature)[np.newaxis].astype("float32")
    is_digit = max(0.0, digits.max()) - max(0.0, none)
    return Prediction(logits, prediction.digitness + np.float32(is_digit), prediction.features)


def remember(
    contributor: Contributor | None, model: CalibratedModel, by_features: bool = False, stamp: str | None = None
) -> Remembered:
    """Collect a contributor's newest labelled drawings, or take what was collected under `stamp` less than 10 s ago.

    With `by_features` each as the network sees it.
    """
    if contributor is None:
        return Remembered()
    if stamp is None:
        return _collect(contributor, model, by_features)
    kept, key = _collected.get_or_make(contributor.pk, dict), (stamp, by_features, model)
    if key not in kept:
        kept[key] = _collect(contributor, model, by_features)
    return kept[key]


def forget(contributor_id: int) -> None:
    """Collect anew, in this process, what this contributor taught: a label or a drawing of theirs has changed."""
    _collected.drop(contributor_id)


def _collect(contributor: Contributor, model: CalibratedModel, by_features: bool) -> Remembered:
    mine = Drawing.objects.of(contributor).confirmed().exclude(status=Drawing.Status.REJECTED)
    rows = list(mine.order_by("-created_at").only(*LABELS)[:MOST_REMEMBERED])
    slips = _slips(rows)
    labels = {row.pk: row.label for row in rows if row.pk not in slips}
    if not labels:
        return Remembered()
    found = _traces(list(labels))
    labels = {pk: label for pk, label in labels.items() if pk in found}
    traces = _stack([found[pk] for pk in labels], trajectories.SHAPE)
    unseen = np.isnan(traces[:, 0, 0]) | by_features
    looks = [_features(pk, model) if show else None for pk, show in zip(labels, unseen, strict=True)]
    kept = [i for i, look in enumerate(looks) if look is not None or not unseen[i]]
    if not kept:
        return Remembered()
    return Remembered(np.array(list(labels.values()))[kept], traces[kept], _stack([looks[i] for i in kept]))


def _slips(rows: list[Drawing]) -> set[UUID]:
    """Find each single "not a digit" of what was read for sure: one slip must not have every later such digit refused."""
    denied = [row for row in rows if row.label == NOT_A_DIGIT and row.reviewed_label is None and _was_sure(row)]
    often = Counter(row.predicted_label for row in denied)
    return {row.pk for row in denied if often[row.predicted_label] == 1}


def _was_sure(row: Drawing) -> bool:
    return row.predicted_label is not None and (row.confidence or 0) >= VERY_SURE


def _stack(arrays: Sequence[NDArray[np.float32] | None], shape: tuple[int, ...] = (0,)) -> NDArray[np.float32]:
    """Stack arrays of one shape, NaN for those that are missing."""
    shape = next((array.shape for array in arrays if array is not None), shape)
    blank = np.full(shape, np.nan, "float32")
    return np.stack([blank if array is None else array for array in arrays])


class _Traces:
    """The traces of drawings that this process has met, whose strokes never change; None for those without a path."""

    def __init__(self) -> None:
        self._kept: OrderedDict[UUID, NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, drawing_ids: Sequence[UUID]) -> dict[UUID, NDArray[np.float32] | None]:
        """Trace drawings, the newest first, but for those beyond MOST_TRACED: later calls trace them."""
        with self._lock:
            found: dict[UUID, NDArray[np.float32] | None] = {
                pk: self._kept[pk] for pk in drawing_ids if pk in self._kept
            }
        missing = [pk for pk in drawing_ids if pk not in found]
        if missing:
            new = self._trace(missing)
            self._keep(new)
            found |= new
        return found

    @staticmethod
    def _trace(drawing_ids: Sequence[UUID]) -> dict[UUID, NDArray[np.float32] | None]:
        as_text = Drawing.objects.filter(pk__in=drawing_ids).values_list("pk", Cast("strokes", TextField()))
        texts, read = dict(as_text), 0
        traced: dict[UUID, NDArray[np.float32] | None] = {}
        for pk in drawing_ids:
            text = texts.get(pk)
            traced[pk] = trajectories.trace(json.loads(text)) if text else None
            read += len(text or "")
            if read > MOST_TRACED:
                break
        return traced

    def _keep(self, found: dict[UUID, NDArray[np.float32] | None]) -> None:
        with self._lock:
            self._kept.update({pk: trace for pk, trace in found.items() if trace is not None})
            while len(self._kept) > MOST_TRACES:
                self._kept.popitem(last=False)

    def cache_clear(self) -> None:
        with self._lock:
            self._kept.clear()


_traces = _Traces()


@lru_cache(maxsize=4096)  # some hundred numbers each
def _features(drawing_id: UUID, model: CalibratedModel) -> NDArray[np.float32] | None:
    """Return a drawing's features, or None where it has just been deleted or is a hair that only its path shows."""
    png = Drawing.objects.filter(pk=drawing_id).values_list("png", flat=True).first()
    try:
        image = Submission.of_columns(png or b"").image
    except InvalidDrawing:
        return None
    features: NDArray[np.float32] = model.predict(image[np.newaxis]).features[0]
    return features
