import itertools
import re
from collections.abc import Iterable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Func, TextField, Value
from django.test import Client
from django.test.utils import CaptureQueriesContext

from recognizer.admin import keyset
from recognizer.admin.drawings import DrawingAdmin
from recognizer.admin.keyset import beyond, estimated_rows
from recognizer.models import Drawing, LabelEvent
from tests.support.accounts import SignIn
from tests.support.drawings import make_drawing, make_drawings
from tests.support.known import known

pytestmark = pytest.mark.django_db
LIST = "/admin/recognizer/drawing/"


@pytest.fixture
def desk(reviewer: User, sign_in: SignIn) -> Client:
    return sign_in(reviewer)


def listed(client: Client, query: str = "") -> list[str]:
    response = client.get(LIST + query)
    assert response.status_code == 200, response
    return re.findall(r'name="_selected_action" value="([0-9a-f-]{36})"', response.content.decode())


def as_text(drawings: Iterable[Drawing]) -> list[str]:
    return [str(drawing.pk) for drawing in drawings]


def test_opens_on_what_waits_with_disagreement_first(desk: Client, reviewer: User) -> None:
    agreed = make_drawing(seed=1, predicted=7, confirmed=7)
    differs = make_drawing(seed=2, predicted=1, confirmed=7)
    make_drawing(seed=3, confirmed=7).approve(7, reviewer)
    make_drawing(seed=4, confirmed=None)
    assert listed(desk) == as_text([differs, agreed])


def test_row_shows_picture_labels_and_figures(desk: Client) -> None:
    drawing = make_drawing(predicted=1, confirmed=7, confidence=0.62)
    page = desk.get(LIST).content.decode()
    assert 'src="data:image/png;base64,' in page
    assert 'alt="model 1, person 7"' in page
    assert "62 %" in page
    assert drawing.contributor.short_name in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?status=approved", ["approved"]),
        ("?status=rejected", ["rejected"]),
        ("?status=quarantined", ["quarantined"]),
        ("?status=unconfirmed", ["unconfirmed"]),
        ("?status=all&answer=differs", ["differs", "refused"]),
        ("?status=all&answer=refused", ["refused"]),
        ("?status=all&confidence=very", ["very"]),
        ("?status=all&label=10", ["nothing"]),
        ("?status=all&label=3", ["approved"]),
        ("?status=all&suspicion=high", ["differs"]),
    ],
)
def test_filter_narrows_the_list(desk: Client, reviewer: User, query: str, expected: list[str]) -> None:
    made = {
        "approved": make_drawing(seed=1, drawn=3, predicted=3, confirmed=3),
        "rejected": make_drawing(seed=2),
        "quarantined": make_drawing(seed=3),
        "unconfirmed": make_drawing(seed=4, confirmed=None),
        "differs": make_drawing(seed=5, predicted=1, confirmed=7, confidence=0.97),
        "refused": make_drawing(seed=6, predicted=None, confirmed=7, confidence=0.5),
        "very": make_drawing(seed=7, confidence=0.995),
        "nothing": make_drawing(seed=8, predicted=7, confirmed=10, confidence=0.6),
    }
    made["approved"].approve(3, reviewer)
    made["rejected"].reject("not readable", reviewer)
    made["quarantined"].quarantine("in doubt")
    if "answer=differs" in query:
        expected = [*expected, "nothing"]
    assert set(listed(desk, query)) == set(as_text(made[name] for name in expected))


def test_contributor_filter_and_search_find_one_persons_drawings(desk: Client) -> None:
    drawing = make_drawings(9, contributors=3)[0]
    theirs = set(as_text(Drawing.objects.of(drawing.contributor)))
    assert set(listed(desk, f"?status=all&contributor={drawing.contributor_id}")) == theirs
    assert set(listed(desk, f"?status=all&q={drawing.contributor.short_name}")) == theirs
    assert listed(desk, f"?status=all&q={str(drawing.pk)[:10]}") == [str(drawing.pk)]


