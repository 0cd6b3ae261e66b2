"""What the pages load: our own files beside Django's, under names that change with what is in them."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles.finders import AppDirectoriesFinder
from django.core.files.storage import FileSystemStorage

from digitre_site.static_storage import ModuleManifestStorage

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "static"
OURS = {path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file()}
IMPORT = re.compile(r'^(?:import|export)\b[^;]* from "(.+?)";', re.MULTILINE)


def of_apps() -> set[str]:
    return {path for path, _ in AppDirectoriesFinder().list(ignore_patterns=None)}


def test_no_file_of_ours_hides_one_of_an_app() -> None:
    assert "admin/css/base.css" in of_apps()
    assert not of_apps() & OURS


def test_templates_name_files_that_are_there() -> None:
    pages = [path.read_text() for path in (ROOT / "templates").rglob("*.html")]
    named = {name for page in pages for name in re.findall(r'{% static "(.+?)" %}', page)}
    assert {"css/base.css", "admin/css/login.css"} <= named
    assert named <= OURS | of_apps()


@pytest.fixture
def collected(tmp_path: Path) -> ModuleManifestStorage:
    """Our files as `collectstatic` leaves them."""
    storage, source = ModuleManifestStorage(location=tmp_path), FileSystemStorage(STATIC)
    for path in OURS:
        storage.save(path, source.open(path))
    outcomes = storage.post_process({path: (storage, path) for path in OURS})
    assert not [outcome for _, _, outcome in outcomes if isinstance(outcome, Exception)]
    return storage


def test_modules_import_one_another_by_names_that_change_with_what_is_in_them(collected: ModuleManifestStorage) -> None:
    modules = [Path(collected.path(collected.stored_name(path))) for path in OURS if path.endswith(".js")]
    imported = [module.parent / name for module in modules for name in IMPORT.findall(module.read_text())]
    assert len(imported) > len(modules)
    assert not [path for path in imported if not re.search(r"\.[0-9a-f]{12}\.js$", path.name) or not path.exists()]
