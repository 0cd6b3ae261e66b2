"""The pages' own code: its tests in Node, and what it must know as Python knows it: words, limits, the shapes of answers.

Types and style are looked at by `make lint`. What needs Node is skipped where there is none.
"""

import inspect
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.translation import override

from recognizer import words
from recognizer.admin import queue_views
from recognizer.errors import InvalidDrawing
from recognizer.imaging import strokes
from recognizer.imaging.preprocessing import FRAME, SMALLEST_SHARE, normalize_ink
from recognizer.inference.answers import REFUSAL, Calibration, Kind, answer
from recognizer.inference.prediction import Prediction
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import CLAIM_TIMEOUT, Drawing, label_text
from recognizer.page_words import page_words
from recognizer.review import queue
from tests.support.drawings import make_drawing
from training.admin.runs import live
from training.models import TrainingRun

ROOT = Path(__file__).resolve().parent.parent
STATIC, PAGES = ROOT / "static", ROOT / "templates" / "pages"
TESTS = sorted(str(path) for path in (ROOT / "tests" / "js").glob("*.test.js"))
CONSTANTS = """
import { DOTS } from "./static/js/explanation.js";
import { PEN, SIDE } from "./static/js/ink.js";
import { article } from "./static/js/labels.js";
import { SPECK } from "./static/js/reading_session.js";
import { SKIPS_KEPT } from "./static/review/hand.js";
const articles = Array.from({ length: 10 }, (_, digit) => article(digit));
console.log(JSON.stringify({ DOTS, PEN, SIDE, SPECK, SKIPS_KEPT, articles }));
"""


