"""Which drawings are on the map, where they lie, and when the map is drawn anew."""

from typing import Any

import numpy as np
import pytest

from recognizer import registry
from recognizer.models import Drawing, DrawingMap, MapPoint, ModelVersion, PrototypeSet
from recognizer.models.drawing_map import NO_REFERENCE, SIDE
from recognizer.models.prototypes import pack, unpack
from tests.support.drawings import Draw, approved_drawing, make_drawing
from tests.support.pictures import canvas_png
from tests.support.versions import make_version
from training.config import MapConfig
from training.curation import drawing_map

pytestmark = pytest.mark.django_db
CONFIG = MapConfig(fewest=6, drawn=30)
SCRIBBLE = [
    [[60 + 160 * (n % 2), 60 + 4 * n] for n in range(40)],
    [[60 + 4 * n, 60 + 160 * (n % 2)] for n in range(40)],
]


@pytest.fixture
def champion(db: None) -> ModelVersion:
    return registry.ensure_baseline()


@pytest.fixture
def digits(champion: ModelVersion) -> list[Drawing]:
    """Three 1s, three 4s and three 8s."""
    return [approved_drawing(digit, style=style) for digit in (1, 4, 8) for style in range(3)]


def refresh(champion: ModelVersion, **changes: Any) -> str:
    return drawing_map.refresh(champion, MapConfig(**(CONFIG.to_dict() | changes)))


def test_what_looks_alike_lies_together(champion: ModelVersion, digits: list[Drawing]) -> None:
    assert refresh(champion) == "9 put on the map"
    points = dict(MapPoint.objects.values_list("drawing_id", "answered"))
    assert [points[drawing.pk] for drawing in digits] == [1, 1, 1, 4, 4, 4, 8, 8, 8]
    places = {pk: np.array((x, y)) for pk, x, y in MapPoint.objects.values_list("drawing_id", "x", "y")}
    middles = [np.mean([places[one.pk] for one in digits[start : start + 3]], axis=0) for start in (0, 3, 6)]
    for number, drawing in enumerate(digits):
        away = [float(np.hypot(*(places[drawing.pk] - middle))) for middle in middles]
        assert int(np.argmin(away)) == number // 3


def test_a_drawing_leaves_the_map_with_its_status_and_its_row(champion: ModelVersion, digits: list[Drawing]) -> None:
    refresh(champion)
    Drawing.objects.filter(pk=digits[0].pk).update(status="rejected")
    digits[1].delete()
    assert MapPoint.objects.count() == 8  # at once: nothing is left of what is deleted
    refresh(champion)
    assert set(MapPoint.objects.values_list("drawing_id", flat=True)) == {one.pk for one in digits[2:]}


def test_nothing_new_moves_nothing(champion: ModelVersion, digits: list[Drawing]) -> None:
    refresh(champion)
    before = list(MapPoint.objects.order_by("pk").values_list("pk", "x", "y"))
    assert refresh(champion) == drawing_map.NOTHING_NEW
    make_drawing(seed=3)
    refresh(champion)
    assert list(MapPoint.objects.order_by("pk").values_list("pk", "x", "y"))[:9] == before


def test_landmarks_are_chosen_anew_when_there_is_much_more(champion: ModelVersion, digits: list[Drawing]) -> None:
    refresh(champion)
    before = DrawingMap.objects.get().drawings
    for style in range(3, 6):
        for digit in range(10):
            approved_drawing(digit, style=style)
    refresh(champion)
    assert (before, DrawingMap.objects.get().drawings, MapPoint.objects.count()) == (9, 39, 39)


def test_reference_pictures_lend_their_letters_once_they_are_there(
    champion: ModelVersion, digits: list[Drawing]
) -> None:
    refresh(champion)
    assert set(bytes(DrawingMap.objects.get().labels)) == {NO_REFERENCE}
    own = [bytes(features) for features in MapPoint.objects.order_by("pk").values_list("features", flat=True)]
    PrototypeSet.objects.create(
        version=champion,
        labels=bytes([1, 1, 1, 4, 4, 4, 8, 8, 8]),
        answered=bytes([1, 1, 1, 4, 4, 4, 8, 8, 8]),
        features=pack(unpack(b"".join(own), 9)),
    )
    make_drawing(seed=5)
    refresh(champion)
    assert sorted(set(bytes(DrawingMap.objects.get().labels))) == [1, 4, 8, NO_REFERENCE]


def test_what_is_refused_together_is_one_cluster(champion: ModelVersion, digits: list[Drawing]) -> None:
    for seed in range(4):
        make_drawing(seed=seed, png=canvas_png(SCRIBBLE), predicted=None, confirmed=10)
    refresh(champion)
    clusters = list(MapPoint.objects.filter(answered=10).values_list("cluster", flat=True))
    assert clusters == [1, 1, 1, 1]
    assert not MapPoint.objects.exclude(answered=10).exclude(cluster=0).exists()


def test_most_urgent_and_newest_are_on_the_map_however_many_there_are(
    champion: ModelVersion, digits: list[Drawing]
) -> None:
    for seed in range(5):
        make_drawing(seed=seed)
    refresh(champion, waiting=2, approved=4)
    assert MapPoint.objects.filter(drawing__status="waiting").count() == 2
    newest = list(Drawing.objects.approved().order_by("-created_at").values_list("pk", flat=True)[:4])
    assert set(MapPoint.objects.filter(drawing__status="approved").values_list("drawing_id", flat=True)) == set(newest)


def test_what_one_go_leaves_the_next_reads(champion: ModelVersion, digits: list[Drawing]) -> None:
    assert [refresh(champion, read_at_once=6) for _ in range(3)] == [
        "6 put on the map",
        "3 put on the map",
        drawing_map.NOTHING_NEW,
    ]


def test_maps_of_the_last_champions_stay(champion: ModelVersion, digits: list[Drawing]) -> None:
    refresh(champion, kept=2)
    for _ in range(2):
        champion = make_version(champion)
        registry.promote(champion, by=None, reason="the gate")
        champion.refresh_from_db()
        refresh(champion, kept=2)
    assert list(DrawingMap.objects.order_by("pk").values_list("version__number", flat=True)) == [2, 3]
    assert max(MapPoint.objects.values_list("x", flat=True)) <= SIDE


def test_few_drawings_are_no_map(champion: ModelVersion, draw: Draw) -> None:
    draw(7)
    assert refresh(champion) == drawing_map.NOTHING_NEW
    assert not DrawingMap.objects.exists()
