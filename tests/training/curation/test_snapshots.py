"""Which drawings count, and what each of the others can say for itself."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from recognizer.models import Campaign, Contributor, Drawing, ModelVersion
from tests.support.drawings import Draw
from training.config import SnapshotConfig
from training.curation import snapshots
from training.models import DatasetSnapshot, TrainingRun

pytestmark = pytest.mark.django_db
CONFIG = SnapshotConfig()


def chosen_ids(config: SnapshotConfig = CONFIG, exam_hashes: frozenset[str] = frozenset()) -> set[Any]:
    return {member.id for member in snapshots.choose(config, set(exam_hashes)).members}


def test_only_what_may_train_is_chosen(draw: Draw) -> None:
    kept = draw(1, style=1)
    draw(2, by=Contributor.objects.create(is_exam=True))
    draw(3, by=Contributor.objects.create(blocked_at=timezone.now()))
    for status in ("unconfirmed", "waiting", "rejected", "quarantined"):
        draw(4, style=len(status), status=status)
    assert chosen_ids() == {kept.pk}


def test_one_campaign_alone_can_be_asked_for(draw: Draw) -> None:
    drawn, _ = draw(1, style=1), draw(2, style=1)
    campaign = Campaign.objects.create(name="7b")
    Drawing.objects.filter(pk=drawn.pk).update(campaign=campaign)
    assert chosen_ids(SnapshotConfig(campaign=campaign.pk)) == {drawn.pk}


def test_reviewed_label_is_the_one_that_counts(draw: Draw) -> None:
    drawing = draw(1, label=7)
    Drawing.objects.filter(pk=drawing.pk).update(reviewed_label=1, reviewed_at=timezone.now())
    (member,) = snapshots.choose(CONFIG, set()).members
    assert (member.label, member.is_reviewed) == (1, True)


def test_the_same_picture_counts_once(draw: Draw) -> None:
    older = draw(5, style=1)
    newer = draw(5, style=1, by=Contributor.objects.create())
    chosen = snapshots.choose(CONFIG, set())
    assert [member.id for member in chosen.members] == [newer.pk]
    assert chosen.excluded == {older.pk: "the same picture again"}


def test_almost_the_same_picture_counts_once(draw: Draw) -> None:
    draw(5, style=1), draw(5, style=2)
    chosen = snapshots.choose(CONFIG, set())
    images = snapshots.look_at(chosen, set(), lambda share: None)
    images[1] = np.clip(images[0].astype(int) + 3, 0, 255)
    assert len(snapshots.drop_near_duplicates(chosen, images, CONFIG)) == 1
    assert list(chosen.excluded.values()) == ["almost the same picture again"]


def test_cap_holds_per_contributor_and_class(draw: Draw) -> None:
    tireless = Contributor.objects.create()
    for style in range(5):
        draw(3, by=tireless, style=style)
        draw(4, by=tireless, style=style)
    chosen = snapshots.choose(SnapshotConfig(per_contributor_and_class=2), set())
    assert sorted(member.label for member in chosen.members) == [3, 3, 4, 4]
    assert set(chosen.excluded.values()) == {"its contributor has drawn enough of these"}


def test_newest_come_first_and_some_of_all_times_follow(draw: Draw) -> None:
    drawings = [draw(digit, style=7) for digit in range(10)]
    for age, drawing in enumerate(drawings):
        Drawing.objects.filter(pk=drawing.pk).update(created_at=timezone.now() - timedelta(days=age))
    config = SnapshotConfig(newest=3, older=2)
    chosen = [member.id for member in snapshots.choose(config, set()).members]
    assert chosen[:3] == [drawing.pk for drawing in drawings[:3]]
    assert len(chosen) == 5
    assert chosen_ids(config) == set(chosen)


def test_rows_looked_at_are_bounded_and_pixels_are_not_among_them(draw: Draw) -> None:
    for style in range(8):
        draw(1, style=style)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        snapshots.choose(SnapshotConfig(scanned=4, newest=2, older=1), set())
    drawn = [query["sql"] for query in queries if "recognizer_drawing" in query["sql"]]
    assert all("LIMIT 4" in sql for sql in drawn)
    assert not any('"png"' in sql or '"strokes"' in sql for sql in drawn)


def test_digest_is_of_the_drawings_not_of_their_order(draw: Draw) -> None:
    draw(1), draw(2), draw(3)
    members = snapshots.choose(CONFIG, set()).members
    assert snapshots.digest_of(members) == snapshots.digest_of(members[::-1])


def test_digest_changes_with_a_label(draw: Draw) -> None:
    drawing = draw(1)
    before = snapshots.digest_of(snapshots.choose(CONFIG, set()).members)
    Drawing.objects.filter(pk=drawing.pk).update(reviewed_label=7, reviewed_at=timezone.now())
    assert snapshots.digest_of(snapshots.choose(CONFIG, set()).members) != before


def test_frozen_snapshot_is_stable_under_new_data(draw: Draw) -> None:
    drawing = draw(1)
    snapshot = snapshots.freeze(snapshots.choose(CONFIG, set()), snapshots.latest_event())
    before = snapshot.manifest
    draw(2)
    drawing.delete()
    assert DatasetSnapshot.objects.get().manifest == before


def test_the_same_drawings_give_the_same_row(draw: Draw) -> None:
    draw(1)
    first = snapshots.freeze(snapshots.choose(CONFIG, set()), 1)
    assert snapshots.freeze(snapshots.choose(CONFIG, set()), 2).pk == first.pk


def test_what_a_version_learned_from_is_its_runs_snapshot(draw: Draw, baseline: ModelVersion) -> None:
    assert snapshots.learned_by(baseline) == set()
    drawing = draw(1)
    snapshot = snapshots.freeze(snapshots.choose(CONFIG, set()), 0)
    TrainingRun.objects.create(status="promoted", trigger="schedule", snapshot=snapshot, challenger=baseline)
    draw(2)
    assert snapshots.learned_by(baseline) == {drawing.pk}


def test_unreadable_picture_is_left_out_and_says_so(draw: Draw) -> None:
    drawing = draw(1)
    Drawing.objects.filter(pk=drawing.pk).update(png=b"damaged")
    chosen = snapshots.choose(CONFIG, set())
    assert len(snapshots.look_at(chosen, set(), lambda share: None)) == 0
    assert chosen.excluded == {drawing.pk: "its picture cannot be read by this release"}


def test_manifest_answers_why_a_drawing_was_left_out(draw: Draw) -> None:
    older, newer = draw(5, style=1), draw(5, style=1)
    snapshot = snapshots.freeze(snapshots.choose(CONFIG, set()), 0)
    assert [pk for pk, _ in snapshot.manifest["members"]] == [str(newer.pk)]
    assert snapshot.manifest["excluded"] == {str(older.pk): "the same picture again"}


def test_reviewer_who_decides_meanwhile_has_the_last_word(draw: Draw) -> None:
    from training.curation.label_noise import LabelNoise

    drawing = draw(1)
    chosen = snapshots.choose(CONFIG, set())
    Drawing.objects.filter(pk=drawing.pk).update(reviewed_label=1, reviewed_at=timezone.now())
    images = np.zeros((1, 28, 28), "uint8")
    images, count = snapshots.set_aside(chosen, images, LabelNoise(np.array([0.95]), ["others contradict it"]))
    assert (len(images), count) == (0, 1)
    drawing.refresh_from_db()
    assert drawing.status == Drawing.Status.APPROVED
    assert drawing.suspicion == 0.95
    assert chosen.members == []


def test_a_snapshot_counts_what_each_campaign_gave(draw: Draw) -> None:
    campaign = Campaign(name="7b")
    campaign.save()
    for style in range(2):
        drawing = draw(1, style=style, by=Contributor.objects.create(campaign=campaign))
        Drawing.objects.filter(pk=drawing.pk).update(campaign=campaign)
    draw(2)
    assert snapshots.freeze(snapshots.choose(CONFIG, set()), 0).counts["campaigns"] == {campaign.code: 2}
