"""The arrows run one way, and what answers a drawing never loads TensorFlow.

Each rule is a function over the graph of imports, so that the tests can show a small house that breaks it: what a rule finds
here is nothing, and what it finds there is the beam that was planted.
"""

import importlib.metadata
import json
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from tests.support.import_graph import APPS, ImportGraph, is_within

ROOT = Path(__file__).resolve().parent.parent
Rule = Callable[[ImportGraph], list[str]]

WINGS = [
    *("exchange", "data", "curation", "evaluation", "learning", "runs"),
    *("api", "tasks", "admin", "management"),
]  # of training, in the order a run goes through them; config, models, apps and urls stand aside
DOORS = [f"recognizer.{door}" for door in ("api", "views", "urls", "admin", "tasks", "management", "templatetags")]
TRAINING_RUNTIMES = ("tensorflow", "keras")
RUNTIMES = (*TRAINING_RUNTIMES, "ai_edge_litert")
CLASSIFIER = "recognizer.inference.classifier"
ROWS = ("recognizer.models", "training.models", "django.db")
PUBLISHERS = ("celery", "kombu", "redis", "smtplib", "django.core.mail", "recognizer.tasks", "training.tasks")
IMAGING_NEEDS = {*sys.stdlib_module_names, "numpy", "PIL", "cv2"}


def reaching(
    graph: ImportGraph, rooms: list[str], is_wanted: Callable[[str], bool], *, deferred: bool = True
) -> list[str]:
    """Return how modules come to import what is wanted, one shortest way each: "a -> b -> c"."""
    chains = (graph.chain(module, is_wanted, deferred=deferred) for module in rooms)
    return [" -> ".join(chain) for chain in chains if chain]


def within(*rooms: str) -> Callable[[str], bool]:
    return lambda name: is_within(name, *rooms)


# rule 1


def apps_import_upwards(graph: ImportGraph) -> list[str]:
    found = []
    for place, app in enumerate(APPS):
        later = APPS[place + 1 :]
        found += reaching(graph, graph.modules(app), within(*later))
    return found


def imports_in_a_circle(graph: ImportGraph) -> list[str]:
    return [" -> ".join(circle) for circle in graph.circles()]


# rule 2


def imaging_needs_more_than_pictures(graph: ImportGraph) -> list[str]:
    def is_foreign(name: str) -> bool:
        if name in graph.files:
            return not is_within(name, "recognizer.imaging", "recognizer.errors") and name != "recognizer"
        return name.split(".")[0] not in IMAGING_NEEDS

    return reaching(graph, graph.modules("recognizer.imaging"), is_foreign)


def inference_knows_django(graph: ImportGraph) -> list[str]:
    return reaching(graph, graph.modules("recognizer.inference"), within("django", "rest_framework"))


def litert_outside_the_classifier(graph: ImportGraph) -> list[str]:
    others = [module for module in graph.files if module != CLASSIFIER]
    return [module for module in others if any(is_within(name, "ai_edge_litert") for name in graph.anywhere[module])]


def rows_load_a_runtime(graph: ImportGraph) -> list[str]:
    light = graph.modules("recognizer.models", "training.models", "recognizer.labels", "recognizer.inference.answers")
    return reaching(graph, light, within(*RUNTIMES), deferred=False)


# rule 3


def learning_reads_rows(graph: ImportGraph) -> list[str]:
    return reaching(graph, graph.modules("training.data", "training.learning"), within(*ROWS))


def tensorflow_outside_learning(graph: ImportGraph) -> list[str]:
    others = [module for module in graph.files if not is_within(module, "training.learning")]
    return [module for module in others if any(is_within(name, *TRAINING_RUNTIMES) for name in graph.anywhere[module])]


def tensorflow_before_it_is_needed(graph: ImportGraph) -> list[str]:
    """Outside of learning it is loaded by a function that learns, never by an import."""
    others = [module for module in graph.files if not is_within(module, "training.learning")]
    return reaching(graph, others, within(*TRAINING_RUNTIMES), deferred=False)


# rule 4


def wings_out_of_order(graph: ImportGraph) -> list[str]:
    wings = within(*(f"training.{wing}" for wing in WINGS))
    found = reaching(graph, graph.modules("training.config", "training.models"), wings)
    for place, wing in enumerate(WINGS):
        later = [f"training.{name}" for name in WINGS[place + 1 :]]
        found += reaching(graph, graph.modules(f"training.{wing}"), within(*later))
    return found


