"""Drawings into Digitre: an export as it stood, or a stranger's files, for review.

What an export says of a drawing stays said: nothing is approved that was not, nobody is unblocked, nothing comes back that
was deleted here. What comes without such words waits for a reviewer, assessed like a visitor's drawing, unless somebody
says that its labels are to be believed.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from recognizer import registry
from recognizer.errors import InvalidDrawing
from recognizer.imaging.pixels import content_hash, to_grey
from recognizer.imaging.preprocessing import FRAME, PREPROCESSING_VERSION
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import (
    IMPORTED,
    Campaign,
    CampaignReceipt,
    Contributor,
    Drawing,
    LabelEvent,
    ModelVersion,
    Tombstone,
)
from recognizer.models.tombstones import of_id, of_picture
from recognizer.review.priority import assess
from recognizer.submissions import Submission
from training.exchange import parquet, reading, sources
from training.exchange.arrivals import Arrival, check_line
from training.exchange.exporting import MANIFEST, file_sha256
from training.exchange.formats import NOT_A_DIGIT_FOLDER
from training.exchange.orientation import AS_IT_IS, Orientation
from training.exchange.reading import BadExport
from training.exchange.records import key_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User

PAGE = 200  # drawings stored in one transaction: visitors of a SQLite site wait for each
NAMESPACE = uuid.UUID("6f1c3d0e-5f0e-4f6f-9f0a-7d1b6c1f2a35")  # of ids made for what comes without one
MOST_VERSIONS = 1000  # unknown ones that one import may name
MOST_CAMPAIGNS = 1000  # likewise
PROBLEMS_KEPT = 20
RICHEST = ("drawings.jsonl.gz", "drawings.parquet", "drawings.npz", "png", "drawings.csv", "drawings-images-idx3-ubyte")
NAMELESS = RICHEST[3:]  # do not say who drew what, nor who is examined


@dataclass
class Imported:
    """What became of the drawings.

    Attributes:
        deleted: were deleted here, and stay so.
        problems: why drawings were refused, the first of them, each with its place.
    """

    added: int = 0
    known: int = 0
    refused: int = 0
    deleted: int = 0
    problems: list[str] = field(default_factory=list)

    def refuse(self, place: str, why: object) -> None:
        self.refused += 1
        if len(self.problems) < PROBLEMS_KEPT:
            self.problems.append(f"{place}: {why}")


def import_drawings(path: Path, status: str | None = None, orientation: Orientation = AS_IT_IS) -> Imported:
    """Store drawings that are not here yet; doing it twice changes nothing.

    Args:
        path: a folder that `export_drawings` made, or any file or folder that `sources.find_source` knows.
        status: None leaves each as its export says, and puts what says nothing into the review queue. WAITING puts all
            there. APPROVED believes the labels of what says nothing.

    Raises:
        BadExport: it cannot be read, is not what its manifest says, or has labels that are none.
    """
    if (path / MANIFEST).is_file():
        return _import_export(path, status)
    source = sources.find_source(path)
    sources.check_labels(source)
    store = _Store(source.digest, status)
    found = source.items()
    while page := list(islice(found, PAGE)):
        arrivals = (
            _arrival(one, source.digest, place, orientation, store.outcome) for place, one in page_places(page, store)
        )
        store.add([arrival for arrival in arrivals if arrival is not None])
    return store.outcome


def page_places(page: list[sources.Found], store: "_Store") -> Iterator[tuple[int, sources.Found]]:
    """Number what is found over all pages: ids are made of it."""
    for one in page:
        yield store.next_number(), one


def _arrival(
    found: sources.Found, digest: str, number: int, orientation: Orientation, outcome: Imported
) -> Arrival | None:
    try:
        submission = found.load(orientation)
        if submission.picture is None:
            submission.image  # noqa: B018  a speck of a path is refused here, before it is inked
        drawing_id = uuid.UUID(found.id) if found.id else None
    except BadExport:
        raise
    except InvalidDrawing as error:
        outcome.refuse(found.place, error)
        return None
    except reading.UNREADABLE as error:
        outcome.refuse(found.place, f"cannot be read: {error}")
        return None
    return Arrival(
        id=drawing_id or uuid.uuid5(NAMESPACE, f"{digest} {number}"),
        label=sources.strict_label(found.label),
        known_as=f"writer {str(found.writer)[:100]}",
        created_at=timezone.now(),
        submission=submission,
        has_id=drawing_id is not None,
        columns={},
        contributor={"is_exam": False},
        model=None,
        events=[],
    )


# an export of Digitre's


def check_manifest(folder: Path) -> tuple[set[str], str]:
    """Return the names of the files and the manifest's own hash, after comparing every file with it."""
    try:
        with (folder / MANIFEST).open("rb") as file:
            content = file.read(reading.LONGEST_LINE)
        files = reading.json_of(content.decode())["files"]
        wrong = [name for name, facts in files.items() if file_sha256(folder / Path(name).name) != facts["sha256"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadExport(f"{folder} is not an export of Digitre: {error}") from error
    if wrong:
        raise BadExport(f"{', '.join(wrong)} is not the file that the manifest describes")
    return set(files), registry.sha256(content)


def _import_export(folder: Path, status: str | None) -> Imported:
    files, digest = check_manifest(folder)
    name = richest(files)
    if name in NAMELESS and status == Drawing.Status.APPROVED:
        raise BadExport(f"{name} does not say who drew what, nor who is examined: import it for review")
    store = _Store(digest, status)
    rows = export_rows(folder, name)
    while page := list(islice(rows, PAGE)):
        arrivals = []
        for place, raw in page:
            try:
                fallback = uuid.uuid5(NAMESPACE, f"{digest} {store.next_number()}")
                arrivals.append(raw(fallback) if callable(raw) else check_line(raw, fallback))
            except BadExport:
                raise
            except reading.UNREADABLE as error:
                store.outcome.refuse(place, error)
        store.add(arrivals)
    return store.outcome


def richest(files: set[str]) -> str:
    """Choose among the files that the manifest vouches for.

    Raises:
        BadExport: none of them can be read.
    """
    name = next((name for name in RICHEST if name in files), None)
    if name is None:
        raise BadExport("its manifest names no drawings in a format that can be read")
    return name


def export_rows(folder: Path, name: str) -> Iterator[tuple[str, Any]]:
    """Yield (place, line) for the drawings in one of an export's files; a line that is no JSON is {}."""
    path = folder / name
    if name == "drawings.jsonl.gz":
        for number, text in reading.lines(path):
            yield f"{name}, line {number}", _json_or_nothing(text)
    elif name == "drawings.parquet":
        with reading.reading(path):
            for number, row in enumerate(parquet.read_rows(path)):
                yield f"{name}, row {number}", row
    elif name == "drawings.npz":
        yield from _npz_rows(path)
    else:
        yield from _foreign_rows(folder, name)


def _json_or_nothing(text: str) -> Any:
    try:
        return reading.json_of(text)
    except ValueError:
        return {}


def _npz_rows(path: Path) -> Iterator[tuple[str, Any]]:
    columns = reading.npz_columns(path)
    names = ("x", "y", "writer", "is_exam", "id")
    if missing := set(names) - set(columns):
        raise BadExport(f"{path.name} has no {', '.join(sorted(missing))}")
    if len({columns[name].shape[0] for name in names}) > 1:
        raise BadExport(f"{path.name} has columns of several lengths")
    with reading.reading(path):
        for number, values in enumerate(zip(*(columns[name].rows() for name in names), strict=True)):
            yield f"{path.name}, row {number}", _ink_line(*values)


def _ink_line(ink: Any, label: Any, writer: Any, is_exam: Any, drawing_id: Any) -> Any:
    def checked(fallback: uuid.UUID) -> Arrival:
        if label.dtype.kind not in "iu" or not 0 <= label <= NOT_A_DIGIT:
            raise ValueError(f"label {label} is no whole number from 0 to {NOT_A_DIGIT}")
        if ink.dtype != np.uint8 or ink.ndim != 2:
            raise ValueError("its picture is not in bytes")
        return Arrival(
            id=uuid.UUID(str(drawing_id)) if str(drawing_id) else fallback,
            label=int(label),
            known_as=f"writer {int(writer)}",
            created_at=timezone.now(),
            submission=Submission(np.array(ink)),
            has_id=bool(str(drawing_id)),
            columns={},
            contributor={"is_exam": bool(is_exam)},
            model=None,
            events=[],
        )

    return checked


def _foreign_rows(folder: Path, name: str) -> Iterator[tuple[str, Any]]:
    """Rows of an export's files that hold picture and label alone, read as a stranger's are."""
    path = folder / name
    found = (
        sources.png_folders(path, {NOT_A_DIGIT_FOLDER: NOT_A_DIGIT})
        if name == "png"
        else sources.find_source(path).items()
    )
    for one in found:
        yield one.place, _foreign_line(one)


def _foreign_line(found: sources.Found) -> Any:
    def checked(fallback: uuid.UUID) -> Arrival:
        digit = sources.strict_label(found.label)
        label = NOT_A_DIGIT if found.label in (NOT_A_DIGIT, str(NOT_A_DIGIT)) else digit
        if label is None:
            raise ValueError(f"label {str(found.label)[:40]} is no whole number from 0 to {NOT_A_DIGIT}")
        writer = f"writer {str(found.writer)[:100]}"
        has_id = bool(found.id)
        drawing_id = uuid.UUID(found.id) if found.id else fallback
        submission = found.load(AS_IT_IS)
        return Arrival(drawing_id, label, writer, timezone.now(), submission, has_id, {}, {"is_exam": False}, None, [])

    return checked


# rows


class _Store:
    """Stores arrivals page by page, each in one transaction."""

    def __init__(self, digest: str, status: str | None) -> None:
        registry.ensure_baseline()
        self.outcome = Imported()
        self._digest, self._status, self._number = digest, status, -1
        self._champion = ModelVersion.objects.get(is_champion=True)
        self._model = registry.load_model(self._champion)
        self._versions = dict(ModelVersion.objects.values_list("tflite_sha256", "pk"))
        self._users: dict[str, User] = {}
        self._contributors: dict[str, Contributor] = {}
        self._campaigns: dict[str, Campaign | None] = {}
        self._own_keys = {
            key_of(one): one.pk for one in Contributor.objects.only("pk", "token").iterator(chunk_size=2000)
        }
        self._made = 0

    def next_number(self) -> int:
        self._number += 1
        return self._number

    def add(self, page: list[Arrival]) -> None:
        """Store those that are neither here nor were deleted here."""
        known = set(Drawing.objects.filter(pk__in=[one.id for one in page]).values_list("pk", flat=True))
        fresh = list({one.id: one for one in page if one.id not in known}.values())
        self.outcome.known += len(page) - len(fresh)
        seen = [(one, image) for one in fresh if (image := self._image(one)) is not None]
        gone = Tombstone.objects.among(digest for one, image in seen for digest in self._digests(one, image))
        alive = [(one, image) for one, image in seen if not gone & set(self._digests(one, image))]
        self.outcome.deleted += len(seen) - len(alive)
        with transaction.atomic():
            self._store(alive)
        self.outcome.added += len(alive)

    def _image(self, one: Arrival) -> "np.ndarray[Any, np.dtype[np.float32]] | None":
        """What the network sees; None where it is refused. What an older release stored and this one refuses is kept."""
        try:
            return one.submission.image
        except InvalidDrawing as error:
            if one.columns and one.columns["preprocessing_version"] != PREPROCESSING_VERSION:
                return np.zeros((0,), "float32")
            self.outcome.refuse(str(one.id), error)
            return None

    @staticmethod
    def _digests(one: Arrival, image: "np.ndarray[Any, np.dtype[np.float32]]") -> list[str]:
        """What a deleted drawing would be known by: its id, or for what has none its picture."""
        if one.has_id or not image.size:
            return [of_id(one.id)]
        digests = [of_id(one.id), of_picture(content_hash(to_grey(image)))]
        if one.submission.ink.shape == (FRAME, FRAME):  # as an export wrote it: prepared already
            digests.append(of_picture(content_hash(one.submission.ink)))
        return digests

    def _store(self, alive: list[tuple[Arrival, "np.ndarray[Any, np.dtype[np.float32]]"]]) -> None:
        stands = [bool(one.columns) and self._status != Drawing.Status.WAITING for one, _ in alive]
        unread = [image for (_, image), stood in zip(alive, stands, strict=True) if not stood]
        answers = iter(self._read(unread))
        drawings, events = [], []
        for (one, image), stood in zip(alive, stands, strict=True):
            drawing = self._row(one, image)
            if stood:
                self._as_it_stood(drawing, one)
                events += [
                    LabelEvent(drawing=drawing, **event | {"user": self._user(event["user"])}) for event in one.events
                ]
            else:
                events += self._as_a_visitors(drawing, one, next(answers))
            drawings.append(drawing)
        Drawing.objects.bulk_create(drawings)
        LabelEvent.objects.bulk_create(events, batch_size=1000)

    def _read(self, images: "list[np.ndarray[Any, np.dtype[np.float32]]]") -> Iterator[dict[str, Any]]:
        """The champion's answers, which every stored drawing carries."""
        if not images:
            return
        together = self._model.predict_all(to_grey(np.stack(images)))
        for row in range(len(images)):
            answer = self._model.interpret(together, row)
            yield {
                "probabilities": answer.probabilities,
                "predicted_label": answer.digit,
                "top_label": answer.likely_digit,
                "confidence": answer.confidence,
                "margin": answer.margin,
            }

    def _row(self, one: Arrival, image: "np.ndarray[Any, np.dtype[np.float32]]") -> Drawing:
        width, height = one.submission.canvas or (None, None)
        return Drawing(
            id=one.id,
            contributor=self._contributor(one),
            created_at=one.created_at,
            png=one.submission.png,
            strokes=one.submission.strokes,
            canvas_width=width,
            canvas_height=height,
            content_hash=content_hash(to_grey(image)) if image.size else "",
            preprocessing_version=PREPROCESSING_VERSION,
        )

    def _as_it_stood(self, drawing: Drawing, one: Arrival) -> None:
        """Fill in what its export says. Its picture's hash is ours, unless an older release prepared it."""
        assert one.model is not None  # of every line that has columns
        columns = dict(one.columns)
        if columns["preprocessing_version"] == PREPROCESSING_VERSION:
            del columns["content_hash"]
        number, digest, answer = one.model
        for name, value in (columns | answer).items():
            setattr(drawing, name, value)
        drawing.model_version_id = self._version(number, digest)
        drawing.campaign = self._campaign(one)
        drawing.reviewed_by = self._user(one.reviewed_by)

    def _as_a_visitors(self, drawing: Drawing, one: Arrival, answer: dict[str, Any]) -> list[LabelEvent]:
        """Let it wait, as suspicious and as urgent as if its contributor had just said what it is; or believe its label."""
        for name, value in answer.items():
            setattr(drawing, name, value)
        drawing.model_version = self._champion
        if one.label is None:
            return []
        drawing.confirmed_label, drawing.confirmed_at = one.label, timezone.now()
        told = assess(drawing, one.label)
        drawing.review_priority, drawing.suspicion = told["priority"], told["suspicion"]
        is_believed = self._status == Drawing.Status.APPROVED
        drawing.status = Drawing.Status.APPROVED if is_believed else Drawing.Status.WAITING
        drawing.status_reason = IMPORTED
        action = LabelEvent.Action.APPROVED if is_believed else LabelEvent.Action.CONFIRMED
        rule = LabelEvent.Actor.RULE
        return [LabelEvent(drawing=drawing, actor=rule, action=action, label=one.label, reason=IMPORTED)]

    def _contributor(self, one: Arrival) -> Contributor:
        """Find who drew it: a person of this installation's, or one who is made once however often it is imported.

        Somebody who is here already stays as they are: an export of last week unblocks nobody, and blocks nobody.
        """
        known = self._contributors.get(one.known_as)
        if known is None:
            known = self._contributors[one.known_as] = self._find_contributor(one)
        return known

    def _find_contributor(self, one: Arrival) -> Contributor:
        kind, _, name = one.known_as.partition(" ")
        if kind == "key" and name in self._own_keys:
            return Contributor.objects.get(pk=self._own_keys[name])
        token = uuid.uuid5(NAMESPACE, one.known_as if kind == "key" else f"{self._digest} {one.known_as}")
        defaults = one.contributor | {"campaign": self._campaign(one)}
        return Contributor.objects.get_or_create(token=token, defaults=defaults)[0]

    def _campaign(self, one: Arrival) -> Campaign | None:
        """The campaign of a code; one that is not here is made, over already: it groups its drawings and lets nobody join.

        One that was deleted here is not made again, and for review nobody is believed where anything was drawn.
        """
        code = one.campaign
        if not code or self._status == Drawing.Status.WAITING:
            return None
        if code not in self._campaigns:
            known = Campaign.objects.filter(code=code).first()
            if known is None and not CampaignReceipt.objects.filter(code=code).exists():
                if len(self._campaigns) >= MOST_CAMPAIGNS:
                    raise BadExport(f"it names more than {MOST_CAMPAIGNS} campaigns")
                known = Campaign.objects.create(code=code, name=f"Imported {code}", ends_at=timezone.now())
            self._campaigns[code] = known
        return self._campaigns[code]

    def _user(self, name: str | None) -> "User | None":
        """A reviewer by name; one who has no account here gets one that nobody can sign in with."""
        if name is None:
            return None
        if name not in self._users:
            nobody = {"is_active": False, "password": "!"}  # as Django marks a password that matches nothing
            self._users[name] = get_user_model().objects.get_or_create(username=name, defaults=nobody)[0]
        return self._users[name]

    def _version(self, number: int, digest: str) -> int:
        """Find the version that answered, by its file; one whose file is not here gets a row that can never speak."""
        if digest not in self._versions:
            self._made += 1
            if self._made > MOST_VERSIONS:
                raise BadExport(f"it names more than {MOST_VERSIONS} versions that nobody here knows")
            self._versions[digest] = registry.know_elsewhere(number, digest).pk
        return self._versions[digest]
