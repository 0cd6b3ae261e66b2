"""What the pages of documentation point at is there: links, files, functions, commands. Words are in order."""

import ast
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.sqlite
ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]
TOPS = "bench|digitre_site|docker|docs|recognizer|static|templates|tests|training"
COMMANDS = [path.stem for path in ROOT.glob("*/management/commands/*.py")]
OF_THE_PAST = ("docs/decisions/", "CHANGELOG.md")  # what they name may have another name since
NOT_OURS = {"docker/.env", "docker/data", "docker/secrets", "docker/tls/"}  # made by whoever deploys


def prose(page: Path) -> str:
    """A page without its blocks of code, where brackets are code."""
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def names_in(path: Path) -> set[str]:
    """What a file defines: functions, methods and classes; of JavaScript, every word of it."""
    if path.suffix != ".py":
        return set(re.findall(r"\w+", path.read_text()))
    nodes = ast.walk(ast.parse(path.read_text()))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}


@pytest.mark.parametrize("page", NAMES)
def test_links_lead_to_files_that_exist(page: str) -> None:
    source = ROOT / page
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", prose(source))
    assert not [target for target in targets if not (source.parent / target).exists()]


@pytest.mark.parametrize("page", [name for name in NAMES if not name.startswith(OF_THE_PAST)])
def test_files_that_are_named_exist(page: str) -> None:
    named = re.findall(rf"`((?:{TOPS})/[\w./*-]*)`", (ROOT / page).read_text())
    assert not [path for path in {*named} - NOT_OURS if not any(ROOT.glob(path.rstrip("/")))]


def test_the_map_shows_rooms_that_are_there() -> None:
    drawn = (ROOT / "docs/architecture.md").read_text().partition("## The rooms\n\n```\n")[2].partition("```")[0]
    path: list[str] = []
    for line in drawn.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        for name in re.findall(r"\S+/(?=\s)", line) or [line.split()[0]]:
            path[depth:] = [name.rstrip("/")]
            place = ROOT.joinpath(*path)
            assert place.is_dir() if name.endswith("/") else place.with_suffix(".py").is_file(), place
    assert len(drawn.splitlines()) > 50


def test_both_journeys_name_functions_that_are_there() -> None:
    steps = re.findall(r"`([\w/]+\.(?:py|js))` · ((?:`\w+`(?:, )?)+)", (ROOT / "docs/architecture.md").read_text())
    assert len(steps) > 20
    for path, functions in steps:
        missing = set(re.findall(r"`(\w+)`", functions)) - names_in(ROOT / path)
        assert not missing, f"{path} has no {missing}"


@pytest.mark.parametrize("page", NAMES)
def test_commands_that_are_named_exist(page: str) -> None:
    text = (ROOT / page).read_text()
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert set(re.findall(r"(?:`|^    )make ([a-z-]+)", text, flags=re.MULTILINE)) <= set(targets)
    django = {"createsuperuser", "collectstatic", "makemigrations", "runserver"}
    assert set(re.findall(r"manage\.py ([a-z_]+)", text)) <= {*COMMANDS, *django}


def test_the_glossary_is_in_order() -> None:
    words = re.findall(r"^\* \*\*(.+?)\*\*", (ROOT / "docs/glossary.md").read_text(), flags=re.MULTILINE)
    assert words == sorted(set(words), key=str.lower)


def test_every_decision_is_dated_and_listed() -> None:
    folder = ROOT / "docs/decisions"
    records = sorted(folder.glob("0*.md"))
    assert re.findall(r"\]\((0.+?\.md)\)", (folder / "README.md").read_text()) == [record.name for record in records]
    for number, record in enumerate(records, 1):
        title, when, *parts = record.read_text().split("\n\n")
        assert title.startswith(f"# {number}. "), record.name
        assert re.match(r"\d{4}-\d\d-\d\d.* · ", when), record.name
        assert [part.split("**")[1] for part in parts] == ["Context.", "Decision.", "Consequences."], record.name
