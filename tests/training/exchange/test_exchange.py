"""Out and back in: nothing is lost, nothing is changed, nothing comes twice, and what was deleted stays so."""

import gzip
import json
import random
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from recognizer import registry, services
from recognizer.imaging.decoding import decode_stored, encode_png
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Campaign, CampaignReceipt, Contributor, Drawing, LabelEvent, ModelVersion, Tombstone
from recognizer.models.campaigns import Stage
from recognizer.review import moderation
from tests.support.accounts import MakeUser
from tests.support.drawings import Draw
from tests.support.known import known
from training.exchange.exporting import FORMATS, MANIFEST, export_drawings, file_sha256
from training.exchange.importing import import_drawings
from training.exchange.reading import BadExport
from training.exchange.records import key_of, read_records
from training.exchange.selection import Selection

pytestmark = pytest.mark.django_db
EVERYTHING = Selection(statuses=())


@pytest.fixture
def three(draw: Draw) -> list[Drawing]:
    evaluations = Contributor.objects.create(is_exam=True)
    return [draw(7, style=1), draw(2, style=1, strokes=False), draw(5, by=evaluations, label=NOT_A_DIGIT)]


@pytest.fixture
def week(draw: Draw, make_user: MakeUser) -> None:
    """Drawings of every status by a dozen people, one of them blocked, with all that was said of them."""
    rosa, omar = make_user("rosa", "Reviewer"), make_user("omar", "Reviewer")
    people, lot = [Contributor.join() for _ in range(6)], random.Random(5)
    elsewhere = registry.know_elsewhere(7, "ef" * 32)
    for number in range(48):
        drawing = draw(number % 10, by=people[number % 6], style=number % 2, status=Drawing.Status.WAITING)
        match number % 8:
            case 0:
                drawing.approve(lot.randrange(11), rosa, look="blind")
            case 1:
                drawing.reject("not readable", omar)
            case 2:
                drawing.approve_by_rule("contributor and model agree")
            case 3:
                drawing.quarantine("contradicted on 4 of 8")
            case 4:
                drawing.withdraw()
            case 5:
                drawing.approve(3, rosa)
                drawing.second_opinion(4, omar)
    moderation.block(people[3], by=rosa, reason="a flood")
    Drawing.objects.filter(contributor=people[4]).update(model_version=elsewhere, predicted_label=None)
    Drawing.objects.filter(contributor=people[5]).update(suspicion=0.875, prompted_label=4)


def several_weeks(times: int) -> int:
    """Store everything that is there so many times more, under other ids. Returns how many drawings that makes."""
    for drawing in list(Drawing.objects.prefetch_related("events")):
        events = list(drawing.events.all())
        for _ in range(times):
            drawing.pk = uuid.uuid4()
            drawing.save(force_insert=True)
            for event in events:
                event.pk, event.drawing_id = None, drawing.pk
            LabelEvent.objects.bulk_create(events)
    return Drawing.objects.count()


def lines() -> dict[str, dict[str, Any]]:
    """Everything that is stored, by drawing, without what an installation numbers for itself."""
    told = {}
    for record in read_records(EVERYTHING.drawings()):
        line: dict[str, Any] = dict(record.line)
        del line["writer"], line["split"]
        line["model"] = {name: value for name, value in record.line["model"].items() if name != "version"}
        line["contributor"] = {name: value for name, value in record.line["contributor"].items() if name != "key"}
        told[line["id"]] = line
    return told


def people() -> list[set[str]]:
    """Which drawings are one person's."""
    by_person: dict[int, set[str]] = {}
    for drawing_id, person in Drawing.objects.values_list("pk", "contributor"):
        by_person.setdefault(person, set()).add(str(drawing_id))
    return sorted(by_person.values(), key=sorted)


def empty_instance() -> None:
    """As a new installation has it: no drawing, no person, no version but its own, no reviewer."""
    Contributor.objects.all().delete()
    ModelVersion.objects.filter(artifacts__isnull=True).delete()
    User.objects.all().delete()


