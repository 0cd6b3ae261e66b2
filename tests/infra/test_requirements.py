"""What must never be older than a known hole, and what a web process must never carry."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

pytestmark = pytest.mark.sqlite
BASE_DIR = Path(__file__).resolve().parents[2]

# Package: (least safe version, why)
FLOORS = {
    "django": ("5.2.8", "SQL injection and denial of service mended in 5.2.x"),
    "djangorestframework": ("3.17.2", "CVE-2026-73228: JSON bodies ignored the size cap"),
    "keras": ("3.15.1", "CVE-2025-1550, -8747, -9905, -9906, CVE-2026-1462, -1669: safe_mode bypasses"),
    "tensorflow": ("2.21", "the line that keras 3.15 is tested with"),
    "pillow": ("12", "older lines get no security releases"),
    "opencv-python-headless": ("5", "its lines, blurs and distances are what PREPROCESSING_VERSION 2 was made with"),
    "celery": ("5.7", "stalls after a broker restart"),
}


FILES = ["requirements.txt", "requirements-web.txt", "requirements-worker.txt"]


def pinned_lines(file: str) -> list[str]:
    """Each package with all that is said of it, in one line."""
    whole = (BASE_DIR / file).read_text().replace("\\\n", " ")
    return [line for line in whole.splitlines() if re.match(r"[a-z0-9]", line, flags=re.IGNORECASE)]


def pins(file: str) -> dict[str, set[Version]]:
    """Every pinned version of each package: a package may be pinned once per Python version."""
    found: dict[str, set[Version]] = {}
    for line in pinned_lines(file):
        requirement = Requirement(line.split("#")[0].split("--hash")[0])
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", f"{line} is not pinned"
        found.setdefault(requirement.name.lower(), set()).add(Version(specifier.version))
    return found


@pytest.mark.parametrize("file", FILES)
def test_every_file_of_every_package_has_its_hash(file: str) -> None:
    assert not [line for line in pinned_lines(file) if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", line)]


@pytest.mark.parametrize("image", ["web", "worker"])
def test_the_list_of_parts_has_every_package_of_an_image(tmp_path: Path, image: str) -> None:
    (recipe,) = re.findall(r"\$\(BIN\)/cyclonedx-py (.+ \\\n.+) \|\| exit 1", (BASE_DIR / "Makefile").read_text())
    arguments = recipe.replace("\\\n", " ").replace("$$image", image).replace("var/", f"{tmp_path}/").split()
    program = shutil.which("cyclonedx-py", path=str(Path(sys.executable).parent))
    assert program is not None
    subprocess.run([program, *arguments], cwd=BASE_DIR, check=True, capture_output=True)
    parts = json.loads((tmp_path / f"sbom-{image}.json").read_text())["components"]
    listed = {(part["name"].lower(), part["version"]) for part in parts}
    assert listed == {(name, str(version)) for name, of in pins(f"requirements-{image}.txt").items() for version in of}


@pytest.mark.parametrize("name", FLOORS)
def test_nothing_is_older_than_its_security_floor(name: str) -> None:
    floor, reason = FLOORS[name]
    assert min(pins("requirements.txt")[name]) >= Version(floor), reason


def test_all_that_was_asked_for_is_there() -> None:
    asked = {
        "django",
        "djangorestframework",
        "tensorflow",
        "numpy",
        "pillow",
        "opencv-python-headless",
        "celery",
        "redis",
        "psycopg2-binary",
        "pytest-django",
    }
    assert asked <= set(pins("requirements.txt"))


def test_web_requirements_hold_neither_what_learns_nor_what_tests() -> None:
    assert not {"tensorflow", "keras", "pytest", "playwright"} & set(pins("requirements-web.txt"))
    assert not {"pytest", "playwright"} & set(pins("requirements-worker.txt"))


@pytest.mark.parametrize("file", ["requirements-web.txt", "requirements-worker.txt"])
def test_an_image_gets_the_versions_that_are_tested(file: str) -> None:
    everything, part = pins("requirements.txt"), pins(file)
    assert {name: everything[name] for name in part} == part


@pytest.mark.parametrize("name", ["requirements.in", "requirements-web.in", "requirements-worker.in"])
def test_every_wish_has_its_pin(name: str) -> None:
    pinned = pins(name.replace(".in", ".txt"))
    for line in (BASE_DIR / name).read_text().splitlines():
        if line and not line.startswith(("#", "-r")):
            wish = Requirement(line.split("#")[0])
            assert all(wish.specifier.contains(version) for version in pinned[wish.name.lower()]), line