# rule 5


def models_publish(graph: ImportGraph) -> list[str]:
    rooms = graph.modules("recognizer.models", "training.models")
    return reaching(graph, rooms, within(*PUBLISHERS))


# rule 6: no import tells where a fact stands, but its writing does


def facts_stand_twice(graph: ImportGraph) -> list[str]:
    return [
        f"{module} says {fact} again"
        for module, path in graph.files.items()
        for fact, (writing, homes) in FACTS.items()
        if not is_within(module, *homes) and re.search(writing, path.read_text())
    ]


FACTS: dict[str, tuple[str, list[str]]] = {
    "how a percentage is written": (
        r":\.\{?\w+\}?%\}|f\}+ %",
        ["recognizer.formatting", "training.learning.model_card", "training.management"],
    ),
    "Wilson's interval": (r"1\.9599|1\.96\b", ["recognizer.intervals"]),
    "what an exam is called": (r"people it has never met", ["recognizer.exams"]),
    "the label of what is no digit": (r"NOT_A_DIGIT(: \w+)? = ", ["recognizer.labels"]),
    "how sure is very sure": (r"VERY_SURE = |confidence__\w+=0\.", ["recognizer.inference.answers"]),
    "grey levels to network input": (r'astype\([^)]*float32"?\)(\[[^]]*\])? / \D*255', ["recognizer.imaging.pixels"]),
    "the content hash": (r"def content_hash|sha256\(\w+\.tobytes\(\)\)", ["recognizer.imaging.pixels"]),
}


# and one that is older than the others


def rooms_lead_to_doors(graph: ImportGraph) -> list[str]:
    rooms = [module for module in graph.modules("recognizer") if not is_within(module, *DOORS)]
    return reaching(graph, rooms, within(*DOORS))


RULES: list[Rule] = [
    apps_import_upwards,
    imports_in_a_circle,
    imaging_needs_more_than_pictures,
    inference_knows_django,
    litert_outside_the_classifier,
    rows_load_a_runtime,
    learning_reads_rows,
    tensorflow_outside_learning,
    tensorflow_before_it_is_needed,
    wings_out_of_order,
    models_publish,
    facts_stand_twice,
    rooms_lead_to_doors,
]


@pytest.fixture(scope="module")
def house() -> ImportGraph:
    return ImportGraph.of(ROOT)


@pytest.mark.parametrize("rule", RULES)
def test_the_house_keeps_the_rule(house: ImportGraph, rule: Rule) -> None:
    assert rule(house) == []


def test_every_wing_of_training_has_its_place(house: ImportGraph) -> None:
    rooms = {module.split(".")[1] for module in house.modules("training") if "." in module}
    assert rooms - {"config", "models", "apps", "urls"} == set(WINGS)


# a small house that keeps every rule, and beams that break one each

SOUND = {
    "recognizer/labels.py": "NOT_A_DIGIT = 10",
    "recognizer/errors.py": "class InvalidDrawing(ValueError): ...",
    "recognizer/formatting.py": 'def percent(share, digits): return f"{100 * share:.{digits}f} %"',
    "recognizer/intervals.py": "Z_95 = 1.959964",
    "recognizer/imaging/strokes.py": "import cv2\nimport numpy\nfrom recognizer.errors import InvalidDrawing",
    "recognizer/imaging/decoding.py": "from PIL import Image\nfrom recognizer.imaging import strokes",
    "recognizer/imaging/pixels.py": 'def to_input(grey): return grey.astype("float32") / 255',
    "recognizer/inference/answers.py": "VERY_SURE = 0.98\nfrom recognizer.labels import NOT_A_DIGIT",
    "recognizer/inference/classifier.py": "from ai_edge_litert.interpreter import Interpreter",
    "recognizer/inference/calibrated_model.py": (
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from django.db import models\n    from recognizer import services\n"
        "def load():\n    from recognizer.inference.classifier import Classifier"
    ),
    "recognizer/models/__init__.py": "from recognizer.models.drawings import Drawing",
    "recognizer/models/drawings.py": "from django.db import models\nfrom recognizer.inference import calibrated_model",
    "recognizer/services.py": "from recognizer import models",
    "recognizer/views.py": "from recognizer import services",
    "training/config.py": "",
    "training/models/__init__.py": "from training.config import RunConfig",
    "training/data/datasets.py": "from recognizer.imaging import pixels",
    "training/curation/snapshots.py": "from recognizer.models import Drawing",
    "training/evaluation/gate.py": "",
    "training/learning/network.py": "import keras\nfrom training.data import datasets",
    "training/runs/pipeline.py": "def learn():\n    from training.learning import network",
    "training/tasks.py": "from celery import shared_task\nfrom training.runs import pipeline",
    "digitre_site/urls.py": "from training import tasks",
}

