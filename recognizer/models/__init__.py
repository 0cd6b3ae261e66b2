"""Who drew, what they drew, what was said about it, and by which model."""

from recognizer.models.api_keys import ApiKey, Scope
from recognizer.models.batches import ReviewBatch
from recognizer.models.campaigns import CODE_LETTERS, Campaign, CampaignReceipt, ConsentText, Stage, normalized_code
from recognizer.models.contributors import EXAM_EVERY, Admission, Contributor
from recognizer.models.drawing_map import DrawingMap, MapPoint
from recognizer.models.drawings import AUDIT_EVERY, CLAIM_TIMEOUT, SECOND_OPINION_EVERY, Drawing, DrawingQuerySet
from recognizer.models.events import IMPORTED, LabelEvent, Look
from recognizer.models.label_fields import LABEL_CHOICES, label_field, label_text
from recognizer.models.ledger import LedgerEntry
from recognizer.models.notices import Delivery, Event, Subscriber
from recognizer.models.prototypes import Prototype, PrototypeSet
from recognizer.models.rereadings import Rereading
from recognizer.models.tombstones import Tombstone
from recognizer.models.versions import ModelArtifacts, ModelVersion, PromotionEvent

__all__ = [
    "AUDIT_EVERY",
    "CLAIM_TIMEOUT",
    "CODE_LETTERS",
    "EXAM_EVERY",
    "IMPORTED",
    "LABEL_CHOICES",
    "SECOND_OPINION_EVERY",
    "Admission",
    "ApiKey",
    "Campaign",
    "CampaignReceipt",
    "ConsentText",
    "Contributor",
    "Delivery",
    "Drawing",
    "DrawingMap",
    "DrawingQuerySet",
    "Event",
    "LabelEvent",
    "LedgerEntry",
    "Look",
    "MapPoint",
    "ModelArtifacts",
    "ModelVersion",
    "PromotionEvent",
    "Prototype",
    "PrototypeSet",
    "Rereading",
    "ReviewBatch",
    "Scope",
    "Stage",
    "Subscriber",
    "Tombstone",
    "label_field",
    "label_text",
    "normalized_code",
]
