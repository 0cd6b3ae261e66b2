"""What the pages load: our own files beside Django's, under names that change with what is in them."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles.finders import AppDirectoriesFinder, FileSystemFinder
from django.core.files.storage import FileSystemStorage

from digitre_site.apps import DigitreStaticConfig
from digitre_site.static_storage import ModuleManifestStorage

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "static"
IMPORT = re.compile(r'^(?:import|export)\b[^;]* from "(.+?)";', re.MULTILINE)


@pytest.fixture(scope="module")
def ours() -> set[str]:
    """The files of ours that `collectstatic` collects."""
    ignored = DigitreStaticConfig.ignore_patterns
    return {path for path, _ in FileSystemFinder().list(ignored)}


@pytest.fixture(scope="module")
def of_apps() -> set[str]:
    return {path for path, _ in AppDirectoriesFinder().list(ignore_patterns=None)}


def test_no_file_of_ours_hides_one_of_an_app(ours: set[str], of_apps: set[str]) -> None:
    assert "admin/desk.css" in ours
    assert "admin/css/base.css" in of_apps
    assert not ours & of_apps


def test_templates_name_files_that_are_there(ours: set[str], of_apps: set[str]) -> None:
    pages = [path.read_text() for path in (ROOT / "templates").rglob("*.html")]
    named = {name for page in pages for name in re.findall(r'{% static "(.+?)" %}', page)}
    assert {"css/base.css", "admin/css/login.css"} <= named
    assert named <= ours | of_apps


@pytest.fixture
def collected(ours: set[str], tmp_path: Path) -> ModuleManifestStorage:
    """Our files as `collectstatic` leaves them."""
    storage, source = ModuleManifestStorage(location=tmp_path), FileSystemStorage(STATIC)
    for path in ours:
        storage.save(path, source.open(path))
    outcomes = storage.post_process({path: (storage, path) for path in ours})
    assert not [outcome for _, _, outcome in outcomes if isinstance(outcome, Exception)]
    return storage


def test_modules_import_one_another_by_names_that_change_with_what_is_in_them(
    ours: set[str], collected: ModuleManifestStorage
) -> None:
    modules = [Path(collected.path(collected.stored_name(path))) for path in ours if path.endswith(".js")]
    imported = [module.parent / name for module in modules for name in IMPORT.findall(module.read_text())]
    assert len(imported) > len(modules)
    assert not [path for path in imported if not re.search(r"\.[0-9a-f]{12}\.js$", path.name) or not path.exists()]


def imported_by(module: Path) -> set[Path]:
    """Every module that one needs, however far down."""
    direct = {(module.parent / name).resolve() for name in IMPORT.findall(module.read_text())}
    return direct.union(*(imported_by(path) for path in direct))


@pytest.mark.parametrize("page", ["draw", "rounds", "drawings"])
def test_a_page_asks_at_once_for_every_module_it_needs(page: str) -> None:
    """On a slow line (150 ms, 200 kB/s) the last one comes after 1.1 to 1.2 s; without, after 1.4 to 1.5."""
    template = (ROOT / "templates" / "pages" / f"{page}.html").read_text()
    asked = re.findall(r'rel="modulepreload" href="{% static "(.+?)" %}"', template)
    (module,) = re.findall(r'type="module" src="{% static "(.+?)" %}"', template)
    assert {STATIC / name for name in asked} == imported_by(STATIC / module)
    assert len(asked) == len(set(asked))


def test_types_are_not_collected(ours: set[str]) -> None:
    assert not [path for path in ours if path.endswith(".d.ts")]
