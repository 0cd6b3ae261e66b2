"""The map at the desk: what is on it, what it leads to, and who may do what there."""

import re

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from recognizer import registry
from recognizer.models import Drawing, DrawingMap, MapPoint, ReviewBatch
from tests.support.accounts import MakeUser, SignIn
from tests.support.drawings import approved_drawing, make_drawing
from tests.support.maps import lay_map
from tests.support.versions import make_version
from training.config import MapConfig
from training.curation import drawing_map

pytestmark = pytest.mark.django_db
MAP, SHEET = "/admin/recognizer/drawing/map/", "/admin/recognizer/drawing/map/sheet/"


@pytest.fixture
def desk(reviewer: User, sign_in: SignIn) -> Client:
    return sign_in(reviewer)


@pytest.fixture
def drawings(db: None) -> list[Drawing]:
    """Two 7s and a 4 that wait, one of them called 1; three that are refused; an approved 4."""
    made = [
        make_drawing(seed=1, drawn=7, predicted=7, confirmed=7),
        make_drawing(seed=2, drawn=7, predicted=7, confirmed=1),
        make_drawing(seed=3, drawn=4, predicted=4, confirmed=4),
        *(make_drawing(seed=seed, drawn=2, predicted=None, confirmed=10) for seed in (4, 5, 6)),
        approved_drawing(4, style=1),
    ]
    for drawing in made:
        drawing.refresh_from_db()
    return made


@pytest.fixture
def laid(drawings: list[Drawing]) -> DrawingMap:
    return lay_map(registry.ensure_baseline(), drawings, clusters=1)


def ids_on(client: Client, address: str) -> set[str]:
    page = client.get(address)
    assert page.status_code == 200
    return set(re.findall(r'name="drawing" value="([^"]+)"', page.content.decode()))


def ids(drawings: list[Drawing]) -> set[str]:
    return {str(drawing.pk) for drawing in drawings}


def test_the_map_shows_each_drawing_once_as_what_it_is(desk: Client, laid: DrawingMap) -> None:
    page = desk.get(MAP).content.decode()
    paths = dict(re.findall(r'<path class="dots dots-(\w+)" d="([^"]*)"/>(?!</svg>)', page))
    assert {kind: path.count("M") for kind, path in paths.items()} == {
        "read": 1,
        "misread": 0,
        "waiting": 3,
        "refused": 3,
    }
    assert paths["read"] == "M120 300h0"
    assert page.count('class="map-letter"') == 10


def test_a_group_of_refused_ones_is_called_by_its_size_alone(
    desk: Client, laid: DrawingMap, drawings: list[Drawing]
) -> None:
    page = desk.get(MAP).content.decode()
    assert re.findall(r'class="map-cluster"[^>]*>(.*?)<', page) == ["3"]
    (address,) = re.findall(r'<li><a href="([^"]+)">3 drawings</a>', page)
    assert ids_on(desk, address.replace("&amp;", "&")) == ids(drawings[3:6])


def test_each_number_of_the_table_leads_to_its_drawings(
    desk: Client, laid: DrawingMap, drawings: list[Drawing]
) -> None:
    page = desk.get(MAP).content.decode()
    cells = re.findall(r'<td class="[^"]+"><a href="([^"]+)">(\d+)</a>', page)
    assert sum(int(count) for _, count in cells) == 7
    assert all(len(ids_on(desk, address.replace("&amp;", "&"))) == int(count) for address, count in cells)
    assert ids_on(desk, f"{SHEET}?label=1&read=7") == {str(drawings[1].pk)}


def test_what_is_drawn_around_is_on_the_sheet(desk: Client, laid: DrawingMap, drawings: list[Drawing]) -> None:
    assert ids_on(desk, f"{SHEET}?within=40,460,80,460,80,500,40,500") == {str(drawings[0].pk)}
    assert ids_on(desk, f"{SHEET}?within=0,440,1000,440,1000,520,0,520") == ids(drawings[:2])
    assert ids_on(desk, f"{SHEET}?within=0,440,1000,440,1000,520,0,520&label=1") == {str(drawings[1].pk)}
    assert ids_on(desk, f"{SHEET}?within=900,900,950,900,950,950") == set()


@pytest.mark.parametrize(
    "outline", ["1,2", "1,2,3,4", "1,2,3,4,5", "a,b,c,d,e,f", "1,2,3,4,5,1001", ",".join(["7"] * 402)]
)
def test_an_outline_that_encloses_nothing_says_so(desk: Client, laid: DrawingMap, outline: str) -> None:
    page = desk.get(f"{SHEET}?within={outline}", follow=True)
    assert page.redirect_chain[0][0] == MAP
    assert "an outline has 3 to 200 corners" in page.content.decode()


def test_only_some_can_be_shown(desk: Client, laid: DrawingMap, drawings: list[Drawing]) -> None:
    assert "1 drawing as" in desk.get(f"{MAP}?status=approved").content.decode()
    assert "2 drawings as" in desk.get(f"{MAP}?label=4").content.decode()
    assert ids_on(desk, f"{SHEET}?status=approved") == {str(drawings[6].pk)}


@pytest.mark.parametrize("query", ["version=999", "version=x", "status=golden&label=77&read=x&cluster=-1", "within="])
def test_nonsense_in_the_address_is_no_error(desk: Client, laid: DrawingMap, query: str) -> None:
    assert desk.get(f"{MAP}?{query}").status_code == 200
    assert desk.get(f"{SHEET}?{query}", follow=True).status_code == 200


