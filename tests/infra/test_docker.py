"""The images' recipes, without an engine: they parse, they are clean, and what they copy is there."""

import importlib.metadata
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.utils import canonicalize_name

from tests.support.import_graph import APPS, ImportGraph

BASE_DIR = Path(__file__).resolve().parents[2]
DOCKERFILE = BASE_DIR / "docker" / "Dockerfile"
pytestmark = [pytest.mark.docker, pytest.mark.sqlite]
# What the images and the compose file decide themselves: places, ports and the servers they bring along
FIXED = {
    "DATABASE_URL",
    "REDIS_URL",
    "DEBUG",
    "DIGITRE_DATA_DIR",
    "DIGITRE_VAR_DIR",
    "DIGITRE_STATIC_ROOT",
    "HOST",
    "PORT",
}
ENVIRONMENT = {"PATH": "/usr/bin:/bin:/usr/local/bin", "SECRET_KEY": "x", "POSTGRES_PASSWORD": "y"}


def stages() -> dict[str, str]:
    """Each build stage's text, by its name."""
    parts = re.split(r"^FROM \S+ AS (\S+)$", DOCKERFILE.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def compose(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    if shutil.which("docker-compose") is None:
        pytest.skip("docker-compose is not installed here (Debian: apt install docker-compose)")
    command = ["docker-compose", "-f", "docker/compose.yaml", "config"]
    return subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True)


def test_hadolint_finds_nothing() -> None:
    hadolint = shutil.which("hadolint", path=str(BASE_DIR / ".venv" / "bin")) or shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not installed here (it comes with requirements.txt)")
    outcome = subprocess.run([hadolint, str(DOCKERFILE)], capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stdout


def test_compose_file_is_valid_and_starts_after_the_migration() -> None:
    outcome = compose(ENVIRONMENT)
    assert outcome.returncode == 0, outcome.stderr

    services = yaml.safe_load(outcome.stdout)["services"]
    assert set(services) == {"postgres", "redis", "migrate", "web", "worker", "beat"}
    for name in ("web", "worker", "beat"):
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
        assert services[name]["read_only"] is True


def test_compose_asks_for_the_secrets_it_was_not_given() -> None:
    outcome = compose({"PATH": ENVIRONMENT["PATH"]})
    assert outcome.returncode != 0
    assert "docker/.env" in outcome.stderr


def documented_settings() -> set[str]:
    rows = re.findall(r"^\| (`.+?) \|", (BASE_DIR / "docs" / "settings.md").read_text(), flags=re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_every_documented_setting_reaches_the_containers_from_the_env_file() -> None:
    names = documented_settings() - FIXED
    assert len(names) > 5
    services = yaml.safe_load(compose(ENVIRONMENT | {name: f"my-{name}" for name in names}).stdout)["services"]
    for service in ("web", "worker", "beat"):
        received = services[service]["environment"]
        expected = names if service == "web" else names - {"WEB_CONCURRENCY"}
        assert {name for name in expected if f"my-{name}" in received.get(name, "")} == expected, service


def test_a_setting_left_empty_in_the_env_file_is_the_default(tmp_path: Path) -> None:
    empty = dict.fromkeys(documented_settings() - FIXED - {"SECRET_KEY"}, "")
    web = yaml.safe_load(compose(ENVIRONMENT | empty).stdout)["services"]["web"]["environment"]
    ask = "import gunicorn.config; from digitre_site import settings as s; print(s.DIGITRE_RETENTION_DAYS, s.DIGITRE_THROTTLES)"
    given = {name: str(web[name]) for name in empty} | {"SECRET_KEY": "x" * 50, "DIGITRE_VAR_DIR": str(tmp_path)}
    outcome = subprocess.run([sys.executable, "-c", ask], cwd=BASE_DIR, env=given, capture_output=True, text=True)
    assert outcome.stdout.strip() == "30 True", outcome.stderr


def test_the_web_image_has_no_tensorflow() -> None:
    web = stages()["web-packages"] + stages()["web"]
    assert "tensorflow" not in web
    pinned = (BASE_DIR / "requirements-web.txt").read_text()
    assert not re.search(r"^(tensorflow|keras)\b", pinned, flags=re.MULTILINE)


def test_the_worker_image_names_every_package_that_our_code_imports() -> None:
    assert "-r requirements-worker.txt" in stages()["worker-packages"]
    pins = (BASE_DIR / "requirements-worker.txt").read_text()
    named = re.findall(r"^[\w.-]+", pins, flags=re.MULTILINE)
    owners = importlib.metadata.packages_distributions()
    imported = {name.split(".")[0] for names in ImportGraph.of(BASE_DIR).anywhere.values() for name in names}
    asked_for = {canonicalize_name(name) for name in named}
    unnamed = {
        name
        for name in imported - set(APPS) - sys.stdlib_module_names
        if not {canonicalize_name(owner) for owner in owners.get(name, [name])} & asked_for
    }
    assert not unnamed


@pytest.mark.parametrize("stage", ["web", "worker"])
def test_images_do_not_run_as_root(stage: str) -> None:
    assert re.search(r"^USER 10001", stages()[stage], flags=re.MULTILINE)


def test_what_the_images_copy_exists_and_is_not_ignored() -> None:
    admitted = {line[1:] for line in (BASE_DIR / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE.read_text(), flags=re.MULTILINE):
        for source in sources.split():
            assert (BASE_DIR / source).exists(), source
            assert source in admitted, source
