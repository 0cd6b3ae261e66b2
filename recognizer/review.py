"""What a reviewer should see first."""

from recognizer.models import Drawing

DISAGREEMENT_WEIGHT = 2.0  # above any margin: corrections are where poison and value are
AGREEMENT_CONFIDENCE = 0.95  # calibrated; at this the shipped model errs on fewer than 1 in 100 confirmed drawings


def review_priority(drawing: Drawing, label: int) -> float:
    """Return the queue order of a drawing once its contributor has said `label`: higher is sooner, 0..3."""
    disagreement = DISAGREEMENT_WEIGHT if label != drawing.predicted_label else 0.0
    return disagreement + (1.0 - drawing.margin)


def approval_rule(drawing: Drawing, label: int, policy: str) -> str:
    """Return why `DIGITRE_AUTO_APPROVE` accepts this label without a reviewer, or "" if it does not."""
    if policy == "all":
        return "every confirmed label is accepted here"
    agrees = label == drawing.predicted_label and drawing.confidence >= AGREEMENT_CONFIDENCE
    if policy == "agreement" and agrees:
        return f"contributor and model agree, the model being at least {AGREEMENT_CONFIDENCE:.0%} sure"
    return ""
