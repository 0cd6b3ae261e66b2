"""Lists whose ten-thousandth page costs what the first does: no COUNT, no OFFSET, but a place in an indexed order."""

from collections.abc import Iterable
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import connection, models
from django.db.models import Q
from django.db.models.expressions import Combinable
from django.http import HttpRequest
from django.utils.text import capfirst

from recognizer.admin.sql_limits import TookTooLong, statement_timeout

AFTER, BEFORE = "after", "before"
TIMEOUT_MS = 2000  # several rare filters at once may pass over every row before a page is full: nobody waits for that
BETWEEN = "~"  # between the parts of a place; in no number, date or UUID


def estimated_rows(model: type[models.Model]) -> int | None:
    """About how many rows a table has, without counting them; None where the database has not looked yet."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(%s)", [table])
        else:
            cursor.execute(f"SELECT MAX(rowid) FROM {connection.ops.quote_name(table)}")  # noqa: S608  our own table
        rows = cursor.fetchone()[0]
    return rows if rows is not None and rows >= 0 else None


def beyond(order: tuple[str, ...], values: list[Any], *, forwards: bool) -> Q:
    """Rows that come after (or before) a place in an order of one or two fields, the second of which is unique.

    `f <= v AND (f < v OR id > i)` rather than the shorter `f < v OR (f = v AND id > i)`: the first half bounds the index scan.
    """

    def strictly(field: str, value: Any) -> Q:
        falls = field.startswith("-") == forwards
        return Q(**{f"{field.lstrip('-')}__{'lt' if falls else 'gt'}": value})

    if len(order) == 1:
        return strictly(order[0], values[0])
    first, unique = order
    falls = first.startswith("-") == forwards
    bound = Q(**{f"{first.lstrip('-')}__{'lte' if falls else 'gte'}": values[0]})
    return bound & (strictly(first, values[0]) | strictly(unique, values[1]))


def reverse(order: tuple[str, ...]) -> list[str]:
    return [field[1:] if field.startswith("-") else f"-{field}" for field in order]


class NamedChangeList(ChangeList):
    """A list that is called what it lists: "Drawings", where Django says "Select drawing to change"."""

    @property
    def title(self) -> str:
        return capfirst(str(self.opts.verbose_name_plural))

    @title.setter
    def title(self, asked: str) -> None:
        pass


class KeysetChangeList(NamedChangeList):
    """One page of a list, found by where the page before it ended."""

    next_link = previous_link = None
    waited_seconds = 0.0  # in vain

    def __init__(self, request: HttpRequest, *args: Any, **options: Any) -> None:
        self.after, self.before = request.GET.get(AFTER), request.GET.get(BEFORE)
        super().__init__(request, *args, **options)

    @property
    def estimated_total(self) -> str:
        """ "1,000,000", or "" where nobody knows; a small table is all on the page anyway."""
        rows = estimated_rows(self.model)
        return f"{rows:,}" if rows and rows > self.list_per_page else ""

    @property
    def order(self) -> tuple[str, ...]:
        admin_of_ours = cast(KeysetAdmin, self.model_admin)
        return admin_of_ours.page_order(self.params)

    def get_filters_params(self, params: dict[str, Any] | None = None) -> dict[str, Any]:
        return {key: value for key, value in super().get_filters_params(params).items() if key not in (AFTER, BEFORE)}

    def get_query_string(self, new_params: dict[str, Any] | None = None, remove: Iterable[str] | None = None) -> str:
        return super().get_query_string(new_params, [*(remove or []), AFTER, BEFORE])

    def get_ordering(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> list[str | Combinable]:
        return list(self.order)

    def get_results(self, request: HttpRequest) -> None:
        size, backwards = self.list_per_page, bool(self.before)
        place = self.before or self.after
        rows = (
            self.queryset.filter(beyond(self.order, self._values(place), forwards=not backwards))
            if place
            else self.queryset
        )
        if backwards:
            rows = rows.order_by(*reverse(self.order))
        found = self._read(rows[: size + 1])
        has_more, found = len(found) > size, found[:size]
        if backwards:
            found.reverse()
        self._show(found, has_next=has_more or backwards, has_previous=has_more if backwards else bool(place))

    def _read(self, rows: models.QuerySet[Any]) -> list[models.Model]:
        """Read one page. Unfiltered, it is the beginning of an index; filtered, it is not waited for without end."""
        if not self.params:
            return list(rows)
        try:
            with statement_timeout(TIMEOUT_MS):
                return list(rows)
        except TookTooLong:
            self.waited_seconds = TIMEOUT_MS / 1000
            return []

    def _show(self, found: list[models.Model], *, has_next: bool, has_previous: bool) -> None:
        self.result_list, self.result_count, self.full_result_count = found, len(found), len(found)
        self.show_full_result_count = self.multi_page = self.can_show_all = False
        self.show_admin_actions = bool(found)
        self.paginator = Paginator(found, max(len(found), 1))
        if found and has_next:
            self.next_link = self.get_query_string({AFTER: self._place(found[-1])})
        if found and has_previous:
            self.previous_link = self.get_query_string({BEFORE: self._place(found[0])})

    def _place(self, row: models.Model) -> str:
        values = (getattr(row, field.lstrip("-")) for field in self.order)
        return BETWEEN.join(value.isoformat() if hasattr(value, "isoformat") else str(value) for value in values)

    def _column(self, name: str) -> "models.Field[Any, Any]":
        return cast("models.Field[Any, Any]", self.opts.get_field(name.lstrip("-")))

    def _values(self, place: str) -> list[Any]:
        parts = place.split(BETWEEN)
        if len(parts) != len(self.order):
            raise IncorrectLookupParameters(place)
        try:
            return [self._column(field).to_python(part) for field, part in zip(self.order, parts, strict=True)]
        except ValidationError as error:
            raise IncorrectLookupParameters(place) from error


class KeysetAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic for the stubs alone
    """A ModelAdmin for tables that grow to millions of rows."""

    list_per_page = 100
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each would be a COUNT over the table
    sortable_by = ()
    change_list_template = "admin/keyset_change_list.html"
    default_order: tuple[str, ...] = ("-id",)

    def page_order(self, params: dict[str, str]) -> tuple[str, ...]:
        """The order of the list for these query parameters: one for which there is an index."""
        return self.default_order

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return KeysetChangeList

    def has_add_permission(self, request: HttpRequest, *args: object) -> bool:
        return False
