"""The arrows run one way, and what answers a drawing never loads TensorFlow."""

import ast
import importlib.metadata
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
APPS = ["recognizer", "training", "digitre_site"]  # each may import those before it
PURE = {
    "recognizer": [
        *(
            f"imaging/{name}"
            for name in ("decoding", "strokes", "preprocessing", "stroke_width", "denoising", "pixels")
        ),
        "inference/answers",
        "inference/prediction",
        "labels",
    ],
    "training": ["evaluation/gate", "config"],
}
RUNTIMES = {"tensorflow", "keras", "ai_edge_litert"}


def imports_of(path: Path) -> set[str]:
    """Return the dotted names a module imports anywhere, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def modules_of(app: str) -> list[Path]:
    return sorted(path for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts)


@pytest.mark.parametrize(
    ("app", "later"), [("recognizer", ("training", "digitre_site")), ("training", ("digitre_site",))]
)
def test_imports_run_one_way(app: str, later: tuple[str, str] | tuple[str]) -> None:
    backwards = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules_of(app)
        for name in imports_of(path)
        if name.split(".")[0] in later
    }
    assert not backwards


@pytest.mark.parametrize(("app", "module"), [(app, module) for app, modules in PURE.items() for module in modules])
def test_pure_rooms_import_neither_rows_nor_a_model_runtime(app: str, module: str) -> None:
    names = imports_of(ROOT / app / f"{module}.py")
    assert not {name for name in names if name.split(".")[0] in RUNTIMES | {"django"}}
    assert f"{app}.models" not in names


def test_rooms_do_not_import_doors() -> None:
    doors = {"recognizer.api", "recognizer.views", "recognizer.admin", "recognizer.tasks"}
    for room in (
        "models/drawings",
        "models/versions",
        "services",
        "registry",
        "serving",
        "imaging/decoding",
        "imaging/preprocessing",
        "inference/answers",
        "inference/classifier",
    ):
        names = imports_of(ROOT / "recognizer" / f"{room}.py")
        assert not {name for name in names if any(name == door or name.startswith(f"{door}.") for door in doors)}, room


@pytest.mark.parametrize("app", ["recognizer", "digitre_site"])
def test_web_apps_never_name_tensorflow(app: str) -> None:
    named = {
        path for path in modules_of(app) if {name.split(".")[0] for name in imports_of(path)} & {"tensorflow", "keras"}
    }
    assert not named


# What a web process loads of `training`: its pages, and what `manage.py` of the web image may be asked for
WEB_DOORS = ("training.urls", "training.admin", "training.apps", "training.tasks", "training.management")


@cache
def sources() -> dict[str, Path]:
    """Every module of ours by its dotted name."""
    found = {}
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            found[".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")] = path
    return found


@cache
def imported_at_once(module: str) -> frozenset[str]:
    """The dotted names that loading a module imports: those outside its functions, and the packages around them."""
    names: set[str] = set()
    nodes: list[ast.AST] = [ast.parse(sources()[module].read_text())]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not is_for_types(node):
            nodes += ast.iter_child_nodes(node)
    return frozenset(
        names | {name.rsplit(".", number)[0] for name in names for number in range(1, name.count(".") + 1)}
    )


def is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def loaded_by_the_web() -> dict[str, str]:
    """Each module of ours that a web process loads, with the chain of imports that leads to it."""
    roots = [name for name in sources() if name.startswith((*APPS[::2], *WEB_DOORS)) and "launcher" not in name]
    chains = {name: name for name in roots}
    waiting = list(roots)
    while waiting:
        module = waiting.pop()
        for name in imported_at_once(module) & sources().keys() - chains.keys():
            chains[name] = f"{chains[module]} -> {name}"
            waiting.append(name)
    return chains


@cache
def left_out_of_the_web() -> set[str]:
    """What can be imported here and belongs to no package that requirements-web.txt pins."""
    pins = re.findall(r"^[\w.-]+", (ROOT / "requirements-web.txt").read_text(), flags=re.MULTILINE)
    named = {canonicalize_name(pin) for pin in pins}
    owners = importlib.metadata.packages_distributions()
    return {name for name, of in owners.items() if not {canonicalize_name(owner) for owner in of} & named}


def test_the_web_imports_nothing_that_its_requirements_do_not_name() -> None:
    chains = loaded_by_the_web()
    wrong = {
        f"{chain} -> {package}"
        for module, chain in chains.items()
        for package in {name.split(".")[0] for name in imported_at_once(module)} & left_out_of_the_web()
    }
    assert not wrong, "\n".join(sorted(wrong))


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


def test_web_process_answers_with_its_own_packages_alone(tmp_path: Path) -> None:
    """A fresh process that cannot import what only worker and tests have loads the whole site and reads a drawing."""
    environment = {"DEBUG": "1", "DIGITRE_VAR_DIR": str(tmp_path), "PATH": ""}
    command = [sys.executable, "-c", WEB_PROCESS, json.dumps(sorted(left_out_of_the_web()))]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_no_room_has_a_name_without_a_job() -> None:
    vague = {"utils.py", "helpers.py", "common.py", "misc.py"}
    assert not {path for app in APPS for path in modules_of(app) if path.name in vague}


@pytest.mark.django_db
def test_every_model_change_has_its_migration() -> None:
    from django.core.management import call_command

    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
