"""A backup is everything, of one moment; it comes back into an empty database of either kind, or not at all."""

import gzip
import io
import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import connection

from recognizer import registry
from recognizer.models import Contributor, Drawing, LabelEvent
from tests.support.drawings import make_drawing, make_drawings
from tests.support.known import known
from tests.support.pictures import seven_form
from tests.support.running_site import ON_ITS_OWN, Digitre
from tests.support.waiting import PATIENCE_SECONDS
from training.exchange.backing_up import back_up, kept_models, one_moment
from training.exchange.backup_file import BackupWriter, Header, Table
from training.models import TrainingPolicy, TrainingRun, WorkerHeartbeat

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def used() -> None:
    """Something in most tables, and what is hard to write down: bytes, floats, nested JSON, links between people and groups."""
    registry.ensure_baseline()
    reviewer = User.objects.create_user("rita", password="a long enough word")
    reviewer.groups.add(Group.objects.get_or_create(name="Reviewer")[0])
    drawings = make_drawings(12)
    drawings[0].approve(3, by=reviewer, reason="“clearly”\n3 \x7f")
    drawings[1].quarantine("odd")
    TrainingPolicy.load()
    TrainingRun.objects.create(trigger="request", config={"b": [1e-7, {"a": None}]}, seed=2**62)
    WorkerHeartbeat.objects.beat("host:1")
    kind = ContentType.objects.get_for_model(Drawing)
    LogEntry.objects.create(user=reviewer, content_type=kind, object_id="x", action_flag=2, change_message="[]")


@pytest.fixture
def file(tmp_path: Path, used: None) -> Path:
    call_command("backup", tmp_path / "digitre.backup")
    return tmp_path / "digitre.backup"


def everything() -> dict[str, list[Any]]:
    def plain(value: Any) -> Any:
        return bytes(value) if isinstance(value, memoryview) else value

    return {
        model._meta.label: [tuple(map(plain, row)) for row in model._base_manager.order_by("pk").values_list()]
        for model in kept_models()
    }


def empty() -> None:
    call_command("flush", interactive=False, verbosity=0)


def test_every_row_of_every_table_comes_back_as_it_was(file: Path) -> None:
    before = everything()
    assert len([label for label, rows in before.items() if rows]) > 12
    empty()
    call_command("restore", file)
    assert everything() == before


def test_what_is_worth_nothing_elsewhere_stays_behind(file: Path) -> None:
    empty()
    call_command("restore", file)
    assert not WorkerHeartbeat.objects.exists()


def test_numbers_of_deleted_rows_are_not_given_again(tmp_path: Path, used: None) -> None:
    newest = known(LabelEvent.objects.order_by("pk").last())
    newest.drawing.delete()
    call_command("backup", tmp_path / "backup")
    empty()
    call_command("restore", tmp_path / "backup")
    make_drawing(seed=7)
    assert known(LabelEvent.objects.order_by("pk").last()).pk == newest.pk + 1


def test_database_in_use_is_refused_and_left_alone(file: Path) -> None:
    before = everything()
    with pytest.raises(CommandError, match=r"is in use.*Nothing was changed"):
        call_command("restore", file)
    assert everything() == before


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def flipped(data: bytes) -> bytes:
    return data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :]


def without_its_end(data: bytes) -> bytes:
    return gzip.compress(b"".join(gzip.decompress(data).splitlines(keepends=True)[:-1]))


def with_another_row(data: bytes) -> bytes:
    return gzip.compress(gzip.decompress(data).replace(b'"rita"', b'"rito"'))


def of_a_later_format(data: bytes) -> bytes:
    return gzip.compress(gzip.decompress(data).replace(b'{"digitre_backup":1', b'{"digitre_backup":2'))


def something_else(_: bytes) -> bytes:
    return gzip.compress(b'{"drawings": 3}\n')


def no_gzip(_: bytes) -> bytes:
    return b"PK\3\4 and so on"


@pytest.mark.parametrize(
    "damage", [cut, flipped, without_its_end, with_another_row, of_a_later_format, something_else, no_gzip]
)
def test_file_that_is_not_sound_changes_nothing(tmp_path: Path, used: None, damage: Callable[[bytes], bytes]) -> None:
    raw = io.BytesIO()
    back_up(raw)
    (tmp_path / "backup").write_bytes(damage(raw.getvalue()))
    empty()
    before = everything()
    with pytest.raises(CommandError):
        call_command("restore", tmp_path / "backup")
    assert everything() == before


def test_backup_of_a_later_release_is_refused(tmp_path: Path) -> None:
    write_by_hand(tmp_path / "backup", {"recognizer": "9999_flying"}, {})
    with pytest.raises(CommandError, match=r"later release \(0\.9\).*recognizer\.9999_flying"):
        call_command("restore", tmp_path / "backup")