@pytest.mark.parametrize("name", ["jsonl", "parquet"])
def test_everything_comes_back_as_it_stood(tmp_path: Path, week: None, name: str) -> None:
    count = several_weeks(5)
    before, whose = lines(), people()
    assert {line["status"] for line in before.values()} == set(Drawing.Status.values)
    export_drawings(tmp_path / "out", (name,), read_records(EVERYTHING.drawings()))
    empty_instance()
    outcome = import_drawings(tmp_path / "out")
    assert (outcome.added, outcome.refused, outcome.problems) == (count, 0, [])
    assert lines() == before
    assert people() == whose
    assert import_drawings(tmp_path / "out").known == count == 288
    assert lines() == before


@pytest.fixture
def class_7b(three: list[Drawing]) -> Campaign:
    """A campaign in which the first two of three were drawn, by one hand."""
    campaign = Campaign.objects.create(name="7b", code="KRTM", consent_text="We keep what you draw.")
    Contributor.objects.filter(pk=three[0].contributor_id).update(campaign=campaign)
    Drawing.objects.filter(contributor=three[0].contributor).update(campaign=campaign)
    return campaign


@pytest.mark.parametrize("name", ["jsonl", "parquet"])
def test_a_drawing_comes_back_into_its_campaign_which_nobody_can_join(
    tmp_path: Path, three: list[Drawing], class_7b: Campaign, name: str
) -> None:
    export_drawings(tmp_path / "out", (name,), read_records(EVERYTHING.drawings()))
    empty_instance()
    Campaign.objects.all().delete()
    import_drawings(tmp_path / "out")
    back = Drawing.objects.filter(campaign__code="KRTM").select_related("campaign", "contributor")
    assert {drawing.pk for drawing in back} == {three[0].pk, three[1].pk}
    assert {known(drawing.campaign).stage() for drawing in back} == {Stage.OVER}
    assert {drawing.contributor.campaign_id == drawing.campaign_id for drawing in back} == {True}


def test_a_campaign_that_is_here_takes_its_drawings_back_as_it_is(
    tmp_path: Path, three: list[Drawing], class_7b: Campaign
) -> None:
    export_drawings(tmp_path / "out", ("jsonl",), read_records(EVERYTHING.drawings()))
    empty_instance()
    import_drawings(tmp_path / "out")
    assert Drawing.objects.filter(campaign=class_7b).count() == 2
    assert known(Campaign.objects.get()).name == "7b"


def test_a_deleted_campaign_is_not_made_again(tmp_path: Path, three: list[Drawing], class_7b: Campaign) -> None:
    export_drawings(tmp_path / "out", ("jsonl",), read_records(EVERYTHING.drawings()))
    empty_instance()
    class_7b.delete()
    CampaignReceipt.objects.create(name="7b", code="KRTM")
    assert import_drawings(tmp_path / "out").added == 3
    assert not Campaign.objects.exists()


def test_for_review_nobody_is_believed_which_campaign_it_was(
    tmp_path: Path, three: list[Drawing], class_7b: Campaign
) -> None:
    export_drawings(tmp_path / "out", ("jsonl",), read_records(EVERYTHING.drawings()))
    empty_instance()
    import_drawings(tmp_path / "out", Drawing.Status.WAITING)
    assert not Drawing.objects.filter(campaign__isnull=False).exists()


def test_what_is_published_opens_no_campaign(three: list[Drawing], class_7b: Campaign) -> None:
    told = [record.line["campaign"] for record in read_records(EVERYTHING.drawings(), names=False)]
    assert sorted(map(str, told)) == ["None", "campaign 1", "campaign 1"]


def test_what_was_approved_trains_and_nothing_else_does(tmp_path: Path, week: None) -> None:
    before = set(Drawing.objects.trainable().values_list("pk", flat=True))
    export_drawings(tmp_path / "out", ("jsonl",), read_records(EVERYTHING.drawings()))
    empty_instance()
    call_command("import_drawings", str(tmp_path / "out"), approve=True)  # believes what says nothing; this says all
    assert set(Drawing.objects.trainable().values_list("pk", flat=True)) == before
    assert Contributor.objects.filter(blocked_at__isnull=False).count() == 1


def test_a_reviewer_who_is_not_here_gets_an_account_that_nobody_can_use(tmp_path: Path, week: None) -> None:
    export_drawings(tmp_path / "out", ("jsonl",), read_records(EVERYTHING.drawings()))
    empty_instance()
    import_drawings(tmp_path / "out")
    rosa = User.objects.get(username="rosa")
    assert (rosa.is_active, rosa.is_staff, rosa.has_usable_password()) == (False, False, False)


