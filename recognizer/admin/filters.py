"""What the drawings list can be narrowed by. Each either follows the page's index or keeps most of the rows it passes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import User
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.http import HttpRequest

from recognizer.formatting import percent, percent_range
from recognizer.inference.answers import PRETTY_SURE, VERY_SURE
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import (
    LABEL_CHOICES,
    Campaign,
    Contributor,
    Drawing,
    LabelEvent,
    Look,
    ModelVersion,
    Rereading,
)

if TYPE_CHECKING:
    from django.contrib.admin.filters import _ListFilterChoices

DISAGREES = Q(confirmed_label__isnull=False) & (
    Q(predicted_label__isnull=True) & ~Q(confirmed_label=NOT_A_DIGIT) | ~Q(predicted_label=F("confirmed_label"))
)
ORDERS = {
    "telling": ("-review_priority", "id"),
    "newest": ("-created_at", "id"),
    "suspicious": ("-suspicion", "id"),
    "reviewed": ("-reviewed_at", "id"),
}
BY_REVIEW = (
    "reviewer",
    "reviewed_at__gte",
    "reviewed_at__lt",
    "reviewed_at__isnull",
)  # what orders by when it was reviewed
BANDS = {
    "unsure": (f"under {percent(PRETTY_SURE, 0)}: not sure", Q(confidence__lt=PRETTY_SURE)),
    "pretty": (
        f"{percent_range(PRETTY_SURE, VERY_SURE, 0)}: pretty sure",
        Q(confidence__gte=PRETTY_SURE, confidence__lt=VERY_SURE),
    ),
    "very": (f"{percent(VERY_SURE, 0)} and more: very sure", Q(confidence__gte=VERY_SURE)),
}
SUSPICIONS = {
    "high": ("70 % and more", Q(suspicion__gte=0.7)),
    "medium": ("40 to 70 %", Q(suspicion__gte=0.4, suspicion__lt=0.7)),
    "low": ("under 40 %", Q(suspicion__lt=0.4)),
}
ANSWERS = {
    "differs": ("model and person differ", DISAGREES),
    "same": ("model and person agree", Q(predicted_label=F("confirmed_label"))),
    "refused": ("the model refused", Q(predicted_label__isnull=True)),
}
VERSIONS_LISTED = 30
REVIEWERS_LISTED = 30
REREADINGS_LOOKED_AT = 2000  # the newest that differ: enough to look at, and few enough for one statement
CAMPAIGNS_LISTED = 30  # the newest; an older one's own row leads to its drawings
ROW_NUMBER_DIGITS = 18  # always below 2^63, more than which SQLite's driver refuses with an error


def row_number(text: str | None) -> int | None:
    """Return the row number in an address's parameter, or None for what cannot be one."""
    return int(text) if text and text.isdecimal() and len(text) <= ROW_NUMBER_DIGITS else None


class StatusFilter(admin.SimpleListFilter):
    """Opens on what waits for a reviewer."""

    title = "status"
    parameter_name = "status"
    ALL = "all"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [(value, str(label)) for value, label in Drawing.Status.choices if value != Drawing.Status.WAITING]

    def choices(self, changelist: ChangeList) -> "Iterator[_ListFilterChoices]":
        value = self.value() or Drawing.Status.WAITING
        for key, title in (
            (Drawing.Status.WAITING, Drawing.Status.WAITING.label),
            *self.lookup_choices,
            (self.ALL, "any status"),
        ):
            yield {
                "selected": value == key,
                "query_string": changelist.get_query_string({self.parameter_name: key}),
                "display": title,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Drawing]) -> QuerySet[Drawing]:
        status = self.value() or Drawing.Status.WAITING
        return queryset if status == self.ALL else queryset.filter(status=status)


class OrderFilter(admin.SimpleListFilter):
    """Not a filter but the list's order, among those that have an index."""

    title = "order"
    parameter_name = "order"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [
            ("telling", "most telling first"),
            ("newest", "newest first"),
            ("suspicious", "most suspicious first"),
        ]

    def choices(self, changelist: ChangeList) -> "Iterator[_ListFilterChoices]":
        """Mark the order that the page has, chosen or not. The most telling come first within one status only."""
        for key, title in self.lookup_choices:
            if key == "telling" and changelist.params.get("status") == StatusFilter.ALL:
                continue
            yield {
                "selected": changelist.order == ORDERS[key],  # type: ignore[attr-defined]  # ours, not any list
                "query_string": changelist.get_query_string({self.parameter_name: key}),
                "display": title,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Drawing]) -> QuerySet[Drawing]:
        by_suspicion, by_review = self.value() == "suspicious", self.value() == "reviewed"
        queryset = queryset.filter(suspicion__isnull=False) if by_suspicion else queryset
        return queryset.filter(reviewed_at__isnull=False) if by_review else queryset