def run_node(*arguments: str) -> str:
    run = subprocess.run(["node", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.mark.node
def test_modules_without_a_page_pass_their_tests() -> None:
    said = run_node("--test", *TESTS)
    assert re.search(r"^\S+ skipped 0$", said, re.MULTILINE), said


@pytest.fixture(scope="module")
def constants() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run_node("--input-type=module", "--eval", CONSTANTS))
    return found


# words and limits


@pytest.mark.node
def test_strokes_are_inked_here_as_there(constants: dict[str, Any]) -> None:
    theirs = inspect.signature(strokes.ink_strokes).parameters
    assert constants["SIDE"] == theirs["side"].default
    assert constants["PEN"] == pytest.approx(theirs["pen"].default)


@pytest.mark.node
def test_dots_are_as_many_as_the_network_sees(constants: dict[str, Any]) -> None:
    assert constants["DOTS"] == FRAME


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_tease_is_known_by_its_words(language: str) -> None:
    with override(language):
        assert json.loads(page_words("answers", language))["tease"] == words.said(REFUSAL)


@pytest.mark.node
def test_a_speck_is_one_in_the_servers_words_too(constants: dict[str, Any]) -> None:
    dot = np.zeros((280, 280), "uint8")
    dot[140:144, 140:144] = 255
    with pytest.raises(InvalidDrawing) as refused:
        normalize_ink(dot)
    assert json.loads(page_words("draw", "en"))["speck"] == refused.value.detail
    assert (
        constants["SPECK"] > SMALLEST_SHARE * constants["SIDE"]
    )  # what the page lets pass, the server does not refuse


@pytest.mark.node
@pytest.mark.parametrize("digit", range(10))
def test_a_digit_has_the_article_of_the_servers_sentence(constants: dict[str, Any], digit: int) -> None:
    logits = np.where(np.arange(10) == digit, 9, 0)[np.newaxis].astype("float32")
    said = answer(Prediction(logits, np.ones(1, "float32"), np.ones((1, 4), "float32")), Calibration())
    assert said.message.startswith(f"I read {constants['articles'][digit]} {digit}.")


def test_nothing_is_called_what_it_is_called_at_the_desk() -> None:
    assert json.loads(page_words("answers", "en"))["not_a_digit"] == label_text(NOT_A_DIGIT)


@pytest.mark.node
def test_skipped_drawings_fit_into_one_message(constants: dict[str, Any]) -> None:
    assert constants["SKIPS_KEPT"] <= queue_views.IDS_LIMIT


@pytest.mark.parametrize("path", ["/", "/rounds/"])
def test_a_pad_is_told_how_much_the_api_takes(client: Client, path: str) -> None:
    page = client.get(path).content.decode()
    assert f'data-max-strokes="{strokes.MAX_STROKES}" data-max-points="{strokes.MAX_POINTS}"' in page


def test_the_desk_is_told_what_it_counts_with(admin_client: Client) -> None:
    page = admin_client.get("/admin/recognizer/drawing/queue/").content.decode()
    for name, value in {
        "ahead": queue_views.AHEAD,
        "not-a-digit": NOT_A_DIGIT,
        "claim-seconds": int(CLAIM_TIMEOUT.total_seconds()),
        "label": NOT_A_DIGIT,
    }.items():
        assert f'data-{name}="{value}"' in page


def test_a_chosen_theme_is_kept_where_it_is_looked_for() -> None:
    kept, read = (re.findall(r'Item\("(.+?)"', (STATIC / f"js/{name}.js").read_text()) for name in ("site", "theme"))
    assert kept == read == ["digitre-theme"]


@pytest.mark.parametrize(("page", "module"), [("draw", "js/reading_session.js"), ("rounds", "js/pages/rounds.js")])
def test_a_page_has_parts_for_the_phases_that_there_are(page: str, module: str) -> None:
    phases = set(re.findall(r'{ phase: "(\w+)"', (STATIC / module).read_text())) - {"held"}  # which is shown as drawing
    named = re.findall(r'data-when="(.+?)"', (PAGES / f"{page}.html").read_text())
    assert {phase for names in named for phase in names.split()} == phases


# the shapes of answers

INTERFACE = re.compile(r"^(?:export )?interface (\w+)(?: extends (\w+))? {\n(.*?)^}", re.MULTILINE | re.DOTALL)
FIELD = re.compile(r"^  (\w+)(\??): (.+);$", re.MULTILINE)
ANSWERS = ("DigitAnswer", "PairAnswer", "Refusal")
Fields = dict[str, tuple[str, bool]]  # name -> type, and whether it may be missing


def interfaces(path: str) -> dict[str, Fields]:
    """Read the interfaces of a .d.ts file, each with the fields that it inherits."""
    found: dict[str, Fields] = {}
    for name, parent, body in INTERFACE.findall((STATIC / path).read_text()):
        fields = {field: (kind, bool(optional)) for field, optional, kind in FIELD.findall(body)}
        found[name] = found.get(parent, {}) | fields
    return found


API_TYPES = interfaces("js/api_types.d.ts")
SHAPES = [name for name in API_TYPES if name not in ("AnswerFields", *ANSWERS)]


@pytest.fixture(scope="module")
def components() -> dict[str, Any]:
    found: dict[str, Any] = Client().get("/api/schema/?format=json").json()["components"]["schemas"]
    return found


def type_of(schema: dict[str, Any], components: dict[str, Any]) -> str | None:
    """Say a schema as TypeScript does; None where it leaves open what comes."""
    if "allOf" in schema:
        return type_of(schema["allOf"][0], components)
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return name if name in API_TYPES or "enum" in components[name] else None
    match schema.get("type"):
        case "integer" | "number":
            return "number"
        case "array":
            return f"{type_of(schema['items'], components)}[]"
        case "object":
            return f"Record<string, {type_of(schema['additionalProperties'], components)}>"
        case kind:
            return kind


def disagreements(name: str, component: dict[str, Any], components: dict[str, Any]) -> list[str]:
    """Name the fields of an interface that are of another type than in the schema."""
    found = []
    for field, (kind, _) in API_TYPES[name].items():
        schema = component["properties"][field]
        expected = type_of(schema, components)
        if expected and schema.get("nullable"):
            expected += " | null"
        if expected and kind.replace("Label", "number | null") != expected:
            found.append(f"{field}: {kind} is {expected}")
    return found


def may_be_missing(fields: Fields) -> set[str]:
    return {field for field, (_, is_optional) in fields.items() if is_optional}


@pytest.mark.parametrize("name", SHAPES)
def test_a_type_of_the_pages_is_a_shape_of_the_schema(components: dict[str, Any], name: str) -> None:
    component = components[name]
    assert not disagreements(name, component, components)
    if not name.endswith("Request"):  # the pages send more than they must
        assert may_be_missing(API_TYPES[name]) == set(API_TYPES[name]) - set(component["required"])


def test_every_kind_of_answer_is_a_type_with_the_fields_of_the_schema(components: dict[str, Any]) -> None:
    schema = components["Answer"]
    assert not disagreements("AnswerFields", schema, components)
    for name in ANSWERS:
        assert set(API_TYPES[name]) == set(schema["properties"])
        assert may_be_missing(API_TYPES[name]) == set(schema["properties"]) - set(schema["required"])
    assert {json.loads(API_TYPES[name]["kind"][0]) for name in ANSWERS} == {kind.value for kind in Kind}
    assert components["KindEnum"]["enum"] == [kind.value for kind in Kind]


def test_the_stati_are_those_of_the_schema(components: dict[str, Any]) -> None:
    line = re.search(r"type StatusEnum = (.+);", (STATIC / "js/api_types.d.ts").read_text())
    assert line is not None
    assert set(re.findall(r'"(\w+)"', line[1])) == set(components["StatusEnum"]["enum"]) == set(Drawing.Status.values)


@pytest.mark.django_db
def test_the_desks_types_are_what_its_views_say() -> None:
    types = interfaces("review/desk_types.d.ts")
    drawing, user = make_drawing(), User(pk=1)
    assert set(types["OpenDrawing"]) <= set(queue_views.shown(drawing, user, blind=False))
    assert set(types["BlindDrawing"]) == set(queue_views.shown(drawing, user, blind=True))
    assert set(types["Counts"]) == set(queue_views.left(user, queue.EVERYTHING))
    assert set(types["LiveRun"]) == set(live(TrainingRun()))