def test_reviewers_leave_without_their_names_where_it_is_asked(week: None) -> None:
    told = json.dumps([record.line for record in read_records(EVERYTHING.drawings(), names=False)])
    assert "rosa" not in told
    assert "reviewer 1" in told
    assert "reviewer 2" in told


def test_a_version_that_is_not_here_is_known_and_never_speaks(tmp_path: Path, week: None) -> None:
    export_drawings(tmp_path / "out", ("jsonl",), read_records(EVERYTHING.drawings()))
    empty_instance()
    import_drawings(tmp_path / "out")
    version = ModelVersion.objects.get(tflite_sha256="ef" * 32)
    assert version not in ModelVersion.objects.here()
    with pytest.raises(ValueError, match="SHA-256"):
        registry.promote(version, by=None, reason="try")


def test_somebody_who_is_here_already_stays_as_they_are(tmp_path: Path, week: None, make_user: MakeUser) -> None:
    """An export of last week unblocks nobody who was blocked since, and its drawings stay in their owner's reach."""
    victim = Drawing.objects.filter(contributor__blocked_at=None).first()
    owner = known(victim).contributor
    export_drawings(tmp_path / "out", ("jsonl",), read_records(EVERYTHING.drawings()))
    owner.block()
    Drawing.objects.filter(pk=known(victim).pk).delete()  # lost, not deleted by anybody
    assert import_drawings(tmp_path / "out").added == 1
    back = Drawing.objects.get(pk=known(victim).pk)
    assert back.contributor == owner
    assert back.contributor.is_blocked


@pytest.mark.parametrize("name", ["jsonl", "parquet", "npz", "png"])
def test_a_deleted_drawing_stays_deleted(tmp_path: Path, three: list[Drawing], name: str) -> None:
    export_drawings(tmp_path / "out", (name,), read_records())
    services.forget(three[0].contributor, three[0].pk)
    services.forget(three[2].contributor)
    outcome = import_drawings(tmp_path / "out")
    assert (outcome.added, outcome.known, outcome.deleted) == (0, 1, 2)
    assert list(Drawing.objects.all()) == [three[1]]


@pytest.mark.parametrize("name", ["csv", "idx"])
def test_a_deleted_picture_stays_deleted_where_a_file_has_no_ids(tmp_path: Path, draw: Draw, name: str) -> None:
    drawing = draw(4, strokes=False)
    export_drawings(tmp_path / "out", (name,), read_records())
    services.forget(drawing.contributor)
    assert import_drawings(tmp_path / "out").deleted == 1


def test_what_was_never_confirmed_and_purged_stays_away(tmp_path: Path, draw: Draw) -> None:
    drawing = draw(4, status=Drawing.Status.UNCONFIRMED)
    long_ago = timezone.now() - timedelta(days=99)
    Drawing.objects.filter(pk=drawing.pk).update(confirmed_label=None, confirmed_at=None, created_at=long_ago)
    export_drawings(tmp_path / "out", ("jsonl",), read_records(EVERYTHING.drawings()))
    assert services.purge_unconfirmed() == 1
    assert import_drawings(tmp_path / "out").deleted == 1


def test_a_tombstone_says_nothing_of_the_drawing(three: list[Drawing]) -> None:
    services.forget(three[0].contributor, three[0].pk)
    left = {tombstone.digest for tombstone in Tombstone.objects.all()}
    assert len(left) == 2
    assert not left & {three[0].content_hash, three[0].pk.hex}


@pytest.mark.parametrize("name", ["jsonl", "npz", "png", "csv", "idx"])
def test_drawings_for_review_are_as_suspicious_and_urgent_as_a_visitors(tmp_path: Path, draw: Draw, name: str) -> None:
    draw(7, label=1)  # which the model contradicts
    draw(2)
    export_drawings(tmp_path / "out", (name,), read_records())
    empty_instance()
    call_command("import_drawings", str(tmp_path / "out"), for_review=True)
    lie, truth = Drawing.objects.waiting()
    assert (lie.label, truth.label) == (1, 2)
    assert known(lie.suspicion) > 0.5 > known(truth.suspicion)
    assert lie.review_priority > truth.review_priority > 0
    assert lie.events.get().reason == "imported"
    assert not Drawing.objects.trainable().exists()


