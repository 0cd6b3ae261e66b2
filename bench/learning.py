"""What teaching does: drawings of an unread kind stored as people's are, approved, and one whole run: snapshot, learning, gate.

    python bench/learning.py                              # the whole table: hours on two cores
    python bench/learning.py styles:5x4 chinese:24x10      # some of it
    python bench/learning.py --seeds 3 styles:2x3          # the same teachers under other ids

What is taught: the twelve held-out styles that the shipped baseline reads worst (training/data/held_out_styles.py), the same by
people of whom each fifth says the next digit each time ("liars"), Chinese numerals, or plain digits by half of the writers of
exam b ("writers"; both are exams of the data folder that nothing shipped is trained on). "5x4": five people, each of whom draws
each style four times, or so many of the others. Strangers are other hands. Beside each: what neighbours on blurred pixels make
of the same drawings. Writes docs/learning.md, with what was measured before kept.
"""
# ruff: noqa: E402  Django must be set up before its models are imported

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DIGITRE_VAR_DIR", tempfile.mkdtemp(prefix="digitre-learning-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import django

django.setup()

import numpy as np
from django.conf import settings
from django.core.management import call_command

from recognizer import registry, services, serving
from recognizer.errors import InvalidDrawing
from recognizer.exams import exam_spec
from recognizer.imaging.pixels import to_grey
from recognizer.imaging.preprocessing import normalize_drawing
from recognizer.imaging.strokes import Strokes
from recognizer.inference.calibrated_model import CalibratedModel
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Contributor, ModelVersion
from recognizer.prototypes import consult, prototypes
from recognizer.submissions import Reading, Submission
from training.config import PrototypeConfig, RunConfig
from training.curation.prototypes import NOTHING_NEW, refresh
from training.data import datasets
from training.data.augmentation import vary_strokes
from training.data.datasets import StrokeDrawing
from training.data.held_out_styles import draw_held_out_styles
from training.evaluation.few_shot import blurred, vote
from training.evaluation.reports import Exam, examine
from training.evaluation.stroke_exams import canvas
from training.models import TrainingRun
from training.runs import pipeline

TAUGHT_STYLES = 12
STRANGERS = 12  # other hands, each of whom draws each style once
NUMERALS_ASKED = 1_000
STYLE_CLASSES = ("1x3", "2x3", "5x4", "10x3", "12x8", "25x3", "50x3")
TABLE: tuple[str, ...] = (
    *(f"styles:{size}" for size in STYLE_CLASSES),
    "liars:10x8",
    "writers:44x50",
    *(f"chinese:{people}x{each}" for people in (1, 2, 5, 10, 25, 50) for each in (3, 10)),
)
RESULTS, PAGE = ROOT / "docs" / "learning.json", ROOT / "docs" / "learning.md"


@dataclass(frozen=True)
class Picture:
    """Something drawn: uint8 ink, strokes in its pixels where they are known, and the digit that is meant."""

    ink: NDArray[np.uint8]
    strokes: Strokes | None
    label: int


@dataclass(frozen=True)
class Lesson:
    """Who teaches what, and what strangers and others are asked: people's pictures, and exams."""

    teachers: list[list[Picture]]
    strangers: Exam
    others: Exam | None


@dataclass(frozen=True)
class Outcome:
    """Shares in 0..1 that are answered rightly (strangers, others: a refusal is wrong) or guessed rightly (the frozen exams).

    Strangers are answered as on the page, by the network and by what people here drew, but where `network` is said.
    """

    taught: str
    seed: int
    drawings: int
    learned: int
    verdict: str
    reasons: list[str]
    strangers_before: float
    at_once: float  # before any training: by what people drew, beside the network
    strangers_after: float
    network_after: float  # by the network alone
    neighbours_on_pixels: float
    others_before: float | None
    others_after: float | None
    frozen_before: dict[str, float]
    frozen_after: dict[str, float]
    seconds: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("taught", nargs="*", default=TABLE, help="kind:PEOPLExEACH")
    parser.add_argument("--seeds", type=int, default=1)
    asked = parser.parse_args()
    settings.DIGITRE_AUTO_APPROVE = "all"
    call_command("migrate", verbosity=0)
    for taught in asked.taught:
        for seed in range(asked.seeds):
            outcome = teach(taught, seed)
            print(json.dumps(asdict(outcome)), flush=True)
            keep(outcome)
    return 0


