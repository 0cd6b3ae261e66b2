"""The geometry of the learning curve; how it looks is judged by eye."""

from dataclasses import replace

from django.template.loader import render_to_string

from recognizer.exams import DRAWINGS, exam_spec
from recognizer.templatetags.learning_curve import BOTTOM, TOP, learning_curve
from recognizer.version_card import ExamResult, VersionProgress


def result(accuracy: float, exam: str = "canvas_a", n: int = 2435) -> ExamResult:
    return ExamResult(exam_spec(exam), n, accuracy, accuracy - 0.005, accuracy + 0.005)


def version(number: int, *results: ExamResult, held: bool = False) -> VersionProgress:
    return VersionProgress(number, list(results), held=held, drawings=10 * number)


def test_better_is_higher_and_newer_is_to_the_right() -> None:
    drawn = learning_curve([version(2, result(0.99)), version(1, result(0.97))])
    first, second = drawn["lines"][0].dots
    assert first.x < second.x
    assert TOP <= second.y < first.y <= BOTTOM
    assert first.high < first.y < first.low  # y grows downwards


def test_a_held_version_is_a_dot_off_the_line() -> None:
    versions = [version(1, result(0.97)), version(2, result(0.90), held=True), version(3, result(0.98))]
    (line,) = learning_curve(versions)["lines"]
    assert line.path.count("L") == 1
    assert [dot.is_held for dot in line.dots] == [False, True, False]


def test_a_line_breaks_where_an_exam_had_other_questions() -> None:
    versions = [version(1, result(0.97)), version(2, result(0.99, n=1000)), version(3, result(0.98))]
    (line,) = learning_curve(versions)["lines"]
    assert (line.path.count("M"), line.path.count("L")) == (3, 0)


def test_the_exam_of_people_s_drawings_grows_and_its_line_goes_on() -> None:
    versions = [version(1, result(0.97, DRAWINGS, 200)), version(2, result(0.98, DRAWINGS, 201))]
    (line,) = learning_curve(versions)["lines"]
    assert line.path.count("L") == 1


def test_refusals_are_no_accuracy() -> None:
    drawn = learning_curve([version(1, result(0.97), result(0.1, "not_digits", 10))])
    assert len(drawn["lines"]) == 1


def test_exams_without_a_mistake_and_without_an_interval_are_drawn_at_the_top() -> None:
    drawn = learning_curve([version(1, replace(result(1.0), low=None, high=None))])
    assert [dot.y for dot in drawn["lines"][0].dots] == [TOP]
    assert len(drawn["grid"]) == 2


def test_an_interval_down_to_nothing_is_inside_the_picture() -> None:
    drawn = learning_curve([version(1, replace(result(0.3), low=0.0))])
    assert drawn["lines"][0].dots[0].low == BOTTOM


def test_no_version_no_exam_one_version_and_thirty_are_drawn() -> None:
    thirty = [version(i, result(0.9)) for i in range(1, 31)]
    for versions in ([], [version(1)], [version(1, result(1.0))], thirty):
        svg = render_to_string("pages/_learning_curve.html", learning_curve(versions))
        assert svg.count("<title>") == sum(len(v.exams) for v in versions)
        assert 'style="' not in svg
