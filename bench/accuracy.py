"""Accuracy on every exam that the data folder has: the 2017 design, its network behind our preparation, and ours."""

from typing import Any

import numpy as np

from bench import design_2017, mistakes
from recognizer.baseline import shipped_baseline
from recognizer.labels import NOT_A_DIGIT
from training.data import datasets
from training.evaluation.reports import Exam, Report, examine
from training.evaluation.stroke_exams import SEED, STROKE_EXAMS, canvas, canvas_exam, mnist_exam

HEAD = (
    f"{'exam':<12} {'n':>6} {'2017':>8} {'+ our prep':>10} {'ours':>8} {'95 %':>15} {'unrefused':>9} {'with path':>9}"
    f" {'refused':>8} {'ece':>7}"
)
SHEETS = "mistakes-{name}.png"  # under var/data


def main() -> None:
    model = shipped_baseline().model
    predict, calibration = model.predict, model.calibration
    old = design_2017.trained_network(datasets.load_mnist())
    print("Right answers; a refused digit is wrong, but not in the column unrefused. For not_digits: refusals.\n")
    print(HEAD)
    mnist, digits = mnist_exam(datasets.load_mnist()), []
    report = examine(predict, mnist, calibration)
    first, _ = design_2017.score(old, mnist.images, mnist.labels)
    _print_row(mnist, (first, first), report, None)
    sheets = [_draw_mistakes(mnist, report)]
    for spec in STROKE_EXAMS:
        name = spec.name
        try:
            drawings = datasets.load_drawings(spec.file, spec.split)
        except datasets.DataUnavailable as missing:
            print(f"{name:<12} {missing}")
            continue
        exam = canvas_exam(name, drawings)
        report = examine(predict, exam, calibration)
        with_path = examine(predict, canvas_exam(name, drawings, with_strokes=True), calibration)
        _print_row(exam, _old_scores(old, drawings, exam), report, with_path)
        sheets.append(_draw_mistakes(exam, report))
        if name.startswith("canvas"):
            digits.append(report)
        _print_recalls(report)
    if digits:
        _print_calibration(digits)
    print("what was answered wrongly:", *sheets, sep="\n  ")


def _draw_mistakes(exam: Exam, report: Report) -> str:
    path = datasets.cache_dir() / SHEETS.format(name=exam.name)
    return f"{mistakes.draw_sheet(exam, report, path):4} in {path}"


def _old_scores(old: Any, drawings: list[datasets.StrokeDrawing], exam: Exam) -> tuple[float, float]:
    """The 2017 network's score with its own preparation and with ours; for non-digits, what it refuses."""
    rng = np.random.default_rng(SEED)
    theirs = np.array([design_2017.prepare(canvas(drawing, rng)[0]) for drawing in drawings])
    both = [design_2017.score(old, images, exam.labels) for images in (theirs, exam.images)]
    column = 1 if (exam.labels == NOT_A_DIGIT).all() else 0
    return both[0][column], both[1][column]


def _print_row(exam: Exam, old: tuple[float, float], report: Report, with_path: Report | None) -> None:
    low, high = report.interval
    path = f"{with_path.accuracy:9.2%}" if with_path else f"{'-':>9}"
    top, ece = ("-", "-") if report.ece is None else (f"{report.hits.mean():.2%}", f"{report.ece:.2%}")
    print(
        f"{exam.name:<12} {report.n:6} {old[0]:8.2%} {old[1]:10.2%} {report.accuracy:8.2%} {low:7.2%}-{high:.2%} {top:>9}"
        f" {path} {report.refusal_rate:8.2%} {ece:>7}"
    )


def _print_recalls(report: Report) -> None:
    known = [f"{digit}: {recall:.1%}" for digit, recall in enumerate(report.recall) if recall is not None]
    if known:
        print(f"{'':12} " + "  ".join(known))


def _print_calibration(reports: list[Report]) -> None:
    from training.evaluation.reports import expected_calibration_error

    confidences, hits = (np.concatenate([getattr(r, part) for r in reports]) for part in ("confidences", "hits"))
    error = expected_calibration_error(confidences, hits)
    print(f"\nexpected calibration error, exams a and b together: {error:.2%}")
