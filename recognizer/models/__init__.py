"""Who drew, what they drew, what was said about it, and by which model."""

from recognizer.models.campaigns import CODE_LETTERS, Campaign, CampaignReceipt, ConsentText, Stage, normalized_code
from recognizer.models.contributors import EXAM_EVERY, Admission, Contributor
from recognizer.models.drawings import AUDIT_EVERY, CLAIM_TIMEOUT, SECOND_OPINION_EVERY, Drawing, DrawingQuerySet
from recognizer.models.events import LabelEvent, Look
from recognizer.models.label_fields import LABEL_CHOICES, label_field, label_text
from recognizer.models.prototypes import Prototype, PrototypeSet
from recognizer.models.versions import ModelArtifacts, ModelVersion, PromotionEvent

__all__ = [
    "AUDIT_EVERY",
    "CLAIM_TIMEOUT",
    "CODE_LETTERS",
    "EXAM_EVERY",
    "LABEL_CHOICES",
    "SECOND_OPINION_EVERY",
    "Admission",
    "Campaign",
    "CampaignReceipt",
    "ConsentText",
    "Contributor",
    "Drawing",
    "DrawingQuerySet",
    "LabelEvent",
    "Look",
    "ModelArtifacts",
    "ModelVersion",
    "PromotionEvent",
    "Prototype",
    "PrototypeSet",
    "Stage",
    "label_field",
    "label_text",
    "normalized_code",
]
