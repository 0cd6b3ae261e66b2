"""The tests' own house: they lie where what they test lies, share by tests/support alone, and wait for events, not for a time."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAY_SLEEP = {
    "tests/support/waiting.py": "looks again and again, in small steps; lets time pass where a test is about time itself",
    "bench/draw_page.py": "a person looks at the live guess before going on",
    "bench/chaos/wire.py": "a wire that is late",
    "bench/neighbour.py": "a person draws at a pace, and who presses needs a moment to begin",
}
SOURCES = sorted([*(ROOT / "tests").rglob("*.py"), *(ROOT / "bench").rglob("*.py")])


def names_imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def borrowed(source: str) -> list[str]:
    """What is imported from a conftest or a test module: pytest loads these itself, and runs what it finds in them."""
    return [
        name
        for name in names_imported(ast.parse(source))
        if name.startswith("tests.") and any(part == "conftest" or part.startswith("test_") for part in name.split("."))
    ]


def sleeps(source: str) -> list[str]:
    calls = (ast.unparse(node.func) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return [call for call in calls if call.split(".")[-1] in ("sleep", "wait_for_timeout")]


def test_nothing_is_imported_from_a_conftest_or_a_test() -> None:
    assert {str(path.relative_to(ROOT)): found for path in SOURCES if (found := borrowed(path.read_text()))} == {}


def test_nothing_sleeps_where_an_event_can_be_waited_for() -> None:
    found = {str(path.relative_to(ROOT)) for path in SOURCES if sleeps(path.read_text())}
    assert found == set(MAY_SLEEP)


def test_no_test_takes_on_the_haste_of_a_web_process() -> None:
    """Importing `digitre_site.wsgi` limits every wait for PostgreSQL, for all tests that follow in the process."""
    names = {path.name: set(names_imported(ast.parse(path.read_text()))) for path in SOURCES}
    assert not {name for name, imported in names.items() if any(i.startswith("digitre_site.wsgi") for i in imported)}


@pytest.mark.parametrize("app", ["digitre_site", "recognizer", "training"])
def test_each_folder_of_tests_is_one_of_the_app(app: str) -> None:
    folders = {path.parent.relative_to(ROOT / "tests") for path in (ROOT / "tests" / app).rglob("test_*.py")}
    assert not {str(folder) for folder in folders if not (ROOT / folder / "__init__.py").exists()}
    # the same name stands in several folders, which only packages allow
    assert not {str(folder) for folder in folders if not (ROOT / "tests" / folder / "__init__.py").exists()}


def test_the_rules_notice() -> None:
    assert borrowed("from tests.training.conftest import draw") == ["tests.training.conftest.draw"]
    assert borrowed("def f():\n    import tests.test_tests") == ["tests.test_tests"]
    assert borrowed("from tests.support.drawings import make_drawing") == []
    assert sleeps("time.sleep(1); page.wait_for_timeout(2); sleep(3); wait_until(done)") == [
        "time.sleep",
        "page.wait_for_timeout",
        "sleep",
    ]