def teach(taught: str, seed: int) -> Outcome:
    """Start from nothing, let the teachers draw, run once, and ask the strangers what serves in the end."""
    kind, _, size = taught.partition(":")
    people, each = map(int, size.split("x"))
    call_command("flush", verbosity=0, interactive=False)
    serving.champion.reset()
    registry.ensure_baseline()
    lesson = LESSONS[kind](people, each)
    # ids are drawn at random: another seed is another set of them, in another order
    for teacher in np.random.default_rng(seed).permutation(len(lesson.teachers)).tolist():
        contributor = Contributor.objects.create()
        for picture in lesson.teachers[teacher]:
            store(contributor, picture)
    before = serving_model()
    at_once = share_answered(lesson.strangers)
    started = time.monotonic()
    run = TrainingRun.objects.claim(worker="bench", trigger=TrainingRun.Trigger.COMMAND)
    assert run is not None
    pipeline.execute(run, RunConfig.from_environment())
    seconds = time.monotonic() - started
    run.refresh_from_db()
    after, ours = serving_model(), "challenger" if run.status == TrainingRun.Status.PROMOTED else "champion"
    return Outcome(
        taught=taught,
        seed=seed,
        drawings=sum(map(len, lesson.teachers)),
        learned=len(run.snapshot.manifest["members"]) if run.snapshot else 0,
        verdict=run.get_status_display(),
        reasons=(run.decision or {}).get("reasons", []),
        strangers_before=share_right(before, lesson.strangers),
        at_once=at_once,
        strangers_after=share_answered(lesson.strangers),
        network_after=share_right(after, lesson.strangers),
        neighbours_on_pixels=by_pixels(lesson),
        others_before=share_right(before, lesson.others) if lesson.others else None,
        others_after=share_right(after, lesson.others) if lesson.others else None,
        frozen_before=frozen(run, "champion"),
        frozen_after=frozen(run, ours),
        seconds=round(seconds, 1),
    )


def frozen(run: TrainingRun, who: str) -> dict[str, float]:
    return {
        name: report[who]["accuracy_top1"] for name, report in run.reports.items() if name in ("mnist", "pen_digits")
    }


def serving_model() -> CalibratedModel:
    return registry.load_model(ModelVersion.objects.get(is_champion=True))


def share_right(model: CalibratedModel, exam: Exam) -> float:
    return examine(model.predict, exam, model.calibration).accuracy


def share_answered(exam: Exam) -> float:
    """The share answered rightly by the version that serves and, as soon as the worker has looked, by what people drew."""
    serving.champion.reset()
    while refresh(PrototypeConfig()) != NOTHING_NEW:
        pass
    prototypes.reset()
    served = serving.current_classifier()
    together = served.model.predict_all(to_grey(exam.images))
    answers = []
    for row, image in enumerate(exam.images):
        reading = Reading(image, together.row(row), served.model.interpret(together, row), served)
        answer = consult(reading)[0].answer
        answers.append(NOT_A_DIGIT if answer.digit is None else answer.digit)
    return float((np.array(answers) == exam.labels).mean())


def store(contributor: Contributor, picture: Picture) -> None:
    canvas = (float(picture.ink.shape[1]), float(picture.ink.shape[0])) if picture.strokes else None
    try:
        drawing, _ = services.recognize(Submission(picture.ink, picture.strokes, canvas), contributor)
    except InvalidDrawing:
        return
    services.give_feedback(drawing.pk, contributor, picture.label)


def by_pixels(lesson: Lesson) -> float:
    """The share of the strangers' pictures that three neighbours on blurred pixels tell from the same teaching."""
    seen, labels = [], []
    for picture in (picture for teacher in lesson.teachers for picture in teacher):
        with suppress(InvalidDrawing):  # a speck, which the page turns away as well
            seen.append(read(picture))
            labels.append(picture.label)
    found = vote(blurred(np.stack(seen)), np.array(labels), blurred(lesson.strangers.images))
    return float((found == lesson.strangers.labels).mean())


def read(picture: Picture) -> NDArray[np.float32]:
    return normalize_drawing(picture.ink, picture.strokes)


def exam_of(name: str, pictures: list[Picture]) -> Exam:
    return Exam(name, np.stack([read(picture) for picture in pictures]), np.array([p.label for p in pictures]))


def styles(people: int, each: int) -> Lesson:
    """Teach the styles that are read worst; the other held-out styles are what must not be lost."""
    hands = max(people, 1) + STRANGERS
    drawn: dict[str, list[StrokeDrawing]] = {}
    for drawing in draw_held_out_styles(hands, 20_261_127):
        drawn.setdefault(drawing.name, []).append(drawing)
    model = serving_model()
    asked = {name: exam_of(name, [inked(drawing) for drawing in ours[-STRANGERS:]]) for name, ours in drawn.items()}
    worst = sorted(asked, key=lambda name: (share_right(model, asked[name]), name))
    taught, others = worst[:TAUGHT_STYLES], worst[TAUGHT_STYLES:]
    rng = np.random.default_rng(1)
    teachers = [
        [
            inked(StrokeDrawing(drawn[name][hand].label, "", vary_strokes(drawn[name][hand].strokes, rng, 0.5)))
            for name in taught
            for _ in range(each)
        ]
        for hand in range(people)
    ]
    return Lesson(teachers, joined([asked[name] for name in taught]), joined([asked[name] for name in others]))


def with_liars(people: int, each: int) -> Lesson:
    """Teach the same, but each fifth of the people says the next digit of whatever they draw."""
    honest = styles(people, each)
    teachers = [
        [replace(picture, label=(picture.label + 1) % 10) for picture in pictures] if number % 5 == 0 else pictures
        for number, pictures in enumerate(honest.teachers)
    ]
    return replace(honest, teachers=teachers)


