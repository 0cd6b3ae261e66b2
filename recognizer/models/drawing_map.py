"""Approved and waiting drawings as points: where one version's features place them, and the projection that placed them."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from recognizer.labels import NOT_A_DIGIT
from recognizer.models.drawings import Drawing
from recognizer.models.versions import ModelVersion

SIDE = 1000  # of the map: places are whole numbers from 0 to SIDE
NO_REFERENCE = 255  # in `labels`: a landmark that somebody drew


class DrawingMap(models.Model):
    """The projection of one version: landmarks, as it sees them, and where they lie. What is new is placed between them."""

    version = models.OneToOneField(ModelVersion, primary_key=True, on_delete=models.CASCADE, related_name="map")
    features = models.BinaryField(help_text="float16 (L, D) of the landmarks.")
    places = models.BinaryField(help_text="float32 (L, 2) of the landmarks, 0 to SIDE.")
    labels = models.BinaryField(help_text="uint8 (L,): 0-10 of a reference picture, NO_REFERENCE of a drawing.")
    drawings = models.PositiveIntegerField(help_text="How many drawings were there to find landmarks among.")
    drawn_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()  # who may see drawings sees where they lie

    def __str__(self) -> str:
        return f"map of {self.version}"


class MapPoint(models.Model):
    """One drawing on one map. Gone with its drawing, at once."""

    map = models.ForeignKey(DrawingMap, on_delete=models.CASCADE, related_name="points")
    drawing = models.ForeignKey(Drawing, on_delete=models.CASCADE, related_name="map_points")
    x = models.PositiveSmallIntegerField()
    y = models.PositiveSmallIntegerField(help_text="From above.")
    answered = models.PositiveSmallIntegerField(help_text="What the version reads; NOT_A_DIGIT where it refuses.")
    cluster = models.PositiveSmallIntegerField(default=0, help_text="Of refused drawings that lie together; 0 is none.")
    features = models.BinaryField(help_text="float16 (D,), see recognizer.inference.prediction.Prediction.")

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["map", "drawing"], name="one_point_a_drawing"),
            models.CheckConstraint(condition=Q(answered__lte=NOT_A_DIGIT), name="point_answer_range"),
            models.CheckConstraint(condition=Q(x__lte=SIDE, y__lte=SIDE), name="point_on_the_map"),
        ]

    def __str__(self) -> str:
        return f"{self.drawing_id} at {self.x}, {self.y}"
