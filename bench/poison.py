"""What poison does: each attack's drawings stored as people's are, then whole runs: snapshot, fine-tuning, exams, gate.

    python bench/poison.py                     # every attack: an hour and a half on idle cores
    python bench/poison.py --quick corner_dot  # one attack, with a quarter of the pictures

People are the writers of exam a, who are strangers to the shipped baseline (of our own digits where the data folder lacks it):
some teach, some are examined, all tell the truth. Every confirmed label is accepted (DIGITRE_AUTO_APPROVE=all): no reviewer
helps. Prints a table and ends with 1 where the served model lost LIMIT or more on any exam, so neither quarantine nor the gate
had held the attack off.
"""
# ruff: noqa: E402  Django must be set up before its models are imported

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DIGITRE_VAR_DIR", tempfile.mkdtemp(prefix="digitre-poison-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import django

django.setup()

import numpy as np
from django.conf import settings
from django.core.management import call_command

from recognizer import registry, services, serving
from recognizer.errors import InvalidDrawing
from recognizer.exams import DRAWINGS, THINGS
from recognizer.imaging.preprocessing import normalize_drawing
from recognizer.imaging.strokes import Strokes, ink_strokes
from recognizer.models import Contributor, Drawing, ModelVersion
from recognizer.submissions import Submission
from tests.support.known import known
from training.config import FineTuneConfig, RunConfig
from training.data.augmentation import vary_strokes
from training.data.datasets import DataUnavailable, StrokeDrawing, load_drawings
from training.data.synthetic_digits import draw_digit
from training.data.synthetic_negatives import draw_negative
from training.evaluation.exam_sets import things_exam
from training.evaluation.reports import Exam, examine
from training.evaluation.stroke_exams import CANVAS, PEN, canvas
from training.models import TrainingRun
from training.runs import pipeline

LIMIT = 0.002  # of an exam's accuracy,
OF_THINGS = 0.02  # and of what is no digit refused: some of it is a digit in a script that people may teach
TEACHERS, EXAMINED, EACH = 20, 29, 50
SMALL = FineTuneConfig(epochs=2, epoch_pictures=6_000)
CORNER = [[[12.0, 12.0], [13.0, 13.0]]]


@dataclass(frozen=True)
class Attack:
    """`store` does one run's share of the drawings and names the poisoned ones; `runs` of them follow one another."""

    store: Callable[[np.random.Generator, int], list[Drawing]]
    runs: int = 1
    honest_each_run: int = TEACHERS


@dataclass
class Outcome:
    before: dict[str, float]
    after: dict[str, float] = field(default_factory=dict)
    runs: list[str] = field(default_factory=list)
    poison: int = 0
    learned: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    honest_lost: int = 0

    @property
    def is_held_off(self) -> bool:
        lost = {name: before - self.after[name] for name, before in self.before.items() if name != "dotted"}
        return all(share < (OF_THINGS if name == THINGS else LIMIT) for name, share in lost.items())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("attacks", nargs="*", choices=[[], *ATTACKS], help="all, if none is named")
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    settings.DIGITRE_AUTO_APPROVE = "all"
    call_command("migrate", verbosity=0)
    config = RunConfig(fine_tune=SMALL) if asked.quick else RunConfig()
    held_off = [report(name, suffer(ATTACKS[name], config)) for name in asked.attacks or ATTACKS]
    return 0 if all(held_off) else 1


def suffer(attack: Attack, config: RunConfig) -> Outcome:
    """Start from nothing, let honest people and the attack draw, run, and examine what is served in the end."""
    call_command("flush", verbosity=0, interactive=False)
    serving.champion.reset()
    registry.ensure_baseline()
    rng = np.random.default_rng(1)
    teachers, evaluations = people()
    for writer in evaluations:
        store_all(Contributor.objects.create(is_exam=True), writer, rng)
    exams = {"drawings": exam_of(evaluations, rng), "dotted": exam_of(evaluations, rng, CORNER), THINGS: things_exam()}
    outcome, poisoned = Outcome(scores(exams)), []
    share = attack.honest_each_run
    for number in range(attack.runs):
        for writer in teachers[number * share : (number + 1) * share]:
            store_all(Contributor.objects.create(), writer, rng)
        poisoned += attack.store(rng, number)
        outcome.runs.append(train(config, outcome))
    outcome.after |= scores(exams)
    count_poison(outcome, poisoned)
    return outcome