@pytest.mark.parametrize("name", ["npz", "png", "csv", "idx"])
def test_what_says_nothing_of_a_review_waits_for_one(tmp_path: Path, draw: Draw, name: str) -> None:
    draw(7)
    export_drawings(tmp_path / "out", (name,), read_records())
    empty_instance()
    import_drawings(tmp_path / "out")
    assert Drawing.objects.get().status == Drawing.Status.WAITING


@pytest.mark.parametrize("name", ["png", "csv", "idx"])
def test_labels_of_a_file_that_does_not_say_who_is_examined_are_not_just_believed(
    tmp_path: Path, three: list[Drawing], name: str
) -> None:
    export_drawings(tmp_path / "out", (name,), read_records())
    with pytest.raises(BadExport, match="for review"):
        import_drawings(tmp_path / "out", Drawing.Status.APPROVED)


def test_npz_knows_who_is_examined_and_may_be_believed(tmp_path: Path, three: list[Drawing]) -> None:
    export_drawings(tmp_path / "out", ("npz",), read_records())
    empty_instance()
    import_drawings(tmp_path / "out", Drawing.Status.APPROVED)
    assert sorted(drawing.label or 0 for drawing in Drawing.objects.trainable()) == [2, 7]
    assert [drawing.label for drawing in Drawing.objects.exam()] == [NOT_A_DIGIT]


def test_drawing_that_an_older_release_stored_and_this_one_refuses_travels_in_what_holds_everything(
    tmp_path: Path, three: list[Drawing]
) -> None:
    blank = encode_png(np.zeros((280, 280), "uint8"))
    Drawing.objects.filter(pk=three[0].pk).update(png=blank, strokes=None, preprocessing_version=1)
    manifest = export_drawings(tmp_path / "out", ("jsonl", "npz"), read_records())
    assert [facts["drawings"] for facts in manifest["files"].values()] == [3, 2]
    before = lines()
    empty_instance()
    assert import_drawings(tmp_path / "out").refused == 0
    assert lines() == before


def test_ink_that_covers_the_border_comes_back_as_ink(tmp_path: Path, three: list[Drawing]) -> None:
    ink = np.full((40, 40), 255, "uint8")
    ink[8:32, 8:32] = 0  # a ring, cropped tightly
    Drawing.objects.filter(pk=three[1].pk).update(png=encode_png(ink))
    export_drawings(tmp_path / "out", ("jsonl",), read_records())
    Drawing.objects.all().delete()
    import_drawings(tmp_path / "out")
    assert (decode_stored(bytes(Drawing.objects.get(pk=three[1].pk).png)) == ink).all()


def test_an_export_of_an_earlier_release_waits_for_review(tmp_path: Path, three: list[Drawing]) -> None:
    export_drawings(tmp_path / "out", ("jsonl",), read_records())
    names = ("id", "label", "writer", "is_exam", "created_at", "png", "strokes", "canvas")
    old = [{name: record.line[name] for name in names} for record in read_records()]  # type: ignore[literal-required]
    rewrite(tmp_path / "out", "\n".join(map(json.dumps, old)))
    empty_instance()
    assert import_drawings(tmp_path / "out").added == 3
    assert set(Drawing.objects.values_list("status", flat=True)) == {Drawing.Status.WAITING}


def rewrite(folder: Path, text: str) -> None:
    """Put other lines into an export, and have its manifest vouch for them."""
    path = folder / "drawings.jsonl.gz"
    path.write_bytes(gzip.compress(text.encode()))
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"][path.name]["sha256"] = file_sha256(path)
    (folder / MANIFEST).write_text(json.dumps(manifest))


def test_what_is_no_drawing_is_left_out_and_named_with_its_line(tmp_path: Path, three: list[Drawing]) -> None:
    export_drawings(tmp_path / "out", ("jsonl",), read_records())
    sound = [dict(record.line) for record in read_records()]
    damaged = [json.dumps(sound[0] | {"label": 3.7}), "{no JSON", "[]", "[" * 100_000, json.dumps(sound[1])]
    rewrite(tmp_path / "out", "\n".join(damaged))
    empty_instance()
    outcome = import_drawings(tmp_path / "out")
    assert (outcome.added, outcome.refused) == (1, 4)
    assert outcome.problems[0] == "drawings.jsonl.gz, line 1: label 3.7 is no whole number from 0 to 10"
    assert outcome.problems[2].startswith("drawings.jsonl.gz, line 3: ")


