"""The arrows run one way, and what answers a drawing never loads TensorFlow."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

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


WEB_PROCESS = """
import sys
import digitre_site.wsgi
from django.urls import get_resolver
get_resolver().url_patterns
import numpy as np
from recognizer.baseline import shipped_baseline
shipped_baseline().model.predict(np.zeros((1, 28, 28, 1), "float32"))
print([name for name in ("tensorflow", "keras", "scipy", "pandas") if name in sys.modules])
"""


def test_web_process_answers_without_tensorflow(tmp_path: Path) -> None:
    """A fresh process loads the whole site and reads a drawing; the training runtime must not be among its modules."""
    environment = {"DEBUG": "1", "DIGITRE_VAR_DIR": str(tmp_path), "PATH": ""}
    run = subprocess.run(
        [sys.executable, "-c", WEB_PROCESS], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip().endswith("[]"), run.stdout


def test_no_room_has_a_name_without_a_job() -> None:
    vague = {"utils.py", "helpers.py", "common.py", "misc.py"}
    assert not {path for app in APPS for path in modules_of(app) if path.name in vague}


@pytest.mark.django_db
def test_every_model_change_has_its_migration() -> None:
    from django.core.management import call_command

    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
