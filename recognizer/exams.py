"""The exams: what each is called, where its questions come from, and what its result may decide. A new one is one more entry."""

from dataclasses import dataclass

from recognizer.sentences import marked

MNIST, PEN, GOLDEN, THINGS, DRAWINGS, TAUGHT = "mnist", "pen_digits", "golden", "things", "drawings", "taught"


@dataclass(frozen=True)
class ExamSpec:
    """What is fixed of an exam, whatever version it is asked of.

    Attributes:
        name: its key wherever results are stored.
        title: in tables, after "on" and "no ... exam".
        sentence: on the page of the model that answers now.
        card_title: in the document about the shipped model; the title where that says enough.
        file: of its questions, in DIGITRE_DATA_DIR; empty where they are made here, and no installation lacks them.
        split: which part of the file is asked; None: all of it.
        is_growing: gets new questions as people draw; the others are frozen where their data is the same.
        is_refusal: nothing in it is a digit: its accuracy is the share refused, which is no accuracy beside the others'.
        is_gated: the gate asks it of every challenger.
        may_count_on_record: too long to ask while somebody waits, so a recheck takes what is on record.
    """

    name: str
    title: str
    sentence: str
    card_title: str = ""
    file: str = ""
    split: str | None = None
    is_growing: bool = False
    is_refusal: bool = False
    is_gated: bool = False
    may_count_on_record: bool = False


EXAMS = (  # in the order in which they are asked and shown
    ExamSpec(
        MNIST,
        marked("MNIST test"),
        marked("MNIST, the scanned digits it first learned from"),
        file="mnist.npz",
        is_gated=True,
        may_count_on_record=True,
    ),
    ExamSpec(
        PEN,
        marked("UCI pen digits"),
        marked("Drawn with a pen, by 14 people it has never met"),
        card_title="UCI pen digits, 14 test writers",
        file="pen_digits.jsonl.gz",
        split="test",
        is_gated=True,
        may_count_on_record=True,
    ),
    ExamSpec(
        "canvas_a",
        marked("tablet writers"),
        marked("Drawn on a tablet, by 49 people it has never met"),
        card_title="Tablet writers (exam a)",
        file="canvas_exam_a.jsonl.gz",
    ),
    ExamSpec(
        "canvas_b",
        marked("tablet writers elsewhere"),
        marked("Drawn on tablets, by 89 people it has never met"),
        card_title="Other sites (exam b)",
        file="canvas_exam_b.jsonl.gz",
    ),
    ExamSpec(
        "not_digits",
        marked("letters and doodles"),
        marked("Letters and doodles, which it should refuse"),
        card_title="Letters, doodles, Korean characters: refused",
        file="not_digits.jsonl.gz",
        is_refusal=True,
    ),
    ExamSpec(
        GOLDEN,
        marked("golden set"),
        marked("Our own set: many styles of each digit, and things that are none"),
        is_gated=True,
    ),
    ExamSpec(
        THINGS,
        marked("things drawn by program"),
        marked("Letters, doodles and other things drawn by program, which it should refuse"),
        is_refusal=True,
        is_gated=True,
        may_count_on_record=True,
    ),
    ExamSpec(
        DRAWINGS,
        marked("people's drawings"),
        marked("Drawn here, by people who are kept for exams"),
        is_growing=True,
        is_gated=True,
    ),
)
# asked of the version that was taught and of those it is compared with, about that run's new drawings: no exam for every version
TAUGHT_EXAM = ExamSpec(
    TAUGHT,
    marked("new drawings held out"),
    marked("New drawings that were held out of its training"),
    may_count_on_record=True,
)
_BY_NAME = {exam.name: exam for exam in (*EXAMS, TAUGHT_EXAM)}


def exam_spec(name: str) -> ExamSpec:
    """Return the exam of that name. Results may be of one that this release no longer asks: its name then says what it was."""
    words = name.replace("_", " ")
    return _BY_NAME.get(name) or ExamSpec(name, words, words)
