"""The geometry of the learning curve; how it looks is judged by eye."""

from typing import Any

from django.template.loader import render_to_string

from recognizer.templatetags.learning_curve import BOTTOM, TOP, learning_curve


def version(number: int, accuracy: float, **facts: object) -> dict[str, Any]:
    exam = {"name": "canvas_a", "accuracy": accuracy, "low": accuracy - 0.005, "high": accuracy + 0.005, "n": 2435}
    return {"number": number, "exams": [exam], "drawings": 10 * number, "held": False} | facts


def test_better_is_higher_and_newer_is_to_the_right() -> None:
    drawn = learning_curve([version(2, 0.99), version(1, 0.97)])
    first, second = drawn["lines"][0].dots
    assert first.x < second.x
    assert TOP <= second.y < first.y <= BOTTOM
    assert first.high < first.y < first.low  # y grows downwards


def test_a_held_version_is_a_dot_off_the_line() -> None:
    drawn = learning_curve([version(1, 0.97), version(2, 0.90, held=True), version(3, 0.98)])
    (line,) = drawn["lines"]
    assert line.path.count("L") == 1
    assert [dot.is_held for dot in line.dots] == [False, True, False]


def test_a_line_breaks_where_an_exam_had_other_questions() -> None:
    sample = version(2, 0.99)
    sample["exams"][0]["n"] = 1000
    (line,) = learning_curve([version(1, 0.97), sample, version(3, 0.98)])["lines"]
    assert (line.path.count("M"), line.path.count("L")) == (3, 0)


def test_the_exam_of_people_s_drawings_grows_and_its_line_goes_on() -> None:
    versions = [version(1, 0.97), version(2, 0.98)]
    for count, one in enumerate(versions, start=200):
        one["exams"][0] |= {"name": "drawings", "n": count}
    (line,) = learning_curve(versions)["lines"]
    assert line.path.count("L") == 1


def test_refusals_are_no_accuracy() -> None:
    refusals = {"name": "not_digits", "accuracy": 0.1, "n": 10}
    drawn = learning_curve([version(1, 0.97) | {"exams": [*version(1, 0.97)["exams"], refusals]}])
    assert len(drawn["lines"]) == 1


def test_exams_without_a_mistake_and_without_an_interval_are_drawn_at_the_top() -> None:
    perfect = version(1, 1.0)
    perfect["exams"][0] |= {"low": None, "high": None}
    drawn = learning_curve([perfect])
    assert [dot.y for dot in drawn["lines"][0].dots] == [TOP]
    assert len(drawn["grid"]) == 2


def test_an_interval_down_to_nothing_is_inside_the_picture() -> None:
    lost = version(1, 0.3)
    lost["exams"][0] |= {"low": 0.0}
    assert learning_curve([lost])["lines"][0].dots[0].low == BOTTOM


def test_no_version_no_exam_one_version_and_thirty_are_drawn() -> None:
    without_exams: dict[str, Any] = {"number": 1, "exams": []}
    for versions in ([], [without_exams], [version(1, 1.0)], [version(i, 0.9) for i in range(1, 31)]):
        svg = render_to_string("pages/_learning_curve.html", learning_curve(versions))
        assert svg.count("<title>") == sum(len(v["exams"]) for v in versions)
        assert 'style="' not in svg
