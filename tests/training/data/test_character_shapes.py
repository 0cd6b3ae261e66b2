from recognizer.labels import NOT_A_DIGIT
from training.data.character_shapes import LOOK_ALIKES, turn, turn_characters
from training.data.datasets import UNDECIDED, StrokeDrawing

CORNER = [[[0.0, 0.0, 17.0], [10.0, 0.0, 18.0], [10.0, 20.0, 19.0]]]  # x, y, and the time


def character(name: str) -> StrokeDrawing:
    return StrokeDrawing(NOT_A_DIGIT, "somebody", CORNER, name)


def test_a_quarter_turns_right_into_down() -> None:
    assert turn(CORNER, 0) == [[[0, 0], [10, 0], [10, 20]]]
    assert turn(CORNER, 1) == [[[0, 0], [0, 10], [-20, 10]]]
    assert turn(CORNER, 2) == [[[0, 0], [-10, 0], [-10, -20]]]
    assert turn(turn(CORNER, 3), 1) == turn(CORNER, 0)


def test_each_character_becomes_four_forms() -> None:
    turned = turn_characters([character("Sanskrit/character01"), character("Sanskrit/character02")])
    names = [f"Sanskrit/character0{number}/{quarters}" for number in (1, 2) for quarters in range(4)]
    assert [drawing.name for drawing in turned] == names
    assert {drawing.writer for drawing in turned} == {"somebody"}
    assert [drawing.strokes for drawing in turned[:4]] == [turn(CORNER, quarters) for quarters in range(4)]


def test_look_alikes_are_undecided_in_the_positions_in_which_they_look_so() -> None:
    """An early Aramaic ring with an open side is a 3 when it lies so, and none of our digits when it stands."""
    alike = LOOK_ALIKES.read_text().splitlines()
    name = "Early_Aramaic/character21"
    expected = [UNDECIDED if f"{name}/{quarters}" in alike else NOT_A_DIGIT for quarters in range(4)]
    assert [drawing.label for drawing in turn_characters([character(name)])] == expected
    assert set(expected) == {UNDECIDED, NOT_A_DIGIT}


def test_latin_and_greek_never_teach_the_refusal() -> None:
    letters = turn_characters([character("Latin/character11"), character("Greek/character10")])
    assert {letter.label for letter in letters} == {UNDECIDED}


def test_the_list_names_turned_characters_of_the_six_alphabets_once() -> None:
    names = LOOK_ALIKES.read_text().splitlines()
    assert names == sorted(set(names))
    alphabets = {"Early_Aramaic", "Greek", "Japanese_(katakana)", "Latin", "Sanskrit", "Tagalog"}
    assert {name.split("/")[0] for name in names} == alphabets
    assert {name.split("/")[2] for name in names} == set("0123")