PLANTED: list[tuple[Rule, dict[str, str]]] = [
    (apps_import_upwards, {"recognizer/services.py": "from training import config"}),
    (apps_import_upwards, {"recognizer/services.py": "def later():\n    from training.config import RunConfig"}),
    (apps_import_upwards, {"training/config.py": "from digitre_site import urls"}),
    (imports_in_a_circle, {"recognizer/labels.py": "from recognizer.inference.answers import VERY_SURE"}),
    (imports_in_a_circle, {"recognizer/models/drawings.py": "from recognizer.models import Drawing"}),
    (imports_in_a_circle, {"recognizer/imaging/strokes.py": "def late():\n    from recognizer.imaging import strokes"}),
    (
        imports_in_a_circle,  # entering a package runs its __init__
        {"recognizer/services.py": "from recognizer.models.events import Look", "recognizer/models/events.py": "",
         "recognizer/models/drawings.py": "from recognizer import services"},
    ),
    (imaging_needs_more_than_pictures, {"recognizer/imaging/strokes.py": "from django.conf import settings"}),
    (imaging_needs_more_than_pictures, {"recognizer/imaging/strokes.py": "import scipy.ndimage"}),
    (imaging_needs_more_than_pictures, {"recognizer/errors.py": "import rest_framework.exceptions"}),
    (imaging_needs_more_than_pictures, {"recognizer/imaging/strokes.py": "from recognizer import labels"}),
    (inference_knows_django, {"recognizer/inference/classifier.py": "import django"}),
    (inference_knows_django, {"recognizer/labels.py": "def text():\n    from django.utils.translation import gettext"}),
    (litert_outside_the_classifier, {"recognizer/services.py": "import ai_edge_litert.interpreter"}),
    (rows_load_a_runtime, {"recognizer/inference/answers.py": "from recognizer.inference.classifier import Classifier"}),
    (rows_load_a_runtime, {"recognizer/inference/calibrated_model.py": "from recognizer.inference import classifier"}),
    (learning_reads_rows, {"training/learning/network.py": "from recognizer.models import Drawing"}),
    (learning_reads_rows, {"training/data/datasets.py": "def rows():\n    from training.curation import snapshots"}),
    (learning_reads_rows, {"training/config.py": "", "training/data/datasets.py": "from django.db import connection"}),
    (tensorflow_outside_learning, {"training/runs/pipeline.py": "def learn():\n    import tensorflow"}),
    (tensorflow_outside_learning, {"training/evaluation/gate.py": 'import_module("keras.ops")'}),
    (tensorflow_before_it_is_needed, {"training/runs/pipeline.py": "from training.learning import network"}),
    (wings_out_of_order, {"training/data/datasets.py": "from training.learning import network"}),
    (wings_out_of_order, {"training/evaluation/gate.py": "def run():\n    from training import tasks"}),
    (wings_out_of_order, {"training/models/__init__.py": "from training.evaluation import gate"}),
    (models_publish, {"training/models/__init__.py": "def wake():\n    from training.tasks import wake_worker"}),
    (models_publish, {"recognizer/labels.py": "from django.core.mail import send_mail",
                      "recognizer/models/drawings.py": "from recognizer.labels import NOT_A_DIGIT"}),
    (facts_stand_twice, {"recognizer/services.py": 'def text(share): return f"{share:.1%}"'}),
    (facts_stand_twice, {"recognizer/views.py": 'def text(share): return f"{100 * share:.2f} %"'}),
    (facts_stand_twice, {"training/evaluation/gate.py": "Z = 1.96"}),
    (facts_stand_twice, {"recognizer/views.py": 'TITLE = "Drawn with a pen, by 14 people it has never met"'}),
    (facts_stand_twice, {"training/evaluation/gate.py": "NOT_A_DIGIT = 10"}),
    (facts_stand_twice, {"training/data/datasets.py": 'def floats(grey): return grey.astype("float32")[..., None] / 255'}),
    (facts_stand_twice, {"training/data/datasets.py": "def digest(image): return sha256(image.tobytes())"}),
    (rooms_lead_to_doors, {"recognizer/models/drawings.py": "from recognizer.views import draw"}),
]  # fmt: skip