@pytest.mark.parametrize(
    "query",
    [
        "?q=%27;--",
        "?q=" + "f" * 400,
        "?contributor=x",
        "?contributor=" + "9" * 60,
        "?version=%C2%B2",
        "?order=nonsense",
        "?label=99",
    ],
)
def test_nonsense_in_the_address_is_no_error(desk: Client, query: str) -> None:
    make_drawing()
    assert desk.get(LIST + query).status_code == 200


@pytest.mark.parametrize(
    ("query", "marked", "offered"),
    [
        ("", "most telling first", 3),
        ("?status=all", "newest first", 2),
        ("?status=all&order=telling", "newest first", 2),
        ("?order=suspicious", "most suspicious first", 3),
    ],
)
def test_order_that_the_list_has_is_the_one_marked(desk: Client, query: str, marked: str, offered: int) -> None:
    make_drawing()
    cl = desk.get(LIST + query).context["cl"]
    (order,) = [spec for spec in cl.filter_specs if spec.title == "order"]
    choices = list(order.choices(cl))
    assert [choice["display"] for choice in choices if choice["selected"]] == [marked]
    assert len(choices) == offered


@pytest.mark.parametrize("place", ["x", "1~2~3", "nan~nan", "1.0~not-a-uuid"])
def test_nonsense_as_a_place_leads_back_to_the_list(desk: Client, place: str) -> None:
    make_drawing()
    assert desk.get(LIST, {"after": place}).status_code in (200, 302)


@pytest.mark.parametrize("query", ["?status=waiting", "?status=all&order=newest", "?status=all&order=suspicious"])
def test_pages_follow_one_another_without_a_gap_and_back(
    desk: Client, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DrawingAdmin, "list_per_page", 7)
    made = make_drawings(24)
    Drawing.objects.filter(pk__in=[drawing.pk for drawing in made[:10]]).update(review_priority=1.5, suspicion=0.5)
    forwards, address = [], query
    for _ in itertools.count():
        page = desk.get(LIST + address)
        cl = page.context["cl"]
        forwards.append(as_text(cl.result_list))
        if not cl.next_link:
            break
        address = cl.next_link
    assert [len(part) for part in forwards] == [7, 7, 7, 3]
    assert len(set(itertools.chain(*forwards))) == 24
    backwards = [forwards[-1]]
    while cl.previous_link:
        cl = desk.get(LIST + cl.previous_link).context["cl"]
        backwards.append(as_text(cl.result_list))
    assert backwards == forwards[::-1]


@pytest.mark.parametrize("query", ["", "?status=all", "?status=all&answer=differs&label=7&confidence=unsure"])
def test_list_never_counts_or_skips_rows_and_costs_the_same_whatever_is_on_it(desk: Client, query: str) -> None:
    def queries() -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            desk.get(LIST + query)
        return [one["sql"] for one in captured]

    make_drawings(3)
    few = queries()
    make_drawings(60, seed=2)
    many = queries()
    assert len(many) == len(few) <= (13 if connection.vendor == "postgresql" else 10)  # three set a limit of time
    assert not [sql for sql in many if "COUNT(" in sql.upper() or " OFFSET " in sql.upper()]
    assert not [sql for sql in many if "strokes" in sql or "keras" in sql]


