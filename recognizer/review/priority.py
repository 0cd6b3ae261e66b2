"""What a reviewer should see first, and what needs no reviewer. The rules; `queue` hands the drawings out."""

from collections import Counter
from datetime import datetime
from uuid import UUID

from django.core.cache import cache

from recognizer.formatting import percent
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Drawing

DISAGREEMENT_WEIGHT = 2.0  # above any margin: corrections are where poison and value are
SUSPICION_WEIGHT = 0.5  # enough to sort equals, not enough to put a sure model's contradiction before an unsure one's
RARITY_WEIGHT = 0.5
AGREEMENT_CONFIDENCE = 0.95  # calibrated; at this the shipped model errs on fewer than 1 in 100 confirmed drawings

CONTRIBUTOR_SHARE = 0.25  # of the suspicion; the rest is what the model says of this very drawing
CONTRIBUTOR_WINDOW = 50  # drawings: one page of a person's history, read from an index
RARITY_WINDOW = 1000  # approved drawings: enough to tell 5 % from 10 %
RARITY_SECONDS = 300  # one query a process in five minutes; feedback must not wait for a count


def assess(drawing: Drawing, label: int) -> dict[str, float]:
    """Return the columns `priority` and `suspicion` for a drawing whose contributor says `label`."""
    suspicion = suspicion_of(drawing, label)
    return {"priority": review_priority(drawing, label, suspicion), "suspicion": suspicion}


def review_priority(drawing: Drawing, label: int, suspicion: float = 0.0) -> float:
    """Return the queue order of a drawing once its contributor has said `label`: higher is sooner, 0..4."""
    disagreement = DISAGREEMENT_WEIGHT if label != drawing.answered else 0.0
    rarity = RARITY_WEIGHT * class_rarity(label)
    return round(disagreement + (1.0 - drawing.margin) + SUSPICION_WEIGHT * suspicion + rarity, 6)


def suspicion_of(drawing: Drawing, label: int) -> float:
    """Return 0..1, how strongly others contradict a label.

    The model that answered had not trained on the drawing, so its probability for the label is out of sample. The rest
    is how often the same contributor was contradicted before.
    """
    own = CONTRIBUTOR_SHARE * contradiction_rate(drawing)
    return round((1 - CONTRIBUTOR_SHARE) * contradiction(drawing, label) + own, 6)


def contradiction(drawing: Drawing, label: int) -> float:
    """Return the probability, by the model that answered, that the label is wrong."""
    if label == NOT_A_DIGIT:
        return 0.0 if drawing.predicted_label is None else drawing.confidence
    return 1.0 - float(drawing.probabilities[label])


def contradiction_rate(drawing: Drawing) -> float:
    """Return how often the contributor's latest labels were contradicted; one in five for a stranger."""
    against, told = record_of(drawing.contributor_id, without=drawing.pk)
    return (1 + against) / (5 + told)


def record_of(contributor_id: int, without: UUID | None = None) -> tuple[int, int]:
    """Count on how many of a contributor's latest labels they were contradicted, and how many there were.

    By a reviewer, where one has decided: whoever draws oddly is not to be suspected for what was approved. Else by the model.
    """
    latest = Drawing.objects.filter(contributor_id=contributor_id).order_by("-created_at")
    if without is not None:
        latest = latest.exclude(pk=without)
    columns = ("confirmed_label", "predicted_label", "top_label", "reviewed_at", "reviewed_label")
    rows = [row for row in latest.values_list(*columns)[:CONTRIBUTOR_WINDOW] if row[0] is not None]
    return sum(is_contradicted(*row) for row in rows), len(rows)


def is_contradicted(
    label: int, predicted: int | None, top: int, reviewed_at: datetime | None, reviewed_label: int | None
) -> bool:
    if reviewed_at is not None:
        return label != reviewed_label
    return label not in ((top, NOT_A_DIGIT) if predicted is None else (predicted,))


def class_rarity(label: int) -> float:
    """Return 0..1: 1 for a label that no approved drawing of late has, 0 for one that has its share or more."""
    counts: Counter[int] = cache.get_or_set("recognizer.label_counts", count_recent_labels, RARITY_SECONDS) or Counter()
    fair_share = sum(counts.values()) / (NOT_A_DIGIT + 1)
    return max(0.0, 1.0 - counts.get(label, 0) / fair_share) if fair_share else 0.0


def count_recent_labels() -> Counter[int]:
    latest = Drawing.objects.approved().order_by("-created_at")
    pairs = latest.values_list("reviewed_label", "confirmed_label")[:RARITY_WINDOW]
    labels = (confirmed if reviewed is None else reviewed for reviewed, confirmed in pairs)
    return Counter(label for label in labels if label is not None)


def approval_rule(drawing: Drawing, label: int, policy: str) -> str:
    """Return why `DIGITRE_AUTO_APPROVE` accepts this label without a reviewer, or "" if it does not."""
    if policy == "all":
        return "every confirmed label is accepted here"
    agrees = label == drawing.predicted_label and drawing.confidence >= AGREEMENT_CONFIDENCE
    if policy == "agreement" and agrees:
        return f"contributor and model agree, the model being at least {percent(AGREEMENT_CONFIDENCE, 0)} sure"
    return ""