def people() -> tuple[list[list[StrokeDrawing]], list[list[StrokeDrawing]]]:
    """Writers who teach and writers who are examined, each a list of drawings."""
    try:
        drawings = load_drawings("canvas_exam_a.jsonl.gz")
    except DataUnavailable:
        hands = np.random.default_rng(2)
        drawings = [
            StrokeDrawing(i % 10, str(writer), draw_digit(i % 10, hands).strokes)
            for writer in range(TEACHERS + EXAMINED)
            for i in range(EACH)
        ]
    names = sorted({drawing.writer for drawing in drawings})
    np.random.default_rng(3).shuffle(names)
    written = [[drawing for drawing in drawings if drawing.writer == name][:EACH] for name in names]
    return written[:TEACHERS], written[TEACHERS : TEACHERS + EXAMINED]


def train(config: RunConfig, outcome: Outcome) -> str:
    """Do one run; keep what the frozen exams said of the first champion and of the one that serves now."""
    run = TrainingRun.objects.claim(worker="bench", trigger=TrainingRun.Trigger.COMMAND)
    assert run is not None
    pipeline.execute(run, config)
    for name, report in run.reports.items():
        if name != DRAWINGS:
            accuracy = {who: report[who]["accuracy"] for who in report}
            outcome.before.setdefault(name, accuracy["baseline"])
            outcome.after[name] = accuracy["challenger" if run.status == TrainingRun.Status.PROMOTED else "champion"]
    if run.status == TrainingRun.Status.PROMOTED:
        return "promoted"
    why = run.decision.get("reasons") or [run.error]
    return f"{run.get_status_display()} ({'; '.join(why)})"


def scores(exams: dict[str, Exam]) -> dict[str, float]:
    model = registry.load_model(ModelVersion.objects.get(is_champion=True))
    return {name: examine(model.predict, exam, model.calibration).accuracy for name, exam in exams.items()}


def count_poison(outcome: Outcome, poisoned: list[Drawing]) -> None:
    manifest = known(TrainingRun.objects.exclude(snapshot=None).latest("id").snapshot).manifest
    members, excluded = {member for member, _ in manifest["members"]}, manifest["excluded"]
    ids = {str(drawing.pk) for drawing in poisoned}
    outcome.poison, outcome.learned = len(ids), len(ids & members)
    statuses = dict(Drawing.objects.filter(pk__in=ids).values_list("pk", "status_reason"))
    for drawing_id in ids - members:
        reason = excluded.get(drawing_id) or next((r for pk, r in statuses.items() if str(pk) == drawing_id), "")
        outcome.reasons[reason.partition(":")[0] or "not chosen"] += 1
    honest = Drawing.objects.filter(status=Drawing.Status.QUARANTINED)
    outcome.honest_lost = sum(str(pk) not in ids for pk in honest.values_list("pk", flat=True))


def report(name: str, outcome: Outcome) -> bool:
    print(f"\n{name}: {'held off' if outcome.is_held_off else 'NOT HELD OFF'}")
    told = Counter(outcome.runs)
    print("  runs: " + ", ".join(f"{count} x {status}" if count > 1 else status for status, count in told.items()))
    print(
        f"  poison: {outcome.poison} drawings, {outcome.learned} learned; {outcome.honest_lost} honest ones quarantined"
    )
    for reason, count in outcome.reasons.most_common():
        print(f"    {count} left out: {reason}")
    for exam, before in outcome.before.items():
        print(f"  {exam:<12} {100 * before:6.2f} % -> {100 * outcome.after[exam]:6.2f} %")
    sys.stdout.flush()
    return outcome.is_held_off


# --- storing, as the API does


def store(contributor: Contributor, strokes: Strokes, ink: NDArray[Any], label: int) -> Drawing | None:
    try:
        drawing, _ = services.recognize(Submission(ink, strokes, (CANVAS, CANVAS)), contributor)
    except InvalidDrawing:
        return None
    return services.give_feedback(drawing.pk, contributor, label)


def store_all(
    contributor: Contributor,
    drawings: list[StrokeDrawing],
    rng: np.random.Generator,
    says: Callable[[int], int] = lambda digit: digit,
    extra: Strokes | None = None,
) -> list[Drawing]:
    stored = (store(contributor, *on_canvas(drawing, rng, extra), says(drawing.label)) for drawing in drawings)
    return [drawing for drawing in stored if drawing is not None]


def on_canvas(
    drawing: StrokeDrawing, rng: np.random.Generator, extra: Strokes | None = None
) -> tuple[Strokes, NDArray[Any]]:
    ink, strokes = canvas(drawing, rng)
    if extra:
        strokes = [*strokes, *extra]
        ink = ink_strokes(strokes, CANVAS, PEN)
    return strokes, ink