def test_older_backup_is_refused_where_the_tables_are_newer(tmp_path: Path) -> None:
    write_by_hand(tmp_path / "backup", {"recognizer": "0001_initial"}, {})
    with pytest.raises(CommandError, match="earlier release"):
        call_command("restore", tmp_path / "backup")


def write_by_hand(path: Path, migrations: dict[str, str], tables: dict[str, list[dict[str, Any]]]) -> None:
    with path.open("wb") as raw:
        writer = BackupWriter(raw, Header("0.9", "2026-01-01T00:00:00+00:00", migrations))
        for model, rows in tables.items():
            writer.begin_table(Table(model, list(rows[0]), len(rows)))
            for row in rows:
                writer.add_row(list(row.values()))
        writer.close()


def test_file_is_its_owners_alone_and_replaces_none(file: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_bytes()
    with pytest.raises(CommandError, match="is there already"):
        call_command("backup", file)
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_backup_that_fails_leaves_no_file(tmp_path: Path, used: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(self: BackupWriter, values: list[Any]) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(BackupWriter, "add_row", no_room)
    with pytest.raises(CommandError, match="No space left"):
        call_command("backup", tmp_path / "backup")
    assert not [*tmp_path.iterdir()]


def test_visitors_go_on_writing_and_the_backup_does_not_see_it(used: None) -> None:
    def write() -> None:
        Contributor.join()
        connection.close()

    with one_moment():
        before = Contributor.objects.count()
        visitor = threading.Thread(target=write)
        visitor.start()
        visitor.join(timeout=PATIENCE_SECONDS)
        assert Contributor.objects.count() == before
    assert Contributor.objects.count() == before + 1


def manage(site: Digitre, *words: str) -> str:
    site.lines.clear()
    process = site.run([sys.executable, "manage.py", *words], **ON_ITS_OWN)
    assert process.wait(timeout=PATIENCE_SECONDS) == 0, site.output
    return site.output


@pytest.mark.processes
def test_backup_of_an_older_release_is_brought_to_this_one(tmp_path: Path, digitre: Digitre) -> None:
    person = {"id": 3, "token": "6f1c3d0e-5f0e-4f6f-9f0a-7d1b6c1f2a35", "created_at": "2026-01-01T00:00:00+00:00"}
    person |= {"is_exam": False, "blocked_at": None, "consented_at": None}
    group = {"id": 1, "name": "Reviewer"}
    old = {"auth": "0012_alter_user_first_name_max_length", "recognizer": "0001_initial", "training": "0001_initial"}
    write_by_hand(tmp_path / "backup", old, {"recognizer.Contributor": [person], "auth.Group": [group]})
    assert "2 rows are back" in manage(digitre, "restore", str(tmp_path / "backup"))
    assert digitre.query("SELECT count(*) FROM recognizer_contributor WHERE id = 3 AND returned_at IS NULL") == 1
    assert digitre.query("SELECT number FROM recognizer_modelversion WHERE is_champion") == 1


ASKED = ["/api/v1/model/", "/api/v1/progress/", "/api/v1/drawings/", "/api/v1/drawings/export/", "/readyz"]


def answers(site: Digitre, paths: list[str]) -> list[tuple[int, str]]:
    said = [site.call("GET", path) for path in paths]
    said += [site.call("POST", "/api/v1/guesses/", seven_form())]
    return [(status, json.dumps(answer)) for status, answer in said]


@pytest.mark.processes
def test_another_installation_serves_the_same_answers(tmp_path: Path, digitre: Digitre) -> None:
    """From either database into SQLite; into the suite's own kind the tests above go."""
    digitre.serve(DIGITRE_THROTTLES="off")
    paths = [*ASKED]
    for label in (7, 1, None):
        status, drawing = digitre.call("POST", "/api/v1/drawings/", seven_form())
        assert status == 201
        assert digitre.call("PUT", f"/api/v1/drawings/{drawing['id']}/feedback/", {"label": label})[0] == 200
        paths.append(f"/api/v1/drawings/{drawing['id']}/")
    before = answers(digitre, paths)
    cookie = digitre.cookie
    digitre.end()
    manage(digitre, "backup", str(tmp_path / "backup"))

    other = Digitre(tmp_path / "other", "")
    try:
        manage(other, "restore", str(tmp_path / "backup"))
        other.cookie = cookie
        other.serve_again(DIGITRE_THROTTLES="off")
        assert {status for status, _ in before} == {200}
        assert answers(other, paths) == before
    finally:
        other.clean_up()