def build(folder: Path, files: dict[str, str]) -> ImportGraph:
    for name, source in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        for package in path.relative_to(folder).parents[:-1]:
            (folder / package / "__init__.py").touch()
        path.write_text(source)
    return ImportGraph.of(folder)


@pytest.mark.parametrize("rule", RULES)
def test_the_small_house_keeps_the_rule(tmp_path: Path, rule: Rule) -> None:
    assert rule(build(tmp_path, SOUND)) == []


@pytest.mark.parametrize(("rule", "beam"), PLANTED)
def test_a_planted_violation_is_found(tmp_path: Path, rule: Rule, beam: dict[str, str]) -> None:
    found = rule(build(tmp_path, SOUND | beam))
    planted = {name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in beam}
    assert found
    assert any(module in violation for violation in found for module in planted)


def test_every_rule_is_seen_to_fail() -> None:
    assert {rule for rule, _ in PLANTED} == set(RULES)


# what the web may need

# What a web process loads of `training`: its pages, and what `manage.py` of the web image may be asked for
WEB_DOORS = ("training.urls", "training.admin", "training.apps", "training.tasks", "training.management")


@cache
def left_out_of_the_web() -> set[str]:
    """What can be imported here and belongs to no package that requirements-web.txt pins."""
    pins = re.findall(r"^[\w.-]+", (ROOT / "requirements-web.txt").read_text(), flags=re.MULTILINE)
    named = {canonicalize_name(pin) for pin in pins}
    owners = importlib.metadata.packages_distributions()
    return {name for name, of in owners.items() if not {canonicalize_name(owner) for owner in of} & named}


def test_the_web_imports_nothing_that_its_requirements_do_not_name(house: ImportGraph) -> None:
    web = house.modules("recognizer", "digitre_site", *WEB_DOORS)
    loaded = [module for module in web if not is_within(module, "digitre_site.launcher")]
    left_out = left_out_of_the_web()
    assert reaching(house, loaded, lambda name: name.split(".")[0] in left_out, deferred=False) == []


# what the graph cannot show: that a process really is as light as its imports say

WEB_PROCESS = """
import json, sys

left_out = set(json.loads(sys.argv[1]))


class OnlyTheWebsPackages:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in left_out:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, OnlyTheWebsPackages())
import digitre_site.wsgi
from django.core.management import get_commands, load_command_class
from django.urls import get_resolver
get_resolver().url_patterns
for command, app in get_commands().items():
    if app in ("recognizer", "training"):
        load_command_class(app, command)
import numpy as np
from recognizer.baseline import shipped_baseline
shipped_baseline().model.predict(np.zeros((1, 28, 28, 1), "float32"))
"""
ROWS_PROCESS = """
import json, sys
import django

django.setup()
from recognizer import labels, models
from recognizer.inference import answers
import training.models
loaded = set(json.loads(sys.argv[1])) & set(sys.modules)
assert not loaded, loaded
"""


def start(program: str, unwanted: set[str], var: Path) -> None:
    environment = {"DEBUG": "1", "DIGITRE_VAR_DIR": str(var), "PATH": ""}
    environment["DJANGO_SETTINGS_MODULE"] = "digitre_site.settings"
    command = [sys.executable, "-c", program, json.dumps(sorted(unwanted))]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_web_process_answers_with_its_own_packages_alone(tmp_path: Path) -> None:
    """A fresh process that cannot import what only worker and tests have loads the whole site and reads a drawing."""
    start(WEB_PROCESS, left_out_of_the_web(), tmp_path)


def test_rows_come_without_a_model_runtime(tmp_path: Path) -> None:
    """A fresh process with all apps, admin and checks in it, as a shell or a migration has, reads no drawing yet."""
    start(ROWS_PROCESS, set(RUNTIMES), tmp_path)


def test_no_room_has_a_name_without_a_job(house: ImportGraph) -> None:
    vague = {"utils", "helpers", "common", "misc"}
    assert not {module for module in house.files if vague & set(module.split("."))}


@pytest.mark.django_db
def test_every_model_change_has_its_migration() -> None:
    from django.core.management import call_command

    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