def test_file_that_the_manifest_does_not_name_is_not_read(tmp_path: Path, three: list[Drawing], draw: Draw) -> None:
    export_drawings(tmp_path / "npz", ("npz",), read_records())
    draw(8)
    export_drawings(tmp_path / "more", ("jsonl",), read_records())
    (tmp_path / "more" / "drawings.jsonl.gz").rename(tmp_path / "npz" / "drawings.jsonl.gz")
    empty_instance()
    assert import_drawings(tmp_path / "npz").added == 3


def test_no_token_or_id_of_a_contributor_leaves(tmp_path: Path, three: list[Drawing]) -> None:
    export_drawings(tmp_path / "out", ("jsonl",), read_records())
    text = gzip.decompress((tmp_path / "out" / "drawings.jsonl.gz").read_bytes()).decode()
    for contributor in Contributor.objects.all():
        assert contributor.token.hex not in text.replace("-", "")
        assert key_of(contributor) in text
    assert {json.loads(line)["writer"] for line in text.splitlines()} == set(range(Contributor.objects.count()))


def test_changed_file_is_refused(tmp_path: Path, three: list[Drawing]) -> None:
    export_drawings(tmp_path / "out", ("jsonl",), read_records())
    with (tmp_path / "out" / "drawings.jsonl.gz").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(BadExport, match=r"drawings\.jsonl\.gz is not the file"):
        import_drawings(tmp_path / "out")


def test_manifest_cannot_name_files_elsewhere(tmp_path: Path, three: list[Drawing]) -> None:
    export_drawings(tmp_path / "out", ("jsonl",), read_records())
    (tmp_path / "secret").write_text("x")
    manifest = json.loads((tmp_path / "out" / MANIFEST).read_text())
    manifest["files"] = {"../secret": {"sha256": "0", "bytes": 1}}
    (tmp_path / "out" / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(BadExport):
        import_drawings(tmp_path / "out")


@pytest.mark.parametrize("manifest", [b"no JSON", b"{}", b"[]", b'{"files": {"gone": {"sha256": "0"}}}'])
def test_what_is_no_manifest_is_said(tmp_path: Path, manifest: bytes) -> None:
    (tmp_path / MANIFEST).write_bytes(manifest)
    with pytest.raises(BadExport, match="is not an export of Digitre: "):
        import_drawings(tmp_path)


def test_import_adds_to_the_queue_what_was_said_before(tmp_path: Path, week: None) -> None:
    count = LabelEvent.objects.count()
    export_drawings(tmp_path / "out", ("jsonl",), read_records(EVERYTHING.drawings()))
    empty_instance()
    import_drawings(tmp_path / "out")
    assert LabelEvent.objects.count() == count


def test_command_writes_what_was_asked_for(
    tmp_path: Path, three: list[Drawing], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("export_drawings", str(tmp_path / "x"), formats="jsonl,idx", label="7,none")
    said = capsys.readouterr().out
    assert "2 drawings in" in said
    assert "1 of them are not in drawings-images-idx3-ubyte: no digit" in said


def test_all_is_of_any_status(tmp_path: Path, three: list[Drawing], draw: Draw) -> None:
    draw(9, status=Drawing.Status.WAITING)
    call_command("export_drawings", str(tmp_path / "some"))
    call_command("export_drawings", str(tmp_path / "all"), all=True)
    held = [json.loads((tmp_path / name / MANIFEST).read_text())["drawings"] for name in ("some", "all")]
    assert held == [3, 4]


@pytest.mark.parametrize(
    ("options", "why"),
    [({"formats": "pickle"}, "No such format: pickle"), ({"label": "12"}, "label is"), ({"since": "June"}, "since is")],
)
def test_command_refuses_what_it_does_not_know(tmp_path: Path, options: dict[str, str], why: str) -> None:
    with pytest.raises(CommandError, match=why):
        call_command("export_drawings", str(tmp_path / "x"), **options)


def test_command_refuses_full_folders(tmp_path: Path, three: list[Drawing]) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match="is not empty"):
        call_command("export_drawings", str(tmp_path))


def test_every_format_is_written_in_one_pass(tmp_path: Path, three: list[Drawing]) -> None:
    assert export_drawings(tmp_path / "out", FORMATS, read_records())["drawings"] == 3