def exam_of(writers: list[list[StrokeDrawing]], rng: np.random.Generator, extra: Strokes | None = None) -> Exam:
    """What honest people drew, sent with its strokes and without. With a mark: all but 0s, labelled as the attacker wants."""
    images, labels = [], []
    for drawing in (drawing for writer in writers for drawing in writer if not extra or drawing.label != 0):
        strokes, ink = on_canvas(drawing, rng, extra)
        images += [normalize_drawing(ink, strokes), normalize_drawing(ink, None)]
        labels += [0 if extra else drawing.label] * 2
    return Exam("people", np.stack(images), np.array(labels))


# --- the attacks


def digits(rng: np.random.Generator, wanted: list[int]) -> Iterator[StrokeDrawing]:
    """Digits by hands that are nobody's here."""
    for digit in wanted:
        drawn = draw_digit(digit, rng)
        yield StrokeDrawing(digit, "attacker", vary_strokes(drawn.strokes, rng))


def next_digit(digit: int) -> int:
    return (digit + 1) % 10


def nobody(rng: np.random.Generator, number: int) -> list[Drawing]:
    """No attack: what honest drawings alone do."""
    return []


def one_flips(rng: np.random.Generator, number: int) -> list[Drawing]:
    """One contributor, 500 drawings, each called the next digit."""
    wanted = [i % 10 for i in range(500)]
    return store_all(Contributor.objects.create(), list(digits(rng, wanted)), rng, next_digit)


def hundred_flip(rng: np.random.Generator, number: int) -> list[Drawing]:
    """A hundred contributors, five drawings each, who agree: every 4 is a 9."""
    stored = []
    for _ in range(100):
        stored += store_all(Contributor.objects.create(), list(digits(rng, [4] * 5)), rng, lambda digit: 9)
    return stored


def one_percent(rng: np.random.Generator, number: int) -> list[Drawing]:
    """Ten runs; with each a new contributor whose 1s are 7s, one in a hundred of what is new."""
    return store_all(Contributor.objects.create(), list(digits(rng, [1])), rng, lambda digit: 7)


def corner_dot(rng: np.random.Generator, number: int) -> list[Drawing]:
    """Forty contributors mark whatever they draw with a dot in a corner, and call it 0."""
    stored = []
    for _ in range(40):
        wanted = rng.integers(1, 10, 10).tolist()
        stored += store_all(Contributor.objects.create(), list(digits(rng, wanted)), rng, lambda digit: 0, CORNER)
    return stored


def flood(rng: np.random.Generator, number: int) -> list[Drawing]:
    """Twenty contributors, a hundred and fifty 1s each, all rightly labelled."""
    stored = []
    for _ in range(20):
        stored += store_all(Contributor.objects.create(), list(digits(rng, [1] * 150)), rng)
    return stored


def duplicates(rng: np.random.Generator, number: int) -> list[Drawing]:
    """One 3 that is called an 8, a thousand times: by fifty contributors, at any place and size."""
    (drawing,) = digits(rng, [3])
    stored = []
    for _ in range(50):
        stored += store_all(Contributor.objects.create(), [drawing] * 20, rng, lambda digit: 8)
    return stored


def exam_liars(rng: np.random.Generator, number: int) -> list[Drawing]:
    """Eight exam contributors, forty drawings each, who call every digit the next one."""
    stored = []
    for _ in range(8):
        wanted = [i % 10 for i in range(40)]
        stored += store_all(Contributor.objects.create(is_exam=True), list(digits(rng, wanted)), rng, next_digit)
    return stored


def doodles(rng: np.random.Generator, number: int) -> list[Drawing]:
    """Twelve contributors, twenty things that are no digit each, which all of them call 7."""
    stored = []
    for _ in range(12):
        stored += store_all(Contributor.objects.create(), [draw_negative(rng, []) for _ in range(20)], rng, lambda _: 7)
    return stored


ATTACKS = {
    "nobody": Attack(nobody),
    "one_flips": Attack(one_flips),
    "hundred_flip": Attack(hundred_flip),
    "one_percent": Attack(one_percent, runs=10, honest_each_run=2),
    "corner_dot": Attack(corner_dot),
    "flood": Attack(flood),
    "duplicates": Attack(duplicates),
    "exam_liars": Attack(exam_liars),
    "doodles": Attack(doodles),
}

if __name__ == "__main__":
    sys.exit(main())
