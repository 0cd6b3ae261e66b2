"""What a version learned of what it was taught, drawing by drawing: the worker let it read them again."""

from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from django.utils.safestring import SafeString

from recognizer.admin import thumbnails
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Drawing, ModelVersion, Rereading, label_text
from training.curation.rereading import new_to
from training.models import TrainingRun

LOOKED_AT = 2000
SHOWN = 24
LISTED = 12  # people

Shown = list[tuple[Drawing, SafeString, str, str]]  # drawing, picture, answer, label


@dataclass
class TaughtPage:
    """Counts and pictures of the drawings that were new to a version. `read` of them were read again so far."""

    read: int = 0
    corrections: int = 0
    mended: int = 0
    agreed: int = 0
    spoilt: int = 0
    mended_shown: Shown = field(default_factory=list)
    missed_shown: Shown = field(default_factory=list)
    spoilt_shown: Shown = field(default_factory=list)
    by_label: list[tuple[str, int, int]] = field(default_factory=list)
    by_person: list[tuple[str, int, int]] = field(default_factory=list)


def taught_page(version: ModelVersion, run: TrainingRun | None) -> TaughtPage:
    """A correction is a new drawing that was answered otherwise than it is labelled."""
    page = TaughtPage()
    if run is None:
        return page
    new = set(new_to(run))
    before = Rereading.objects.filter(version=version, drawing__created_at__lt=version.created_at).with_truth()
    columns = ("drawing_id", "answered", "drawing__predicted_label", "told", "drawing__contributor__token")
    kinds: dict[str, list[tuple[UUID, int, int]]] = {"mended": [], "missed": [], "spoilt": []}
    asked: dict[str, Counter[str]] = {"label": Counter(), "person": Counter()}
    read: dict[str, Counter[str]] = {"label": Counter(), "person": Counter()}
    for pk, answer, said, told, token in before.order_by("-id").values_list(*columns)[:LOOKED_AT]:
        if told is None or pk not in new:
            continue
        page.read += 1
        if told == (NOT_A_DIGIT if said is None else said):
            page.agreed += 1
            if answer != told:
                kinds["spoilt"].append((pk, answer, told))
            continue
        kinds["mended" if answer == told else "missed"].append((pk, answer, told))
        for by, name in (("label", label_text(told)), ("person", token.hex[:8])):
            asked[by][name] += 1
            read[by][name] += answer == told
    page.corrections = len(kinds["mended"]) + len(kinds["missed"])
    page.mended, page.spoilt = len(kinds["mended"]), len(kinds["spoilt"])
    page.by_label, page.by_person = (
        [(name, read[by][name], count) for name, count in asked[by].most_common(LISTED)] for by in ("label", "person")
    )
    there = Drawing.objects.defer("strokes", "probabilities").in_bulk(
        [pk for found in kinds.values() for pk, _, _ in found[:SHOWN]]
    )
    page.mended_shown, page.missed_shown, page.spoilt_shown = (
        [
            (there[pk], thumbnails.thumbnail(there[pk]), label_text(answer), label_text(told))
            for pk, answer, told in found[:SHOWN]
            if pk in there
        ]
        for found in kinds.values()
    )
    return page
