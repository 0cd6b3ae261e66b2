"""The table of exams, and the reports that versions keep of them."""

import json

from recognizer.baseline import shipped_baseline
from recognizer.exam_reports import ExamReport, read_reports
from recognizer.exams import EXAMS, exam_spec
from recognizer.version_card import exam_results


def test_names_and_titles_tell_the_exams_apart() -> None:
    for of in ("name", "title", "sentence"):
        assert len({getattr(exam, of) for exam in EXAMS}) == len(EXAMS)


def test_exam_of_another_release_is_called_by_its_name() -> None:
    spec = exam_spec("left_handed_writers")
    assert (spec.title, spec.sentence) == ("left handed writers", "left handed writers")
    assert (spec.is_gated, spec.is_growing, spec.is_refusal, spec.may_count_on_record) == (False,) * 4


def test_only_what_is_frozen_may_count_on_record() -> None:
    assert not [exam for exam in EXAMS if exam.may_count_on_record and exam.is_growing]


def test_shipped_reports_are_read_and_written_back_byte_for_byte() -> None:
    kept = shipped_baseline().card["metrics"]
    reports = read_reports(kept)
    assert list(reports) == list(kept)
    assert json.dumps({name: report.to_dict() for name, report in reports.items()}) == json.dumps(kept)


def test_report_of_an_older_release_is_read_without_what_it_lacks() -> None:
    (report,) = read_reports({"golden": {"accuracy": 0.5, "of_another_release": 1}}).values()
    assert report == ExamReport(accuracy=0.5)
    assert report.digits_refused is None
    (result,) = exam_results({"golden": report})
    assert (result.n, result.low, result.high) == (0, None, None)


def test_what_is_no_report_is_left_out() -> None:
    assert read_reports({"note": "none", "parameters": 12, "empty": {}, "gone": None}) == {}


def test_share_of_digits_refused_leaves_out_what_is_no_digit() -> None:
    confusion = [[0] * 11 for _ in range(11)]
    confusion[4][4], confusion[4][10], confusion[10][10] = 3, 1, 50
    assert ExamReport(accuracy=0.9, confusion=confusion).digits_refused == 0.25