def writers(people: int, each: int) -> Lesson:
    """Let so many of the writers of exam b teach plain digits, half of them at most, so many each; the others are asked."""
    drawn: dict[str, list[Picture]] = {}
    for drawing in datasets.load_drawings(exam_spec("canvas_b").file):
        drawn.setdefault(drawing.writer, []).append(inked(drawing))
    order = np.random.default_rng(3).permutation(sorted(drawn)).tolist()
    half = len(order) // 2
    strangers = [picture for writer in order[half:] for picture in drawn[writer]]
    return Lesson([drawn[writer][:each] for writer in order[:half][:people]], exam_of("writers", strangers), None)


def joined(exams: list[Exam]) -> Exam:
    images, labels = ([getattr(exam, part) for exam in exams] for part in ("images", "labels"))
    return Exam("styles", np.concatenate(images), np.concatenate(labels))


def inked(drawing: StrokeDrawing) -> Picture:
    """Draw it on the page's canvas, as large and wherever the exams' people do."""
    seed = sum(drawing.name.encode()) + sum(len(stroke) for stroke in drawing.strokes)
    ink, strokes = canvas(drawing, np.random.default_rng(seed))
    return Picture(ink, strokes, drawing.label)


def numerals(people: int, each: int) -> Lesson:
    """Teach Chinese numerals from scans: each writer gives so many, the ten in turn."""
    data = datasets.load_chinese_digits()
    teachers = []
    for writer in np.unique(data.writers[data.may_show])[:people].tolist():
        rows = np.flatnonzero((data.writers == writer) & data.may_show)
        by_label = [rows[data.labels[rows] == label] for label in range(10)]
        chosen = [by_label[i % 10][i // 10] for i in range(each) if i // 10 < len(by_label[i % 10])]
        teachers.append([Picture(data.pictures[row], None, int(data.labels[row])) for row in chosen])
    asked = np.random.default_rng(2).permutation(np.flatnonzero(~data.may_show))[:NUMERALS_ASKED]
    readable = [
        Picture(data.pictures[row], None, int(data.labels[row]))
        for row in asked.tolist()
        if data.pictures[row].max() > 24
    ]
    return Lesson(teachers, exam_of("numerals", readable), None)


LESSONS: dict[str, Callable[[int, int], Lesson]] = {
    "styles": styles,
    "liars": with_liars,
    "chinese": numerals,
    "writers": writers,
}


def keep(outcome: Outcome) -> None:
    """Add an outcome to what was measured, in the place of an earlier one, and write the page."""
    known = json.loads(RESULTS.read_text()) if RESULTS.is_file() else []
    others = [row for row in known if (row["taught"], row["seed"]) != (outcome.taught, outcome.seed)]
    rows = sorted([*others, asdict(outcome)], key=lambda row: (*order(row["taught"]), row["seed"]))
    RESULTS.write_text(json.dumps(rows, indent=1) + "\n")
    PAGE.write_text(page(rows))


def order(taught: str) -> tuple[str, int]:
    kind, _, size = taught.partition(":")
    people, each = map(int, size.split("x"))
    return kind, people * each


COLUMNS = (
    "taught", "drawings", "outcome", "strangers", "at once", "after the run", "by the network alone", "neighbours on pixels",
    "other styles", "MNIST", "UCI", "seconds",
)  # fmt: skip
LEGEND = """\
Written by `bench/learning.py`. People x drawings each; strangers are other hands, and a refusal is wrong. They are asked before
anything was taught, *at once*, when it is approved and nothing was trained, and after the run, each time as the page answers:
by the network and by what people here drew. The frozen exams are the network's alone, before refusing. *liars* are the styles
again, where each fifth of the people says the next digit each time; *writers* are half of exam b's, with plain digits.
"""


def page(rows: list[dict[str, object]]) -> str:
    lines = ["# What teaching does\n", LEGEND, row_of(COLUMNS), row_of(["---"] * len(COLUMNS))]
    return "\n".join([*lines, *(row_of(cells(row)) for row in rows)]) + "\n"


def row_of(values: Sequence[str]) -> str:
    return f"| {' | '.join(values)} |"


def cells(row: dict[str, object]) -> list[str]:
    def change(name: str, exam: str | None = None) -> str:
        before, after = row[f"{name}_before"], row[f"{name}_after"]
        if exam is not None:
            before, after = before.get(exam), after.get(exam)  # type: ignore[attr-defined]  # of JSON
        return "-" if before is None else f"{before:.2%} -> {after:.2%}"

    learned = f"{row['learned']} of {row['drawings']}"
    asked = ("strangers_before", "at_once", "strangers_after", "network_after", "neighbours_on_pixels")
    figures = [*(f"{row[name]:.1%}" for name in asked), change("others")]
    frozen_exams = [change("frozen", exam) for exam in ("mnist", "pen_digits")]
    return [str(row["taught"]), learned, str(row["verdict"]), *figures, *frozen_exams, f"{row['seconds']:.0f}"]


if __name__ == "__main__":
    sys.exit(main())