def test_what_is_decided_elsewhere_leaves_the_map_at_once(
    desk: Client, laid: DrawingMap, drawings: list[Drawing], other_reviewer: User
) -> None:
    drawings[0].reject("not readable", other_reviewer)
    drawings[2].delete()
    assert "5 drawings as" in desk.get(MAP).content.decode()


def test_the_ticked_ones_are_decided_on_as_one_batch(desk: Client, laid: DrawingMap, drawings: list[Drawing]) -> None:
    address = f"{SHEET}?cluster=1"
    answer = desk.post(address, {"decision": "not_a_digit", "drawing": [str(one.pk) for one in drawings[3:5]]})
    assert (answer.status_code, answer["Location"]) == (302, address)
    assert Drawing.objects.filter(status="approved", reviewed_label=10).count() == 2
    assert ReviewBatch.objects.get().drawings == 2


def test_only_what_is_on_the_map_is_decided_on_there(desk: Client, laid: DrawingMap) -> None:
    other = make_drawing(seed=40)
    desk.post(f"{SHEET}?cluster=1", {"decision": "not_a_digit", "drawing": [str(other.pk)]})
    other.refresh_from_db()
    assert other.status == "waiting"


def test_who_may_only_see_sees_and_decides_nothing(
    laid: DrawingMap, drawings: list[Drawing], make_user: MakeUser, sign_in: SignIn
) -> None:
    guest = make_user("greta")
    guest.user_permissions.add(Permission.objects.get(codename="view_drawing"))
    client = sign_in(guest)
    page = client.get(f"{SHEET}?cluster=1").content.decode()
    assert (page.count("<img"), page.count('name="drawing"'), page.count('name="decision"')) == (3, 0, 0)
    answer = client.post(f"{SHEET}?cluster=1", {"decision": "not_a_digit", "drawing": [str(drawings[3].pk)]})
    assert answer.status_code == 403


def test_who_may_not_see_drawings_sees_no_map(laid: DrawingMap, operator: User, sign_in: SignIn) -> None:
    client = sign_in(operator)
    assert [client.get(address).status_code for address in (MAP, f"{SHEET}?cluster=1")] == [403, 403]


def test_more_like_this_begins_with_the_likest(desk: Client) -> None:
    champion = registry.ensure_baseline()
    made = [approved_drawing(digit, style=style) for digit in (1, 8) for style in range(3)]
    drawing_map.refresh(champion, MapConfig(fewest=3))
    new = approved_drawing(8, style=7)  # on no map yet
    for drawing in (made[5], new):
        page = desk.get(f"{SHEET}?like={drawing.pk}").content.decode()
        shown = re.findall(r'name="drawing" value="([^"]+)"', page)
        others = ids(made) - {str(drawing.pk)}
        assert set(shown) == others
        assert set(shown[:2]) <= ids(made[3:])


def test_what_is_like_what_a_former_version_cannot_see_is_not_guessed(desk: Client, laid: DrawingMap) -> None:
    champion = make_version(registry.ensure_baseline())
    registry.promote(champion, by=None, reason="the gate")
    page = desk.get(f"{SHEET}?version={laid.pk}&like={make_drawing(seed=41).pk}", follow=True)
    assert "version 1 cannot look at that drawing" in page.content.decode()


@pytest.mark.parametrize("like", ["x", "00000000-0000-4000-8000-000000000000"])
def test_like_nothing_is_no_error(desk: Client, laid: DrawingMap, like: str) -> None:
    assert desk.get(f"{SHEET}?like={like}").status_code in (302, 404)


def test_without_a_map_the_page_says_when_there_will_be_one(desk: Client) -> None:
    assert "The worker draws one" in desk.get(MAP).content.decode()
    assert "There is no map yet." in desk.get(f"{SHEET}?cluster=1", follow=True).content.decode()


def test_pages_ask_the_same_questions_however_much_is_on_the_map(desk: Client, laid: DrawingMap) -> None:
    counts = []
    for turn in range(2):
        desk.get(MAP)
        with CaptureQueriesContext(connection) as asked:
            desk.get(MAP)
            desk.get(SHEET)
        counts.append(len(asked))
        for seed in range(50 + 10 * turn, 60 + 10 * turn):
            drawing = make_drawing(seed=seed)
            MapPoint.objects.create(map=laid, drawing=drawing, x=1, y=1, answered=7, features=b"\0" * 22)
    assert counts[0] == counts[1]


@pytest.mark.parametrize("address", ["/admin/", "/admin/recognizer/drawing/", "/admin/recognizer/drawing/queue/"])
def test_the_desk_leads_to_the_map(desk: Client, laid: DrawingMap, address: str) -> None:
    assert f'href="{MAP}' in desk.get(address).content.decode()


def test_a_drawing_leads_to_its_like_and_a_version_to_its_map(
    owner: User, sign_in: SignIn, laid: DrawingMap, drawings: list[Drawing]
) -> None:
    client = sign_in(owner)
    page = client.get(f"/admin/recognizer/drawing/{drawings[0].pk}/change/").content.decode()
    assert f'href="{SHEET}?like={drawings[0].pk}"' in page
    page = client.get(f"/admin/recognizer/modelversion/{laid.pk}/change/").content.decode()
    assert f'href="{MAP}?version={laid.pk}"' in page
