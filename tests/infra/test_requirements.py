"""What must never be older than a known hole, and what a web process must never carry."""

import re
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


def pins(file: str) -> dict[str, set[Version]]:
    """Every pinned version of each package: a package may be pinned once per Python version."""
    found: dict[str, set[Version]] = {}
    for line in (BASE_DIR / file).read_text().splitlines():
        if re.match(r"[a-z0-9]", line, flags=re.IGNORECASE):
            requirement = Requirement(line.split("#")[0])
            (specifier,) = requirement.specifier
            assert specifier.operator == "==", f"{line} is not pinned"
            found.setdefault(requirement.name.lower(), set()).add(Version(specifier.version))
    return found


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


def test_web_requirements_are_the_same_pins_without_tensorflow() -> None:
    everything, web = pins("requirements.txt"), pins("requirements-web.txt")
    assert {name: everything[name] for name in web} == web
    assert not {"tensorflow", "keras", "pytest", "playwright"} & set(web)


@pytest.mark.parametrize("name", ["requirements.in", "requirements-web.in"])
def test_every_wish_has_its_pin(name: str) -> None:
    pinned = pins(name.replace(".in", ".txt"))
    for line in (BASE_DIR / name).read_text().splitlines():
        if line and not line.startswith(("#", "-r")):
            wish = Requirement(line.split("#")[0])
            assert all(wish.specifier.contains(version) for version in pinned[wish.name.lower()]), line