class ConditionFilter(admin.SimpleListFilter):
    """A choice among named conditions."""

    conditions: dict[str, tuple[str, Q]] = {}

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [(key, title) for key, (title, _) in self.conditions.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Drawing]) -> QuerySet[Drawing]:
        chosen = self.conditions.get(self.value() or "")
        return queryset.filter(chosen[1]) if chosen else queryset


class AnswerFilter(ConditionFilter):
    title = "answer"
    parameter_name = "answer"
    conditions = ANSWERS


class ConfidenceFilter(ConditionFilter):
    title = "confidence"
    parameter_name = "confidence"
    conditions = BANDS


class SuspicionFilter(ConditionFilter):
    title = "suspicion"
    parameter_name = "suspicion"
    conditions = SUSPICIONS


class LabelFilter(ConditionFilter):
    """By the label that would train: the reviewer's, else the contributor's."""

    title = "label"
    parameter_name = "label"
    conditions = {
        str(value): (title, Q(reviewed_label=value) | Q(reviewed_label__isnull=True, confirmed_label=value))
        for value, title in LABEL_CHOICES
    }


class VersionFilter(admin.SimpleListFilter):
    title = "version that answered"
    parameter_name = "version"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> list[tuple[str, str]]:
        latest = ModelVersion.objects.values_list("pk", "number")[:VERSIONS_LISTED]
        return [(str(pk), f"version {number}") for pk, number in latest]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Drawing]) -> QuerySet[Drawing]:
        pk = row_number(self.value())
        return queryset if pk is None else queryset.filter(model_version_id=pk)


class CampaignFilter(admin.SimpleListFilter):
    """For drawings and for contributors, who both carry their campaign."""

    title = "campaign"
    parameter_name = "campaign"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [
            (str(campaign.pk), str(campaign)) for campaign in Campaign.objects.only("name", "code")[:CAMPAIGNS_LISTED]
        ]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        pk = row_number(self.value())
        return queryset if pk is None else queryset.filter(campaign_id=pk)


class ContributorFilter(admin.SimpleListFilter):
    """Shown once one is chosen, by a link on their name: there may be a hundred thousand of them."""

    title = "contributor"
    parameter_name = "contributor"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> list[tuple[str, str]]:
        chosen = request.GET.get(self.parameter_name, "")
        pk = row_number(chosen)
        contributor = None if pk is None else Contributor.objects.filter(pk=pk).first()
        return [(chosen, contributor.short_name)] if contributor else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Drawing]) -> QuerySet[Drawing]:
        pk = row_number(self.value())
        return queryset if pk is None else queryset.filter(contributor_id=pk)


class DisputeFilter(ConditionFilter):
    """What waits for a third reviewer."""

    title = "reviewers"
    parameter_name = "dispute"
    conditions = {
        "third": ("two reviewers differ", Q(check_due=Look.THIRD)),
        "known": ("two said the same, one blind", Q(is_known=True)),
    }


class ReviewerFilter(admin.SimpleListFilter):
    """By who decided; the last decided first."""

    title = "reviewer"
    parameter_name = "reviewer"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> list[tuple[str, str]]:
        reviewers = User.objects.filter(is_staff=True).order_by("username").values_list("pk", "username")
        return [(str(pk), name) for pk, name in reviewers[:REVIEWERS_LISTED]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Drawing]) -> QuerySet[Drawing]:
        pk = row_number(self.value())
        return queryset if pk is None else queryset.filter(reviewed_by_id=pk, reviewed_at__isnull=False)


class ChosenFilter(admin.SimpleListFilter):
    """Shown once something is chosen, by a link elsewhere: there may be too many to choose from here."""

    name = ""

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> list[tuple[str, str]]:
        chosen = request.GET.get(self.parameter_name or "", "")
        return [(chosen, f"{self.name} {chosen}")] if row_number(chosen) is not None else []


class BatchFilter(ChosenFilter):
    title = "batch"
    name = "batch"
    parameter_name = "batch"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Drawing]) -> QuerySet[Drawing]:
        pk = row_number(self.value())
        decided = LabelEvent.objects.filter(batch_id=pk).values("drawing_id")
        return queryset if pk is None else queryset.filter(pk__in=decided)


class RereadingFilter(admin.SimpleListFilter):
    """By what another version reads otherwise than the one that answered."""

    title = "read otherwise by"
    parameter_name = "differs"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> list[tuple[str, str]]:
        reread = ModelVersion.objects.filter(Exists(Rereading.objects.filter(version=OuterRef("pk"))))
        return [(str(pk), f"version {number}") for pk, number in reread.values_list("pk", "number")[:VERSIONS_LISTED]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Drawing]) -> QuerySet[Drawing]:
        pk = row_number(self.value())
        if pk is None:
            return queryset
        newest = (
            Rereading.objects.differing().filter(version_id=pk).order_by("-id").values_list("drawing_id", flat=True)
        )
        return queryset.filter(pk__in=list(newest[:REREADINGS_LOOKED_AT]))
