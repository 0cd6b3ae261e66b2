"""Which versions learned from whose drawings."""

import pytest
from django.utils import timezone

from recognizer.models import Contributor, Drawing, ModelVersion
from tests.support.drawings import make_drawing
from training.api.provenance import Provenance, provenance_of
from training.models import DatasetSnapshot, SnapshotManifest, TrainingRun
from training.models.snapshots import Manifest


@pytest.fixture
def drawings(db: None) -> list[Drawing]:
    contributor = Contributor.join()
    return [
        make_drawing(seed=seed, confirmed=None, confirmed_label=7, status="approved", contributor=contributor)
        for seed in range(3)
    ]


def learn(number: int, members: list[Drawing], excluded: dict[str, str], promoted: bool = True) -> None:
    manifest: Manifest = {"members": [(str(drawing.pk), 7) for drawing in members], "excluded": excluded}
    snapshot = DatasetSnapshot.objects.create(digest=str(number), drawings=len(members), contributors=1)
    SnapshotManifest.pack(snapshot, manifest)
    version = ModelVersion.objects.create(
        number=number,
        preprocessing_version=1,
        calibration={},
        promoted_at=timezone.now() if promoted else None,
    )
    TrainingRun.objects.create(trigger="command", status="promoted", snapshot=snapshot, challenger=version)


def test_a_drawing_knows_which_versions_learned_from_it_and_why_one_did_not(drawings: list[Drawing]) -> None:
    first, second, third = drawings
    learn(2, [first], {})
    learn(3, [first, second], {str(third.pk): "a duplicate"})
    learn(4, [first, second, third], {}, promoted=False)  # held: it answers nobody

    found = provenance_of(first.contributor)

    assert found[str(first.pk)] == Provenance(versions=[2, 3], left_out="")
    assert found[str(second.pk)] == Provenance(versions=[3], left_out="")
    assert found[str(third.pk)] == Provenance(versions=[], left_out="a duplicate")


def test_nobody_learns_of_anothers_drawings(drawings: list[Drawing]) -> None:
    learn(2, drawings, {})
    assert provenance_of(Contributor.join()) == {}
    assert provenance_of(None) == {}


def test_before_any_training_nothing_is_known(drawings: list[Drawing]) -> None:
    assert provenance_of(drawings[0].contributor) == {}
