"""Files that only the worker can make, asked for in the admin: a row is the request, and later the way to the file.

What is made is kept in parts, rows of a megabyte: any size is written and read in constant memory, and replicas share no disk.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

if TYPE_CHECKING:
    from django.contrib.auth.models import User

PART = 1 << 20  # bytes a row
KEPT = timedelta(days=1)  # for a data set: who deletes a drawing need not wait longer until it is gone from here too
PATIENCE = timedelta(hours=3)  # whoever took a request up so long ago is gone
PROBLEM_LENGTH = 300


class PreparedFileQuerySet(models.QuerySet["PreparedFile"]):
    def request(self, kind: str, parameters: dict[str, Any], *, by: "User | None") -> "PreparedFile":
        """Ask for a file; one that is there, or asked for, is asked for once."""
        known = self.filter(kind=kind, parameters=parameters, problem="").order_by("-pk").first()
        return known or self.create(kind=kind, parameters=parameters, requested_by=by)

    def claim(self) -> "PreparedFile | None":
        """Take up the oldest request that nobody is at."""
        free = Q(started_at=None) | Q(started_at__lt=timezone.now() - PATIENCE)
        for pk in self.filter(free, finished_at=None).order_by("pk").values_list("pk", flat=True)[:10]:
            if self.filter(free, pk=pk, finished_at=None).update(started_at=timezone.now()):
                return self.get(pk=pk)
        return None

    def expire(self) -> None:
        """Delete data sets that have been there for long enough, and what could not be made."""
        over = self.filter(finished_at__lt=timezone.now() - KEPT)
        over.filter(~Q(problem="") | Q(kind=PreparedFile.Kind.DATA_SET)).delete()

    def ready(self) -> Self:
        return self.filter(finished_at__isnull=False, problem="")


class PreparedFile(models.Model):
    class Kind(models.TextChoices):
        DATA_SET = "data set"
        ONNX = "onnx", "ONNX model"

    kind = models.CharField(max_length=8, choices=Kind)
    parameters = models.JSONField(help_text="Filters and formats of a data set; the version of a model.")
    requested_at = models.DateTimeField(default=timezone.now)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=PROBLEM_LENGTH, blank=True)
    name = models.CharField(max_length=100, blank=True)
    size = models.BigIntegerField(default=0, help_text="Bytes.")
    sha256 = models.CharField(max_length=64, blank=True)

    objects = PreparedFileQuerySet.as_manager()

    class Meta:
        default_permissions = ()  # who may export drawings, or see versions, handles it on their pages

    def __str__(self) -> str:
        return self.name or f"{self.kind} {self.pk}"

    @property
    def is_ready(self) -> bool:
        return self.finished_at is not None and not self.problem

    def keep(self, name: str, blocks: Iterable[bytes], sha256: str) -> None:
        """Store what was made, in place of whatever an earlier attempt left."""
        self.parts.all().delete()
        size = 0
        for number, block in enumerate(blocks):
            PreparedPart.objects.create(file=self, number=number, content=block)
            size += len(block)
        self.name, self.size, self.sha256, self.finished_at = name, size, sha256, timezone.now()
        self.save(update_fields=["name", "size", "sha256", "finished_at"])

    def fail(self, problem: str) -> None:
        with transaction.atomic():
            self.parts.all().delete()
            self.problem, self.finished_at = problem[:PROBLEM_LENGTH], timezone.now()
            self.save(update_fields=["problem", "finished_at"])

    def blocks(self) -> Iterator[bytes]:
        """Read the file again, one part at a time."""
        number = 0
        while (content := self.parts.filter(number=number).values_list("content", flat=True).first()) is not None:
            yield bytes(content)
            number += 1


class PreparedPart(models.Model):
    file = models.ForeignKey(PreparedFile, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["file", "number"], name="one_part_a_number")]

    def __str__(self) -> str:
        return f"{self.file_id}, part {self.number}"