@pytest.mark.postgres
def test_list_that_takes_too_long_is_stopped_and_says_so(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    make_drawings(3)
    sleep = Func(Value(1.0), function="pg_sleep", output_field=TextField())
    slow = DrawingAdmin.get_queryset
    monkeypatch.setattr(DrawingAdmin, "get_queryset", lambda *args: slow(*args).annotate(slept=sleep))
    monkeypatch.setattr(keyset, "TIMEOUT_MS", 20)
    page = desk.get(f"{LIST}?status=waiting&label=7").content.decode()
    assert "took longer than 0.02 s and was stopped" in page
    assert Drawing.objects.count() == 3  # the connection works on


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("", "drawing_queue"),
        ("?after=1.25~00000000-0000-4000-8000-000000000000", "drawing_queue"),
        ("?status=all", "drawing_newest"),
        ("?status=all&after=2026-01-01T00:00:00%2B00:00~00000000-0000-4000-8000-000000000000", "drawing_newest"),
        ("?status=all&order=suspicious", "drawing_suspicion"),
    ],
)
def test_page_is_read_from_an_index_in_its_order(desk: Client, query: str, index: str) -> None:
    make_drawings(30)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE recognizer_drawing")
        cursor.execute("SET LOCAL enable_seqscan = off")  # thirty rows would not be worth an index
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute("SET LOCAL enable_hashjoin = off")
        cursor.execute("SET LOCAL enable_sort = off")
    cl = desk.get(LIST + query).context["cl"]
    rows = cl.queryset
    if cl.after:
        rows = rows.filter(beyond(cl.order, cl._values(cl.after), forwards=True))
    plan = rows[:101].explain()
    assert index in plan, plan
    assert "Sort Key" not in plan or "Presorted Key" in plan, plan


def test_estimate_is_about_the_number_of_rows(db: None) -> None:
    make_drawings(12)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE recognizer_drawing")
    assert estimated_rows(Drawing) == 12


# one drawing's page


def test_page_tells_all_that_was_said(desk: Client, reviewer: User) -> None:
    drawing = make_drawing(predicted=1, confirmed=7)
    drawing.approve(7, reviewer, "it has a bar")
    page = desk.get(f"{LIST}{drawing.pk}/change/").content.decode()
    for words in ("1, by version 1", "it has a bar", "rosa", "approved as 7, before that 7", "It may train"):
        assert words in page


@pytest.mark.parametrize(
    ("decision", "status", "label"),
    [("4", "approved", 4), ("10", "approved", 10), ("reject", "rejected", 7), ("put back", "waiting", 7)],
)
def test_page_takes_a_decision(desk: Client, decision: str, status: str, label: int) -> None:
    drawing = make_drawing(confirmed=7)
    desk.post(f"{LIST}{drawing.pk}/decide/", {"decision": decision, "reason": "seen"})
    drawing = Drawing.objects.get()
    assert (drawing.status, drawing.label) == (status, label)
    last = known(drawing.events.last())
    assert (known(last.user).username, last.reason) == ("rosa", "seen")


@pytest.mark.parametrize("decision", ["reject", "11", "-1", "", "approve", "\u0667"])
def test_page_takes_no_nonsense_and_no_rejection_without_a_reason(desk: Client, decision: str) -> None:
    drawing = make_drawing(confirmed=7)
    desk.post(f"{LIST}{drawing.pk}/decide/", {"decision": decision})
    assert Drawing.objects.get().status == "waiting"


def test_owner_deletes_a_drawing_with_its_events(owner: User, sign_in: SignIn) -> None:
    drawing = make_drawing(confirmed=7)
    client = sign_in(owner)
    assert "Are you sure" in client.get(f"{LIST}{drawing.pk}/delete/").content.decode()
    client.post(f"{LIST}{drawing.pk}/delete/", {"post": "yes"})
    assert not Drawing.objects.exists()
    assert not LabelEvent.objects.exists()


def test_reviewer_deletes_none(desk: Client) -> None:
    drawing = make_drawing(confirmed=7)
    assert desk.post(f"{LIST}{drawing.pk}/delete/", {"post": "yes"}).status_code == 403
    assert "Delete this drawing" not in desk.get(f"{LIST}{drawing.pk}/change/").content.decode()


def test_a_drawing_is_not_edited_as_a_row(desk: Client) -> None:
    drawing = make_drawing(confirmed=7)
    assert desk.post(f"{LIST}{drawing.pk}/change/", {"reviewed_label": "1"}).status_code == 403
    assert desk.get(f"{LIST}add/").status_code == 403
